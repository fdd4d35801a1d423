"""Importing takes a role, and moving stages by it a higher one."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import pytest

from lineal.errors import NotPermitted

if TYPE_CHECKING:
    from tests.importers.stores import Store

    from lineal.registry import Registry

ME = getpass.getuser()


def bound(registry: Registry, role: str) -> None:
    """Whoever runs the tests has this role, and somebody else is the admin."""
    registry.grant("daemon", "admin")
    with registry.context.db.write("test") as connection:
        connection.execute(
            "INSERT INTO role_bindings (subject, role, granted_at, granted_by) VALUES (?, ?, 0, 'daemon')", (ME, role)
        )


def test_a_contributor_imports_everything_but_what_is_live_and_is_told_so(registry: Registry, mlflow3: Store) -> None:
    bound(registry, "contributor")
    brought = registry.import_mlflow(mlflow3.path)
    lost = [remark for remark in brought.remarks if "takes a deployer" in remark.problem]
    assert lost
    assert all(remark.is_lost and remark.kind == "stage" for remark in lost)
    assert all(label is None for model in registry.models() for _, label in model.stages)


def test_a_deployer_imports_what_is_live_too(registry: Registry, mlflow3: Store) -> None:
    bound(registry, "deployer")
    brought = registry.import_mlflow(mlflow3.path)
    assert not [remark for remark in brought.remarks if "takes a deployer" in remark.problem]
    assert any(label is not None for model in registry.models() for _, label in model.stages)


def test_a_deployer_adds_no_stages_by_an_import_and_is_told_how_they_come(registry: Registry, mlflow3: Store) -> None:
    bound(registry, "deployer")
    lost = {
        remark.name: remark.problem
        for remark in registry.import_mlflow(mlflow3.path).remarks
        if "there is no such stage here" in remark.problem
    }
    assert lost
    assert all(
        "takes an admin" in problem and f"`lineal stage add {place}`" in problem for place, problem in lost.items()
    )
    assert {stage for model in registry.models() for stage, _ in model.stages} == {"staging", "production"}
    with registry.context.db.write("test") as connection:
        connection.execute("UPDATE role_bindings SET role = 'admin' WHERE subject = ?", (ME,))
    for place in lost:
        registry.add_stage(*place.split("@"))
    with registry.context.db.write("test") as connection:
        connection.execute("UPDATE role_bindings SET role = 'deployer' WHERE subject = ?", (ME,))
    again = registry.import_mlflow(mlflow3.path)
    assert not [remark for remark in again.remarks if "there is no such stage here" in remark.problem]
    assert all(registry.live(place) is not None for place in lost)


def test_an_admin_adds_stages_by_an_import(registry: Registry, mlflow3: Store) -> None:
    bound(registry, "admin")
    brought = registry.import_mlflow(mlflow3.path)
    assert not [remark for remark in brought.remarks if "there is no such stage here" in remark.problem]
    assert len({stage for model in registry.models() for stage, _ in model.stages}) > 2


def test_a_viewer_imports_nothing(registry: Registry, mlflow3: Store) -> None:
    bound(registry, "viewer")
    with pytest.raises(NotPermitted, match="may not import into the registry"):
        registry.import_mlflow(mlflow3.path)
    assert registry.models() == []
