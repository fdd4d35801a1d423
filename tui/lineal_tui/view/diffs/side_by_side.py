"""A difference that has the screen: versions in columns, by section, what is folded and what is open."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lineal.records.comparison import Section, Verdict
from lineal_tui.view.diffs.diff import verdict_spans
from lineal_tui.view.diffs.diff_below import below, code_summary, sum_lines
from lineal_tui.view.diffs.verdicts import (
    SECTION_TITLES,
    by_section,
    count_words,
    difference,
    judged,
    labels,
    narrowed,
    shown_value,
    summary,
)
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, left, right, rule, width_of
from lineal_tui.view.drawing.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal.records.comparison import Diff, DiffRow

_WIDEST_FIELD = 40
_WIDEST_COLUMN = 26
_NARROW_COLUMN = 15
"""Cells of a column of text where not all versions fit beside one another."""
_NARROWEST_COLUMN = 8
_WORDS_WIDTH = 27
"""Cells of what became of a row, `  +.0123 ≈ within tolerance`."""
_GAP = 2
_INDENT = 4
_SUMMED = 200
"""Rows that are listed below the one that sums them up."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a difference is looked at."""

    chosen: int = 1
    """The place of the version that is held against the baseline in words; from 1."""
    first: int = 1
    """The leftmost version beside the baseline."""
    equal: bool = False
    """Whether what is equal is listed."""
    folded: frozenset[Section] = frozenset()
    opened: frozenset[tuple[Section, str]] = frozenset()
    """Rows with something below them."""


@dataclass(frozen=True, slots=True)
class Head:
    """The line above a section."""

    section: Section
    folded: bool
    rows: tuple[DiffRow, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A row."""

    row: DiffRow
    open: bool = False


@dataclass(frozen=True, slots=True)
class Below:
    """A line below a row."""

    line: Line


@dataclass(frozen=True, slots=True)
class Note:
    """A line that belongs to no row."""

    line: Line


Item = Head | Field | Below | Note


@dataclass(slots=True)
class Board:
    """A difference with what was worked out about it; it serves until another one is shown."""

    diff: Diff
    labels: list[str] = field(init=False)
    _texts: dict[tuple[Section, str, int], tuple[str, str, Tone]] = field(init=False, default_factory=dict)
    _widths: dict[tuple[int, int, bool], int] = field(init=False, default_factory=dict)
    _names: dict[tuple[Section, str], str] | None = field(init=False, default=None)
    _rows: dict[bool, tuple[DiffRow, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Name the versions."""
        self.labels = labels(self.diff)

    @property
    def is_pair(self) -> bool:
        """Whether there are two versions, so that what became of a row stands beside it in words."""
        return len(self.diff.versions) == 2

    def cell(self, row: DiffRow, n: int) -> tuple[str, str, Tone]:
        """What stands in a column: the value, what became of it as a sign, and its tone."""
        key = (row.section, row.field, n)
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = self._cell(row, n)
        return found

    def _cell(self, row: DiffRow, n: int) -> tuple[str, str, Tone]:
        value = row.values[n]
        text = shown_value(row, value)
        if n == 0:
            return text, "", Tone.MUTED
        change = row.change(n)
        is_metric = row.section is Section.METRIC
        if self.is_pair:
            return text, "", Tone.STRONG if change.tells else Tone.MUTED
        if not change.tells:
            return text, " " * (10 if is_metric else 2), Tone.MUTED
        sign, _, tone = judged(change)
        return text, f" {difference(row, n):>7} {sign}" if is_metric else f" {sign}", tone

    def rows(self, *, equal: bool) -> tuple[DiffRow, ...]:
        """The rows that are listed; those that another sums up stand below it."""
        if equal not in self._rows:
            rows = self.diff.rows if equal else self.diff.telling
            self._rows[equal] = tuple(row for row in rows if row.under is None)
        return self._rows[equal]

    def width(self, n: int, widest: int, *, equal: bool) -> int:
        """How wide the column of a version would like to be; its figures are not cut, texts at the widest it may be."""
        key = (n, widest, equal)
        if key not in self._widths:
            cells = (self.cell(row, n) for row in self.rows(equal=equal))
            wide = [len(text) + len(sign) for text, sign, _ in cells]
            if widest == _NARROW_COLUMN:
                # what is cut anyway takes no room from the columns beside it
                wide = [each for each in wide if each <= widest]
            texts = max(wide, default=0)
            self._widths[key] = max(
                _NARROWEST_COLUMN,
                min(widest, max(width_of(self.labels[n]) + 2, texts)),
                self.figures(n, equal=equal),
            )
        return self._widths[key]

    def figures(self, n: int, *, equal: bool) -> int:
        """How wide the column of a version has to be for its metrics."""
        metrics = (self.cell(row, n) for row in self.rows(equal=equal) if row.section is Section.METRIC)
        return max((len(text) + len(sign) for text, sign, _ in metrics), default=0)

    def name(self, row: DiffRow) -> str:
        """What a row is called below the one that it tells more of, which has the first part of its name."""
        if self._names is None:
            self._names = {}
            for section, rows in by_section(self.rows(equal=True)):
                base = None
                for each in rows if section is Section.DATASET else ():
                    if base is not None and each.field.startswith(base + " "):
                        self._names[section, each.field] = "  " + one_line(each.field[len(base) + 1 :])
                    else:
                        base = each.field
        return self._names.get((row.section, row.field)) or one_line(row.field)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where everything stands at a width."""

    field: int
    columns: tuple[tuple[int, int], ...]
    """(place of the version, cells), the baseline first."""
    words: int
    """Cells for what became of the row; 0 for none."""


def framed(board: Board, look: Look, width: int) -> tuple[Frame, Look]:
    """The columns that fit, and the look with the chosen one among them."""
    rows = board.rows(equal=look.equal)
    count = len(board.diff.versions)
    longest = max((width_of(board.name(row)) for row in rows), default=12)
    chosen = max(1, min(look.chosen, count - 1))
    if board.is_pair:
        room = max(3 * 6, width - 3 * _GAP - max(_WORDS_WIDTH, width // 4))
        wanted = [board.width(n, _WIDEST_COLUMN, equal=look.equal) for n in (0, 1)]
        least = [board.figures(n, equal=look.equal) for n in (0, 1)]
        field_width, (base, other) = narrowed(min(longest, _WIDEST_FIELD), wanted, least, room)
        words = max(0, width - field_width - base - other - 3 * _GAP)
        return Frame(field_width, ((0, base), (1, other)), words), replace(look, chosen=1, first=1)
    field_width = min(longest, _WIDEST_FIELD, max(12, width // 4))
    room = width - field_width
    widest = _WIDEST_COLUMN
    if _fitting(board, look, room, 1, widest)[-1][0] < count - 1:
        widest = _NARROW_COLUMN
    first = max(1, min(look.first, chosen))
    while (columns := _fitting(board, look, room, first, widest))[-1][0] < chosen and first < chosen:
        first += 1
    # columns at the right end leave no room empty that earlier ones could have
    while first > 1 and (fuller := _fitting(board, look, room, first - 1, widest))[-1][0] == columns[-1][0]:
        first, columns = first - 1, fuller
    used = field_width + sum(cells + _GAP for _, cells in columns)
    words = width - used - _GAP if width - used - _GAP >= _WORDS_WIDTH else 0
    return Frame(field_width, tuple(columns), words), replace(look, chosen=chosen, first=first)


def _fitting(board: Board, look: Look, room: int, first: int, widest: int) -> list[tuple[int, int]]:
    """The baseline, and as many of the others from `first` on as there is room for; one of them at least."""
    count = len(board.diff.versions)
    base = min(board.width(0, widest, equal=look.equal), max(_NARROWEST_COLUMN, room // 3))
    columns = [(0, base)]
    used = base + _GAP
    for n in range(first, count):
        cells = board.width(n, widest, equal=look.equal)
        if n == first:
            cells = min(cells, max(_NARROWEST_COLUMN, room - used - _GAP))
        elif used + cells + _GAP + (7 if n < count - 1 else 0) > room:  # what is hidden is told beside the last one
            break
        columns.append((n, cells))
        used += cells + _GAP
    return columns


def side_title(board: Board, look: Look, width: int, *, stage: str | None, active: bool) -> Line:
    """The rule above the columns."""
    diff, base = board.diff, board.labels[0]
    others = board.labels[1] if board.is_pair else counted(len(diff.versions) - 1, "other")
    what: Line = (
        (cut(others, width // 3), Tone.TITLE if active else Tone.STRONG),
        (" against ", Tone.MUTED),
        (cut_middle(f"{stage} {base}" if stage else base, max(8, width // 3)), Tone.STRONG),
    )
    fold = f" (= {'hide' if look.equal else 'show'})" if len(diff.rows) > len(diff.telling) else ""
    return rule(what, ((count_words(diff) + fold, Tone.MUTED),), width)


def side_head(board: Board, look: Look, width: int) -> Line:
    """The names of the versions above their columns; the chosen one is pointed at."""
    frame, seen = framed(board, look, width)
    hidden_left = seen.first - 1
    spans: list[Span] = [(left(f"⋯{hidden_left} (h)" if hidden_left else "", frame.field), Tone.MUTED)]
    for n, cells in frame.columns:
        name = board.labels[n]
        if n == 0:
            spans.append(("  " + right(cut_middle(name, cells), cells), Tone.MUTED))
            continue
        is_chosen = n == seen.chosen and not board.is_pair
        text = ("▸" if is_chosen else "") + cut_middle(name, cells - (1 if is_chosen else 0))
        spans.append(("  " + right(text, cells), Tone.TITLE if is_chosen else Tone.STRONG))
    hidden = len(board.labels) - 1 - frame.columns[-1][0]
    if hidden:
        spans.append((f" ⋯{hidden} (l)", Tone.MUTED))
    elif frame.words and not board.is_pair:
        spans.append(("  " + cut(f"{board.labels[seen.chosen]} against {board.labels[0]}", frame.words), Tone.MUTED))
    return tuple(spans)


def side_items(
    board: Board, look: Look, width: int, matches: Callable[..., bool] | None = None
) -> tuple[list[Item], list[Hashable]]:
    """What is listed, and the key of each.

    Args:
        board: The difference.
        look: How it is looked at.
        width: Cells there are.
        matches: Whether a filter lets some texts through; None: everything.
    """
    rows: Sequence[DiffRow] = board.rows(equal=look.equal)
    if matches is not None:
        rows = [row for row in rows if matches(row.section.value, row.field, *(str(value) for value in row.values))]
    if not rows:
        words = "nothing matches the filter" if matches is not None else "no difference in anything that was recorded"
        return [Note(((words, Tone.MUTED),))], [None]
    summed: dict[tuple[Section, str], list[DiffRow]] = {}
    whole: dict[Section, list[DiffRow]] = {}
    for row in board.diff.rows:
        if row.under is not None:
            summed.setdefault((row.section, row.under), []).append(row)
        else:
            whole.setdefault(row.section, []).append(row)
    _, seen = framed(board, look, width)
    items: list[Item] = []
    keys: list[Hashable] = []
    for section, own in by_section(rows):
        is_folded = section in look.folded and matches is None
        items.append(Head(section, is_folded, tuple(whole[section])))
        keys.append(section)
        if is_folded:
            continue
        for row in own:
            key = (section, row.field)
            is_open = key in look.opened
            items.append(Field(row, is_open))
            keys.append(key)
            if is_open:
                lines = [
                    *below(board.diff, row, seen.chosen, max(20, width - _INDENT)),
                    *sum_lines(summed.get(key, ()), seen.chosen, max(20, width - _INDENT), _SUMMED),
                ]
                items.extend(Below(line) for line in lines)
                keys.extend((*key, n) for n in range(len(lines)))
    return items, keys


def side_painter(board: Board, look: Look) -> Callable[[Item, int], Line]:
    """What paints an item for a width."""
    frames: dict[int, tuple[Frame, Look]] = {}

    def paint(item: Item, width: int) -> Line:
        if width not in frames:
            frames[width] = framed(board, look, width)
        frame, seen = frames[width]
        if isinstance(item, Head):
            return _head(board, seen, item, width)
        if isinstance(item, Field):
            return _field(board, seen, frame, item)
        if isinstance(item, Below):
            return ((" " * _INDENT, Tone.TEXT), *item.line)
        return item.line

    return paint


def _head(board: Board, look: Look, head: Head, width: int) -> Line:
    spans: list[Span] = [("▸ " if head.folded else "▾ ", Tone.HEAD), (SECTION_TITLES[head.section], Tone.HEAD)]
    told = summary(head.rows, look.chosen)
    lead = "  " if board.is_pair else f"  {cut_middle(board.labels[look.chosen], 16)}: "
    spans.append((lead, Tone.MUTED))
    for n, (text, tone) in enumerate(told):
        spans.append((", " if n else "", Tone.MUTED))
        spans.append((text, tone))
    del width
    return tuple(spans)


def _named(name: str, width: int) -> str:
    bare = name.lstrip(" ")
    indent = len(name) - len(bare)
    text = " " * indent + cut_middle(bare, max(1, width - indent))
    return text + " " * max(0, width - width_of(text))


def _field(board: Board, look: Look, frame: Frame, item: Field) -> Line:
    row = item.row
    same = not row.tells
    spans: list[Span] = [
        (_named(board.name(row), frame.field), Tone.MUTED if same else Tone.TEXT),
    ]
    for n, wide in frame.columns:
        text, sign, tone = board.cell(row, n)
        room = max(0, wide - len(sign))
        spans.append(("  " + right(cut_middle(text, room), room) + sign, tone))
    if frame.words:
        told = verdict_spans(row, look.chosen)
        between = board.diff.code[look.chosen - 1] if board.diff.code and row.field == "commit" else None
        if between is not None and row.section is Section.CODE:
            told = [(code_summary(between), Tone.CHANGED)]
        if row.verdict is Verdict.SAME and not told:
            told = [("=", Tone.FAINT)]
        spans.append(("  ", Tone.TEXT))
        spans.extend(told)
    return tuple(spans)
