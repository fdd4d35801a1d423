"""A run's page: everything that it recorded, its metrics as curves."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal.records.runs import RunStatus
from lineal_tui.view.clean import clean, one_line
from lineal_tui.view.lines import Line, Span, Tone, cut, cut_middle, left, right, width_of
from lineal_tui.view.runs import STATUS_TONES
from lineal_tui.view.words import age, ago, counted, local_time, metric, number, scalar, short_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lineal.records.base import Micros
    from lineal.records.runs import Point, RunDetail

_FIELD = 14
_BARS = "▁▂▃▄▅▆▇█"
_MOST_ERROR = 60
"""Lines of a traceback; its end tells most."""


def run_lines(
    detail: RunDetail, curves: Mapping[str, Sequence[Point]], now: Micros, width: int, *, wide: int = 100
) -> list[Line]:
    """The lines of a run's page.

    Args:
        detail: the run.
        curves: the newest points of its metrics, by name.
        now: to count ages from.
        width: cells there are.
        wide: cells from which on what it was stands beside what it came to.
    """
    head = _fields(_about(detail, now), width)
    metrics = _metrics(detail, curves, width)
    params = _section("params", ((name, scalar(value), "") for name, value in sorted(detail.params.items())), width)
    came = _section("came from", _origin(detail), width)
    tags = _section("tags", ((name, value, "") for name, value in sorted(detail.tags.items())), width)
    made = _section("made", (("", ref, "") for ref in detail.outputs), width)
    lines = [*head, *metrics, *made]
    if width >= wide and params:
        half = width // 2
        beside = _section("params", ((name, scalar(value), "") for name, value in sorted(detail.params.items())), half)
        came_half = _section("came from", _origin(detail), width - half - 2)
        lines.extend(_beside(beside, came_half, half))
    else:
        lines.extend((*params, *came))
    lines.extend(tags)
    if detail.error:
        lines.extend(((), (("error", Tone.FAILED),)))
        text = clean(detail.error, keep_newlines=True).rstrip().split("\n")
        if len(text) > _MOST_ERROR:
            lines.append(((f"  ⋯ {number(len(text) - _MOST_ERROR)} lines before", Tone.MUTED),))
        lines.extend((("  " + line, Tone.TEXT),) for line in text[-_MOST_ERROR:])
    return lines


Field = tuple[str, str, str]


def _about(detail: RunDetail, now: Micros) -> Iterator[Field]:
    run = detail.run
    ended = run.ended_at if run.ended_at is not None else now
    took = f"for {age(run.started_at, ended)}" if run.status is RunStatus.RUNNING else f"after {_took(detail, ended)}"
    yield "status", str(run.status), took
    yield "experiment", run.experiment, str(run.kind)
    yield "started", local_time(run.started_at), f"{ago(run.started_at, now)} by {run.actor}"


def _took(detail: RunDetail, ended: Micros) -> str:
    seconds = (ended - detail.run.started_at) / 1_000_000
    return f"{seconds:.1f} s" if seconds < 120 else age(detail.run.started_at, ended)


def _origin(detail: RunDetail) -> Iterator[Field]:
    for data in detail.inputs:
        yield data.role, f"data:{data.name}:{data.label}", short_digest(data.digest)
    yield "parent", f"run:{detail.parent[:12]}" if detail.parent else "", ""
    yield "children", counted(len(detail.children), "run") if detail.children else "", ""
    yield "command", shlex.join(detail.command) if detail.command else "", ""
    yield "seed", "" if detail.seed is None else str(detail.seed), ""
    if detail.code is not None:
        dirty = "with changes that are not committed" if detail.code.dirty else ""
        yield "commit", detail.code.commit[:12], f"{detail.code.branch or ''} {dirty}".strip()
    if detail.environment is not None:
        packages = counted(len(detail.environment.packages), "package")
        yield "environment", f"Python {detail.environment.python}", f"{detail.environment.platform}, {packages}"


def _metrics(detail: RunDetail, curves: Mapping[str, Sequence[Point]], width: int) -> list[Line]:
    if not detail.metrics:
        return []
    name_width = min(24, max(width_of(one_line(series.name)) for series in detail.metrics))
    lines: list[Line] = [(), (("metrics", Tone.HEAD),)]
    titles = f"{'':{name_width}}  {'last':>10}  {'best':>10}  {'points':>9}"
    lines.append(((titles, Tone.HEAD),))
    room = width - width_of(titles) - 2
    for series in detail.metrics:
        spans: list[Span] = [
            (left(cut_middle(series.name, name_width), name_width), Tone.TEXT),
            ("  " + right(metric(series.last), 10), Tone.STRONG),
            ("  " + right("-" if series.best is None else metric(series.best), 10), Tone.MUTED),
            ("  " + right(number(series.count), 9), Tone.MUTED),
        ]
        points = curves.get(series.name, ())
        if room >= 8 and len(points) > 1:
            spans.append(("  " + sparkline([point.value for point in points], min(room, 48)), Tone.CHANGED))
        elif room >= 12 and series.dataset:
            spans.append(("  on " + cut_middle(series.dataset, room - 5), Tone.MUTED))
        lines.append(tuple(spans))
    return lines


def sparkline(values: Sequence[float], width: int) -> str:
    """Values as one row of bars, the mean of those that share a cell; what is not a number leaves a gap."""
    cells: list[float | None] = []
    count = min(width, len(values))
    for n in range(count):
        piece = [v for v in values[n * len(values) // count : (n + 1) * len(values) // count] if v - v == 0]
        cells.append(sum(piece) / len(piece) if piece else None)
    known = [value for value in cells if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    span = high - low
    return "".join(
        " " if value is None else _BARS[round((value - low) / span * 7) if span and span - span == 0 else 3]
        for value in cells
    )


def _section(title: str, fields: Iterator[Field], width: int) -> list[Line]:
    lines = _fields(fields, width)
    return [(), ((title, Tone.HEAD),), *lines] if lines else []


def _fields(fields: Iterator[Field], width: int) -> list[Line]:
    room = max(8, width - _FIELD - 2)
    lines: list[Line] = []
    for name, value, remark in fields:
        if not value:
            continue
        tone = STATUS_TONES[RunStatus(value)] if name == "status" and value != "finished" else Tone.TEXT
        shown = cut_middle(value, room)
        spans: list[Span] = [(left(cut_middle(name, _FIELD), _FIELD) + "  ", Tone.MUTED), (shown, tone)]
        left_over = room - width_of(shown) - 2
        if remark and left_over > 4:
            spans.append(("  " + cut(remark, left_over), Tone.MUTED))
        lines.append(tuple(spans))
    return lines


def _beside(first: Sequence[Line], second: Sequence[Line], at: int) -> list[Line]:
    from lineal_tui.view.lines import fit  # noqa: PLC0415  only wide pages have two columns

    lines: list[Line] = []
    for n in range(max(len(first), len(second))):
        start = first[n] if n < len(first) else ()
        end = second[n] if n < len(second) else ()
        lines.append((*fit(start, at), ("  ", Tone.TEXT), *end) if end else start)
    return lines
