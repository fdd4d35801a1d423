"""Whatever others wrote into the registry is shown as text and does nothing else."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import pytest

from lineal.errors import LinealError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _pytest.mark.structures import ParameterSet
    from tests.tui.conftest import Opening

    from lineal.registry import Registry

HOSTILE = {
    "osc52": "\x1b]52;c;aGk=\x07 copied",
    "csi": "\x1b[2J\x1b[31m red",
    "c1": "\x9b2J\x9d52;c;aGk=\x9c",
    "markup": "[/] a[/b]c [bold red]x[/] [@click=app.quit]y[/]",
    "bidi": "\u202egpj.exe\u2066 abc",
    "zero width": "a\u200bb\u200dc\ufeff",
    "lines": "one\ntwo\r\nthree\ttab",
    "wide": "模型版本" * 40,
    "long": "x" * 10_000,
    "combining": "e\u0301" * 300,
}
WIDTHS = ("lines", "wide", "long", "combining")
"""Those that another size cuts or wraps elsewhere."""
REST = " ".join(HOSTILE[kind] for kind in ("markup", *sorted(HOSTILE.keys() - {*WIDTHS, "markup"})))


def cases() -> list[ParameterSet]:
    """Each kind on a wide screen, where every pane is; on a small one, those without a width of their own together."""
    wide = [pytest.param((160, 48), text, id=f"{kind} on a wide screen") for kind, text in HOSTILE.items()]
    small = [pytest.param((80, 24), HOSTILE[kind], id=f"{kind} on a small screen") for kind in WIDTHS]
    return [*wide, *small, pytest.param((80, 24), REST, id="the others on a small screen")]


@pytest.mark.parametrize(("size", "text"), cases())
async def test_hostile_text_in_every_field_stays_text(
    empty: Registry, opened: Opening, tmp_path: Path, size: tuple[int, int], text: str, grow: Callable[..., None]
) -> None:
    grow(
        empty,
        owner=text[:1_000],
        purpose=text[:1_000],
        notes=text,
        tags={"team": text},
    )
    weights = tmp_path / "w.json"
    weights.write_text("{}")
    empty.register("fraud", weights, label="9.0.0", parents=["fraud:2.2.0"], params={"p": text, "q": text}, notes=text)
    empty.promote("fraud:9.0.0", "staging", reason=text)
    empty.promote("fraud:9.0.0", "production", reason=text)
    async with opened(empty, size) as session:
        seen = []
        for key in ("g", "d", "equals_sign", "L", "H", "6", "G", "1", "2", "r", "escape", "b", "escape", "y", "j"):
            await session.press(key)
            seen.append(session.text)
            assert session.app.clipboard == "" or key == "j"
        shown = "\n".join(seen)
        assert not {letter for letter in shown if letter < " " and letter != "\n"}
        for letter in "\x7f\x9b\x9d\u202e\u2066\u200b\u200d\ufeff\u2028":
            assert letter not in shown
        if text.startswith(HOSTILE["markup"]):
            assert "a[/b]c" in shown


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_hostile_runs_files_and_releases_stay_text(
    registry: Registry, opened: Opening, tmp_path: Path, size: tuple[int, int]
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for text in HOSTILE.values():
        run = registry.start_run("search", params={"lr": 0.1})
        for name in ("plain", text[:100]):
            with contextlib.suppress(LinealError):  # a name may be refused, and then has no place to be shown
                run = registry.start_run(name, name=text[:200], params={"lr": text}, tags={"t": text})
                run.log_params({name: text})
            with contextlib.suppress(LinealError):
                run.log_metric(name, 1)
        run.finish()
        failing = registry.start_run("search", params={"lr": text})
        with contextlib.suppress(RuntimeError), failing:
            raise RuntimeError(text)
        (folder / text.replace("/", "_").encode()[:60].decode(errors="ignore").strip(" .")).write_text("{}")
    text = " ".join(HOSTILE.values())
    with contextlib.suppress(LinealError):
        registry.register("fraud", folder, label="9.0.0", parents=["fraud:2.2.0"], run=run.ref)
    hook = tmp_path / "hook.py"
    hook.write_text(f"#!{sys.executable}\nimport sys\nsys.stdout.write({text[:9000]!r})\n", encoding="utf-8")
    hook.chmod(0o755)
    registry.bind_stage("fraud@production", release=str(tmp_path / "srv"), hook=(str(hook),), timeout=20)
    registry.promote("fraud:2.2.0", "production", reason=text)
    keys = ("7", "space", "space", "space", "d", "7", "e", "j", "enter", "enter", *["escape", "j", "enter"] * 12)
    register = ("escape", "R", "enter", "enter", "enter", "enter", "escape")
    others = ("g", "2", "g", "8", "9", "enter", "G", "exclamation_mark", "L", "1", "r")
    async with opened(registry, size) as session:
        seen = []
        for key in (*keys, *register, *others):
            await session.press(key)
            seen.append(session.text)
        assert session.app.clipboard == ""
        shown = "\n".join(seen)
        assert not {letter for letter in shown if letter < " " and letter != "\n"}
        for letter in "\x7f\x9b\x9d\u202e\u2066\u200b\u200d\ufeff\u2028":
            assert letter not in shown


async def test_names_of_models_are_shown_as_they_are(
    empty: Registry, opened: Opening, grow: Callable[..., None]
) -> None:
    names = ["[bold red]x[", "модель мошенничества", "模型" * 30, "a b  c", "x" * 128]
    for name in names:
        grow(empty, model=name)
    async with opened(empty) as session:
        for place in range(len(names)):
            await session.press("1", "g", *["j"] * place, "enter")
            await session.press("r")
            assert session.phase == "OPEN"
            assert "2.0.0" in session.last
            assert "2.1.0" in session.last
            await session.press("y")
        for name in names:
            assert empty.live(f"{name}@production").version.label == "2.0.0"
