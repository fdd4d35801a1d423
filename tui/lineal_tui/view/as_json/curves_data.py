"""Curves for programs: as JSON and as rows of CSV, with exact values and no cell of a drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.as_json.values import Object, scalar
from lineal_tui.view.drawing.words import utc_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineal.records.curves import Alarm, Curve, Curves, Dot, Span

TITLES = ("ref", "name", "first", "last", "points", "least", "most", "mean", "nan", "inf", "-inf", "label", "odd")
"""The columns of CSV: a row is what the points between two places on the axis come to."""


def curves_json(curves: Curves) -> Object:
    """Curves as one object."""
    return {
        "metric": curves.metric,
        "by": str(curves.axis),
        "first": curves.first,
        "last": curves.last,
        "direction": None if curves.direction is None else str(curves.direction),
        "curves": [_curve(curve) for curve in curves.curves],
        "stage": curves.stage,
        "live": [_span(span) for span in curves.spans],
        "observed": curves.observed,
        "thresholds": [
            {"operator": each.operator, "value": scalar(each.value), "alert": each.alert} for each in curves.thresholds
        ],
        "alerts": [_alarm(each) for each in curves.alarms],
    }


def _alarm(found: Alarm) -> Object:
    return {
        "alert": found.alert,
        "label": found.label,
        "from": utc_time(found.began),
        "until": None if found.ended is None else utc_time(found.ended),
        "saw": found.saw,
    }


def _curve(curve: Curve) -> Object:
    return {
        "ref": curve.ref,
        "name": curve.name,
        "points": curve.count,
        "last": scalar(curve.last),
        "running": curve.running,
        "missing": curve.missing,
        "dots": [_dot(dot) for dot in curve.dots],
    }


def _dot(dot: Dot) -> Object:
    return {
        "first": dot.first,
        "last": dot.last,
        "points": dot.count,
        "least": scalar(dot.least),
        "most": scalar(dot.most),
        "mean": scalar(dot.mean),
        "nan": dot.nans,
        "odd": dot.odd,
        "inf": dot.above,
        "-inf": dot.below,
        "label": dot.label,
    }


def _span(span: Span) -> Object:
    return {
        "stage": span.stage,
        "label": span.label,
        "seq": span.seq,
        "from": utc_time(span.began),
        "until": None if span.ended is None else utc_time(span.ended),
        "outcome": str(span.outcome),
    }


def curves_rows(curves: Curves) -> Iterator[tuple[object, ...]]:
    """The rows of CSV under `TITLES`."""
    for curve in curves.curves:
        for dot in curve.dots:
            yield (
                *(curve.ref, curve.name, dot.first, dot.last, dot.count, dot.least, dot.most, dot.mean),
                *(dot.nans, dot.above, dot.below, dot.label, dot.odd),
            )
