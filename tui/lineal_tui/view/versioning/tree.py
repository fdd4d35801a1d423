"""The version tree as columns: label, lanes, stage, the metric that counts, age and note."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.models import VersionStatus
from lineal.records.runs import Direction
from lineal_tui.view.drawing.alarms import alarm
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import ELLIPSIS, Line, Span, Tone, cut, cut_middle, fit, rule, width_of
from lineal_tui.view.drawing.words import age, counted, delta, deprecated, figure

if TYPE_CHECKING:
    from lineal.records.base import Micros
    from lineal.records.comparison import TreeRow
    from lineal.records.models import Version

_WIDEST_LABEL = 24
_WIDEST_GRAPH = 16
_WIDEST_STAGE = 18
_LEAST_NOTE = len("◀ live")
_READABLE_NOTE = 18
"""Cells that a note has before a second metric takes any."""

PLAIN, STAGED, LIVE, GONE = "○", "●", "◆", "✕"
"""A version in the tree: nowhere live, live at some stage, live at the last stage, bad or retired."""

_GLYPH_TONES = {VersionStatus.BAD: Tone.WORSE, VersionStatus.RETIRED: Tone.FAINT}


def glyph_of(version: Version, last_stage: str | None) -> str:
    """What stands for a version in the tree, in the application and on the command line."""
    if version.status is not VersionStatus.ACTIVE:
        return GONE
    if not version.stages:
        return PLAIN
    return LIVE if last_stage in version.stages else STAGED


@dataclass(frozen=True, slots=True)
class TreeItem:
    """One version with the lanes that pass it."""

    version: Version
    row: TreeRow
    second: float | None = None
    """Its value of the look's second metric."""


@dataclass(frozen=True, slots=True)
class TreeLook:
    """What all rows of one tree have in common."""

    stage: str
    """The stage that versions are held against."""
    last: str
    """The model's last stage (production)."""
    live: int | None
    """The row number of the version live there; None when there is none."""
    baseline: float | None
    """Its value of the primary metric."""
    metric: str | None
    """The primary metric's name."""
    direction: Direction | None
    now: Micros
    second: str | None = None
    """Another metric, for wide screens; None when there is none."""
    second_width: int = 6
    label_width: int = 7
    graph_width: int = 5
    stage_width: int = 5
    metric_width: int = 7
    delta_width: int = 7


def measured(look: TreeLook, items: list[TreeItem]) -> TreeLook:
    """The same look, with columns wide enough for these rows too."""
    label = max([look.label_width, *(width_of(one_line(item.version.label)) for item in items)])
    graph = max([look.graph_width, *(len(item.row.cells.rstrip()) for item in items)])
    stage = max([look.stage_width, *(width_of(_stage_text(item.version, look)) for item in items)])
    return replace(
        look,
        label_width=min(label, _WIDEST_LABEL),
        graph_width=min(graph, _WIDEST_GRAPH),
        stage_width=min(stage, _WIDEST_STAGE),
        second_width=max([look.second_width, *(len(figure(item.second)) for item in items)]),
        metric_width=max([look.metric_width, *(len(figure(item.version.primary)) for item in items)]),
        delta_width=max([look.delta_width, *(len(delta(_difference(item.version, look))) for item in items)]),
    )


@lru_cache(maxsize=8)
def tree_columns(look: TreeLook, width: int) -> tuple[Column, ...]:
    """The columns that fit, NOTE taking what is left."""
    columns = [
        Column("label", "VERSION", look.label_width),
        Column("graph", "GRAPH", look.graph_width, rank=2),
        Column("stage", "STAGE", look.stage_width, rank=1),
    ]
    if look.metric is not None:
        name = cut(look.metric, 12)
        columns.append(Column("metric", name, max(look.metric_width, width_of(name)), right=True, rank=3))
        if look.second is not None:
            name = cut(look.second, 12)
            columns.append(Column("second", name, max(look.second_width, width_of(name)), right=True, rank=7))
        change = cut(f"Δ{look.metric}", 9)
        columns.append(Column("delta", change, max(look.delta_width, width_of(change)), right=True, rank=4))
    columns.append(Column("age", "AGE", 4, right=True, rank=5))
    columns.append(Column("note", "NOTE", _LEAST_NOTE, grows=True, rank=6))
    fitting = arrange(columns, width)
    if any(column.id == "second" for column in fitting) and fitting[-1].width < _READABLE_NOTE:
        fitting = arrange([column for column in columns if column.id != "second"], width)
    return fitting


def tree_title(model: str, versions: int, width: int, *, active: bool) -> Line:
    """The rule above the tree: which model, and how many versions it has."""
    name = cut_middle(model, max(8, width // 2))
    return rule(((name, Tone.TITLE if active else Tone.STRONG),), ((counted(versions, "version"), Tone.MUTED),), width)


def tree_head(look: TreeLook, width: int) -> Line:
    """The titles of the columns."""
    return head(tree_columns(look, width))


def tree_line(item: TreeItem, look: TreeLook, width: int) -> Line:
    """One version."""
    version = item.version
    live = version.id == look.live
    gone = version.status is not VersionStatus.ACTIVE
    retired = version.status is VersionStatus.RETIRED
    tone = _live_tone(version) if live else Tone.FAINT if retired else Tone.MUTED if gone else Tone.TEXT
    difference = _difference(version, look)
    return row(
        tree_columns(look, width),
        {
            "label": ((version.label, Tone.STRONG if tone is Tone.TEXT else tone),),
            "graph": _graph(item, look, live=live),
            "stage": ((_stage_text(version, look), _stage_tone(version, look)),),
            "metric": ((figure(version.primary), Tone.MUTED if version.primary is None else tone),),
            "delta": ((delta(difference), _delta_tone(difference, look.direction)),),
            "second": ((figure(item.second), Tone.MUTED),),
            "age": ((age(version.created_at, look.now), Tone.MUTED),),
            "note": _note(version, look, width, live=live),
        },
    )


def _difference(version: Version, look: TreeLook) -> float | None:
    if version.primary is None or look.baseline is None:
        return None
    # an infinity less itself is no number, but it is no difference either
    return 0.0 if version.primary == look.baseline else version.primary - look.baseline


def _note(version: Version, look: TreeLook, width: int, *, live: bool) -> Line:
    room = next((column.width for column in tree_columns(look, width) if column.id == "note"), 0)
    words = one_line(version.notes or version.purpose or "")
    if version.deprecated_until is not None:
        words = deprecated(version.deprecated_until, look.now) + (f"  {words}" if words else "")
    if not live:
        return ((words, Tone.MUTED),)
    return fit((("◀ live", _live_tone(version)), ("  " + words if words else "", Tone.MUTED)), room)


def _graph(item: TreeItem, look: TreeLook, *, live: bool) -> Line:
    cells = item.row.cells.rstrip()
    node = item.row.lane * 2
    room = look.graph_width
    glyph = glyph_of(item.version, look.last)
    if len(cells) > room:
        cells = cells[: room - 1] + ELLIPSIS
    spans: list[Span] = []
    if node < len(cells) and cells[node] == PLAIN:
        tone = (
            _live_tone(item.version)
            if live
            else _GLYPH_TONES.get(item.version.status) or (Tone.STAGED if item.version.stages else Tone.TEXT)
        )
        spans = [(cells[:node], Tone.FAINT), (glyph, tone), (cells[node + 1 :], Tone.FAINT)]
    else:
        spans = [(cells, Tone.FAINT)]
    spans.append((" " * (room - len(cells)), Tone.FAINT))
    return tuple(span for span in spans if span[0])


def _live_tone(version: Version) -> Tone:
    return Tone.FAILED if version.status is VersionStatus.BAD or version.unhealthy else Tone.LIVE


def _stage_text(version: Version, look: TreeLook) -> str:
    if version.stages:
        names = sorted(version.stages, key=lambda name: name != look.stage)
        told = " ".join(name.upper() if name == look.stage else name for name in names)
        return f"{alarm(version)} {told}".lstrip()
    return "" if version.status is VersionStatus.ACTIVE else str(version.status)


def _stage_tone(version: Version, look: TreeLook) -> Tone:
    if alarm(version):
        return Tone.FAILED
    if look.stage in version.stages:
        return Tone.LIVE
    if version.stages:
        return Tone.STAGED
    return Tone.WORSE if version.status is VersionStatus.BAD else Tone.MUTED


def _delta_tone(difference: float | None, direction: Direction | None) -> Tone:
    if not difference or direction is None or difference != difference:  # noqa: PLR0124  NaN is unlike itself
        return Tone.MUTED
    return Tone.BETTER if (difference > 0) == (direction is Direction.HIGHER) else Tone.WORSE
