"""What stages demand before a promotion: setting it, and how a version stands before it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lineal import addresses
from lineal.errors import BadValue, NotFound, Refused
from lineal.gates import approvals, demands, durations, expressions
from lineal.queries import gates as rows
from lineal.queries import stages as stage_rows
from lineal.records.gates import Assessment, Gates
from lineal.records.stages import Action
from lineal.rules import naming
from lineal.rules.refs import nearest
from lineal.staging.transitions import checks
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from lineal.records.stages import Stage
    from lineal.write_path.context import Change, Context

_MOST_EXPRESSIONS = 50
_SCOPES = {"metrics": naming.check_metric_name, "params": naming.check_param_name, "tags": naming.check_tag_name}


def gates_of(context: Context, address: str) -> Gates:
    """What a stage demands.

    Raises:
        NotFound: there is no such stage.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        return rows.gates_of(connection, addresses.stage(connection, ref.model, ref.stage)[1].id)


def set_gates(context: Context, address: str, changes: Mapping[str, Any]) -> Gates:
    """Change what a stage demands before a promotion.

    Args:
        context: the registry.
        address: of the stage.
        changes: fields of `Gates` to values; `soak` in seconds or as text such as `24h`.

    Raises:
        NotFound: there is no such stage.
        BadFilter: an expression makes no sense.
        BadValue: another value does not fit.
    """
    ref = addresses.stage_ref(address)
    with context.change(Permission.CONFIGURE, str(ref)) as change:
        _, stage = addresses.stage(change.connection, ref.model, ref.stage)
        new = checked(change.connection, stage, rows.gates_of(change.connection, stage.id), changes)
        return write(change, stage, new)


def write(change: Change, stage: Stage, new: Gates) -> Gates:
    """Set what was checked, with its event, unless it is so already."""
    if new == rows.gates_of(change.connection, stage.id):
        return new
    _, before = _stages(change.connection, stage, new.after)
    rows.set_gates(change.connection, stage.id, new, after=None if before is None else before.id)
    change.record("gates_set", f"{stage.model}@{stage.name}", **asdict(new))
    return new


def checked(
    connection: sqlite3.Connection,
    stage: Stage,
    known: Gates,
    changes: Mapping[str, Any],
    *,
    after_of: Callable[[str], str | None] | None = None,
) -> Gates:
    """What a stage would demand after changes.

    Args:
        connection: an open view.
        stage: which.
        known: what it demands now.
        changes: as `set_gates`.
        after_of: tells for the name of another stage which one comes first there; None to look it up.

    Raises:
        LinealError: as `set_gates`.
    """
    changes = dict(changes)
    if "after" in changes and changes["after"] is None:
        changes.setdefault("soak", 0)
    elif "after" in changes:
        changes["after"] = addresses.stage_name(stage.model, changes["after"])
    if isinstance(changes.get("soak"), str):
        changes["soak"] = durations.seconds("soak", changes["soak"])
    if "expressions" in changes:
        changes["expressions"] = _expressions(changes["expressions"])
    if "require" in changes:
        changes["require"] = tuple(dict.fromkeys(_field(name) for name in changes["require"]))
    new = replace(known, **changes)
    if not isinstance(new.approvals, int) or isinstance(new.approvals, bool) or not 0 <= new.approvals <= 100:
        raise BadValue(field="approvals", value=new.approvals, why="it is 0 to 100")
    if not isinstance(new.soak, int) or isinstance(new.soak, bool) or new.soak < 0:
        raise BadValue(field="soak", value=new.soak, why="it is a length of time, such as 24h")
    if new.soak and new.after is None:
        why = "nothing says where; name the stage that comes first, with --after STAGE"
        raise BadValue(field="soak", value=durations.text(new.soak), why=why)
    if new.after is not None:
        _check_after(connection, stage, new.after, after_of)
    return new


def tidied(gates: Gates) -> Gates:
    """Gates that were checked, each said once."""
    return replace(
        gates,
        expressions=_expressions(gates.expressions),
        require=tuple(dict.fromkeys(_field(name) for name in gates.require)),
    )


def _expressions(texts: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(found) > _MOST_EXPRESSIONS:
        raise BadValue(field="gates", value=len(found), why=f"at most {_MOST_EXPRESSIONS} fit; join some with AND")
    for text in found:
        naming.check_text("gate", text)
        expressions.read(text)
    return found


def _field(name: str) -> str:
    scope, point, key = name.strip().partition(".")
    if point and scope in _SCOPES:
        return f"{scope}.{_SCOPES[scope](key)}"
    if name.strip() in demands.FIELDS:
        return name.strip()
    near = nearest(name, demands.FIELDS)
    hint = f"did you mean {' or '.join(near)}?" if near else None
    why = f"no field that can be required; those are {', '.join(demands.FIELDS)}, tags.NAME, params.NAME, metrics.NAME"
    raise BadValue(field="require", value=naming.shown(name), why=why, hint=hint)


def _stages(connection: sqlite3.Connection, stage: Stage, after: str | None) -> tuple[list[Stage], Stage | None]:
    owner = addresses.model(connection, stage.model)
    found = stage_rows.stages_of(connection, owner.id)
    return found, next((each for each in found if each.name == after), None)


def _check_after(
    connection: sqlite3.Connection, stage: Stage, after: str, after_of: Callable[[str], str | None] | None
) -> None:
    found, before = _stages(connection, stage, after)
    if before is None:
        raise NotFound(
            kind="stage",
            name=f"{stage.model}@{after}",
            nearest=tuple(f"{stage.model}@{name}" for name in nearest(after, [each.name for each in found])),
        )
    seen = [stage.name]
    while before is not None:
        if before.name in seen:
            way = " after ".join([*seen, before.name])
            raise Refused(what=f"gates of {stage.model}@{stage.name}", why=f"no version could ever pass: {way}")
        seen.append(before.name)
        following = after_of(before.name) if after_of else rows.gates_of(connection, before.id).after
        before = next((each for each in found if each.name == following), None)


def assess(context: Context, address: str, stage_name: str) -> Assessment:
    """How a version stands before a stage: what it demands, what it saw, who said what.

    Raises:
        NotFound: there is no such version or stage.
    """
    with context.read() as connection:
        version = addresses.version(connection, address)
        _, stage = addresses.stage(connection, version.model, addresses.stage_name(version.model, stage_name))
        live = stage_rows.live(connection, stage.id)
        return Assessment(
            version=version,
            stage=stage.name,
            gates=rows.gates_of(connection, stage.id),
            checks=checks(connection, stage, version, action=Action.PROMOTE, live=live, clock=context.clock),
            opinions=tuple(approvals.opinions(connection, stage, version)),
            authors=rows.authors(connection, version.id),
        )


_WANTED = {"owner": "owner", "purpose": "purpose", "datasets": "training data"}


def lacks(context: Context, address: str) -> dict[str, str]:
    """What nobody will know about a version: field to what it is called, of owner, purpose and training data.

    Raises:
        NotFound: there is no such version.
    """
    with context.read() as connection:
        version = addresses.version(connection, address)
        missing = demands.missing(connection, version, tuple(_WANTED))
    return {name: _WANTED[name] for name in missing}
