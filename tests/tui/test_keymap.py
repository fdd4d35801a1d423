from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal_tui.cli.edge import run
from lineal_tui.keymap import keymap_of, name_of
from lineal_tui.keys import BINDINGS, Table
from lineal_tui.places import View
from lineal_tui.settings import BadSettings, Settings, config_file, settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry


def table(path: Path, text: str) -> Table:
    path.write_text(text)
    return Table(keymap_of(path))


def found(made: Table, key: str, view: View = View.TREE) -> str | None:
    binding = made.find(view, key)
    return binding.id if binding else None


def test_a_file_gives_bindings_other_keys(tmp_path: Path) -> None:
    made = table(tmp_path / "keymap.toml", 'half_down = "D, ctrl+d"\ncopy_id = "Y i"\nhelp = "f1, ?"\nsort = ""\n')
    assert found(made, "D") == "half_down"
    assert found(made, "Y i") == "copy_id"
    assert found(made, "f1") == "help"
    assert found(made, "question_mark") == "help"
    assert found(made, "s", View.MODELS) is None
    assert found(made, "j") == "down"


def test_keys_may_be_swapped(tmp_path: Path) -> None:
    made = table(tmp_path / "keymap.toml", 'promote = "r"\nroll_back = "p"\n')
    assert found(made, "r") == "promote"
    assert found(made, "p") == "roll_back"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('\nhalf_donw = "J"', (":2:", "no binding 'half_donw'", "half_down")),
        ('promote = "r"', (":1:", "promote: r is roll_back already")),
        ('# x\ncopy_id = "y u"', (":2:", "y u is copy_address already")),
        ('down = "y"', (":1:", "already")),
        ('up = "ctrl+a"', (":1:", "screen takes it")),
        ('up = "ctrl+b"', ("tmux takes it",)),
        ('up = "ctrl+i"', ("tab",)),
        ('up = "ctrl+m"', ("enter",)),
        ('up = "ctrl+h"', ("backspace",)),
        ('up = "pageupp"', ("no key 'pageupp'", "pageup")),
        ('up = "hyper+x"', ("no key 'hyper+x'",)),
        ('up = "a b c"', ("no more than two",)),
        ("up = 3", ("keys are a text",)),
        ('step_out = ""', ("needs a key",)),
        ('up = "k', (":1:", "no TOML")),
        ('[tui]\nup = "k"', ("no binding 'tui'",)),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(BadSettings) as raised:
        table(tmp_path / "keymap.toml", text)
    told = f"{raised.value} {raised.value.hint or ''}"
    for word in words:
        assert word in told


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "keymap.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadSettings):
        keymap_of(path)
    with pytest.raises(BadSettings):
        keymap_of(tmp_path / "none.toml")


@given(st.text(max_size=20))
def test_any_text_for_a_key_is_one_or_is_refused(text: str) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder, suppress(BadSettings):
        table(Path(folder) / "keymap.toml", f"sort = {json.dumps(text)}")


def test_every_key_that_is_bound_can_be_written_in_a_file(tmp_path: Path) -> None:
    from lineal_tui.keys import shown

    text = "".join(f"{b.id} = {json.dumps(', '.join(shown(key) for key in b.keys))}\n" for b in BINDINGS)
    path = tmp_path / "keymap.toml"
    path.write_text(text)
    assert keymap_of(path) == BINDINGS


def test_characters_have_the_toolkit_s_names() -> None:
    from textual.keys import _character_to_key

    for letter in "aZ0/?:;=+-_*~^.,<>|\\@#$%&!'\"`[]{}()":
        assert name_of(letter) == _character_to_key(letter), letter


async def test_the_application_listens_to_the_keys_of_the_file(
    registry: Registry, opened: Opening, tmp_path: Path
) -> None:
    path = tmp_path / "keymap.toml"
    path.write_text('roll_back = "f5"\n')
    async with opened(registry, bindings=keymap_of(path)) as session:
        assert "f5 roll back" in session.last
        await session.press("r")
        assert session.phase == "NONE"
        await session.press("f5")
        assert session.last.startswith("→ Roll")


def test_lineal_keys_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["id"] for row in rows} == {binding.id for binding in BINDINGS}
    assert run(["keys"]) == 0
    assert "roll the stage back" in capsys.readouterr().out


def test_lineal_keys_tells_of_a_person_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    path = config_file().with_name("keymap.toml")
    path.parent.mkdir(parents=True)
    path.write_text('roll_back = "f5"\n')
    assert run(["keys"]) == 0
    assert "f5" in capsys.readouterr().out
    path.write_text('roll_backk = "f5"\n')
    assert run(["keys"]) == 2
    assert f"{path}:1: no binding 'roll_backk'" in capsys.readouterr().err


def test_the_configuration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert settings_of(path) == Settings()
    path.write_text(
        '[tui]\nread_only = true\ntheme = "light"\nascii = false\nmouse = false\nkeymap = "k.toml"\n[else]\n'
    )
    assert settings_of(path) == Settings(
        read_only=True, theme="light", ascii=False, mouse=False, keymap=tmp_path / "k.toml"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tui]\nthem = 'dark'", (":2:", "no setting 'them'", "theme")),
        ("[tui]\nread_only = 1", (":2:", "true or false")),
        ("[tui]\n\ntheme = 'pink'", (":3:", "dark, light, ansi, plain")),
        ("tui = 3", (":1:", "section")),
        ("[tui", (":1:", "no TOML")),
    ],
)
def test_mistakes_in_the_configuration_name_their_line(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(BadSettings) as raised:
        settings_of(path)
    told = f"{raised.value} {raised.value.hint or ''}"
    for word in words:
        assert word in told
