"""A run's page: all it recorded, folded where it is long, followed where it leads somewhere."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from lineal.records.base import Micros
from lineal.records.runs import CodeState, Run, RunDetail, RunKind, RunStatus
from lineal_tui.view.drawing.lines import line_width
from lineal_tui.view.training.run import RunPage, run_items

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry


@pytest.fixture
def trained(registry: Registry, tmp_path: Path) -> Registry:
    """A run with data, a parent, a version, a tag, and a failure behind it."""
    data = tmp_path / "train.csv"
    data.write_text("a,b\n1,2\n")
    weights = tmp_path / "made.json"
    weights.write_text('{"made": true}')
    with registry.start_run("search", name="parent") as parent:
        pass
    with registry.start_run("search", name="child", params={"lr": 0.1}, parent=parent.id) as run:
        run.use_dataset("customers", data, role="train")
        run.log_metrics({"auc": 0.5}, step=1)
        run.log_metrics({"auc": 0.75}, step=2)
        run.set_tags({"team": "risk"})
        run.register("fraud", weights, label="9.0.0")
    return registry


async def test_a_page_tells_where_a_run_came_from_and_what_it_made(trained: Registry, opened: Opening) -> None:
    async with opened(trained, (100, 50)) as session:
        await session.press("7", "g", "l", "j", "enter")
        assert "child" in session.rows[1]
        for words in ("data:customers:", "run:", "fraud:9.0.0", "team", "risk", "0.7500", "python"):
            assert words in session.text


@pytest.mark.parametrize(
    ("words", "leads_to"), [("fraud:9.0.0", "9.0.0"), ("data:customers", "customers"), ("parent  ", "parent")]
)
async def test_enter_follows_what_has_an_address(trained: Registry, opened: Opening, words: str, leads_to: str) -> None:
    async with opened(trained, (100, 50)) as session:
        await session.press("7", "g", "l", "j", "enter")
        page = session.workspace.panes[next(view for view in session.workspace.panes if view.value == "run")]
        place = next(n for n, row in enumerate(session.rows) if words in row and n > 1) - 2
        page.lines.move_to(page.lines.scroll_offset.y + place)
        await session.press("enter")
        assert leads_to in session.rows[1] or leads_to in session.rows[2]
        await session.press("escape")
        assert "child" in session.text


async def test_packages_are_folded_and_open(trained: Registry, opened: Opening) -> None:
    async with opened(trained, (100, 60)) as session:
        await session.press("7", "g", "l", "j", "enter")
        assert "packages" in session.text
        assert "sqlite-utils" not in session.text
        place = next(n for n, row in enumerate(session.rows) if "packages" in row) - 2
        lines = session.workspace.lines
        lines.move_to(place)
        await session.press("l", "G")
        assert "sqlite-utils" in session.text or "textual" in session.text
        await session.press("g")
        lines.move_to(place)
        await session.press("h")
        assert "textual " not in session.text


async def test_changes_that_were_not_committed_open_as_a_patch(
    registry: Registry, opened: Opening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "train.py").write_text("lr = 1\n")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run([*git, *words], cwd=work, check=True)  # noqa: ASYNC221  a moment
    (work / "train.py").write_text("lr = 2\n\x1b[31mred\n")
    monkeypatch.chdir(work)
    registry.start_run("search", name="dirty").finish()
    async with opened(registry, (100, 50)) as session:
        await session.press("7", "g", "enter")
        assert "not committed: 1 file, 2 lines added, 1 removed" in session.text
        lines = session.workspace.lines
        lines.move_to(next(n for n, row in enumerate(session.rows) if "not committed" in row) - 2)
        await session.press("enter")
        assert "-lr = 1" in session.text
        assert "+lr = 2" in session.text
        assert "\x1b" not in session.text


async def test_the_end_of_an_output_shows_and_the_rest_is_folded(registry: Registry, opened: Opening) -> None:
    run = registry.start_run("search", name="wrapped")
    run.finish()
    from lineal.training.runs import keep_output

    keep_output(registry._context, registry.run(run.id), "\n".join(f"line {n}" for n in range(40)))
    async with opened(registry, (100, 60)) as session:
        await session.press("7", "g", "enter")
        assert "line 39" in session.text
        assert "32 lines before" in session.text
        assert "line 3 " not in session.text


async def test_an_address_of_a_run_leads_to_its_page_and_esc_back(trained: Registry, opened: Opening) -> None:
    ref = next(run.id for run in trained.runs("search") if run.name == "parent")
    async with opened(trained) as session:
        await session.press("colon", *f"show run:{ref[:8]}".replace(" ", " "), "enter")
        assert "parent" in session.rows[1]
        await session.press("escape")
        assert "VERSION" in session.text


async def test_a_filter_searches_the_page(trained: Registry, opened: Opening) -> None:
    async with opened(trained, (100, 50)) as session:
        await session.press("7", "g", "l", "j", "enter", "slash", *"team", "enter")
        assert "risk" in session.text
        assert "data:customers" not in session.text


def page(**fields: object) -> RunPage:
    run = Run(
        1,
        "a" * 32,  # type: ignore[arg-type]
        "name",
        "experiment",
        RunKind.TRAIN,
        RunStatus.FINISHED,
        Micros(1),
        Micros(2),
        "dana",
    )
    return RunPage(RunDetail(run, **fields), {})  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [20, 56, 78, 200])
def test_lines_fit_at_every_width_and_have_keys_of_their_own(width: int) -> None:
    wide = page(
        params={f"p{n}" * 9: "x" * 300 for n in range(500)},
        tags={f"t{n}": "\x1b[31m\u202e" * 40 for n in range(50)},
        error="\x1b[31mTraceback\n" * 500,
        output="out\n" * 20_000,
        code=CodeState("c" * 40, None, True, None, untracked=("\x1b]52;c;x\x07",)),
        outputs=tuple(f"m:{n}" for n in range(100)),
    )
    every = frozenset({"params", "tags", "error", "output", "untracked", "outputs"})
    for opened in (frozenset[str](), every):
        items = run_items(wide, Micros(3), width, opened)
        assert len({item.key for item in items}) == len(items)
        assert not any("\x1b" in text or "\u202e" in text for item in items for text, _ in item.line)
    assert all(line_width(item.line) <= max(width, 40) for item in run_items(page(), Micros(3), width, every))


def test_a_run_with_nothing_has_a_page() -> None:
    assert [item.line[0][0].strip() for item in run_items(page(), Micros(3), 80, frozenset())] == [
        "status",
        "experiment",
        "started",
    ]
