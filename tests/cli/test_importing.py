"""`lineal import` tells what it brought and what it could not bring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.command_line import Processed, Typed

DATA = Path(__file__).parents[1] / "data"


def test_counts_go_to_stdout_and_the_rest_to_stderr(typed: Typed, registry: Path) -> None:
    ran = typed("--registry", registry, "import", "mlflow", DATA / "mlflow-3-sqlite")
    assert ran.code == 0
    assert "run                  32 found         32 added" in ran.lines
    assert "warning: stage tumour-classifier@production: version 1 is there too" in ran.err
    assert typed("--registry", registry, "live", "tumour-classifier@champion").out.startswith("tumour-classifier:2")
    again = typed("--registry", registry, "import", "mlflow", DATA / "mlflow-3-sqlite")
    assert "nothing is new" in again.err


def test_json_has_counts_and_remarks(typed: Typed, registry: Path) -> None:
    ran = typed(
        "--registry", registry, "import", "mlflow", DATA / "mlflow-2-files" / "mlruns", "--no-artifacts", "--json"
    )
    assert ran.json["program"] == "mlflow"
    assert {"kind": "run", "found": 22, "added": 22, "updated": 0} in ran.json["counts"]
    assert {remark["lost"] for remark in ran.json["remarks"]} == {True, False}


def test_trackio_comes_too(typed: Typed, registry: Path) -> None:
    ran = typed("--registry", registry, "import", "trackio", DATA / "trackio")
    assert "metric point        270 found        270 added" in ran.lines


def test_exit_codes_tell_what_was_wrong(typed: Typed, registry: Path, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello")
    assert typed("--registry", registry, "import", "mlflow", tmp_path / "nothing").code == 3
    assert typed("--registry", registry, "import", "mlflow", tmp_path / "text.db").code == 7
    assert typed("--registry", registry, "import", "trackio", DATA / "mlflow-3-sqlite").code == 7
    assert typed("--registry", registry, "import", "mlflow", DATA, "--no-artifacts", "--move").code == 2


def test_an_import_needs_no_mlflow_and_loads_yaml_only_then(processed: Processed, registry: Path) -> None:
    ran = processed("--registry", registry, "import", "mlflow", DATA / "mlflow-2-files", "--no-artifacts")
    assert ran.code == 0, ran.err
