"""Puts versions, or runs, side by side and says of each field what became of it."""

from __future__ import annotations

import json
import math
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lineal.errors import UsageError
from lineal.metrics import better, guess_direction
from lineal.records.comparison import Diff, DiffRow, Section, Verdict
from lineal.records.runs import MetricDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lineal.records.base import Digest, Scalar
    from lineal.records.models import Architecture, Artifact, Tensor, VersionDetail
    from lineal.records.runs import CodeState, Environment, MetricSeries, RunData, RunDetail

SHORT_DIGEST = 12
"""Hexadecimal digits of a digest that are shown."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one side has in a field."""

    key: object
    """What decides whether two sides are equal."""
    value: Scalar
    """What is shown."""


def diff(details: Sequence[VersionDetail]) -> Diff:
    """Returns two or more versions side by side, equal fields included; the first is the baseline.

    Metrics are judged by their direction and tolerance, where they were measured on the same data.

    Raises:
        UsageError: There are fewer than two versions.
    """
    _check_enough(details)
    rows = [
        *_metric_rows(details),
        *_mapping_rows(Section.PARAM, [detail.params for detail in details]),
        *_dataset_rows([detail.datasets for detail in details]),
        *_environment_rows([detail.environment for detail in details]),
        *_code_rows(details),
        *_architecture_rows(details),
        *_file_rows([detail.artifact for detail in details]),
        *_mapping_rows(Section.TAG, [detail.tags for detail in details]),
    ]
    return Diff(tuple(detail.version.ref for detail in details), _in_order(rows))


def run_diff(details: Sequence[RunDetail], definitions: Mapping[str, MetricDefinition] | None = None) -> Diff:
    """Returns two or more runs side by side, as `diff` does for versions.

    Args:
        details: The runs; the first is the baseline.
        definitions: How the metrics are to be read, by name; what is missing is guessed from the name.

    Raises:
        UsageError: There are fewer than two runs.
    """
    _check_enough(details)
    rows = [
        *_series_rows(details, definitions or {}),
        *_mapping_rows(Section.PARAM, [detail.params for detail in details]),
        *_dataset_rows([detail.inputs for detail in details]),
        *_environment_rows([detail.environment for detail in details]),
        *_code_rows(details),
        *_mapping_rows(Section.TAG, [detail.tags for detail in details]),
    ]
    return Diff(tuple(f"run:{detail.run.id}" for detail in details), _in_order(rows))


def _check_enough(details: Sequence[object]) -> None:
    if len(details) < 2:
        raise UsageError(what="a difference needs two or more versions or runs")


def _in_order(rows: Iterable[DiffRow]) -> tuple[DiffRow, ...]:
    places = {section: place for place, section in enumerate(Section)}
    return tuple(sorted(rows, key=lambda row: (places[row.section], row.field)))


def _union(mappings: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for mapping in mappings for name in mapping))


def _plain(value: Scalar) -> _Cell | None:
    return None if value is None else _Cell(value, value)


def _row(section: Section, field: str, cells: Sequence[_Cell | None], note: str | None = None) -> DiffRow:
    first, last = cells[0], cells[-1]
    if all(_equal(first, cell) for cell in cells[1:]):
        verdict = Verdict.SAME
    elif first is None and last is not None:
        verdict = Verdict.ADDED
    elif last is None and first is not None:
        verdict = Verdict.REMOVED
    else:
        verdict = Verdict.CHANGED
    values = tuple(cell.value if cell else None for cell in cells)
    return DiffRow(section, field, values, _delta(values[0], values[-1]), verdict, note)


def _rows_that_exist(section: Section, fields: Iterable[tuple[str, Sequence[_Cell | None]]]) -> list[DiffRow]:
    return [_row(section, field, cells) for field, cells in fields if any(cells)]


def _equal(one: _Cell | None, other: _Cell | None) -> bool:
    if one is None or other is None:
        return one is other
    a, b = one.key, other.key
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return a == b


def _delta(first: Scalar, last: Scalar) -> float | None:
    if isinstance(first, bool | str | None) or isinstance(last, bool | str | None):
        return None
    try:
        delta = float(last - first)
    except OverflowError:
        return None
    return None if math.isnan(delta) else delta


def _short(digest: Digest) -> str:
    return digest.removeprefix("sha256:")[:SHORT_DIGEST]


def _mapping_rows(section: Section, mappings: Sequence[Mapping[str, Scalar]]) -> list[DiffRow]:
    # A param that was set to None is there, so presence decides and not the value.
    return [
        _row(section, name, [_Cell(mapping[name], mapping[name]) if name in mapping else None for mapping in mappings])
        for name in _union(mappings)
    ]


@dataclass(frozen=True, slots=True)
class _Measured:
    value: float
    dataset: str | None


def _metric_rows(details: Sequence[VersionDetail]) -> Iterable[DiffRow]:
    known = {f"data:{data.name}:{data.label}": data.digest for detail in details for data in detail.datasets}
    for name in _union(detail.metrics for detail in details):
        found = [detail.metrics.get(name) for detail in details]
        definition = next(
            (detail.definitions[name] for detail in reversed(details) if name in detail.definitions), _guessed(name)
        )
        yield _metric_row(
            name, [_Measured(metric.value, metric.dataset) if metric else None for metric in found], definition, known
        )


def _series_rows(details: Sequence[RunDetail], definitions: Mapping[str, MetricDefinition]) -> Iterable[DiffRow]:
    known = {f"data:{data.name}:{data.label}": data.digest for detail in details for data in detail.inputs}
    runs: list[dict[str, MetricSeries]] = [{series.name: series for series in detail.metrics} for detail in details]
    for name in _union(runs):
        found = [run.get(name) for run in runs]
        definition = definitions.get(name) or _guessed(name)
        last = [_Measured(series.last, series.dataset) if series else None for series in found]
        yield _metric_row(name, last, definition, known)
        best = [_Measured(one.best, one.dataset) if one and one.best is not None else None for one in found]
        if any(best):
            yield _metric_row(f"{name} (best)", best, definition, known)


def _guessed(name: str) -> MetricDefinition:
    return MetricDefinition(name, guess_direction(name))


def _metric_row(
    field: str, found: Sequence[_Measured | None], definition: MetricDefinition, known: Mapping[str, Digest]
) -> DiffRow:
    row = _row(Section.METRIC, field, [_plain(one.value) if one else None for one in found])
    # Two names for the same bytes are the same data.
    data = {known.get(one.dataset or "", one.dataset): one.dataset for one in found if one}
    if len(data) > 1:
        listed = " and ".join(name or "data not named" for name in data.values())
        verdict = Verdict.CHANGED if row.verdict is Verdict.SAME else row.verdict
        return replace(row, delta=None, verdict=verdict, note=f"not comparable: measured on {listed}")
    first, last = found[0], found[-1]
    if first is None or last is None:
        return row
    judged = better(definition.direction, definition.tolerance, first.value, last.value)
    if judged is not Verdict.SAME or row.verdict is Verdict.SAME:
        return replace(row, verdict=judged)
    if all(one and _is_noise(definition.tolerance, first.value, one.value) for one in found):
        return replace(row, verdict=judged, note="within tolerance")
    return replace(row, verdict=Verdict.CHANGED)


def _is_noise(tolerance: float, first: float, other: float) -> bool:
    return better(None, tolerance, first, other) is Verdict.SAME


def _dataset_rows(sides: Sequence[Sequence[RunData]]) -> list[DiffRow]:
    found: list[dict[str, list[RunData]]] = []
    for side in sides:
        fields: dict[str, list[RunData]] = {}
        for data in side:
            fields.setdefault(f"{data.name} ({data.role})", []).append(data)
        found.append(fields)
    rows = []
    for field in _union(found):
        cells = [_dataset_cell(fields[field]) if field in fields else None for fields in found]
        row = _row(Section.DATASET, field, cells)
        first, last = found[0].get(field, []), found[-1].get(field, [])
        if row.verdict is Verdict.CHANGED and first and last:
            same_bytes = {data.digest for data in first} == {data.digest for data in last}
            same_labels = row.values[0] == row.values[-1]
            note = "same bytes" if same_bytes else "other bytes under the same label" if same_labels else None
            row = replace(row, note=note)
        rows.append(row)
    return rows


def _dataset_cell(data: Sequence[RunData]) -> _Cell:
    ordered = sorted((one.label, one.digest) for one in data)
    return _Cell(tuple(ordered), ", ".join(label for label, _ in ordered))


def _environment_rows(sides: Sequence[Environment | None]) -> list[DiffRow]:
    if sum(side is not None for side in sides) < 2:
        # Beside nothing, a hundred packages that were all added tell no more than one row does.
        recorded = [
            None if side is None else _Cell(side.digest, f"python {side.python}, {side.platform}") for side in sides
        ]
        return _rows_that_exist(Section.ENVIRONMENT, [("environment", recorded)])
    readings: tuple[tuple[str, Callable[[Environment], Scalar]], ...] = (
        ("python", lambda side: side.python),
        ("implementation", lambda side: side.implementation),
        ("platform", lambda side: side.platform),
        ("cpu", lambda side: side.cpu),
        ("cpu cores", lambda side: side.cpu_count),
        ("memory bytes", lambda side: side.memory_bytes),
        ("gpus", lambda side: ", ".join(side.gpus) or None),
    )
    fields = [(name, [_plain(read(side)) if side else None for side in sides]) for name, read in readings]
    packages = [dict(side.packages) if side else {} for side in sides]
    fields += [(f"package {name}", [_plain(side.get(name)) for side in packages]) for name in _union(packages)]
    return _rows_that_exist(Section.ENVIRONMENT, fields)


def _code_rows(details: Sequence[VersionDetail | RunDetail]) -> list[DiffRow]:
    readings: tuple[tuple[str, Callable[[CodeState], Scalar]], ...] = (
        ("commit", lambda code: code.commit),
        ("branch", lambda code: code.branch),
        ("dirty", lambda code: code.dirty),
        ("uncommitted changes", lambda code: None if code.patch is None else _short(code.patch)),
        ("repository", lambda code: code.repository),
        ("remote", lambda code: code.remote),
    )
    fields = [(name, [_plain(read(one.code)) if one.code else None for one in details]) for name, read in readings]
    fields.append(("command", [_plain(shlex.join(one.command)) if one.command else None for one in details]))
    fields.append(("seed", [_plain(one.seed) for one in details]))
    return _rows_that_exist(Section.CODE, fields)


def _architecture_rows(details: Sequence[VersionDetail]) -> list[DiffRow]:
    sides = [detail.architecture for detail in details]
    signatures = [detail.signature or {} for detail in details]
    fields: list[tuple[str, Sequence[_Cell | None]]] = [
        (f"signature {name}", [_json_cell(one[name]) if name in one else None for one in signatures])
        for name in _union(signatures)
    ]
    fields.append(("kind", [_plain(side.kind) if side else None for side in sides]))
    fields.append(("parameters", [_plain(side.parameters) if side else None for side in sides]))
    fields.append(("structure", [_Cell(side.digest, _short(side.digest)) if side else None for side in sides]))
    metadata = [side.metadata if side else {} for side in sides]
    fields += [(f"metadata {name}", [_plain(one.get(name)) for one in metadata]) for name in _union(metadata)]
    return [*_rows_that_exist(Section.ARCHITECTURE, fields), *_tensor_rows(sides)]


def _json_cell(value: object) -> _Cell:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return _Cell(text, text)


def _tensor_rows(sides: Sequence[Architecture | None]) -> list[DiffRow]:
    found = [{tensor.name: tensor for tensor in side.tensors} if side else {} for side in sides]
    names = _union(found)
    if not names:
        return []
    rows = []
    for name in names:
        row = _row(Section.ARCHITECTURE, f"tensor {name}", [_tensor_cell(tensors.get(name)) for tensors in found])
        # A large model has thousands that are alike; the row of all tensors counts those.
        if row.verdict is not Verdict.SAME:
            rows.append(row)
    counts = _row(Section.ARCHITECTURE, "tensors", [_plain(len(tensors)) if tensors else None for tensors in found])
    changed = sum(any(_bytes_differ(found[0].get(name), other.get(name)) for other in found[1:]) for name in names)
    if changed:
        verdict = Verdict.CHANGED if counts.verdict is Verdict.SAME else counts.verdict
        counts = replace(counts, verdict=verdict, note=f"{changed:,} of {len(names):,} changed")
    return [*rows, counts]


def _tensor_cell(tensor: Tensor | None) -> _Cell | None:
    return _plain(f"{tensor.dtype} {list(tensor.shape)}") if tensor else None


def _bytes_differ(one: Tensor | None, other: Tensor | None) -> bool:
    if one is None or other is None:
        return one is not other
    if one.digest is None or other.digest is None:
        return (one.dtype, one.shape) != (other.dtype, other.shape)
    return (one.digest, one.dtype, one.shape) != (other.digest, other.dtype, other.shape)


def _file_rows(sides: Sequence[Artifact | None]) -> list[DiffRow]:
    found = [{file.path: file for file in side.files} if side else {} for side in sides]
    return [
        _row(
            Section.FILE,
            path,
            [
                _Cell((file.digest, file.size), f"{_short(file.digest)} {file.size:,} bytes") if file else None
                for file in (files.get(path) for files in found)
            ],
        )
        for path in _union(found)
    ]
