"""Curves without input or output: pieces of a history into the columns of a drawing, smoothing, spells of a stage."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING, Protocol

from lineal.records.curves import Dot, Span
from lineal.records.stages import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lineal.records.models import Version
    from lineal.records.stages import Transition

_MOVED = (Outcome.HEALTHY, Outcome.UNCHECKED, Outcome.UNHEALTHY)


class Summed(Protocol):
    """What some points come to, wherever on an axis they are."""

    @property
    def points(self) -> int:
        """How many they are."""
        ...

    @property
    def least(self) -> float | None:
        """The least finite value; None without any."""
        ...

    @property
    def most(self) -> float | None:
        """The greatest one."""
        ...

    @property
    def total(self) -> float | None:
        """Their sum."""
        ...

    @property
    def nans(self) -> int:
        """How many are no numbers."""
        ...

    @property
    def odd(self) -> int:
        """How many are one of these, and it is not known any more which."""
        ...

    @property
    def above(self) -> int:
        """How many are plus infinity."""
        ...

    @property
    def below(self) -> int:
        """How many are minus infinity."""
        ...


@dataclass(slots=True)
class _Column:
    first: float
    last: float
    count: int = 0
    least: float = inf
    most: float = -inf
    total: float = 0.0
    nans: int = 0
    odd: int = 0
    above: int = 0
    below: int = 0
    label: str | None = None


def placed(
    pieces: Iterable[tuple[float, float, Summed, str | None]], first: float, last: float, columns: int
) -> tuple[Dot, ...]:
    """Put pieces of a history into the columns of a drawing; each goes, as a whole, where its middle is.

    Args:
        pieces: where each begins and ends on the axis, what it comes to, and the label of the version that it is.
        first: where on the axis the first column begins.
        last: where the last one ends; this place belongs to it.
        columns: how many there are.
    """
    scale = columns / (last - first) if last > first else 0.0
    found: dict[int, _Column] = {}
    for begin, end, piece, label in pieces:
        at = max(0, min(columns - 1, int(((begin - first) / 2 + (end - first) / 2) * scale)))
        column = found.get(at)
        if column is None:
            column = found[at] = _Column(begin, end)
        column.first, column.last = min(column.first, begin), max(column.last, end)
        column.label = label if not column.count and piece.points == 1 else None
        column.count += piece.points
        if piece.least is not None and piece.most is not None:
            column.least, column.most = min(column.least, piece.least), max(column.most, piece.most)
            column.total += piece.total if piece.total is not None else inf
        column.nans += piece.nans
        column.odd += piece.odd
        column.above += piece.above
        column.below += piece.below
    return tuple(_dot(at, column) for at, column in sorted(found.items()))


def _dot(at: int, column: _Column) -> Dot:
    finite = column.count - column.nans - column.odd - column.above - column.below
    least = most = mean = None
    if finite:
        least, most = column.least, column.most
        mean = column.total / finite
        if not isfinite(mean):  # the sum of huge values is beyond what a number holds
            mean = least / 2 + most / 2
        mean = max(least, min(most, mean))
    return Dot(
        at,
        column.first,
        column.last,
        column.count,
        least,
        most,
        mean,
        nans=column.nans,
        odd=column.odd,
        above=column.above,
        below=column.below,
        label=column.label,
    )


class Scale:
    """A way from steps to another axis, such as the epoch, between places where both are known."""

    def __init__(self, known: Iterable[tuple[float, float]]) -> None:
        """Go by (step, value) pairs, at least one of them; of several at one step the last counts."""
        pairs = sorted(dict(known).items())
        self._steps = [step for step, _ in pairs]
        self._values = [value for _, value in pairs]

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return min(self._values), max(self._values)

    def __call__(self, step: float) -> float:
        """The value at a step; before the first and after the last known step it stays what it is there."""
        at = bisect_right(self._steps, step)
        if at == 0:
            return self._values[0]
        if at == len(self._steps):
            return self._values[-1]
        low, high = self._steps[at - 1], self._steps[at]
        share = (step - low) / (high - low)
        return self._values[at - 1] * (1 - share) + self._values[at] * share

    def steps_within(self, first: float, last: float) -> tuple[float, float] | None:
        """The first and the last step at which the value may be within a range; None when it never is."""
        inside = [
            at
            for at in range(len(self._steps))
            if min(self._values[max(0, at - 1) : at + 2]) <= last
            and max(self._values[max(0, at - 1) : at + 2]) >= first
        ]
        if not inside:
            return None
        low, high = inside[0], inside[-1]
        # at the ends the value stays, so that what lies beyond them belongs there, too
        return (-inf if low == 0 else self._steps[low], inf if high == len(self._steps) - 1 else self._steps[high])


def smoothed(dots: Sequence[Dot], weight: float) -> list[float | None]:
    """The means of dots, smoothed as TensorBoard does: an exponential moving average without its bias to zero.

    `s = w s + (1 - w) x`, shown as `s / (1 - w^n)`; the mean of a column stands for its points.

    Args:
        dots: of one curve, by column.
        weight: from 0 (nothing is smoothed) up to but not 1.

    Returns:
        A value for each dot; None for one without a finite value.
    """
    found: list[float | None] = []
    share, left = 0.0, 1.0
    for dot in dots:
        if dot.mean is None:
            found.append(None)
            continue
        share = share * weight + dot.mean * (1 - weight)
        left *= weight
        found.append(share / (1 - left))
    return found


def spans(transitions: Iterable[Transition], versions: Mapping[int, Version]) -> tuple[Span, ...]:
    """Which version was live when, oldest first and without overlap; a spell that was reverted parts another in two.

    Args:
        transitions: the whole history of one stage, newest first.
        versions: by row number, those that the history leads to.
    """
    found: list[Span] = []
    live: Span | None = None
    for transition in reversed(list(transitions)):
        reverted = transition.outcome is Outcome.REVERTED and transition.until is not None
        if transition.outcome not in _MOVED and not reverted:
            continue
        if live is not None:
            found.append(_until(live, transition))
        version = None if transition.to_version is None else versions.get(transition.to_version)
        began = None
        if version is not None:
            began = Span(
                transition.stage,
                version.label,
                version.id,
                version.seq,
                transition.at,
                transition.until if reverted else None,
                transition.outcome,
            )
        if not reverted:
            live = began
            continue
        if began is not None:
            found.append(began)
        if live is not None and transition.until is not None:
            live = Span(live.stage, live.label, live.version, live.seq, transition.until, None, live.outcome)
    return (*found, live) if live is not None else tuple(found)


def _until(span: Span, transition: Transition) -> Span:
    # a clock that was set back makes no spell of less than nothing
    ended = max(span.began, transition.at)
    return Span(span.stage, span.label, span.version, span.seq, span.began, ended, span.outcome)
