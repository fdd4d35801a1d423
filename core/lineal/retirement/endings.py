"""How versions end: deprecated first, then retired with their record kept, and their bytes dropped when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import Refused
from lineal.queries import endings as rows
from lineal.queries import releases
from lineal.queries import stages as stage_rows
from lineal.records.endings import Ended, Hold
from lineal.records.models import VersionStatus
from lineal.records.releases import StageSettings
from lineal.retirement import collecting
from lineal.rules import naming
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3

    from lineal.records.base import Digest, Micros
    from lineal.records.models import Model, Version
    from lineal.write_path.context import Change, Context

_REACH = StageSettings("/").keep
"""How many rollbacks away a version still counts as a target where a stage does not say."""


def retire(
    context: Context, address: str, *, reason: str | None = None, successor: str | None = None, purge: bool = False
) -> Ended:
    """End a version: nobody makes it live any more, and its record stays for ever.

    Args:
        context: the registry.
        address: of the version; with `purge`, it may be retired already.
        reason: why; needed for one that is not retired yet.
        successor: address of the version to use instead.
        purge: also drop the bytes that no other version needs; digests, sizes and paths stay.

    Raises:
        NotFound: there is no such version, or no such successor.
        Refused: it is live, in flight, or where a rollback would lead; or there is no reason.
    """
    if reason is not None:
        naming.check_text("reason", reason)
    with context.read() as connection:
        address = addresses.version(connection, address).ref  # what a stage's address means may change meanwhile
    with context.change(Permission.PURGE if purge else Permission.RETIRE, address) as change:
        version = addresses.version(change.connection, address)
        if version.status is not VersionStatus.RETIRED:
            _retire(change, version, reason, successor)
        elif not purge:
            raise Refused(what=f"retiring {address}", why="it is retired already", hint="add --purge to drop its bytes")
        dropped, freed, shared = _purge(change, version) if purge else ((), 0, 0)
        retirement = rows.retirements(change.connection, [version.id])[version.id]
    collecting.drop(context, dropped)
    return Ended(address, retirement, freed, len(dropped), shared)


def _retire(change: Change, version: Version, reason: str | None, successor: str | None) -> None:
    connection = change.connection
    if not reason:
        raise Refused(
            what=f"retiring {version.ref}", why="its record is kept for ever, and a reason with it", hint="add --reason"
        )
    found = holds(connection, version)
    if found:
        raise Refused(
            what=f"retiring {version.ref}",
            why="; ".join(f"{hold.why} {hold.place}" for hold in found),
            hint=f"`lineal mark {version.ref} --bad`, so that no rollback leads to it"
            if all(hold.is_past for hold in found)
            else "promote another version there first",
        )
    heir = _heir(connection, version, successor)
    rows.retire(connection, version.id, change.at, change.actor, reason, None if heir is None else heir.id)
    change.record(
        "version_retired",
        version.ref,
        reason=reason,
        successor=None if heir is None else heir.ref,
        digest=version.digest,
    )


def _purge(change: Change, version: Version) -> tuple[tuple[Digest, ...], int, int]:
    """Drop the bytes of a retired version from the record; returns the objects to remove, their bytes, and the rest."""
    connection = change.connection
    before = rows.retirements(connection, [version.id])[version.id]
    if before.purged_at is not None:
        raise Refused(what=f"purging {version.ref}", why="its bytes were purged already")
    found = rows.bytes_of(connection, version.id)
    rows.purge(connection, version.id, change.at, change.actor.user, found.objects)
    change.record("version_purged", version.ref, digest=version.digest, bytes=found.own, objects=list(found.objects))
    return found.objects, found.own, found.shared


def holds(connection: sqlite3.Connection, version: Version) -> list[Hold]:
    """What keeps a version from being retired: stages where it is live, on its way, or where a rollback leads."""
    return _held(connection, addresses.model(connection, version.model)).get(version.id, [])


def _held(connection: sqlite3.Connection, model: Model) -> dict[int, list[Hold]]:
    """By row number, what keeps versions of a model."""
    found: dict[int, list[Hold]] = {}
    for name, *ends in rows.pipelines_with(connection, model.id):
        for number in ends:
            if number is not None:
                found.setdefault(number, []).append(Hold(f"{model.name}@{name}", "a pipeline moves it at"))
    for stage in stage_rows.stages_of(connection, model.id):
        live = stage_rows.live(connection, stage.id)
        if live is None:
            continue
        place = f"{model.name}@{stage.name}"
        if live.to_version is not None:
            found.setdefault(live.to_version, []).append(Hold(place, "it is live at"))
        settings = releases.settings(connection, stage.id)
        reach = _REACH if settings is None else settings.keep
        for steps, (target, _) in enumerate(addresses.rollback_chain(connection, live), start=1):
            if steps > reach:
                break
            where = "a rollback leads to it at" if steps == 1 else f"{steps} rollbacks lead to it at"
            found.setdefault(target.id, []).append(Hold(place, where, is_past=True))
    return found


def held(connection: sqlite3.Connection, model: Model) -> frozenset[int]:
    """Row numbers of the versions of a model that cannot be retired now."""
    return frozenset(_held(connection, model))


def _heir(connection: sqlite3.Connection, version: Version, successor: str | None) -> Version | None:
    if successor is None:
        return None
    heir = addresses.version(connection, successor)
    if heir.id == version.id:
        raise Refused(what=f"naming {heir.ref} as the successor", why="it is the version itself")
    if heir.status is not VersionStatus.ACTIVE:
        raise Refused(what=f"naming {heir.ref} as the successor", why=f"it is {heir.status}")
    return heir


def overdue(context: Context) -> list[Version]:
    """The versions that were to end by now and have not, the longest overdue first."""
    with context.read() as connection:
        return [addresses.must_have(connection, number) for number in rows.overdue(connection, context.clock())]


def deprecate(
    context: Context,
    address: str,
    *,
    until: Micros | None,
    reason: str | None = None,
    successor: str | None = None,
) -> Version:
    """Say until when a version may be used; everybody sees it until then, and that it is due afterwards.

    Args:
        context: the registry.
        address: of the version.
        until: when it ends; None takes the deprecation back.
        reason: why.
        successor: address of the version to use instead.

    Raises:
        NotFound: there is no such version, or no such successor.
        Refused: it is retired.
    """
    if reason is not None:
        naming.check_text("reason", reason)
    with context.read() as connection:
        address = addresses.version(connection, address).ref
    with context.change(Permission.RETIRE, address) as change:
        version = addresses.version(change.connection, address)
        if version.status is VersionStatus.RETIRED:
            raise Refused(what=f"deprecating {address}", why="it is retired")
        if until is None and version.deprecated_until is None:
            return version
        heir = _heir(change.connection, version, successor)
        rows.deprecate(
            change.connection,
            version.id,
            until,
            reason=reason,
            successor=None if heir is None else heir.id,
            at=change.at,
            actor=change.actor.user,
        )
        change.record(
            "deprecated" if until is not None else "deprecation_withdrawn",
            address,
            until=until,
            reason=reason,
            successor=None if heir is None else heir.ref,
        )
        return addresses.version(change.connection, address)
