"""A new registry, and copies of real stores of MLflow and Trackio that may be changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.importers.stores import Store

    from lineal.records.imports import Imported
    from lineal.registry import Registry
else:
    from stores import Store

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fresh") / "registry"
    create_registry(root).close()
    return root


@pytest.fixture
def registry(fresh: Path, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(shutil.copytree(fresh, tmp_path / "registry")) as opened:
        yield opened


@pytest.fixture
def mlflow3(tmp_path: Path) -> Store:
    folder = shutil.copytree(DATA / "mlflow-3-sqlite", tmp_path / "elsewhere")
    return Store(folder, folder / "mlflow.db")


@pytest.fixture
def mlflow2(tmp_path: Path) -> Store:
    folder = shutil.copytree(DATA / "mlflow-2-files", tmp_path / "files")
    return Store(folder, folder / "mlruns")


@pytest.fixture
def trackio(tmp_path: Path) -> Store:
    folder = shutil.copytree(DATA / "trackio", tmp_path / "trackio")
    return Store(folder, folder / "digits.db")


@pytest.fixture(scope="session")
def brought(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Registry, Imported, Store]]:
    """All of the MLflow 3 store, imported once; nobody changes it."""
    folder = tmp_path_factory.mktemp("brought")
    store = Store(DATA / "mlflow-3-sqlite", DATA / "mlflow-3-sqlite" / "mlflow.db")
    with open_registry(shutil.copytree(fresh, folder / "registry")) as opened:
        yield opened, opened.import_mlflow(store.path), store


@pytest.fixture(scope="session")
def brought2(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Registry, Imported, Store]]:
    """All of the MLflow 2 store, imported once; nobody changes it."""
    folder = tmp_path_factory.mktemp("brought2")
    store = Store(DATA / "mlflow-2-files", DATA / "mlflow-2-files" / "mlruns")
    with open_registry(shutil.copytree(fresh, folder / "registry")) as opened:
        yield opened, opened.import_mlflow(store.path), store


@pytest.fixture(scope="session", autouse=True)
def _stores_stay_as_they_are() -> Iterator[None]:
    def state() -> list[tuple[str, int, int]]:
        files = sorted(path for path in DATA.rglob("*") if path.is_file())
        return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]

    before = state()
    yield
    assert state() == before
