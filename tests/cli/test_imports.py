"""Start-up is measured: a command imports what it needs, and never the toolkit."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.bound_stage import Bound

HEAVY = {"textual", "numpy", "sqlite_utils", "rich", "humanize", "platformdirs", "pandas", "sklearn"}


def imported(registry: Path, *words: str) -> set[str]:
    """The modules that a process has after a command, its stdout a pipe as scripts have it."""
    code = (
        "import sys\n"
        "from lineal_tui.main import main\n"
        "answer = main(sys.argv[1:])\n"
        "sys.stderr.write('MODULES ' + ' '.join(sys.modules))\n"
        "sys.exit(answer)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--registry", str(registry)],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return set(done.stderr.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize(
    "words",
    [
        ("live", "fraud@production"),
        ("models", "--json"),
        ("history", "fraud@production", "--json"),
        ("versions", "fraud", "--json"),
        ("diff", "fraud:1.0.0", "fraud:1.1.0", "--json"),
        ("lineage", "fraud:1.0.0", "--json"),
        ("rollback", "fraud@production", "--plan", "--json"),
    ],
)
def test_reading_commands_import_no_toolkit(sample: Path, words: tuple[str, ...]) -> None:
    assert not imported(sample, *words) & HEAVY


@pytest.mark.parametrize("words", [("models",), ("versions", "fraud"), ("tree", "fraud"), ("show", "fraud:1.0.0")])
def test_pages_for_people_import_neither_toolkit_nor_numbers(sample: Path, words: tuple[str, ...]) -> None:
    assert not imported(sample, *words) & {"textual", "numpy", "sqlite_utils", "pandas"}


def test_live_loads_only_what_stages_need(sample: Path) -> None:
    modules = imported(sample, "live", "fraud@production")

    assert not modules & {
        "lineal.versioning.details",
        "lineal.versioning.versions",
        "lineal.staging.stages",
        "lineal.write_path.audit",
        "hashlib",
        "humanize",
    }


def test_a_rollback_that_reaches_the_server_loads_no_pages_and_no_network(bound: Bound) -> None:
    modules = imported(bound.root, "rollback", "fraud@production")

    assert bound.live == "1.0.0"
    unwanted = {
        "http.client",
        "ssl",
        "lineal_tui.view.staging.stage_page",
        "lineal_tui.view.as_json.json",
        "lineal_tui.view.drawing.words",
    }
    assert not modules & (HEAVY | unwanted)


def test_the_version_is_told_without_click() -> None:
    code = "import sys; from lineal_tui.main import main; main(['--version']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)

    assert "click" not in done.stdout.split()
    assert "sqlite3" not in done.stdout.split()
