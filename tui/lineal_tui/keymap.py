"""A person's own keys: a TOML file of `id = "key, key"`, checked as a whole before the application starts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from lineal.rules.refs import nearest
from lineal_tui.keys import BINDINGS, Binding, Clash, Table, shown
from lineal_tui.settings import BadSettings, line_of, parsed

if TYPE_CHECKING:
    from pathlib import Path

_FORBIDDEN = {
    "ctrl+a": "screen takes it",
    "ctrl+b": "tmux takes it",
    "ctrl+i": "a terminal cannot tell it from tab",
    "ctrl+m": "a terminal cannot tell it from enter",
    "ctrl+h": "a terminal cannot tell it from backspace",
}
_NAMED = (
    *("escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"),
    *("up", "down", "left", "right"),
    *(f"f{number}" for number in range(1, 13)),
)
_ALSO = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "ins": "insert"}
_MODIFIERS = ("ctrl", "shift", "alt")
_SPELLINGS = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""What the toolkit calls a character instead of its Unicode name."""


def keymap_of(path: Path) -> tuple[Binding, ...]:
    """The bindings with the keys that a file gives them.

    Raises:
        BadSettings: The file cannot be read, or names what does not exist, what is taken, or what must not be.
    """
    text, content = parsed(path)
    changed: dict[str, tuple[str, ...]] = {}
    for identity, value in content.items():
        line = line_of(text, identity)
        if identity not in {binding.id for binding in BINDINGS}:
            near = nearest(identity, [binding.id for binding in BINDINGS])
            raise BadSettings.at(path, line, f"no binding {identity!r}", near)
        if not isinstance(value, str):
            raise BadSettings.at(path, line, f'{identity}: keys are a text, such as "j, down"')
        changed[identity] = tuple(_key(part, path, line) for part in _parts(value))
    bindings = tuple(
        replace(binding, keys=changed[binding.id]) if binding.id in changed else binding for binding in BINDINGS
    )
    for identity in ("step_out", "help", "cancel"):
        if changed.get(identity) == ():
            raise BadSettings.at(path, line_of(text, identity), f"{identity} needs a key: nobody could leave or ask")
    try:
        Table(bindings)
    except Clash as clash:
        pair = (clash.second, clash.first) if clash.second.id in changed else (clash.first, clash.second)
        raise BadSettings.at(
            path,
            line_of(text, pair[0].id),
            f"{pair[0].id}: {shown(clash.key)} is {pair[1].id} already in {clash.view}",
        ) from clash
    return bindings


def _parts(value: str) -> list[str]:
    # a comma is a key, too, when it stands alone between commas or is all there is
    if value.strip() == ",":
        return [","]
    return [part.strip() for part in value.split(",") if part.strip()]


def _key(text: str, path: Path, line: int) -> str:
    strokes = text.split()
    if len(strokes) > 2:
        raise BadSettings.at(path, line, f"{text!r}: no more than two keys, one after the other")
    return " ".join(_stroke(stroke, path, line) for stroke in strokes)


def _stroke(text: str, path: Path, line: int) -> str:
    if len(text) == 1 and text.isprintable():
        return name_of(text)
    if text.startswith("S-"):
        text = "shift+" + text[2:]
    *modifiers, key = text.split("+") if text != "+" else ["+"]
    modifiers = [modifier.lower() for modifier in modifiers]
    key = _ALSO.get(key.lower(), key)
    named = key.lower() in _NAMED
    for modifier in modifiers:
        if modifier not in _MODIFIERS:
            raise BadSettings.at(path, line, f"no key {text!r}", nearest(modifier, _MODIFIERS))
    if not named and not (modifiers and len(key) == 1 and key.isalnum() and key.isascii()):
        known = key in {stroke for binding in BINDINGS for keys in binding.keys for stroke in keys.split(" ")}
        if modifiers or not known:
            raise BadSettings.at(path, line, f"no key {text!r}", nearest(key.lower(), _NAMED))
    whole = "+".join([*sorted(modifiers, key=_MODIFIERS.index), key.lower() if modifiers or named else key])
    if whole in _FORBIDDEN:
        raise BadSettings.at(path, line, f"{whole} cannot be bound: {_FORBIDDEN[whole]}")
    if not re.fullmatch(r"[\w+]+", whole):
        raise BadSettings.at(path, line, f"no key {text!r}")
    return whole


def name_of(letter: str) -> str:
    """A character as the toolkit names the key that types it."""
    if letter.isalnum():
        return letter
    name = unicodedata.name(letter, "").lower().replace("-", "_").replace(" ", "_")
    return _SPELLINGS.get(name, name)
