"""A difference as lines for a terminal or a pipe: one table, and below its rows what does not fit into a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.comparison import Section, Verdict
from lineal_tui.view.diffs.diff_below import LONG, code_summary, commit_lines, is_long, patch_lines, sum_lines, words
from lineal_tui.view.diffs.verdicts import difference, judged, labels, remark, shown_value
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, width_of, wrap
from lineal_tui.view.drawing.text import cells_of, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.comparison import Change, Diff, DiffRow
    from lineal_tui.view.drawing.text import Row

_SUMMED = 6
"""Rows that are listed below the one that sums them up, unless everything is asked for."""
PATCH = 40
"""Lines of a patch, likewise."""
_WHOLE = 1_000_000
_BESIDE = 24
"""Cells of a long value in the table."""
_MODEL = 20
"""Cells for the name of the model."""
_INDENT: Span = ("    ", Tone.TEXT)


def diff_text(found: Diff, width: int | None, *, equal: bool = False, patch: int = PATCH) -> list[Line]:
    """Versions side by side, by section; better and worse in words and sign.

    Args:
        found: the difference.
        width: cells there are; None for a pipe, where only what is told below its row is cut in the table.
        equal: whether to list what is the same, too.
        patch: lines of a patch that are shown.
    """
    rows = [row for row in (found.rows if equal else found.telling) if row.under is None]
    if not rows:
        return [(("no difference in anything that was recorded", Tone.MUTED),)]
    is_pair = len(found.versions) == 2
    model, names = _titles(found, width)
    titles = (model, "", *names, *(("", "") if is_pair else ()))
    begins = [n == 0 or rows[n - 1].section is not row.section for n, row in enumerate(rows)]
    cells = [_cells(found, row, named=is_first) for row, is_first in zip(rows, begins, strict=True)]
    is_narrow = width is not None and cells_of(titles, cells, range(len(titles))) > width
    if is_narrow:
        heads, lines = _narrow_table(found, rows, cells, titles, width)
    else:
        ends = range(1, 4 if is_pair else 2)
        lines = table(titles, cells, width=width, numbers=(4,) if is_pair else (), ends=ends)
        heads, lines = lines[:1], lines[1:]
    told_lines = heads
    for row, line, is_first in zip(rows, lines, begins, strict=True):
        if is_narrow and is_first:
            told_lines.append(((row.section.value, Tone.HEAD),))
        told_lines.append(line)
        told_lines += [
            (_INDENT, *each) for each in _below(found, row, width, equal=equal, patch=patch, is_narrow=is_narrow)
        ]
    if not is_pair:
        told_lines += _legend(found, rows, width)
    return told_lines


def _narrow_table(
    found: Diff, rows: Sequence[DiffRow], cells: Sequence[Row], titles: Sequence[str], width: int | None
) -> tuple[list[Line], list[Line]]:
    """Titles and rows without sections and remarks, which stand above and below them: verdicts need the room."""
    is_pair = len(found.versions) == 2
    briefly: list[Row] = [
        (*each[1:-1], _verdict(row)) if is_pair else each[1:] for row, each in zip(rows, cells, strict=True)
    ]
    heads = [(titles[0], *titles[2:])]
    if found.names and all(ref.startswith("run:") for ref in found.versions):
        blank = ("", "") if is_pair else ()
        heads = [("", *(ref[: len("run:") + 8] for ref in found.versions), *blank), ("", *found.names, *blank)]
    below: list[Row] = [tuple((text, Tone.HEAD) for text in each) for each in heads[1:]]
    lines = table(
        heads[0],
        [*below, *briefly],
        width=width,
        indent=2,
        numbers=(3,) if is_pair else (),
        ends=range(len(heads[0]) - 2 * is_pair),
        whole=(3, 4) if is_pair else (),
    )
    return lines[: len(heads)], lines[len(heads) :]


def _cells(found: Diff, row: DiffRow, *, named: bool) -> tuple[Span, ...]:
    """A row of the table: section if it is to be named, field, values, and of a pair what became of it."""
    is_pair = len(row.values) == 2
    head: tuple[Span, ...] = (
        (row.section.value if named else "", Tone.HEAD),
        (row.field, Tone.TEXT),
        (_value(row, 0), Tone.TEXT),
    )
    if is_pair:
        less = difference(row, 1) or _no_difference(row)
        return (*head, (_value(row, 1), Tone.TEXT), (less, Tone.TEXT), _words(found, row))
    return (*head, *((f"{_value(row, n)} {_sign(row, n)}".rstrip(), _tone(row, n)) for n in range(1, len(row.values))))


def _titles(found: Diff, width: int | None) -> tuple[str, list[str]]:
    """Addresses, of runs as short as anybody types them, and with their names; in a terminal the model stands apart."""
    models = {ref.rpartition(":")[0] for ref in found.versions}
    if width is not None and len(models) == 1 and models != {"run"}:
        return cut(models.pop(), _MODEL), labels(found)
    names = found.names or ("",) * len(found.versions)
    return "", [
        f"{ref[: len('run:') + 8]} {name}".rstrip() if ref.startswith("run:") else ref
        for ref, name in zip(found.versions, names, strict=True)
    ]


def _value(row: DiffRow, n: int) -> str:
    # what is long is told whole below its row
    told_below = any(is_long(row, place) and row.change(place).tells for place in range(1, len(row.values)))
    return cut_middle(shown_value(row, row.values[n]), _BESIDE if told_below else LONG)


def _no_difference(row: DiffRow) -> str:
    return "0" if row.section is Section.METRIC and row.delta == 0 else ""


def _sign(row: DiffRow, n: int) -> str:
    change = row.change(n)
    if not change.tells:
        return ""
    less = difference(row, n) if row.section is Section.METRIC else ""
    return f"{less} {judged(change)[0]}".strip()


def _tone(row: DiffRow, n: int) -> Tone:
    change = row.change(n)
    return judged(change)[2] if change.tells else Tone.TEXT


def _words(found: Diff, row: DiffRow) -> Span:
    change = row.change(1)
    between = found.code[0] if found.code and _is_commit(row) else None
    if between is not None and row.tells:
        return (code_summary(between), Tone.CHANGED)
    if not change.tells and change.verdict is Verdict.SAME:
        return ("=", Tone.MUTED)
    return (_told(change), judged(change)[2])


def _verdict(row: DiffRow) -> Span:
    """What became of a row of a pair, in a word or two; what else is to be said stands below it."""
    change = row.change(1)
    sign, word, tone = judged(change)
    if not change.tells and change.verdict is Verdict.SAME:
        return ("=", Tone.MUTED)
    return (word if change.verdict is Verdict.CHANGED and change.kind is None else f"{sign} {word}", tone)


def _told(change: Change) -> str:
    sign, word, _ = judged(change)
    note = remark(change)
    plain = change.verdict is Verdict.CHANGED and change.kind is None
    if plain:
        return note or word
    return f"{sign} {word}" + (f", {note}" if note else "")


def _is_commit(row: DiffRow) -> bool:
    return row.section is Section.CODE and row.field == "commit"


def _below(found: Diff, row: DiffRow, width: int | None, *, equal: bool, patch: int, is_narrow: bool) -> list[Line]:
    names = labels(found)
    room = _WHOLE if width is None else max(20, width - len(_INDENT[0]) - (2 if len(names) > 2 else 0))
    summed = [each for each in found.rows if each.section is row.section and each.under == row.field]
    lines: list[Line] = []
    for n in range(1, len(row.values)):
        own: list[Line] = []
        first, other = row.values[0], row.values[n]
        if is_long(row, n) and isinstance(first, str) and isinstance(other, str) and first != other:
            own += words(first, other, room)
        elif isinstance(other, str) and len(other) > LONG and row.change(n).tells:
            own += words(other, other, room)
        if summed:
            own += sum_lines(summed, n, room, _WHOLE if equal else _SUMMED)
        if found.code and row.section is Section.CODE:
            own += _code(found, row, n, room, patch, is_narrow=is_narrow)
        change = row.change(n)
        note = remark(change)
        if is_narrow and len(names) == 2 and note is not None and change.tells:
            own = [*wrap([((word, Tone.MUTED),) for word in note.split()], room), *own]
        if len(names) > 2 and note is not None and not own:
            pieces = [((word, judged(change)[2]),) for word in _told(change).split()]
            own += wrap(pieces, room - width_of(cut(names[n], 24)) - 2)
        if len(own) == 1 and len(names) > 2:
            own[0] = ((cut(names[n], 24) + ": ", Tone.HEAD), *own[0])
        elif own and len(names) > 2:
            own = [((cut(names[n], 24) + ":", Tone.HEAD),), *((("  ", Tone.TEXT), *line) for line in own)]
        lines += own
    return lines


def _code(found: Diff, row: DiffRow, n: int, room: int, patch: int, *, is_narrow: bool) -> list[Line]:
    between = found.code[n - 1]
    if between is None or not row.change(n).tells:
        return []
    if row.field == "commit":
        # the summary stands beside the row where there is one version only to tell of
        lines = commit_lines(between, room, most=patch)
        return lines[1:] if len(found.versions) == 2 and not is_narrow else lines
    lines = []
    if row.field == "uncommitted changes":
        for name, changes in ((labels(found)[0], between.uncommitted[0]), (labels(found)[n], between.uncommitted[1])):
            if changes is not None:
                lines += [((f"{name} had not committed", Tone.HEAD),), *patch_lines(changes, room, patch)]
    return lines


def _legend(found: Diff, rows: list[DiffRow], width: int | None) -> list[Line]:
    """What the signs mean, of those that are there."""
    signs: dict[tuple[str, str, Tone], None] = {}
    for row in rows:
        for n in range(1, len(row.values)):
            if row.change(n).tells:
                signs.setdefault(judged(row.change(n)))
    words_of: dict[str, list[str]] = {}
    for sign, word, _ in signs:
        words_of.setdefault(sign, []).append(word)
    told = [f"{sign} {' or '.join(found_words)}" for sign, found_words in words_of.items()]
    pieces = [
        ((each + ("  " if n < len(told) else ""), Tone.MUTED),)
        for n, each in enumerate([*told, f"than {labels(found)[0]}"])
    ]
    return [(), *wrap(pieces, _WHOLE if width is None else width)]
