"""Setting what may change of a thing: owner, purpose, notes, tags, how its metrics are read."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadValue, NotFound
from lineal.queries import datasets, metrics, models, names, registered, runs, versions
from lineal.records.data import Dataset
from lineal.records.models import Model, Scheme, Version
from lineal.records.runs import Direction, Experiment, MetricDefinition, Run
from lineal.records.stages import LiveVersion
from lineal.rules import naming, refs
from lineal.rules.metrics import guess_direction
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lineal.write_path.context import Change, Context

_TEXTS = ("owner", "purpose", "notes")
_FIELDS = {
    "version": _TEXTS,
    "model": (*_TEXTS, "primary_metric", "scheme"),
    "dataset": _TEXTS,
    "experiment": _TEXTS,
    "run": (),
}


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is described."""

    kind: str
    id: int
    ref: str
    describe: Callable[[str, str | None], None] | None


def describe(context: Context, address: str, fields: Mapping[str, str | float | None]) -> str:
    """Set fields of a model, version, run, experiment or dataset.

    Args:
        context: the registry.
        address: of what is described.
        fields: `owner`, `purpose`, `notes`; `tag.NAME`; of a model also `primary_metric` and `scheme`; of a model or
            an experiment also `metric.NAME.direction` (higher, lower, unknown) and `metric.NAME.tolerance`. None or an
            empty text takes a value away.

    Returns:
        The full address.

    Raises:
        NotFound: there is no such thing.
        BadValue: it has no such field, or the value does not fit.
    """
    with context.change(Permission.DESCRIBE, address) as change:
        subject = _subject(change, address)
        written: dict[str, object] = {}
        for name, value in fields.items():
            written[name] = _set(change, subject, name, None if value == "" else value)
        if written:
            change.record("described", subject.ref, fields=written)
        return subject.ref


def _subject(change: Change, address: str) -> _Subject:
    connection = change.connection
    found = addresses.find(connection, address)
    if isinstance(found, LiveVersion):
        found = found.version
    match found:
        case Version():
            return _Subject("version", found.id, found.ref, _bound(versions.describe, change, found.id))
        case Model():
            return _Subject("model", found.id, found.name, _bound(models.describe, change, found.id))
        case Dataset():
            return _Subject("dataset", found.id, f"data:{found.name}", _bound(datasets.describe, change, found.id))
        case Experiment():
            describe_ = _bound(runs.describe_experiment, change, found.id)
            return _Subject("experiment", found.id, f"exp:{found.name}", describe_)
        case Run():
            return _Subject("run", found.n, f"run:{found.id}", None)
        case _:
            raise BadValue(field="address", value=address, why="nothing can be set there; name what it belongs to")


def _bound(statement: Callable[..., None], change: Change, number: int) -> Callable[[str, str | None], None]:
    return lambda field, value: statement(change.connection, number, field, value)


def _set(change: Change, subject: _Subject, name: str, value: str | float | None) -> object:
    connection = change.connection
    head, _, rest = name.partition(".")
    if head == "tag" and rest:
        text = None if value is None else naming.check_text(name, str(value))
        names.set_tags(connection, subject.kind, subject.id, {naming.check_tag_name(rest): text})
        return text
    if head == "metric" and rest and subject.kind in {"model", "experiment"}:
        return _set_metric(change, subject, name, rest, value)
    if name not in _FIELDS[subject.kind]:
        known = [*_FIELDS[subject.kind], "tag.NAME"]
        if subject.kind in {"model", "experiment"}:
            known += ["metric.NAME.direction", "metric.NAME.tolerance"]
        near = refs.nearest(name, known)
        hint = f"did you mean {near[0]}?" if near else None
        raise BadValue(
            field=f"a {subject.kind}'s", value=name, why=f"it cannot be set; {', '.join(known)} can", hint=hint
        )
    if name == "primary_metric":
        return _set_primary(change, subject, value)
    text = None if value is None else naming.check_text(name, str(value))
    if name == "scheme" and text not in set(Scheme):
        raise BadValue(field=name, value=text, why=f"known are {', '.join(Scheme)}")
    if subject.describe is not None:
        subject.describe(name, text)
    return text


def _set_primary(change: Change, subject: _Subject, value: str | float | None) -> str:
    name = naming.check_metric_name(str(value or ""))
    known = {
        each
        for version in versions.page(change.connection, subject.id, before=None, limit=100)
        for each in registered.metrics_of(change.connection, [version.id])[version.id]
    }
    if known and name not in known:
        near = refs.nearest(name, known)
        raise NotFound(kind="metric", name=name, where=f" in the newest versions of {subject.ref}", nearest=near)
    models.set_primary(change.connection, subject.id, names.intern(change.connection, [name])[name])
    return name


def _set_metric(
    change: Change, subject: _Subject, field: str, rest: str, value: str | float | None
) -> str | float | None:
    name, _, attribute = rest.rpartition(".")
    if not name or attribute not in {"direction", "tolerance"}:
        raise BadValue(field="field", value=field, why="it is metric.NAME.direction or metric.NAME.tolerance")
    naming.check_metric_name(name)
    connection = change.connection
    known = names.metric_settings(connection, subject.kind, subject.id).get(name)
    if known is None:
        known = MetricDefinition(name, guess_direction(name))
    if attribute == "direction":
        if value not in {None, "higher", "lower", "unknown"}:
            raise BadValue(field=field, value=value, why="it is higher, lower or unknown")
        known = replace(known, direction=None if value in {None, "unknown"} else Direction(str(value)))
    else:
        known = replace(known, tolerance=_tolerance(field, value))
    names.set_metric(connection, subject.kind, subject.id, known)
    if subject.kind == "experiment":
        name_id = names.intern(connection, [name])[name]
        metrics.set_best(connection, subject.id, name_id, known.direction)
    return value


def _tolerance(field: str, value: str | float | None) -> float:
    try:
        number = float(value or 0)
    except ValueError as error:
        raise BadValue(field=field, value=value, why="it is no number") from error
    if not math.isfinite(number) or number < 0:
        raise BadValue(field=field, value=value, why="it is a finite number, zero or more")
    return number
