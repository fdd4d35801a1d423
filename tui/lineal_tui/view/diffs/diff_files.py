"""A difference as Markdown for a review, and as CSV for a spreadsheet; neither runs anything that a value says."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING

from lineal.records.comparison import Section
from lineal_tui.view.diffs.diff_below import code_summary
from lineal_tui.view.diffs.verdicts import (
    SECTION_TITLES,
    by_section,
    count_words,
    difference,
    judged,
    remark,
    shown_value,
)
from lineal_tui.view.drawing.clean import clean, one_line

if TYPE_CHECKING:
    from lineal.records.base import Scalar
    from lineal.records.comparison import Change, CodeBetween, Diff, DiffRow

_LONGEST = 200
"""Letters of a value in a table of Markdown; JSON has it whole."""
_SUMMED = 12
_PATCH_LINES = 400
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&@$])")
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_FORMULA = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
            "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
"""What a cell begins with that a spreadsheet would work out (OWASP, CSV Injection)."""


def diff_markdown(found: Diff, *, equal: bool = False) -> str:
    """Tables by section, with the commits and the patch between where they are told.

    Args:
        found: the difference.
        equal: whether to list what is the same, too.
    """
    names = [_escaped(ref) for ref in found.versions]
    parts = [f"# {', '.join(names[1:])} against {names[0]}\n", f"{count_words(found)}\n"]
    rows = [row for row in (found.rows if equal else found.telling) if row.under is None]
    if not rows:
        parts.append("No difference in anything that was recorded.\n")
    for section, own in by_section(rows):
        others = [f"{name} |  " for name in names[1:]]
        lines = [f"| {SECTION_TITLES[section]} | {names[0]} | {' | '.join(others)} |"]
        lines.append("|---" * (2 + 2 * len(others)) + "|")
        for row in own:
            lines.append(_line(found, row))
            summed = [each for each in found.rows if each.section is section and each.under == row.field]
            shown = summed if equal else summed[:_SUMMED]
            lines += [_line(found, each) for each in shown]
            if len(summed) > len(shown):
                lines.append(f"| … {len(summed) - len(shown):,} more " + "| " * (1 + 2 * len(others)) + "|")
        parts.append(f"## {SECTION_TITLES[section].capitalize()}\n\n" + "\n".join(lines) + "\n")
        if section is Section.CODE:
            for name, between in zip(names[1:], found.code, strict=False):
                if between is not None:
                    parts += _code(name, between)
    return "\n".join(parts)


def _line(found: Diff, row: DiffRow) -> str:
    cells = [_escaped(row.field), _value(row, 0)]
    for n in range(1, len(row.values)):
        cells += [_value(row, n), _escaped(_told(found, row, n))]
    return "| " + " | ".join(cells) + " |"


def _told(found: Diff, row: DiffRow, n: int) -> str:
    change = row.change(n)
    if not change.tells:
        return remark(change) or ""
    between = found.code[n - 1] if found.code and row.section is Section.CODE and row.field == "commit" else None
    if between is not None:
        return code_summary(between)
    sign, word, _ = judged(change)
    note = remark(change)
    return " ".join(part for part in (difference(row, n), sign, word) if part) + (f", {note}" if note else "")


def _value(row: DiffRow, n: int) -> str:
    text = shown_value(row, row.values[n])
    return _escaped(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _escaped(text: str) -> str:
    """Text of others inside Markdown: it stays in its cell, and is no markup, link or HTML."""
    return _MARKUP.sub(r"\\\1", one_line(text))


def _code(name: str, between: CodeBetween) -> list[str]:
    lines = [f"{name}: {_escaped(code_summary(between))}\n"]
    sides = (("ahead", between.ahead), ("behind", between.behind))
    commits = [f"- {side} `{each.id[:12]}` {_escaped(each.subject)}" for side, listed in sides for each in listed]
    if commits:
        lines.append("\n".join(commits) + "\n")
    for title, patch, is_cut in (
        ("", between.patch, between.patch_cut),
        ("The baseline had not committed:", between.uncommitted[0], between.uncommitted_cut),
        (f"{name} had not committed:", between.uncommitted[1], between.uncommitted_cut),
    ):
        if patch:
            lines += [f"{title}\n"] if title else []
            lines.append(_fenced(patch, is_cut=is_cut))
    return lines


def _fenced(patch: str, *, is_cut: bool) -> str:
    found = clean(patch, keep_newlines=True).rstrip("\n").split("\n")
    if len(found) > _PATCH_LINES or is_cut:
        found = [*found[:_PATCH_LINES], "… there is more"]
    text = "\n".join(found)
    # a fence ends at one that is as long
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}diff\n{text}\n{fence}\n"


def diff_csv(found: Diff, *, equal: bool = False) -> str:
    """One line for each row, values as they are: the section, the field, each version's value, what became of it.

    Text that a spreadsheet would take for a formula gets an apostrophe before it; control characters become U+FFFD.

    Args:
        found: the difference.
        equal: whether to list what is the same, too.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    others = found.versions[1:]
    told = ("delta", "verdict", "kind", "note")
    heads = [what if len(others) == 1 else f"{what} {ref}" for ref in others for what in told]
    writer.writerow([cell(head) for head in ("section", "field", *found.versions, *heads)])
    for row in found.rows if equal else found.telling:
        changes = [part for n in range(1, len(row.values)) for part in _parts(row.change(n))]
        writer.writerow([cell(part) for part in (row.section.value, row.field, *row.values, *changes)])
    return file.getvalue()


def _parts(change: Change) -> tuple[Scalar, ...]:
    kind = None if change.kind is None else change.kind.value
    return change.delta, change.verdict.value, kind, change.note if change.note != kind else None


def cell(value: Scalar) -> str:
    """A value as a cell of CSV; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf") if math.isinf(value) else repr(value)
    if isinstance(value, int):
        return str(value)
    text = clean(value, keep_newlines=True)
    bare = text.lstrip()
    if bare.startswith(_FORMULA) and not _PLAIN.fullmatch(text):
        return f"'{text}"
    return text
