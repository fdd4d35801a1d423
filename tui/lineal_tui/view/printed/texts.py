"""Pages of the command line: everything about one thing, a difference, a lineage, a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.drawing.alarms import alarm
from lineal_tui.view.drawing.clean import clean
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut
from lineal_tui.view.drawing.text import fields, heading, table
from lineal_tui.view.drawing.words import counted, metric, number, scalar, short_digest, size, when, who
from lineal_tui.view.versioning import listing
from lineal_tui.view.versioning.endings import ending

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lineal.records.base import Micros, RunId, Scalar
    from lineal.records.comparison import Diff
    from lineal.records.data import Dataset, DatasetVersion
    from lineal.records.models import Architecture, Model, Version, VersionDetail
    from lineal.records.runs import CodeState, Environment, Experiment, RunData, RunDetail
    from lineal.records.stages import LiveVersion

_TENSORS = 20
"""Tensors on a version's page; JSON has them all."""
_METADATA = 200
"""Cells of what a file says of itself, before a person; JSON and a pipe have all of it."""


def model(found: Model, versions: Sequence[Version], now: Micros, width: int | None) -> list[Line]:
    """A model with its newest versions."""
    stages = ", ".join(
        f"{stage} {label or '-'}{' FORCED' if stage in found.forced else ''}" for stage, label in found.stages
    )
    return [
        heading(found.name, counted(found.versions, "version")),
        *fields(
            [
                ("stages", (stages, Tone.FAILED if found.forced else Tone.LIVE)),
                ("primary metric", found.primary_metric),
                ("labels", found.scheme.value),
                *_people(found.owner, found.purpose),
                ("made", when(found.created_at, now)),
            ]
        ),
        *_notes(found.notes),
        *_group("Newest versions", listing.versions(found, versions, now, width)),
    ]


def version(detail: VersionDetail, now: Micros, width: int | None, *, live: LiveVersion | None = None) -> list[Line]:
    """A version with all that is known of it."""
    found = detail.version
    status = None if found.status.value == "active" else (found.status.value, Tone.WORSE)
    lines = [heading(found.ref, f"#{found.seq}")]
    if live is not None:
        moved = who(live.actor, live.transition.claim)
        lines += fields(
            [
                (f"at {live.stage}", (f"since {when(live.since, now)}, by {moved}", Tone.LIVE)),
                ("reason", live.reason),
            ]
        )
    lines += fields(
        [
            ("status", status),
            ("live at", _live_at(found)),
            *_ending(detail, now),
            ("label", detail.label_reason),
            *_people(found.owner, found.purpose),
            ("ask", _ask(detail)),
            ("made", f"{when(found.created_at, now)}, by {found.created_by}"),
            ("from", ", ".join(f"{parent.ref} ({parent.relation})" for parent in found.parents)),
            ("run", None if found.run is None else f"run:{found.run}"),
            ("experiment", None if detail.experiment is None else f"exp:{detail.experiment}"),
            ("uid", found.uid),
            ("digest", found.digest),
        ]
    )
    lines += _notes(found.notes)
    lines += _group("Metrics", _version_metrics(detail, width))
    if detail.observed:
        from lineal_tui.view.staging import observations  # noqa: PLC0415  of few versions anything was observed

        lines += _group("Observed", observations.summary(detail.observed, {}, now, width))
    lines += _group("Params", _values(detail.params))
    lines += _group("Data", _data(detail.datasets, width))
    lines += _group("Tags", _values(detail.tags))
    if detail.artifact is not None:
        rows = [
            (
                (file.path, Tone.TEXT),
                (size(file.size), Tone.TEXT),
                (file.format, Tone.MUTED),
                (short_digest(file.digest), Tone.MUTED),
            )
            for file in detail.artifact.files
        ]
        lines += _group("Files", table((), rows, width=width, numbers=(1,), indent=2), size(detail.artifact.size))
    if detail.architecture is not None:
        lines += _architecture(detail.architecture, width)
    return lines + _surroundings(detail.code, detail.environment, detail.command, detail.seed)


def _ending(detail: VersionDetail, now: Micros) -> list[tuple[str, Span | None]]:
    return [
        (name, (", ".join(filter(None, (value, remark))), Tone.CHANGED))
        for name, value, remark in ending(detail, now)
        if value
    ]


def _version_metrics(detail: VersionDetail, width: int | None) -> list[Line]:
    rows = []
    for name, value in sorted(detail.metrics.items()):
        definition = detail.definitions.get(name)
        better = "" if definition is None or definition.direction is None else f"{definition.direction} is better"
        rows.append(
            (
                (name, Tone.MUTED),
                (metric(value.value), Tone.STRONG),
                (better, Tone.MUTED),
                (f"on {value.dataset}" if value.dataset else "", Tone.MUTED),
                ("evaluated later" if value.later else "", Tone.MUTED),
            )
        )
    return table((), rows, width=width, numbers=(1,), indent=2)


def _architecture(found: Architecture, width: int | None) -> list[Line]:
    parameters = "" if found.parameters is None else f", {counted(found.parameters, 'parameter')}"
    rows: list[tuple[Span, ...]] = [
        (
            (tensor.name, Tone.TEXT),
            (tensor.dtype, Tone.MUTED),
            (" x ".join(str(length) for length in tensor.shape) or "scalar", Tone.TEXT),
        )
        for tensor in found.tensors[:_TENSORS]
    ]
    lines = table((), rows, width=width, indent=2)
    if len(found.tensors) > _TENSORS:
        lines.append(((f"  and {number(len(found.tensors) - _TENSORS)} more", Tone.MUTED),))
    most = None if width is None else _METADATA
    lines += fields([(name, cut(text, most) if most else text) for name, text in found.metadata.items()])
    return _group("Architecture", lines or [(("  no tensors could be read", Tone.MUTED),)], f"{found.kind}{parameters}")


def run(detail: RunDetail, now: Micros, width: int | None, *, lost: Collection[RunId] = frozenset()) -> list[Line]:
    """A run with all that it recorded but the points of its metrics."""
    found = detail.run
    took = None
    if found.ended_at is not None:
        took = f"{(found.ended_at - found.started_at) / 1_000_000:,.1f} s"
    lines = [
        heading(f"run:{found.id}", found.name),
        *fields(
            [
                ("status", listing.run_status(found, lost)),
                ("experiment", f"exp:{found.experiment}"),
                ("kind", found.kind.value),
                ("started", f"{when(found.started_at, now)}, by {found.actor}"),
                ("took", took),
                ("part of", None if detail.parent is None else f"run:{detail.parent}"),
                ("parts", " ".join(f"run:{child[:12]}" for child in detail.children)),
                ("made", " ".join(detail.outputs)),
            ]
        ),
    ]
    rows = [
        (
            (series.name, Tone.STRONG),
            (metric(series.last), Tone.TEXT),
            (metric(series.best), Tone.TEXT),
            (metric(series.min), Tone.TEXT),
            (metric(series.max), Tone.TEXT),
            (number(series.count), Tone.MUTED),
            (series.dataset or "-", Tone.MUTED),
        )
        for series in detail.metrics
    ]
    titles = ("METRIC", "LAST", "BEST", "MIN", "MAX", "POINTS", "MEASURED ON")
    lines += _group("Metrics", table(titles, rows, width=width, numbers=range(1, 6), indent=2) if rows else [])
    lines += _group("Params", _values(detail.params))
    lines += _group("Data", _data(detail.inputs, width))
    lines += _group("Tags", _values(detail.tags))
    lines += _surroundings(detail.code, detail.environment, detail.command, detail.seed)
    if detail.error:
        lines += _group("Error", _page(detail.error, Tone.FAILED))
    return lines


def experiment(
    found: Experiment, runs: Sequence[RunDetail], now: Micros, width: int | None, *, lost: Collection[RunId] = ()
) -> list[Line]:
    """An experiment with its latest runs."""
    return [
        heading(f"exp:{found.name}", counted(found.runs, "run")),
        *fields([*_people(found.owner, found.purpose), ("made", when(found.created_at, now))]),
        *_group("Latest runs", listing.runs(runs, now, width, lost=lost, experiment=found.name) if runs else []),
    ]


def dataset(found: Dataset, versions: Sequence[DatasetVersion], now: Micros, width: int | None) -> list[Line]:
    """A dataset with its newest versions."""
    return [
        heading(f"data:{found.name}", counted(found.versions, "version")),
        *fields([*_people(found.owner, found.purpose), ("made", when(found.created_at, now))]),
        *_notes(found.notes),
        *_group("Newest versions", listing.dataset_versions(versions, now, width) if versions else []),
    ]


def dataset_version(found: DatasetVersion, now: Micros, width: int | None) -> list[Line]:
    """A version of a dataset with its schema and profile."""
    lines = [
        heading(found.ref, f"#{found.seq}"),
        *fields(
            [
                ("rows", None if found.rows is None else number(found.rows)),
                ("size", size(found.bytes)),
                ("where", found.uri),
                ("from", " ".join(found.parents)),
                ("run", None if found.run is None else f"run:{found.run}"),
                ("recorded", f"{when(found.created_at, now)}, by {found.created_by}"),
                ("digest", found.digest),
            ]
        ),
    ]
    rows = [
        (
            (column.name, Tone.STRONG),
            (column.type, Tone.TEXT),
            (number(column.missing), Tone.TEXT),
            ("-" if column.distinct is None else number(column.distinct), Tone.TEXT),
            *((_figure(value), Tone.TEXT) for value in (column.min, column.max, column.mean)),
        )
        for column in found.columns or ()
    ]
    titles = ("COLUMN", "TYPE", "MISSING", "DISTINCT", "MIN", "MAX", "MEAN")
    return lines + _group("Columns", table(titles, rows, width=width, numbers=range(2, 7), indent=2) if rows else [])


def diff(found: Diff, width: int | None, *, equal: bool = False) -> list[Line]:
    """Versions side by side, by section; better and worse in words and sign.

    Args:
        found: the difference.
        width: cells there are; None to cut nothing.
        equal: whether to list what is the same, too.
    """
    from lineal_tui.view.diffs.diff_text import diff_text  # noqa: PLC0415  few pages have one

    return diff_text(found, width, equal=equal)


def _group(title: str, lines: list[Line], remark: str = "") -> list[Line]:
    return [(), heading(title, remark), *lines] if lines else []


def _live_at(found: Version) -> Span | None:
    if not found.stages:
        return None
    told = []
    for stage in found.stages:
        wrong = alarm(found, stage).replace("FORCED", "FORCED, not reviewed")
        told.append(f"{stage} {wrong}".rstrip())
    return (", ".join(told), Tone.FAILED if alarm(found) else Tone.LIVE)


def _ask(detail: VersionDetail) -> str | None:
    """Who to ask about a version that has no owner."""
    if detail.version.owner:
        return None
    return f"{detail.ask}, {'who owns the model' if detail.model_owner else 'who registered it'}"


def _people(owner: str | None, purpose: str | None) -> list[tuple[str, str | Span | None]]:
    return [("owner", owner), ("purpose", purpose)]


def _notes(notes: str | None) -> list[Line]:
    return _group("Notes", _page(notes, Tone.TEXT)) if notes else []


def _page(text: str, tone: Tone) -> list[Line]:
    return [(("  " + line, tone),) for line in clean(text, keep_newlines=True).rstrip().split("\n")]


def _values(values: Mapping[str, Scalar]) -> list[Line]:
    return fields([(name, scalar(value) or "''") for name, value in sorted(values.items())])


def _data(used: Sequence[RunData], width: int | None) -> list[Line]:
    rows = [
        (
            (data.role, Tone.MUTED),
            (f"data:{data.name}:{data.label}", Tone.TEXT),
            (short_digest(data.digest), Tone.MUTED),
        )
        for data in used
    ]
    return table((), rows, width=width, indent=2)


def _surroundings(
    code: CodeState | None, environment: Environment | None, command: tuple[str, ...] | None, seed: int | None
) -> list[Line]:
    told: list[tuple[str, str | Span | None]] = []
    if code is not None:
        state = code.commit + (f" on {code.branch}" if code.branch else "") + (", with changes" if code.dirty else "")
        told += [("commit", state), ("from", code.remote or code.repository)]
    if command is not None:
        from shlex import join  # noqa: PLC0415  only pages need it

        told.append(("command", join(command)))
    told.append(("seed", None if seed is None else str(seed)))
    grouped = _group("Code", fields(told))
    if environment is None:
        return grouped
    about = fields(
        [
            ("python", f"{environment.implementation} {environment.python}"),
            ("platform", environment.platform),
            ("cpu", environment.cpu),
            ("cores", None if environment.cpu_count is None else str(environment.cpu_count)),
            ("memory", None if environment.memory_bytes is None else size(environment.memory_bytes)),
            ("gpus", ", ".join(environment.gpus)),
            ("packages", number(len(environment.packages))),
        ]
    )
    return grouped + _group("Environment", about)


def _figure(value: float | str | None) -> str:
    return "-" if value is None else metric(value) if isinstance(value, int | float) else value
