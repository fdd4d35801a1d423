"""Opens values that hold others, so that of a long configuration only the leaves that changed are shown."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lineal.diff.rows import mapping_rows, union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lineal.records.base import Scalar
    from lineal.records.comparison import DiffRow, Section

_LONGEST = 1 << 18
"""Characters of a value that is opened; what is longer stays text."""
_MOST_LEAVES = 2_000
_DEEPEST = 32
_PYTHON = re.compile(
    r"""'((?:[^'\\]|\\['\\])*)'|("(?:[^"\\]|\\.)*")|\b(True|False|None|nan|inf)\b|(\(|,?\s{0,8}\))|,\s{0,8}(?=[\]}])"""
)
"""What is written otherwise in Python than in JSON: other trackers keep nested params as `str()` has them."""
_WORDS = {"True": "true", "False": "false", "None": "null", "nan": "NaN", "inf": "Infinity"}


def opened_rows(section: Section, mappings: Sequence[Mapping[str, Scalar]]) -> list[DiffRow]:
    """A row for each name, or for each leaf of values that are objects or lists on every side that has them."""
    parsed = [{name: _container(value) for name, value in mapping.items()} for mapping in mappings]
    sides: list[dict[str, Scalar]] = [{} for _ in mappings]
    for name in union(mappings):
        there = [side[name] for side in parsed if name in side]
        leaves = [_leaves(name, side.get(name)) for side in parsed]
        opens = len({type(each) for each in there}) == 1 and None not in there
        # A name that dots make equal to a leaf's would hide one of the two.
        clash = any(
            leaf != name and leaf in mapping
            for found, mapping in zip(leaves, mappings, strict=True)
            for leaf in found or ()
        )
        for side, mapping, found in zip(sides, mappings, leaves, strict=True):
            if opens and not clash and not any(each is None for each in leaves):
                side.update(found or {})
            elif name in mapping:
                side[name] = mapping[name]
    return mapping_rows(section, sides)


def _container(value: Scalar) -> dict[str, object] | list[object] | None:
    """The object or list that a text is; None for everything else."""
    if not isinstance(value, str) or not 2 <= len(value) <= _LONGEST:
        return None
    text = value.strip()
    if not text or text[0] not in "{[(" or text[-1] not in "}])":
        return None
    for attempt in (text, None):
        try:
            found = json.loads(_PYTHON.sub(_as_json, text) if attempt is None else attempt)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict | list) else None
    return None


def _as_json(match: re.Match[str]) -> str:
    quoted, double, word, paren = match.groups()
    if quoted is not None:
        return json.dumps(re.sub(r"\\(['\\])", r"\1", quoted))
    if double is not None:
        return double
    if word is not None:
        return _WORDS[word]
    if paren is not None:
        return "[" if paren == "(" else "]"
    return ""


def _leaves(name: str, value: dict[str, object] | list[object] | None) -> dict[str, Scalar] | None:
    """The leaves by their paths; None when two would have the same, or there are too many."""
    found: dict[str, Scalar] = {}
    if value is None:
        return found
    for place, (path, leaf) in enumerate(_walk(name, value, 0)):
        if path in found or place >= _MOST_LEAVES:
            return None
        found[path] = leaf
    return found


def _walk(path: str, value: object, depth: int) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, dict | list) and value and depth < _DEEPEST:
        pairs = (
            ((f"{path}.{key}", item) for key, item in value.items())
            if isinstance(value, dict)
            else ((f"{path}[{place}]", item) for place, item in enumerate(value))
        )
        for inner, item in pairs:
            yield from _walk(inner, item, depth + 1)
    elif isinstance(value, str | int | float | bool | None):
        yield path, value
    else:
        yield path, json.dumps(value, sort_keys=True, ensure_ascii=False)
