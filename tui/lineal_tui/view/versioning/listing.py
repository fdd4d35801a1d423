"""The lists of the command line: which columns tell a person what they came for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.drawing.alarms import alarm
from lineal_tui.view.drawing.lines import Line, Span, Tone
from lineal_tui.view.drawing.text import cells_of, table
from lineal_tui.view.drawing.words import (
    age,
    lasted,
    local_time,
    local_times,
    metric,
    number,
    reviewed,
    short_digest,
    size,
    who,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lineal.addresses import Identified
    from lineal.records.base import Micros, RunId
    from lineal.records.comparison import TreeRow
    from lineal.records.data import Dataset, DatasetVersion
    from lineal.records.models import Model, Version
    from lineal.records.runs import Experiment, Run, RunDetail
    from lineal.records.stages import LiveVersion, Stage, Transition

_FIGURES = 3
"""Metrics that a list of runs has room for."""


def models(
    found: Sequence[Model], now: Micros, width: int | None, *, figures: Mapping[int, float | None]
) -> list[Line]:
    """Models with what is live at their stages; `figures` are the primary metric at the last stage, by row number."""
    rows = []
    for model in found:
        live = ", ".join(
            f"{stage} {label} {alarm(model, stage)}".rstrip()
            for stage, label in reversed(model.stages)
            if label is not None
        )
        rows.append(
            (
                (model.name, Tone.STRONG),
                _text(number(model.versions)),
                (live or "-", Tone.FAILED if alarm(model) else Tone.LIVE if live else Tone.MUTED),
                _text(_figure(model, figures.get(model.id))),
                (age(model.updated_at, now), Tone.MUTED),
                (model.owner or "-", Tone.MUTED),
                (model.purpose or "-", Tone.MUTED),
            )
        )
    titles = ("MODEL", "VERSIONS", "LIVE", "METRIC", "CHANGED", "OWNER", "PURPOSE")
    if width is not None and cells_of(titles, rows, range(5)) > width:
        return table(titles, rows, width=width, numbers=(1, 4), below=(2, 5, 6))
    return table(titles, rows, width=width, numbers=(1, 4), words=(6, 5))


def _figure(model: Model, value: float | None) -> str | None:
    if model.primary_metric is None or value is None:
        return model.primary_metric
    return f"{model.primary_metric} {metric(value)}"


def versions(model: Model, found: Sequence[Version], now: Micros, width: int | None) -> list[Line]:
    """Versions of a model, with its primary metric."""
    rows = [
        (
            (version.label, Tone.STRONG),
            (f"#{version.seq}", Tone.MUTED),
            badge(model, version),
            _text(metric(version.primary)),
            (age(version.created_at, now), Tone.MUTED),
            _text(", ".join(parent.ref.removeprefix(f"{version.model}:") for parent in version.parents)),
            (version.owner or "-", Tone.MUTED),
            (version.notes or version.purpose or "-", Tone.MUTED),
        )
        for version in found
    ]
    titles = ("VERSION", "#", "STAGE", model.primary_metric or "METRIC", "AGE", "FROM", "OWNER", "NOTE")
    return table(titles, rows, width=width, numbers=(1, 3, 4), words=(7, 5, 6))


def versions_of_all(models: Sequence[Model], found: Sequence[Version], now: Micros, width: int | None) -> list[Line]:
    """Versions of several of these models, each with the primary metric of its own."""
    known = {model.name: model for model in models}
    rows = [
        (
            (version.ref, Tone.STRONG),
            (f"#{version.seq}", Tone.MUTED),
            badge(known[version.model], version),
            _text(
                None if version.primary is None else f"{known[version.model].primary_metric} {metric(version.primary)}"
            ),
            (age(version.created_at, now), Tone.MUTED),
            (version.owner or "-", Tone.MUTED),
            (version.notes or version.purpose or "-", Tone.MUTED),
        )
        for version in found
    ]
    titles = ("VERSION", "#", "STAGE", "METRIC", "AGE", "OWNER", "NOTE")
    return table(titles, rows, width=width, numbers=(1, 4), words=(6, 5))


def tree(model: Model, found: Sequence[tuple[Version, TreeRow]], now: Micros, width: int | None) -> list[Line]:
    """The drawn version tree of a model, with its primary metric."""
    rows = [
        (
            (version.label, Tone.STRONG),
            (_graph(model, version, row), Tone.TEXT),
            badge(model, version),
            _text(metric(version.primary)),
            (age(version.created_at, now), Tone.MUTED),
            (version.notes or version.purpose or "", Tone.MUTED),
        )
        for version, row in found
    ]
    titles = ("VERSION", "GRAPH", "STAGE", model.primary_metric or "METRIC", "AGE", "NOTE")
    return table(titles, rows, width=width, numbers=(3, 4), words=(5,))


def _graph(model: Model, version: Version, row: TreeRow) -> str:
    from lineal_tui.view.versioning.tree import PLAIN, glyph_of  # noqa: PLC0415  few lists draw a tree

    return row.cells.replace(PLAIN, glyph_of(version, model.stages[-1][0] if model.stages else None))


def badge(model: Model, version: Version) -> Span:
    """Where a version is live; its status when it may not be."""
    names = [f"{name} {alarm(version, name)}".rstrip() for name in version.stages]
    if version.status.value != "active":
        if not names:
            names.append(version.status.value)
        return (", ".join(names), Tone.FAILED if version.stages else Tone.WORSE)
    if alarm(version):
        return (", ".join(names), Tone.FAILED)
    if version.deprecated_until is not None:
        names.append("deprecated")
    live = bool(model.stages) and model.stages[-1][0] in version.stages
    return (", ".join(names), Tone.LIVE if live else Tone.STAGED)


def experiments(found: Sequence[Experiment], now: Micros, width: int | None) -> list[Line]:
    """Experiments."""
    rows = [
        (
            (f"exp:{each.name}", Tone.STRONG),
            _text(number(each.runs)),
            (age(each.last_run_at, now) if each.last_run_at is not None else "-", Tone.MUTED),
            (each.owner or "-", Tone.MUTED),
            (each.purpose or "-", Tone.MUTED),
        )
        for each in found
    ]
    return table(
        ("EXPERIMENT", "RUNS", "LAST RUN", "OWNER", "PURPOSE"), rows, width=width, numbers=(1, 2), words=(4, 3)
    )


def runs(
    found: Sequence[RunDetail],
    now: Micros,
    width: int | None,
    *,
    lost: Collection[RunId] = frozenset(),
    experiment: str | None = None,
) -> list[Line]:
    """Runs, with the metrics that most of them have.

    Args:
        found: the runs.
        now: the time.
        width: cells there are; None for a script, which gets one form always.
        lost: those whose process is gone.
        experiment: the only one that they are of, which need not be told again to a person.
    """
    counts: dict[str, int] = {}
    for detail in found:
        for series in detail.metrics:
            counts[series.name] = counts.get(series.name, 0) + 1
    names = sorted(counts, key=lambda name: (-counts[name], name))[:_FIGURES]
    rows = []
    for detail in found:
        last = {series.name: series.last for series in detail.metrics}
        rows.append(
            (
                (f"run:{detail.run.id[:8]}", Tone.STRONG),
                _text(detail.run.name),
                _text(detail.run.experiment),
                run_status(detail.run, lost),
                (age(detail.run.started_at, now), Tone.MUTED),
                *(_text(metric(last.get(name))) for name in names),
                (" ".join(detail.outputs), Tone.MUTED),
            )
        )
    titles = ("RUN", "NAME", "EXPERIMENT", "STATUS", "AGE", *names, "MADE")
    made = len(titles) - 1
    figures = range(5, made)
    if width is None or experiment is None:
        words = (1, 2, *figures, made)
        return table(titles, rows, width=width, numbers=(4, *figures), words=words, ends=(made,))
    narrower = [(*row[:2], *row[3:]) for row in rows]
    figures, made = range(4, made - 1), made - 1
    words = (1, *figures, made)
    return table((*titles[:2], *titles[3:]), narrower, width=width, numbers=(3, *figures), words=words, ends=(made,))


def run_status(run: Run, lost: Collection[RunId] = frozenset()) -> Span:
    """How a run ended; `lost` are those whose process is gone."""
    if run.id in lost:
        return ("lost", Tone.FAILED)
    tone = Tone.FAILED if run.status.value in {"failed", "killed"} else Tone.TEXT
    return (run.status.value, tone)


def datasets(found: Sequence[Dataset], now: Micros, width: int | None) -> list[Line]:
    """Datasets."""
    rows = [
        (
            (f"data:{each.name}", Tone.STRONG),
            _text(number(each.versions)),
            _text(each.latest),
            (age(each.created_at, now), Tone.MUTED),
            (each.owner or "-", Tone.MUTED),
            (each.purpose or "-", Tone.MUTED),
        )
        for each in found
    ]
    return table(
        ("DATASET", "VERSIONS", "LATEST", "AGE", "OWNER", "PURPOSE"), rows, width=width, numbers=(1, 3), words=(5, 4)
    )


def dataset_versions(found: Sequence[DatasetVersion], now: Micros, width: int | None) -> list[Line]:
    """Versions of a dataset."""
    rows = [
        (
            (each.ref, Tone.STRONG),
            _text("-" if each.rows is None else number(each.rows)),
            _text(size(each.bytes)),
            _text(short_digest(each.digest)),
            (age(each.created_at, now), Tone.MUTED),
            _text(" ".join(each.parents)),
        )
        for each in found
    ]
    return table(
        ("DATA", "ROWS", "SIZE", "DIGEST", "AGE", "FROM"),
        rows,
        width=width,
        numbers=(1, 2, 4),
        words=(5, 3),
        ends=(0, 5),
    )


def history(found: Sequence[Transition], now: Micros, width: int | None, *, stage: str | None = None) -> list[Line]:
    """Entries of stages' histories, newest first, and how long what they made live stayed so.

    Args:
        found: the transitions.
        now: the time.
        width: cells there are; None for a script, which gets one form always.
        stage: the only one that they are of, which need not be told again to a person.
    """
    ended = ends(found)
    moments = [each.at for each in found]
    # a person wants to tell rows apart
    times = [local_time(at) for at in moments] if width is None else local_times(moments)
    rows = [
        (
            (at, Tone.MUTED),
            (f"#{each.seq}", Tone.MUTED),
            _text(each.stage),
            (f"{each.action.value} FORCED", Tone.FAILED) if each.is_alarming else (each.action.value, Tone.STRONG),
            _text(f"{each.from_label or 'nothing'} → {each.to_label or 'nothing'}"),
            (_lasted(each, ended.get(each.id), now), Tone.MUTED),
            (each.outcome.value, Tone.TEXT if each.outcome.value in {"healthy", "unchecked"} else Tone.FAILED),
            _text(who(each.actor, each.claim)),
            (_why(each), Tone.MUTED),
        )
        for each, at in zip(found, times, strict=True)
    ]
    titles = ("AT", "#", "STAGE", "ACTION", "CHANGE", "FOR", "OUTCOME", "BY", "REASON")
    if width is None or stage is None:
        return table(titles, rows, width=width, words=(5,), below=(7, 8))
    return table(
        (*titles[:2], *titles[3:]), [(*row[:2], *row[3:]) for row in rows], width=width, words=(4,), below=(6, 7)
    )


def ends(found: Sequence[Transition]) -> dict[int, Micros | None]:
    """When the spell of each of some transitions, newest first, ended; None while it goes on; those without: absent."""
    ended: dict[int, Micros | None] = {}
    following: dict[str, Micros] = {}
    for each in found:
        if each.outcome.value in {"healthy", "unchecked", "unhealthy"}:
            if each.to_label is not None:
                ended[each.id] = following.get(each.stage)
            following[each.stage] = each.at
        elif each.until is not None and each.to_label is not None:
            ended[each.id] = each.until
    return ended


def _lasted(found: Transition, ended: Micros | None, now: Micros) -> str:
    moved = found.outcome.value in {"healthy", "unchecked", "unhealthy"} or found.until is not None
    if not moved or found.to_label is None:
        return ""
    return f"{lasted(found.at, now)}, live" if ended is None else lasted(found.at, ended)


def live_then(found: Sequence[tuple[str, LiveVersion | None]], at: Micros, width: int | None) -> list[Line]:
    """What was live at stages at a time."""
    rows = [
        (
            _text(stage),
            (each.version.label, Tone.LIVE) if each is not None else ("nothing", Tone.MUTED),
            (local_time(each.since) if each is not None else "-", Tone.MUTED),
            (lasted(each.since, at) if each is not None else "-", Tone.MUTED),
            _text(who(each.actor, each.transition.claim) if each is not None else "-"),
            (each.transition.outcome.value if each is not None else "-", Tone.MUTED),
            ((each.reason if each is not None else None) or "-", Tone.MUTED),
        )
        for stage, each in found
    ]
    return table(("STAGE", "LIVE", "SINCE", "FOR", "BY", "OUTCOME", "REASON"), rows, width=width, below=(4, 6))


def _why(found: Transition) -> str:
    """The reason of a transition; of a forced one, who has looked at it, and what they found."""
    return f"{found.reason or '-'}{reviewed(found)}"


def stages(found: Sequence[tuple[Stage, str | None]], width: int | None, *, forced: Collection[str] = ()) -> list[Line]:
    """Stages of a model with what is live there; `forced` are those where it was forced in without a review."""
    rows: list[tuple[Span, ...]] = []
    for each, label in found:
        is_forced = each.name in forced
        tone = Tone.FAILED if is_forced else Tone.LIVE if label else Tone.MUTED
        rows.append(
            ((f"{each.model}@{each.name}", Tone.STRONG), (f"{label or '-'}{' FORCED' if is_forced else ''}", tone))
        )
    return table(("STAGE", "LIVE"), rows, width=width)


def identified(found: Sequence[Identified], width: int | None) -> list[Line]:
    """Whatever has some bytes."""
    rows = [
        ((each.ref, Tone.STRONG), _text(each.kind), _text(each.path), (short_digest(each.digest), Tone.MUTED))
        for each in found
    ]
    return table(("REF", "KIND", "PATH", "DIGEST"), rows, width=width, words=(2, 3))


def _text(text: str | None) -> Span:
    return (text or "-", Tone.TEXT if text else Tone.MUTED)
