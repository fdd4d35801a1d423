"""Lists with the columns that a person names, whatever they are: attributes, metrics, params and tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from lineal.errors import BadValue
from lineal.rules.refs import nearest
from lineal.search.fields import DATASETS, RUNS, VERSIONS, Kind
from lineal.search.parsing import parse_field
from lineal_tui.view.as_json import json
from lineal_tui.view.as_json.values import scalar
from lineal_tui.view.drawing.lines import Line, Span, Tone
from lineal_tui.view.drawing.text import table
from lineal_tui.view.drawing.words import figure, local_time, size, utc_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lineal.records.base import Micros
    from lineal.records.data import DatasetVersion
    from lineal.records.models import VersionDetail
    from lineal.records.runs import RunDetail
    from lineal.search.fields import Subject
    from lineal_tui.view.as_json.values import Json, Object

    Scopes = Mapping[str, tuple[str, ...]]
    """Of names, whether any metric, param or tag in the registry is called that: `metrics`, `params`, `tags`."""

Item = TypeVar("Item")
_SCOPES = ("metrics", "params", "tags")
_SECOND = 1_000_000
_PARTS = re.compile(r"""(?:`[^`]*`|"[^"]*"|[^,`"])+""")


def names(text: str) -> tuple[str, ...]:
    """The columns in a list between commas; quotes and back-quotes keep a comma in a name."""
    return tuple(part.strip() for part in _PARTS.findall(text) if part.strip())


def scopes(columns: Sequence[str], scopes_of: Callable[[str], tuple[str, ...]]) -> Scopes:
    """What each name in some columns is that of, in the whole registry: those that are shown may all lack it."""
    return {name: scopes_of(name) for name in dict.fromkeys(parse_field(column).name for column in columns)}


def runs(found: Sequence[RunDetail], columns: Sequence[str], width: int | None, known: Scopes) -> list[Line]:
    """Runs as lines."""
    return _lines("RUN", [f"run:{each.run.id[:8]}" for each in found], found, columns, RUNS, _of_run, width, known)


def runs_json(found: Sequence[RunDetail], columns: Sequence[str], known: Scopes) -> list[Object]:
    """Runs as JSON."""
    return _objects([f"run:{each.run.id}" for each in found], found, columns, RUNS, _of_run, known)


def versions(found: Sequence[VersionDetail], columns: Sequence[str], width: int | None, known: Scopes) -> list[Line]:
    """Versions as lines."""
    refs = [each.version.ref for each in found]
    return _lines("VERSION", refs, found, columns, VERSIONS, _of_version, width, known)


def versions_json(found: Sequence[VersionDetail], columns: Sequence[str], known: Scopes) -> list[Object]:
    """Versions as JSON."""
    return _objects([each.version.ref for each in found], found, columns, VERSIONS, _of_version, known)


def datasets(found: Sequence[DatasetVersion], columns: Sequence[str], width: int | None) -> list[Line]:
    """Versions of datasets as lines."""
    refs = [each.ref for each in found]
    return _lines("DATASET", refs, found, columns, DATASETS, _of_dataset, width, {})


def datasets_json(found: Sequence[DatasetVersion], columns: Sequence[str]) -> list[Object]:
    """Versions of datasets as JSON."""
    return _objects([each.ref for each in found], found, columns, DATASETS, _of_dataset, {})


def _of_run(detail: RunDetail) -> Object:
    run, made = detail.run, json.whole_run(detail)
    code = detail.code
    parts: Object = {
        f"{series.name}.{part}": scalar(getattr(series, part))
        for series in detail.metrics
        for part in ("last", "min", "max", "best")
    }
    return {
        **made,
        "metrics": {**parts, **_part(made, "metrics")},  # a metric may have such a name itself
        "started": run.started_at,
        "ended": run.ended_at,
        "duration": None if run.ended_at is None else (run.ended_at - run.started_at) / _SECOND,
        "nested": detail.parent is not None,
        "command": None if detail.command is None else " ".join(detail.command),
        "commit": None if code is None else code.commit,
        "branch": None if code is None else code.branch,
        "version": list(detail.outputs),
        "model": [ref.partition(":")[0] for ref in detail.outputs if not ref.startswith("data:")],
        **_data(made["inputs"]),
    }


def _of_version(detail: VersionDetail) -> Object:
    version, made = detail.version, json.whole_version(detail)
    architecture = detail.architecture
    return {
        **made,
        "stage": list(version.stages),
        "live": bool(version.stages),
        "created": version.created_at,
        "parent": [parent.ref for parent in version.parents],
        "relation": [parent.relation.value for parent in version.parents],
        "bytes": None if detail.artifact is None else detail.artifact.size,
        "files": 0 if detail.artifact is None else len(detail.artifact.files),
        "file": [] if detail.artifact is None else [file.path for file in detail.artifact.files],
        "format": [] if detail.artifact is None else [file.format for file in detail.artifact.files],
        "architecture": None if architecture is None else architecture.kind,
        "parameters": None if architecture is None else architecture.parameters,
        **_data(made["datasets"]),
    }


def _of_dataset(version: DatasetVersion) -> Object:
    made = json.dataset_version(version)
    return {
        **made,
        "created": version.created_at,
        "parent": list(version.parents),
        "columns": None if version.columns is None else len(version.columns),
    }


def _data(used: Json) -> Object:
    rows = [each for each in used if isinstance(each, dict)] if isinstance(used, list) else []
    found: Object = {f"dataset.{part}": [row[part] for row in rows] for part in ("name", "label", "digest", "role")}
    found["dataset"] = [f"data:{row['name']}:{row['label']}" for row in rows]
    return found


def _resolved(
    columns: Sequence[str], objects: Sequence[Object], subject: Subject, elsewhere: Scopes
) -> list[tuple[str, str]]:
    """What each column shows: (scope, name).

    Raises:
        BadValue: there is no such thing to show.
    """
    known = {scope: dict.fromkeys(name for each in objects for name in _part(each, scope)) for scope in _SCOPES}
    shown = {each for each in subject.names() if any(each in found for found in objects)}
    resolved = []
    for column in columns:
        field = parse_field(column)
        attribute = subject.attribute(field.name) if field.scope == "attributes" else None
        if attribute is not None and (attribute.name in shown or not objects):
            resolved.append(("attributes", attribute.name))
            continue
        asked = [field.scope] if field.scope in _SCOPES else _SCOPES
        scopes = [each for each in asked if field.name in known[each]]
        scopes += [each for each in asked if each in elsewhere.get(field.name, ()) and each not in scopes]
        if not scopes and objects:
            near = nearest(field.name, [*shown, *(name for each in asked for name in known[each])])
            hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(shown))}"
            raise BadValue(field="column", value=column, why=f"no {subject.name} has it", hint=hint)
        resolved.append((scopes[0] if scopes else "attributes", field.name))
    return resolved


def _part(found: Object, scope: str) -> Mapping[str, Json]:
    part = found.get(scope)
    return part if isinstance(part, dict) else {}


def _value(found: Object, scope: str, name: str) -> Json:
    return found.get(name) if scope == "attributes" else _part(found, scope).get(name)


def _objects(
    refs: Sequence[str],
    found: Sequence[Item],
    columns: Sequence[str],
    subject: Subject,
    of: Callable[[Item], Object],
    known: Scopes,
) -> list[Object]:
    objects = [of(each) for each in found]
    resolved = _resolved(columns, objects, subject, known)
    made = []
    for ref, each in zip(refs, objects, strict=True):
        row: Object = {"ref": ref}
        for column, (scope, name) in zip(columns, resolved, strict=True):
            value = _value(each, scope, name)
            if scope == "attributes" and _kind(subject, name) is Kind.TIME and isinstance(value, int):
                value = utc_time(_micros(value))
            row[column] = value
        made.append(row)
    return made


def _lines(
    title: str,
    refs: Sequence[str],
    found: Sequence[Item],
    columns: Sequence[str],
    subject: Subject,
    of: Callable[[Item], Object],
    width: int | None,
    known: Scopes,
) -> list[Line]:
    objects = [of(each) for each in found]
    resolved = _resolved(columns, objects, subject, known)
    values = [[_value(each, scope, name) for scope, name in resolved] for each in objects]
    rows = [
        ((ref, Tone.STRONG), *(_span(value, subject, *place) for value, place in zip(row, resolved, strict=True)))
        for ref, row in zip(refs, values, strict=True)
    ]
    right = [
        n + 1
        for n in range(len(columns))
        if any(isinstance(row[n], int | float) for row in values) and not any(isinstance(row[n], str) for row in values)
    ]
    return table((title, *columns), rows, width=width, numbers=right)


def _span(value: Json, subject: Subject, scope: str, name: str) -> Span:
    kind = _kind(subject, name) if scope == "attributes" else None
    match value:
        case None | []:
            return ("-", Tone.MUTED)
        case bool():
            return (str(value).lower(), Tone.TEXT)
        case int() if kind is Kind.TIME:
            return (local_time(_micros(value)), Tone.MUTED)
        case int() if kind is Kind.BYTES:
            return (size(value), Tone.TEXT)
        case float() if scope == "metrics":
            return (figure(value), Tone.TEXT)
        case list():
            return (", ".join(str(each) for each in value), Tone.TEXT)
        case _:
            return (str(value), Tone.TEXT)


def _kind(subject: Subject, name: str) -> Kind | None:
    attribute = subject.attribute(name)
    return None if attribute is None else attribute.kind


def _micros(at: int) -> Micros:
    from lineal.records.base import Micros  # noqa: PLC0415  the type itself

    return Micros(at)
