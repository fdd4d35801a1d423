"""A stage's history as a timeline: who made what live, when, for how long and why, and how good it was."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.stages import Action, Outcome
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Tone, cut, left, rule, width_of
from lineal_tui.view.drawing.words import age, figure, lasted, local_time, local_times, metric, reviewed, who_short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.base import Micros
    from lineal.records.curves import Span as Spell
    from lineal.records.stages import Transition

_TONES = {
    Action.PROMOTE: Tone.BETTER,
    Action.ROLLBACK: Tone.WORSE,
    Action.UNDO: Tone.CHANGED,
    Action.CLEAR: Tone.MUTED,
    Action.IMPORT: Tone.MUTED,
}
_MOVED = (Outcome.HEALTHY, Outcome.UNCHECKED, Outcome.UNHEALTHY)
_AS_MEANT = (Outcome.HEALTHY, Outcome.UNCHECKED)
_NAMES = 10
"""Cells for the names at the left of the timeline."""
_LEVELS = "▁▂▃▄▅▆▇█"
_SIGNS = {Outcome.REVERTED: "→", Outcome.UNHEALTHY: "✗", Outcome.FAILED: "✗", Outcome.CANCELLED: "✗"}


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One transition, and when the next one ended what it began."""

    transition: Transition
    ended: Micros | None
    """None while it is live, and for one that never switched."""
    live: bool


@dataclass(frozen=True, slots=True)
class HistoryLook:
    """What all rows of one history have in common."""

    label_width: int
    action_width: int
    """Of an action and how it ended."""
    now: Micros
    began: Micros
    """When the first of them switched: where bars begin."""
    metric: str | None = None
    """The metric of what was live that is told beside; None for none."""
    who_width: int = 4


@dataclass(frozen=True, slots=True)
class Timeline:
    """Who was live at a stage when, and how good."""

    model: str
    stage: str
    spells: tuple[Spell, ...]
    """Oldest first, without overlap."""
    metric: str | None
    """The model's primary one; None when it has none."""
    values: Mapping[int, float]
    """What the versions were registered with of it, by row number."""


def history_items(transitions: Sequence[Transition]) -> list[HistoryItem]:
    """Work out how long each one lasted; newest first, of one stage."""
    items: list[HistoryItem] = []
    ended: Micros | None = None
    for transition in transitions:
        moved = transition.outcome in _MOVED
        items.append(
            HistoryItem(
                transition,
                ended if moved else transition.until,
                live=moved and ended is None and transition.to_label is not None,
            )
        )
        if moved:
            ended = transition.at
    return items


def history_look(items: Sequence[HistoryItem], now: Micros, metric: str | None = None) -> HistoryLook:
    """Measure the labels and the actions; `metric` is told of each version that was live."""
    labels = [label or "-" for item in items for label in (item.transition.from_label, item.transition.to_label)]
    actions = [_action(item.transition) for item in items]
    return HistoryLook(
        max([6, *(width_of(cut(label, 18)) for label in labels)]),
        max([8, *map(width_of, actions)]),
        now,
        min((item.transition.at for item in items), default=now),
        metric,
        min(14, max([4, *(width_of(one_line(_who(item.transition))) for item in items)])),
    )


def _who(transition: Transition) -> str:
    return who_short(transition.actor, transition.claim)


def _action(transition: Transition) -> str:
    """What was done, and how it ended where that is not what was meant."""
    forced = " FORCED" if transition.is_alarming else ""
    if transition.outcome in _AS_MEANT:
        return f"{transition.action}{forced}"
    return f"{transition.action}{forced} {_SIGNS[transition.outcome]} {transition.outcome}"


@lru_cache(maxsize=8)
def history_columns(look: HistoryLook, width: int) -> tuple[Column, ...]:
    """The columns that fit, the reason taking what is left."""
    columns = [
        Column("when", "AT", 16, rank=6),
        Column("age", "AGE", 4, right=True, rank=2),
        Column("action", "ACTION", look.action_width),
        Column("to", "LIVE", look.label_width),
        Column("for", "FOR", 5, right=True, rank=3),
        Column("bar", "FROM THE FIRST UNTIL NOW", 24, rank=9),
    ]
    if look.metric is not None:
        columns.append(Column("metric", cut(look.metric, 8), 8, right=True, rank=5))
    columns.extend(
        [
            Column("from", "BEFORE", look.label_width, rank=7),
            Column("actor", "BY", look.who_width, rank=4),
            Column("check", "CHECK", 9, rank=8),
            Column("reason", "REASON", 16, grows=True, rank=1),
        ]
    )
    return arrange(columns, width)


def history_head(look: HistoryLook, width: int) -> Line:
    """The titles of the columns."""
    return head(history_columns(look, width))


def history_line(item: HistoryItem, look: HistoryLook, width: int, value: float | None = None) -> Line:
    """One transition; `value` is the metric of the version that it made live."""
    transition = item.transition
    moved = transition.outcome in _MOVED
    spell = "" if not moved and item.ended is None else lasted(transition.at, item.ended or look.now)
    as_meant = transition.outcome in _AS_MEANT
    tone = Tone.LIVE if item.live else Tone.TEXT if moved else Tone.MUTED
    return row(
        history_columns(look, width),
        {
            "when": ((local_time(transition.at), Tone.MUTED),),
            "age": ((age(transition.at, look.now), Tone.MUTED),),
            "action": (
                (
                    _action(transition),
                    _TONES[transition.action] if as_meant and not transition.is_alarming else Tone.FAILED,
                ),
            ),
            "to": ((transition.to_label or "-", tone),),
            "from": ((transition.from_label or "-", Tone.MUTED),),
            "for": ((spell, Tone.MUTED),),
            "bar": _bar(item, look, 24),
            "metric": ((figure(value) if value is not None else "", Tone.MUTED),),
            "actor": ((_who(transition), Tone.MUTED),),
            "check": ((str(transition.outcome) if as_meant else "", Tone.MUTED),),
            "reason": (((transition.reason or "") + reviewed(transition), Tone.MUTED),),
        },
    )


def _bar(item: HistoryItem, look: HistoryLook, width: int) -> Line:
    """When its spell was, of the time from the first transition until now."""
    transition = item.transition
    if transition.to_label is None or (transition.outcome not in _MOVED and item.ended is None):
        return ((" " * width, Tone.TEXT),)
    low, high = _cells(transition.at, item.ended or look.now, look.began, look.now, width)
    text = "│" if low == high else "├" + "─" * (high - low - 1) + ("▶" if item.live else "┤")
    tone = Tone.LIVE if item.live else Tone.CHANGED if transition.outcome in _AS_MEANT else Tone.FAILED
    return ((" " * low, Tone.TEXT), (text, tone), (" " * (width - low - len(text)), Tone.TEXT))


def _cells(began: float, ended: float, first: float, last: float, width: int) -> tuple[int, int]:
    span = last - first
    low, high = (max(0, min(width - 1, int((at - first) / span * width))) if span > 0 else 0 for at in (began, ended))
    return low, max(low, high)


def timeline_lines(timeline: Timeline, now: Micros, width: int) -> tuple[Line, ...]:
    """Who was live from the first spell until now, the metric of what was live below it, and the times."""
    across = width - _NAMES - 1
    if not timeline.spells or across < 20:
        return ()
    first = timeline.spells[0].began
    names: list[tuple[str, Tone]] = [(" ", Tone.TEXT)] * across
    values: list[float | None] = [None] * across
    for spell in timeline.spells:
        low, high = _cells(spell.began, spell.ended or now, first, now, across)
        live, reverted = spell.ended is None, spell.outcome is Outcome.REVERTED
        tone = Tone.LIVE if live else Tone.FAILED if reverted else Tone.STAGED
        room = high - low - (0 if live else 1)
        label = cut(spell.label, room) if room > 2 else ""
        for cell in range(low, high + 1 if live or low == high else high):
            at = cell - low - 1
            sign = "▌" if cell == low else label[at] if at < len(label) and label.isascii() else "─"
            names[cell] = (sign, tone)
            values[cell] = timeline.values.get(spell.version, values[cell])
    lines: list[Line] = [
        ((left(cut(timeline.stage, _NAMES), _NAMES) + " ", Tone.MUTED), *_merged(names)),
    ]
    known = [value for value in values if value is not None and value - value == 0]
    if timeline.metric is not None and known:
        lines.append(_levels(timeline.metric, values, min(known), max(known)))
    begin, end = local_times([first, now])
    lines.append(((" " * (_NAMES + 1) + begin + end.rjust(across - len(begin)), Tone.MUTED),))
    return tuple(lines)


def _levels(name: str, values: Sequence[float | None], low: float, high: float) -> Line:
    span = high - low
    text = "".join(
        " " if value is None or value - value != 0 else _LEVELS[round((value - low) / span * 7) if span else 3]
        for value in values
    )
    ends = f" {metric(low)} to {metric(high)}" if span else f" {metric(low)}"
    blank = len(text) - len(text.rstrip())
    if blank > len(ends):
        text = text.rstrip() + ends
    return ((left(cut(name, _NAMES), _NAMES) + " ", Tone.MUTED), (text, Tone.CHANGED))


def _merged(cells: Sequence[tuple[str, Tone]]) -> Line:
    merged: list[tuple[str, Tone]] = []
    for text, tone in cells:
        if merged and merged[-1][1] is tone:
            merged[-1] = (merged[-1][0] + text, tone)
        else:
            merged.append((text, tone))
    return tuple(merged)


def history_title(model: str, stage: str, width: int, *, active: bool = False) -> Line:
    """The rule above a history."""
    name = f"{cut(model, max(8, width // 3))}@{cut(stage, 20)}"
    return rule((("history of ", Tone.MUTED), (name, Tone.TITLE if active else Tone.STRONG)), (), width)
