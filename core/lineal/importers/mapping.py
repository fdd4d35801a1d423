"""Makes of another program's names and values ones that can be kept here, and says what was changed."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

from lineal.errors import BadName

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.base import Scalar

_MARKS = str.maketrans(dict.fromkeys("/\\:@~#'\"`", "-"))
_SHOWN = "LNMPSZ"
_WORD = re.compile(r"[^\w-]+")
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,300})")
_FLOAT = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?")


class NoName(TypeError):
    """A name that is no text."""


def fitting(check: Callable[[str], str], name: str) -> tuple[str, str | None]:
    """The nearest name to `name` that `check` takes, and why it is another; None when it is the same.

    Args:
        check: raises `BadName`, or returns the name in its composed form.
        name: what a thing is called elsewhere.

    Raises:
        NoName: it is no text, as only a database that was harmed has it.
    """
    if not isinstance(name, str):
        raise NoName(f"it holds a name that is no text: {name!r}")
    try:
        return check(name), None
    except BadName as error:
        why = str(error.data["why"])
    kept = unicodedata.normalize("NFC", "".join(c if unicodedata.category(c)[0] in _SHOWN else "" for c in name))
    kept = " ".join(kept.split()).lstrip("-. ")
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    for candidate in (kept, kept.translate(_MARKS).strip("-. "), f"{kept}-model", f"{kept[:80].strip()}-{digest}"):
        try:
            return check(candidate), why
        except BadName:
            continue  # the next one is further from the name, and the last always fits
    return check(f"unnamed-{digest}"), why


def told_apart(name: str, original: str) -> str:
    """A changed key of a run with a mark of what it was, so that two that are changed alike stay two."""
    return f"{name[:200]}~{hashlib.sha256(original.encode(errors='surrogatepass')).hexdigest()[:6]}"


def value(text: str) -> Scalar:
    """What a param was before it was written as text: only where the very same text comes out again."""
    if text in {"True", "False"}:
        return text == "True"
    if text == "None":
        return None
    if _INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if repr(number) == text:
            return number
    return text


def role(text: str | None) -> str:
    """The role of data in a run; `input` when nothing is known."""
    return _WORD.sub("_", text or "")[:40] or "input"
