"""Tells which of two package versions is the later one.

The order is that of https://packaging.python.org/en/latest/specifications/version-specifiers/ (PEP 440).
"""

from __future__ import annotations

import re

_LONGEST = 100
_FORM = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_n>\d*))?"
    r"(?:-(?P<post_bare>\d+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_n>\d*))?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>\d*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?"
)
_PRE = {"alpha": 0, "a": 0, "beta": 1, "b": 1, "preview": 2, "pre": 2, "c": 2, "rc": 2}
_FINAL = 3
_NEVER = 1 << 200


def later(old: str, new: str) -> bool | None:
    """Whether `new` comes after `old`; None when either is no such version, or both are the same one."""
    before, after = _key(old), _key(new)
    if before is None or after is None or before == after:
        return None
    return after > before


def _key(text: str) -> tuple[tuple[int, ...], ...] | None:
    match = _FORM.fullmatch(text.strip().lower()) if len(text) <= _LONGEST else None
    if match is None:
        return None
    release = [int(part) for part in match["release"].split(".")]
    while len(release) > 1 and not release[-1]:
        release.pop()
    post = int(match["post_bare"] or match["post_n"] or 0) if match["post_bare"] or match["post"] else -1
    dev = int(match["dev_n"] or 0) if match["dev"] else _NEVER
    if match["pre"]:
        pre = (_PRE[match["pre"]], int(match["pre_n"] or 0))
    else:
        pre = (-1, 0) if match["dev"] and post < 0 else (_FINAL, 0)
    local: list[int] = []
    for part in re.split(r"[-_.]", match["local"]) if match["local"] else ():
        # numbers come after words, and words by their letters
        local += [1, int(part), 0] if part.isdecimal() else [0, int.from_bytes(part.encode().ljust(100, b"\0")), 0]
    return (int(match["epoch"] or 0),), tuple(release), pre, (post,), (dev,), tuple(local)
