"""Versions end beside everything else that goes on: two processes, one order, nothing half done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lineal.errors import LinealError
from lineal.records.models import VersionStatus
from lineal.registry import Registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.core.conftest import Weights


def at_once(root: Path, *acts: Callable[[Registry], object]) -> list[str]:
    """Let each be done by a process of its own, all of them let go at the same time; returns how each ended."""
    go, starter = os.pipe()
    children = []
    for act in acts:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(starter)
                with open_registry(root) as registry:
                    os.read(go, 1)
                    os.write(writer, _told(registry, act).encode())
                code = 0
            finally:
                os._exit(code)
        os.close(writer)
        children.append((child, reader))
    os.close(go)
    os.close(starter)
    told = []
    for child, reader in children:
        with os.fdopen(reader) as stream:
            told.append(stream.read())
        assert os.waitpid(child, 0)[1] == 0
    return told


def _told(registry: Registry, act: Callable[[Registry], object]) -> str:
    try:
        act(registry)
    except LinealError as error:
        return f"{type(error).__name__}: {error}"
    return "done"


def _versions(registry: Registry, weights: Weights, labels: Sequence[str]) -> None:
    for number, label in enumerate(labels):
        registry.register("m", weights(float(number)), label=label, scheme="manual")


def test_what_is_promoted_and_retired_at_once_is_one_of_the_two(registry: Registry, weights: Weights) -> None:
    labels = [str(number) for number in range(12)]
    _versions(registry, weights, labels)
    for label in labels:
        ref = f"m:{label}"
        told = at_once(
            registry.root,
            lambda one, ref=ref: one.promote(ref, "production"),  # type: ignore[misc]
            lambda one, ref=ref: one.retire(ref, reason="old", purge=True),  # type: ignore[misc]
        )
        assert sorted(word == "done" for word in told) == [False, True], told
        live = registry.live("m@production").version if registry.model("m").stages[-1][1] else None
        is_retired = registry.version(ref).status is VersionStatus.RETIRED
        assert is_retired is (live is None or live.ref != ref)
    assert registry.verify().damage == ()


def test_bytes_that_are_purged_and_registered_at_once_are_here_for_whoever_needs_them(
    registry: Registry, weights: Weights
) -> None:
    for number in range(12):
        registry.register("m", weights(float(number)), label=f"{number}", scheme="manual")
        file = weights(float(number), name=f"{number}.safetensors")
        told = at_once(
            registry.root,
            lambda one, number=number: one.retire(f"m:{number}", reason="old", purge=True),  # type: ignore[misc]
            lambda one, number=number, file=file: one.register("n", file, label=f"{number}", scheme="manual"),  # type: ignore[misc]
        )
        assert told == ["done", "done"]
        registry.promote(f"n:{number}", "staging")
    assert registry.verify().damage == ()
    registry.gc()
    assert registry.verify().damage == ()


def test_rules_are_applied_beside_writers(registry: Registry, weights: Weights, tmp_path: Path) -> None:
    _versions(registry, weights, [str(number) for number in range(20)])
    registry.set_retention("m", keep_last=2)

    def write(one: Registry) -> None:
        for number in range(20, 30):
            path = tmp_path / f"{number}.bin"
            path.write_text(f"bytes of {number}")
            one.register("m", path, label=f"{number}", scheme="manual")
            one.promote(f"m:{number}", "production")

    def collect(one: Registry) -> None:
        for _ in range(4):
            one.expire()
            one.gc()

    assert at_once(registry.root, write, collect, collect) == ["done"] * 3
    assert registry.verify().damage == ()
    live = registry.live("m@production").version
    assert (live.label, live.status) == ("29", VersionStatus.ACTIVE)
    for steps in range(1, 4):  # where rollbacks lead is here, whatever the rules say
        assert registry.version(f"m:{29 - steps}").status is VersionStatus.ACTIVE
    registry.rollback("m@production")
    registry.expire()
    retired = {each.label for each in registry.versions("m") if each.status is VersionStatus.RETIRED}
    assert retired >= {str(number) for number in range(20)}
