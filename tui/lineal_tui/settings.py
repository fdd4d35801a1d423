"""What a person settled once for the application: the `[tui]` section of their configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lineal.errors import UsageError
from lineal.machine.locate import at_home
from lineal.rules.refs import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

THEMES = ("dark", "light", "ansi", "plain")


class BadSettings(UsageError):
    """A configuration that cannot be used."""

    message: ClassVar[str] = "{path}{line}: {what}"

    @classmethod
    def at(cls, path: Path, line: int | None, what: str, near: Sequence[str] = ()) -> Self:
        """A mistake in a line (None: in the file as a whole), with what may have been meant."""
        hint = f"did you mean {' or '.join(near)}?" if near else None
        return cls(path=path, line=f":{line}" if line else "", what=what, hint=hint)


@dataclass(frozen=True, slots=True)
class Settings:
    """How the application starts; None where nothing is settled and the terminal decides."""

    read_only: bool = False
    theme: str | None = None
    """One of `THEMES`."""
    ascii: bool | None = None
    """Whether everything is drawn in ASCII."""
    mouse: bool | None = None
    keymap: Path | None = None
    """A file of keys; None when there is none."""


_KINDS: dict[str, type] = {"read_only": bool, "theme": str, "ascii": bool, "mouse": bool, "keymap": str}


def config_file() -> Path:
    """Where a person's configuration belongs on this system."""
    from platformdirs import user_config_path  # noqa: PLC0415  it asks the environment, so when it is needed

    return user_config_path("lineal") / "config.toml"


def settings_of(path: Path) -> Settings:
    """Read a configuration; one that is not there settles nothing.

    A file `keymap.toml` beside it holds the keys, unless it names another; see `lineal_tui.keymap`.

    Raises:
        BadSettings: It is none, with the line that is to blame.
    """
    beside = path.with_name("keymap.toml")
    if not path.exists():
        return Settings(keymap=beside if beside.exists() else None)
    text, content = parsed(path)
    section = content.get("tui", {})
    if not isinstance(section, dict):
        raise BadSettings.at(path, line_of(text, "tui"), "[tui] is a section")
    for name, value in section.items():
        if name not in _KINDS:
            near = nearest(name, _KINDS)
            raise BadSettings.at(path, line_of(text, name), f"no setting {name!r} in [tui]", near)
        if not isinstance(value, _KINDS[name]):
            wanted = "true or false" if _KINDS[name] is bool else "a text"
            raise BadSettings.at(path, line_of(text, name), f"{name} is {wanted}")
    theme = section.get("theme")
    if theme is not None and theme not in THEMES:
        raise BadSettings.at(path, line_of(text, "theme"), f"no theme {theme!r}; there are {', '.join(THEMES)}")
    keymap = beside if beside.exists() else None
    if "keymap" in section:
        keymap = path.parent / at_home(section["keymap"])
    return Settings(
        read_only=section.get("read_only", False),
        theme=theme,
        ascii=section.get("ascii"),
        mouse=section.get("mouse"),
        keymap=keymap,
    )


def parsed(path: Path) -> tuple[str, dict[str, Any]]:
    """A TOML file as text, and what it says.

    Raises:
        BadSettings: It cannot be read, or is no TOML.
    """
    import tomllib  # noqa: PLC0415  most people have no such file

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings.at(path, None, getattr(error, "strerror", None) or str(error)) from error
    try:
        return text, tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        what = re.sub(r" \(at .*\)$", "", str(error))
        number = int(line[1]) if line else len(text.splitlines())
        raise BadSettings.at(path, number, f"no TOML: {what}") from error


def line_of(text: str, name: str) -> int:
    """The line in which a name is given its value, from 1; the first when it cannot be told."""
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(rf"""\s*\[?\s*["']?{re.escape(name)}["']?\s*[=\].]""", line):
            return number
    return 1
