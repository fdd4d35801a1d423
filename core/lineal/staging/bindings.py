"""Binding stages to directories on this machine."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lineal import addresses
from lineal.errors import BadValue, Conflict, NotFound, NothingLive, Refused
from lineal.machine.locate import at_home
from lineal.machine.locks import is_held
from lineal.queries import artifacts as artifact_rows
from lineal.queries import pipelines as pipeline_rows
from lineal.queries import registry as registry_rows
from lineal.queries import releases as rows
from lineal.queries import stages as stage_rows
from lineal.records.models import VersionStatus
from lineal.records.releases import StageSettings, StageState
from lineal.rules import naming
from lineal.rules.values import check_command
from lineal.staging import layout
from lineal.staging.turns import alone
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from lineal.records.models import Version
    from lineal.records.releases import LaidFile
    from lineal.records.stages import Stage
    from lineal.write_path.context import Change, Context


def bind(
    context: Context,
    address: str,
    changes: Mapping[str, Any],
    *,
    also: Callable[[Change], None] = lambda _: None,
) -> StageSettings:
    """Bind a stage to a directory, or change how it is bound; what is live is laid out there and made `current`.

    Neither hook nor health run: nothing new becomes live.

    Args:
        context: the registry.
        address: of the stage.
        changes: fields of `StageSettings` to values; `release` is wanted the first time.
        also: what else is changed in the same transaction.

    Raises:
        NotFound: there is no such stage.
        BadValue: a field does not fit.
        Refused: the directory is another's, or holds other things.
        Conflict: a pipeline moves the stage.
        MachineError: the directory cannot be made, or is full.
    """
    ref = addresses.stage_ref(address)
    place = str(ref)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        known = rows.settings(connection, stage.id)
        uid = registry_rows.uid(connection)
    context.check(Permission.CONFIGURE, place)
    new = _checked(place, known, changes)
    directory = Path(new.release)
    has_moved = known is None or known.release != new.release
    with alone(context, stage):
        laid = None
        if has_moved or "release" in changes:  # named again: perhaps it was removed
            with context.read() as connection:
                taken = rows.bound_to(connection, new.release)
            if taken not in {None, stage.id}:
                raise Refused(what=f"binding {place} to {new.release}", why="another stage is bound to it")
            _refuse_unfinished(context, stage, f"binding {place}")
            layout.claim(directory, registry=uid, place=place)
            laid = _lay_out_live(context, stage, directory, is_new=has_moved)
        with context.change(Permission.CONFIGURE, place) as change:
            _check_same(change.connection, stage)
            also(change)
            if has_moved:
                rows.unset_settings(change.connection, stage.id)
            rows.set_settings(change.connection, stage.id, new)
            if laid is not None:
                version, files = laid
                rows.put_release(
                    change.connection, stage.id, version.id, layout.release_name(version), files, change.at
                )
            health = new.health_url or new.health
            change.record("stage_bound", place, release=new.release, hook=new.hook, health=health, keep=new.keep)
    return new


def _check_same(connection: sqlite3.Connection, stage: Stage) -> None:
    """Check, within a change, that a stage is the one that was looked up before: it may have been removed meanwhile.

    Raises:
        NotFound, Conflict: it is not there any more, or another one of its name is.
    """
    _, now = addresses.stage(connection, stage.model, stage.name)
    if now.id != stage.id:
        what = f"changing {stage.model}@{stage.name}"
        raise Conflict(what=what, why="it was removed and added again meanwhile", hint="do it once more")


def _refuse_unfinished(context: Context, stage: Stage, what: str) -> None:
    with context.read() as connection:
        found = pipeline_rows.running(connection, stage.id)
    if found is not None:
        why = f"a {found.order.action} by {found.actor.user} was left unfinished"
        raise Conflict(what=what, why=why, hint="bring it in order with `lineal doctor --repair`")


def _lay_out_live(
    context: Context, stage: Stage, directory: Path, *, is_new: bool
) -> tuple[Version, tuple[LaidFile, ...]] | None:
    """Make what is live `current` in a directory; returns what was laid out there for it."""
    with context.read() as connection:
        live = stage_rows.live(connection, stage.id)
        version = None if live is None or live.to_version is None else addresses.must_have(connection, live.to_version)
        known = None if version is None or is_new else rows.release(connection, stage.id, version.id)
    name, files = None, None
    if version is not None:
        if known is None or layout.what_differs(directory / known.name, known.files) is not None:
            files = _lay_out_checked(context, version, directory)
        if known is not None or files is not None:
            name = layout.release_name(version)
    if layout.points_at(directory) != name:
        layout.switch(directory, name)
    return None if version is None or files is None else (version, files)


def _checked(place: str, known: StageSettings | None, changes: Mapping[str, Any]) -> StageSettings:
    changes = dict(changes)
    if known is None and changes.get("release") is None:
        raise BadValue(field=f"stage {place}", value="-", why="name its directory first, with --release DIR")
    if "release" in changes:
        release = os.fspath(changes["release"])
        naming.check_text("release", release)
        if any(ord(character) < ord(" ") or character == "\x7f" for character in release):
            why = "a control character is in it; name another folder"
            raise BadValue(field="release", value=naming.shown(release), why=why)
        changes["release"] = os.path.abspath(at_home(release))  # noqa: PTH100  a link must show
    for one, other in (("health", "health_url"), ("health_url", "health")):
        if changes.get(one) is not None and changes.setdefault(other) is not None:
            raise BadValue(field=one, value=changes[one], why="health is asked by a command or at an address, not both")
    for field in ("hook", "health"):
        if changes.get(field) is not None:
            changes[field] = check_command(field, changes[field])
    new = replace(known or StageSettings(release=""), **changes)
    for field, value, least, most in (
        ("tries", new.tries, 1, 1_000),
        ("keep", new.keep, 1, 1_000),
        ("health_status", new.health_status, 100, 599),
        ("interval", new.interval, 0, 3_600),
        ("timeout", new.timeout, 0.1, 86_400),
    ):
        is_number = isinstance(value, int | float if field in {"interval", "timeout"} else int)
        if not is_number or not least <= value <= most:
            raise BadValue(field=field, value=value, why=f"it is {least} to {most:,}")
    if new.health_url is not None:
        _check_address(new.health_url)
    if new.health_text is not None:
        naming.check_text("health_text", new.health_text)
    return new


def _check_address(url: str) -> None:
    why = None
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.port == 0:
            why = "it is http://HOST[:PORT]/PATH, or a command"
    except ValueError as error:
        why = str(error)
    if why is None and not (url.isascii() and url.isprintable() and " " not in url):
        why = "an address has neither spaces nor letters beyond ASCII; write them as %20 and the like"
    if why is not None:
        raise BadValue(field="health", value=url, why=why)


def settle(context: Context, stage: Stage, settings: StageSettings) -> str | None:
    """Make `current` what the history says is live, laying it out if it does not lie there.

    Returns:
        What was done; None when all was as it must be.
    """
    directory = Path(settings.release)
    with context.read() as connection:
        live = stage_rows.live(connection, stage.id)
        version = None if live is None or live.to_version is None else addresses.must_have(connection, live.to_version)
        release = None if version is None else rows.release(connection, stage.id, version.id)
    wanted = None
    done = []
    if version is not None:
        wanted = layout.release_name(version)
        if release is None or layout.what_differs(directory / release.name, release.files) is not None:
            if not lay_out(context, stage, version, directory):
                return None
            done.append(f"laid {wanted} out")
    if layout.points_at(directory) != wanted:
        layout.switch(directory, wanted)
        done.append(f"pointed {layout.CURRENT} at {wanted or 'nothing'}")
    return " and ".join(done) or None


def lay_out(context: Context, stage: Stage, version: Version, directory: Path) -> bool:
    """Lay a version's release out from checked objects; False for a version without files.

    Raises:
        Damaged: an object is not as it must be.
        MachineError: the directory cannot be written.
    """
    files = _lay_out_checked(context, version, directory)
    if files is None:
        return False
    with context.journal(f"{stage.model}@{stage.name}") as connection:
        rows.put_release(connection, stage.id, version.id, layout.release_name(version), files, context.clock())
    return True


def _lay_out_checked(context: Context, version: Version, directory: Path) -> tuple[LaidFile, ...] | None:
    with context.read() as connection:
        artifact = artifact_rows.files_of(connection, [version.id]).get(version.id)
    if artifact is None:
        return None  # a version without files was promoted while the stage was a pointer only
    context.objects.check_all([(entry.digest, entry.size) for entry in artifact.files])
    return layout.lay_out(directory, version, artifact, context.objects)


def unbind(context: Context, address: str) -> StageSettings:
    """Make a stage a pointer only; what lies in its directory stays there.

    Raises:
        NotFound: there is no such stage, or it is bound to nothing.
        Conflict: a pipeline moves it.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
    with alone(context, stage):
        _refuse_unfinished(context, stage, f"unbinding {ref}")
        with context.change(Permission.CONFIGURE, str(ref)) as change:
            _check_same(change.connection, stage)
            known = rows.settings(change.connection, stage.id)
            if known is None:
                raise NotFound(kind="release directory", name=str(ref), hint="the stage is a pointer only")
            rows.unset_settings(change.connection, stage.id)
            change.record("stage_unbound", str(ref), release=known.release)
            return known


def state(context: Context, address: str) -> StageState:
    """Everything about a stage on this machine.

    Raises:
        NotFound: there is no such stage.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        settings = rows.settings(connection, stage.id)
        newest = pipeline_rows.latest(connection, stage.id, 1)
        live = stage_rows.live(connection, stage.id)
        version = None if live is None or live.to_version is None else addresses.must_have(connection, live.to_version)
        releases = tuple(rows.releases_of(connection, stage.id))
    return StageState(
        model=stage.model,
        stage=stage.name,
        settings=settings,
        live=None if live is None else live.to_label,
        points_at=None if settings is None else layout.points_at(Path(settings.release)),
        outcome=None if live is None else live.outcome.value,
        releases=releases,
        pipeline=newest[0] if newest else None,
        is_running=is_held(layout.stage_lock(context.root, stage.id)),
        forced=version is not None and stage.name in version.forced,
        alarmed=version is not None and stage.name in version.alarmed,
        bad=version is not None and version.status is VersionStatus.BAD,
    )


def current(context: Context, model: str, stage_name: str) -> Path:
    """The folder of the release that is live now, resolved once, so that files of two releases never mix.

    Raises:
        NotFound: there is no such stage.
        Refused: the stage is bound to no directory.
        NothingLive: nothing is live there.
    """
    with context.read() as connection:
        _, stage = addresses.stage(connection, model, stage_name)
        settings = rows.settings(connection, stage.id)
    if settings is None:
        hint = f"bind it with `lineal stage set {model}@{stage_name} --release DIR`"
        raise Refused(what=f"{model}@{stage_name}", why="it is bound to no directory", hint=hint)
    name = layout.points_at(Path(settings.release))
    if name is None:
        raise NothingLive(ref=f"{model}@{stage_name}", when="")
    return Path(settings.release) / name
