"""The budgets that do not depend on a machine's speed, bytes and frames, at 10,000 versions and runs."""

from __future__ import annotations

import sys
from statistics import median_low
from typing import TYPE_CHECKING

import pytest

from lineal.machine.locks import exclusive
from lineal.registry import open_registry
from lineal_tui.remembered import Place, remember, state_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bench.generate import generate
    from tests.bench.measuring import WHOLE
    from tests.bench.ptys import Terminal
    from tests.bench.rows import Sizes

    from lineal.registry import Registry
else:
    from generate import generate
    from measuring import WHOLE
    from ptys import Terminal
    from rows import Sizes

PAGE_DOWN = "\x1b[6~"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):  # one for all processes of the tests
        shared = shared.parent
    made = shared / "ten-thousand"
    with exclusive(shared / "ten-thousand.lock", holder="a test", seconds=120):
        if not (made / "whole").exists():
            generate(made, Sizes(10_000, 10_000, 50_000))
            (made / "whole").touch()
    return made


@pytest.fixture
def start(root: Path, tmp_path: Path) -> Callable[[int, int], Terminal]:
    """Starts the application, and waits until everything is on the screen."""

    def started(width: int, height: int) -> Terminal:
        with open_registry(root) as registry:
            remember(tmp_path / "lineal" / state_name(registry.uid, registry.root), Place("fraud", "production"))
        command = [sys.executable, "-m", "lineal_tui.main", "--registry", str(root)]
        terminal = Terminal(command, size=(width, height), environment={"XDG_STATE_HOME": str(tmp_path)})
        terminal.wait_for(WHOLE)
        terminal.settle()
        return terminal

    return started


def test_a_generated_registry_keeps_every_promise_of_the_schema(root: Path) -> None:
    with open_registry(root) as registry:
        assert registry.verify_events().broken_at is None
        assert sum(model.versions for model in registry.models()) == 10_000
        assert registry.run_count() >= 10_000
        connection = registry.context.db.connection
        assert connection.execute("SELECT count(*) FROM points").fetchone()[0] >= 50_000
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        sums = connection.execute(
            "SELECT count(*) FROM series s WHERE s.count <> (SELECT count(*) FROM points p WHERE p.series_id = s.id)"
        )
        assert sums.fetchone()[0] == 0
        assert_histories(registry)


def assert_histories(registry: Registry) -> None:
    for model in registry.models():
        production = dict(model.stages)["production"]
        assert registry.live(f"{model.name}@production").version.label == production
        if model.versions > 1_000:
            assert registry.rollback_candidates(f"{model.name}@production")


def test_the_first_screen_of_80x24_fits_into_14_kilobytes(start: Callable[[int, int], Terminal]) -> None:
    with start(80, 24) as terminal:
        assert len(terminal.output) <= 14_000


def test_keys_cost_few_bytes_and_one_frame_and_doing_nothing_costs_none(
    start: Callable[[int, int], Terminal],
) -> None:
    with start(120, 40) as terminal:
        steps = [terminal.press("j") for _ in range(4)]
        # under load the panes that follow the cursor may come right behind one of them
        assert median_low([step.bytes for step in steps]) <= 150
        assert median_low([step.frames for step in steps]) == 1
        terminal.settle()
        page = terminal.press(PAGE_DOWN)
        assert page.frames == 1
        assert page.bytes <= 10_000
        terminal.settle()
        to_the_end = terminal.press("G")
        assert to_the_end.frames == 1
        terminal.settle()
        before = len(terminal.output)
        terminal.read(1.5)
        assert len(terminal.output) == before


def test_a_question_costs_at_most_250_bytes_and_one_frame(start: Callable[[int, int], Terminal]) -> None:
    with start(120, 40) as terminal:
        question = terminal.press("r", quiet=0.4)
        assert 0 < question.bytes <= 250
        assert question.frames == 1
