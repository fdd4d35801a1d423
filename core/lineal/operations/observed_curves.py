"""What was observed at a stage as a curve over time, with the lines that alerts draw and when they fired."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.operations.alerts.thresholds import thresholds
from lineal.queries import alerts as alert_rows
from lineal.queries import names, observed_curves, stages
from lineal.queries import observations as rows
from lineal.queries.curves import Window
from lineal.records.curves import Alarm, Axis, Curve, Curves
from lineal.rules.metrics import guess_direction
from lineal.training.curves import check_range, stage_spans
from lineal.training.dots import placed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from lineal.records.observations import ObservedSeries
    from lineal.records.stages import Stage, Transition
    from lineal.write_path.context import Context

_MOST_ALARMS = 1_000
"""Times that alerts fired which are looked at, from the last one back."""
_NEAR = 4
"""The part of the range, as one in so many, within which a promotion, or this moment, is drawn, too."""


def metrics_observed(context: Context, address: str, *, whole: bool = False) -> tuple[str, ...]:
    """The metrics observed of what is live at a stage, or of all that was: those that alerts ask for first.

    Raises:
        NotFound: there is no such stage.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        live = stages.live(connection, stage.id)
        found = sorted({each.name for each in _series(connection, stage, live, whole=whole)})
        texts = [rule.text for rule in alert_rows.rules(connection, stage.id)]
    return tuple(sorted(found, key=lambda name: (not any(_names(text, name) for text in texts), name)))


def observed(
    context: Context,
    address: str,
    metric: str,
    *,
    whole: bool = False,
    columns: int,
    first: float | None,
    last: float | None,
) -> Curves:
    """What was observed of one metric, over time.

    Single values are drawn where all of an hour are kept; else the hour, with its least and greatest value and mean.

    Args:
        context: the registry.
        address: of the stage.
        metric: its name.
        whole: of all versions that were live there; else of the one that is, since it is.
        columns: of the drawing.
        first: a time, in microseconds since 1970; None for the first value.
        last: None for the last value, or now when that is not long ago.

    Raises:
        NotFound: there is no such stage.
        BadValue: there are no columns, or the range is none.
    """
    check_range(columns, first, last)
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        model, stage = addresses.stage(connection, ref.model, ref.stage)
        live = stages.live(connection, stage.id)
        found = [each for each in _series(connection, stage, live, whole=whole) if each.name == metric]
        low, high = _range(found, None if whole else live, context.clock())
        begin = low if first is None else first
        end = max(begin, high if last is None else last)
        window = Window(by_time=True, first=round(begin), last=round(end), columns=columns)
        pieces = [
            (piece.first, piece.last, piece, None)
            for each in found
            for piece in observed_curves.pieces(connection, each.id, window)
        ]
        told = stage_spans(connection, model, stage.name)
        lines = thresholds(connection, stage.id, None if live is None else live.id, metric)
        fired = alert_rows.episodes(connection, stage.id, _MOST_ALARMS)
        known = names.metric_settings(connection, "model", model.id).get(metric)
    place = f"{stage.model}@{stage.name}"
    label = None if whole or live is None else live.to_label
    newest = max(found, key=lambda each: each.last_at, default=None)
    curve = Curve(
        place if label is None else f"{stage.model}:{label}",
        label or stage.name,
        placed(pieces, begin, end, columns),
        sum(each.count for each in found),
        None if newest is None else newest.last,
        missing=None if found else f"no {metric} was observed there",
    )
    alarms = tuple(
        Alarm(each.alert, each.label, each.since, each.cleared_at, each.saw)
        for each in reversed(fired)
        if _names(each.alert, metric) and each.since <= end and (each.cleared_at is None or each.cleared_at >= begin)
    )
    return Curves(
        metric,
        Axis.CLOCK,
        columns,
        begin,
        end,
        (curve,),
        known.direction if known is not None else guess_direction(metric),
        told,
        stage.name,
        observed=True,
        thresholds=tuple(lines),
        alarms=alarms,
    )


def _series(
    connection: sqlite3.Connection, stage: Stage, live: Transition | None, *, whole: bool
) -> Sequence[ObservedSeries]:
    if whole:
        return rows.series_at(connection, stage.id, None)
    return [] if live is None or live.to_version is None else rows.series_of_transition(connection, live.id)


def _range(found: Sequence[ObservedSeries], live: Transition | None, now: float) -> tuple[float, float]:
    """From the first value to the last; with the promotion before it and this moment after it, if these are near."""
    if not found:
        return 0, 0
    low, high = min(each.first_at for each in found), max(each.last_at for each in found)
    near = (high - low) // _NEAR
    begin = live.at if live is not None and 0 <= low - live.at <= near else low
    return begin, now if 0 <= now - high <= near else high


def _names(text: str, metric: str) -> bool:
    """Whether an alert's text speaks of a metric."""
    return re.search(rf"(?<![\w.]){re.escape(metric)}(?!\w)", text) is not None
