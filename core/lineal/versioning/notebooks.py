"""A version as notebooks show it: a small table, every word of it escaped."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from lineal.records.models import Version, VersionDetail

if TYPE_CHECKING:
    from collections.abc import Iterable

# What moves, hides or reorders letters has no place in a table, and a browser draws it.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_MOST = 30


def html(shown: Version | VersionDetail) -> str:
    """A table about a version: who, from what, where it is live, and with the detail its metrics, params and data."""
    version = shown.version if isinstance(shown, VersionDetail) else shown
    rows: list[tuple[str, str | None]] = [
        ("live at", ", ".join(version.stages)),
        ("status", None if version.status == "active" else version.status.value),
        ("owner", version.owner),
        ("purpose", version.purpose),
        ("from", ", ".join(f"{parent.ref} ({parent.relation})" for parent in version.parents)),
        ("run", None if version.run is None else f"run:{version.run}"),
        ("digest", version.digest),
        ("notes", version.notes),
    ]
    groups = [("", rows)]
    if isinstance(shown, VersionDetail):
        groups += [
            ("metrics", [(each.name, f"{each.value:.6g}") for each in shown.metrics.values()]),
            ("params", [(name, str(value)) for name, value in shown.params.items()]),
            ("data", [(each.role, f"data:{each.name}:{each.label}") for each in shown.datasets]),
        ]
    body = "".join(_group(title, known) for title, known in groups)
    return f"<table><caption><b>{_clean(version.ref)}</b> #{version.seq}</caption>{body}</table>"


def _group(title: str, rows: Iterable[tuple[str, str | None]]) -> str:
    known = [(name, value) for name, value in rows if value]
    head = f'<tr><th colspan="2">{_clean(title)}</th></tr>' if title and known else ""
    lines = [f"<tr><td>{_clean(name)}</td><td>{_clean(value)}</td></tr>" for name, value in known[:_MOST]]
    if len(known) > _MOST:
        lines.append(f'<tr><td colspan="2">{len(known) - _MOST} more</td></tr>')
    return head + "".join(lines)


def _clean(text: str) -> str:
    return escape(_HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))
