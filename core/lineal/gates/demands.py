"""What a stage demands of a version, checked within a view of the registry: every answer with its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.gates import approvals
from lineal.gates.durations import words as duration_words
from lineal.gates.facts import Facts, Measured, Param
from lineal.machine.lazily import Later
from lineal.queries import artifacts as artifact_rows
from lineal.queries import datasets as dataset_rows
from lineal.queries import gates as rows
from lineal.queries import models as model_rows
from lineal.queries import names as name_rows
from lineal.queries import registered
from lineal.queries import stages as stage_rows
from lineal.records.stages import Check

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from lineal.formats import pickles
    from lineal.gates import expressions
    from lineal.gates.facts import Value
    from lineal.records.base import Micros
    from lineal.records.gates import Gates
    from lineal.records.models import Version
    from lineal.records.stages import Stage
else:
    # only stages that demand so pay for the grammar, and for the formats
    expressions = Later("lineal.gates.expressions")
    pickles = Later("lineal.formats.pickles")

FIELDS = (*("owner", "purpose", "notes", "datasets", "parent", "run", "code", "environment", "architecture", "files"),)
"""What can be required, beside `metrics.NAME`, `params.NAME` and `tags.NAME`."""


def checks(
    connection: sqlite3.Connection, stage: Stage, target: Version, live: Version | None, clock: Callable[[], Micros]
) -> Iterator[Check]:
    """Each thing that a stage demands of a version before its promotion.

    Args:
        connection: an open view, or the transaction that promotes.
        stage: where to.
        target: the version.
        live: what it would replace; None for nothing.
        clock: tells the time.
    """
    gates = rows.gates_of(connection, stage.id)
    if gates.is_open:
        return
    at = clock()
    for name in gates.require:
        yield _required(connection, name, target)
    if gates.after is not None:
        yield from _after(connection, stage, gates, target, at)
    if gates.no_pickle:
        yield _no_pickle(connection, target)
    if gates.expressions:
        own = facts_of(connection, target)
        others = None if live is None else facts_of(connection, live)
        for text in gates.expressions:
            yield expressions.check(text, own, others, at)
    if gates.approvals:
        yield approvals.check(connection, stage, gates.approvals, target)


def missing(connection: sqlite3.Connection, version: Version, names: tuple[str, ...]) -> list[str]:
    """Which of these fields a version lacks."""
    return [name for name in names if not _required(connection, name, version).passed]


def _required(connection: sqlite3.Connection, name: str, version: Version) -> Check:
    if name == "parent" and version.seq == 1 and not version.parents:
        return Check("parent", passed=True, wanted="parent", saw="it is the first version")
    saw = _saw(connection, name, version)
    return Check(name, passed=saw is not None, wanted=name, saw=saw or "missing")


def _saw(connection: sqlite3.Connection, name: str, version: Version) -> str | None:
    scope, point, key = name.partition(".")
    if point:
        return _named(connection, scope, key, version)
    match name:
        case "owner" | "purpose" | "notes":
            own: str | None = getattr(version, name)
            if own is not None and own.strip():
                return own
            model = model_rows.model(connection, version.model)
            of_model = None if model is None or name == "notes" else getattr(model, name)
            return f"{of_model} (of the model)" if of_model else None
        case "datasets":
            used = dataset_rows.used_by_versions(connection, [version.id])[version.id]
            return ", ".join(f"data:{each.name}:{each.label}" for each in used) or None
        case "parent":
            return ", ".join(each.ref for each in version.parents) or None
        case "files":
            return version.digest
        case "run":
            return None if version.run is None else f"run:{version.run}"
        case "architecture":
            return rows.architecture_of(connection, version.id)[2]
        case _:
            _, _, has_code, has_environment = rows.surroundings(connection, version.id)
            return "recorded" if (has_code if name == "code" else has_environment) else None


def _named(connection: sqlite3.Connection, scope: str, key: str, version: Version) -> str | None:
    match scope:
        case "tags":
            return name_rows.tags_of(connection, "version", [version.id])[version.id].get(key) or None
        case "params":
            found = registered.params_of(connection, [version.id])[version.id].get(key)
            return None if found is None else str(found)
        case _:
            measured = [each for each in rows.measures(connection, version.id) if each[0] == key]
            return str(measured[-1][1]) if measured else None


def _after(connection: sqlite3.Connection, stage: Stage, gates: Gates, target: Version, at: Micros) -> Iterator[Check]:
    owner = model_rows.model_id(connection, stage.model)
    before = None if owner is None or gates.after is None else stage_rows.stage(connection, owner, gates.after)
    spells = [] if before is None else rows.spells(connection, before.id, target.id)
    good = [(began, at if ended is None else ended, ended is None) for began, ended, healthy in spells if healthy]
    if good:
        saw = "live there now" if good[-1][2] else "was live there"
    else:
        saw = "live there, but unhealthy" if spells else "never live there"
    yield Check("after", passed=bool(good), wanted=f"live at {gates.after} in good health", saw=saw)
    if gates.soak:
        # a clock that was set back makes a spell short, never long
        longest = max((max(0, ended - began) for began, ended, _ in good), default=0) // 1_000_000
        yield Check(
            "soak",
            passed=longest >= gates.soak,
            wanted=f"{duration_words(gates.soak)} at {gates.after} at a stretch",
            saw=duration_words(longest) if good else saw,
        )


def _no_pickle(connection: sqlite3.Connection, target: Version) -> Check:
    artifact = artifact_rows.files_of(connection, [target.id]).get(target.id)
    found = [each for each in (artifact.files if artifact else ()) if pickles.executes_code(each.format)]
    told = ", ".join(f"{each.path} ({each.format})" for each in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    wanted = "no files that execute code when they are loaded"
    return Check("no pickle", passed=not found, wanted=wanted, saw=f"{told}{more}" if found else "none")


def facts_of(connection: sqlite3.Connection, version: Version) -> Facts:
    """Everything that a gate may ask of a version."""
    metrics: dict[str, list[Measured]] = {}
    for name, value, data, where, is_later in rows.measures(connection, version.id):
        metrics.setdefault(name, []).append(Measured(value, data, where, is_later))
    params = rows.numbers_of(registered.params_of(connection, [version.id])[version.id])
    return Facts(
        ref=version.ref,
        metrics={name: tuple(found) for name, found in metrics.items()},
        params={name: Param(text, number) for name, (text, number) in params.items()},
        tags=name_rows.tags_of(connection, "version", [version.id])[version.id],
        attributes=_attributes(connection, version),
    )


def _attributes(connection: sqlite3.Connection, version: Version) -> dict[str, tuple[Value, ...]]:
    artifact = artifact_rows.files_of(connection, [version.id]).get(version.id)
    used = dataset_rows.used_by_versions(connection, [version.id])[version.id]
    size, parameters, _, architecture = rows.architecture_of(connection, version.id)
    run, experiment, _, _ = rows.surroundings(connection, version.id)
    files = () if artifact is None else artifact.files
    single: dict[str, Value] = {
        "architecture": architecture,
        "live": bool(version.stages),
        "bytes": size,
        "created": version.created_at,
        "created_by": version.created_by,
        "digest": version.digest,
        "experiment": experiment,
        "files": len(files),
        "label": version.label,
        "model": version.model,
        "notes": version.notes,
        "owner": version.owner,
        "parameters": parameters,
        "purpose": version.purpose,
        "ref": version.ref,
        "run": run,
        "seq": version.seq,
        "status": version.status.value,
        "uid": version.uid,
    }
    lists: dict[str, tuple[Value, ...]] = {
        "dataset": tuple(
            dict.fromkeys(
                text for each in used for text in (each.name, f"data:{each.name}", f"data:{each.name}:{each.label}")
            )
        ),
        "dataset.name": tuple(dict.fromkeys(each.name for each in used)),
        "dataset.label": tuple(dict.fromkeys(each.label for each in used)),
        "dataset.role": tuple(dict.fromkeys(each.role for each in used)),
        "dataset.digest": tuple(dict.fromkeys(each.digest for each in used)),
        "format": tuple(dict.fromkeys(each.format for each in files)),
        "file": tuple(each.path for each in files),
        "parent": tuple(text for each in version.parents for text in (each.ref, each.ref.rpartition(":")[2])),
        "relation": tuple(dict.fromkeys(each.relation.value for each in version.parents)),
        "stage": version.stages,
    }
    return lists | {name: () if value is None else (value,) for name, value in single.items()}
