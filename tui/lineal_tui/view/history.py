"""A stage's history as columns: who made what live, when, for how long, and why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.stages import Action, Outcome
from lineal_tui.view.columns import Column, arrange, head, row
from lineal_tui.view.lines import Line, Tone, cut, rule, width_of
from lineal_tui.view.words import age, local_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Micros
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


def history_look(items: Sequence[HistoryItem], now: Micros) -> HistoryLook:
    """Measure the labels and the actions."""
    labels = [label or "-" for item in items for label in (item.transition.from_label, item.transition.to_label)]
    actions = [_action(item.transition) for item in items]
    return HistoryLook(
        max([6, *(width_of(cut(label, 18)) for label in labels)]), max([8, *map(width_of, actions)]), now
    )


def _action(transition: Transition) -> str:
    """What was done, and how it ended where that is not what was meant."""
    if transition.outcome in _AS_MEANT:
        return str(transition.action)
    return f"{transition.action} {_SIGNS[transition.outcome]} {transition.outcome}"


@lru_cache(maxsize=8)
def history_columns(look: HistoryLook, width: int) -> tuple[Column, ...]:
    """The columns that fit, the reason taking what is left."""
    return arrange(
        [
            Column("when", "WHEN", 16, rank=5),
            Column("age", "AGE", 4, right=True, rank=2),
            Column("action", "ACTION", look.action_width),
            Column("to", "LIVE", look.label_width),
            Column("from", "BEFORE", look.label_width, rank=3),
            Column("for", "FOR", 5, right=True, rank=4),
            Column("actor", "BY", 10, rank=6),
            Column("check", "CHECK", 9, rank=7),
            Column("reason", "REASON", 28, grows=True, rank=1),
        ],
        width,
    )


def history_head(look: HistoryLook, width: int) -> Line:
    """The titles of the columns."""
    return head(history_columns(look, width))


def history_line(item: HistoryItem, look: HistoryLook, width: int) -> Line:
    """One transition."""
    transition = item.transition
    moved = transition.outcome in _MOVED
    lasted = "" if not moved and item.ended is None else age(transition.at, item.ended or look.now)
    as_meant = transition.outcome in _AS_MEANT
    tone = Tone.LIVE if item.live else Tone.TEXT if moved else Tone.MUTED
    return row(
        history_columns(look, width),
        {
            "when": ((local_time(transition.at), Tone.MUTED),),
            "age": ((age(transition.at, look.now), Tone.MUTED),),
            "action": ((_action(transition), _TONES[transition.action] if as_meant else Tone.FAILED),),
            "to": ((transition.to_label or "-", tone),),
            "from": ((transition.from_label or "-", Tone.MUTED),),
            "for": ((lasted, Tone.MUTED),),
            "actor": ((transition.actor + (f" ({transition.claim})" if transition.claim else ""), Tone.MUTED),),
            "check": ((str(transition.outcome) if as_meant else "", Tone.MUTED),),
            "reason": ((transition.reason or "", Tone.MUTED),),
        },
    )


def history_title(model: str, stage: str, width: int, *, active: bool = False) -> Line:
    """The rule above a history."""
    name = f"{cut(model, max(8, width // 3))}@{cut(stage, 20)}"
    return rule((("history of ", Tone.MUTED), (name, Tone.TITLE if active else Tone.STRONG)), (), width)
