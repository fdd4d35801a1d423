"""The Python API as the README shows it, from a script, found where the command line finds its registry."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

import lineal
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import Weights

EXAMPLE = """
import lineal
with lineal.start_run("churn", params={"lr": 0.01}) as run:
    run.use_dataset("customers", "train.parquet", role="train")
    run.log_metric("loss", 0.31, step=1)
    version = run.register("churn", "model.safetensors", parent="churn@production", purpose="monthly retrain")
with lineal.open_registry() as reg:
    print(version.ref, reg.live("churn@production").version.ref)
"""


@pytest.fixture
def home(weights: Weights) -> Path:
    """A folder to work in, with the files of the example."""
    pyarrow = import_module("pyarrow")
    parquet = import_module("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"age": [30, 40]}), weights().parent / "train.parquet")
    return weights().parent


def _run(code: str, folder: Path, registry: Path | None = None, *, told: str = "") -> str:
    environment = {name: value for name, value in os.environ.items() if name != "LINEAL_REGISTRY"}
    environment["XDG_DATA_HOME"] = str(folder / "data")
    if registry is not None:
        environment["LINEAL_REGISTRY"] = str(registry)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == told
    assert done.returncode == 0
    return done.stdout


def test_the_example_of_the_design_works_as_a_script(home: Path, root: Path) -> None:
    with open_registry(root) as registry:
        registry.register("churn", home / "model.safetensors")
        registry.promote("churn:1.0.0", "production")
    assert _run(EXAMPLE, home, root) == "churn:1.0.1 churn:1.0.0\n"
    with open_registry(root) as registry:
        version = registry.version("churn:1.0.1")
        assert (version.purpose, version.parents[0].ref) == ("monthly retrain", "churn:1.0.0")
        detail = registry.detail(version)
        assert detail.params == {"lr": 0.01}
        assert detail.metrics["loss"].value == 0.31
        assert [(data.name, data.role) for data in detail.datasets] == [("customers", "train")]
        assert registry.dataset_version("data:customers").rows == 2
        assert registry.run_detail(f"run:{version.run}").run.status == "finished"


def test_a_run_makes_the_users_own_registry_where_none_is_found(home: Path) -> None:
    code = "import lineal\nwith lineal.start_run('e') as run: pass\nprint(lineal.open_registry().root)"
    made = f"{home}/data/lineal/registry"
    told = f"made a registry at {made}; `lineal init` makes one for the current folder and all below it\n"
    assert _run(code, home, told=told) == f"{made}\n"
    assert _run(code, home) == f"{made}\n"
    with open_registry(home / "data" / "lineal" / "registry") as registry:
        assert len(registry.runs()) == 2


def test_a_registry_above_the_working_folder_is_found(home: Path) -> None:
    lineal.create_registry(home / ".lineal").close()
    (home / "deep" / "er").mkdir(parents=True)
    assert _run("import lineal\nprint(lineal.open_registry().root)", home / "deep" / "er") == f"{home}/.lineal\n"


def test_several_runs_may_go_on_at_once(root: Path) -> None:
    with open_registry(root) as registry:
        runs = [lineal.start_run("e", registry=registry) for _ in range(3)]
        for number, run in enumerate(runs):
            run.log_metric("loss", number)
        for run in reversed(runs):
            run.finish()
        assert [registry.points(run.ref, "loss")[0].value for run in runs] == [0, 1, 2]


def test_importing_lineal_alone_is_light(tmp_path: Path) -> None:
    heavy = {"sqlite3", "sqlite_utils", "numpy", "textual", "click", "hashlib"}
    code = f"import sys, lineal\nlineal.__version__\nprint(sorted({heavy} & set(sys.modules)))"
    assert _run(code, tmp_path) == "[]\n"
    with pytest.raises(AttributeError, match="nothing"):
        _ = lineal.nothing
