"""The list of columns that a table of runs may have, with those that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Tone, rule, width_of
from lineal_tui.view.drawing.words import counted, number
from lineal_tui.view.training.run_columns import OWN, Chosen, kind_of, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.runs import RunFields
    from lineal_tui.view.drawing.matching import Matcher
    from lineal_tui.view.training.run_columns import Sorting

_ROOMY = 70
"""Cells from which on the title tells why fewer may be seen."""


@dataclass(frozen=True, slots=True)
class ColumnItem:
    """A column that could be shown."""

    id: str
    runs: int | None
    """How many of the runs that were looked at have it; None: all, or it is not known."""


@dataclass(frozen=True, slots=True)
class ColumnsLook:
    """What all rows of the list have in common."""

    shown: dict[str, Chosen]
    """The columns that are shown, by id, in order."""
    sorting: Sorting | None
    looked_at: int
    """Runs that were looked at."""
    name_width: int = 8


def column_items(shown: Sequence[Chosen], fields: RunFields) -> list[ColumnItem]:
    """Every column there is: first those that are shown, then what all runs have, metrics, histories, params, tags."""
    known: dict[str, int | None] = {column.id: None for column in shown}
    known |= {name: None for name in OWN if name not in known}
    for kind, counts in (
        ("metric", fields.metrics),
        ("curve", fields.metrics),
        ("param", fields.params),
        ("tag", fields.tags),
    ):
        known |= {f"{kind}:{name}": count for name, count in counts.items()}
    return [ColumnItem(name, count) for name, count in known.items()]


def columns_look(
    items: Sequence[ColumnItem], shown: Sequence[Chosen], sorting: Sorting | None, looked_at: int
) -> ColumnsLook:
    """Measure the columns."""
    widest = max((width_of(one_line(title_of(item.id))) for item in items), default=8)
    return ColumnsLook({each.id: each for each in shown}, sorting, looked_at, min(44, max(8, widest)))


def in_column(match: Matcher, item: ColumnItem) -> bool:
    """Whether a column has what is looked for: in its name, or its kind."""
    kind, name = kind_of(item.id)
    return match(name, kind, title_of(item.id), "" if kind else OWN[name][1])


def _columns(look: ColumnsLook, width: int) -> tuple[Column, ...]:
    return arrange(
        [
            Column("place", "", 3, right=True),
            Column("name", "COLUMN", look.name_width),
            Column("kind", "KIND", 6, rank=2),
            Column("width", "WIDTH", 5, right=True, rank=1),
            Column("what", "WHAT", 8, grows=True, rank=3),
        ],
        width,
    )


def columns_head(look: ColumnsLook, width: int) -> Line:
    """The titles of the columns of the list of columns."""
    return head(_columns(look, width))


def column_line(item: ColumnItem, look: ColumnsLook, width: int) -> Line:
    """One column that could be shown; those that are have their place."""
    chosen = look.shown.get(item.id)
    kind, name = kind_of(item.id)
    what = f"{number(item.runs)} of {counted(look.looked_at, 'run')}" if item.runs is not None else ""
    if not kind:
        what = OWN[name][1]
    if look.sorting is not None and look.sorting.column == item.id:
        what = f"sorted by {'▼' if look.sorting.descending else '▲'}  {what}"
    place = str(list(look.shown).index(item.id) + 1) if chosen else "-"
    return row(
        _columns(look, width),
        {
            "place": ((place, Tone.MARK if chosen else Tone.FAINT),),
            "name": ((title_of(item.id), Tone.STRONG if chosen else Tone.TEXT),),
            "kind": ((kind, Tone.MUTED),),
            "width": ((str(chosen.width) if chosen and chosen.width else "", Tone.MUTED),),
            "what": ((what, Tone.MUTED),),
        },
    )


def columns_title(shown: int, total: int, found: int | None, width: int, *, active: bool) -> Line:
    """The rule above the list."""
    words = f"{number(shown)} of {counted(total, 'column')} shown" + (", as far as they fit" if width >= _ROOMY else "")
    if found is not None:
        words = f"{number(found)} found, {words}"
    return rule((("columns", Tone.TITLE if active else Tone.STRONG),), ((words, Tone.MUTED),), width)
