"""The registry against the disk: what does not agree, and how it is mended."""

from __future__ import annotations

import os
import platform
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import LinealError, MachineError
from lineal.operations import automation
from lineal.queries import artifacts as artifact_rows
from lineal.queries import pipelines as pipeline_rows
from lineal.queries import registry as registry_rows
from lineal.queries import releases as release_rows
from lineal.queries import runs as run_rows
from lineal.queries import stages as stage_rows
from lineal.records.automation import LOST
from lineal.records.runs import RunStatus
from lineal.records.upkeep import Finding, FindingKind
from lineal.staging import bindings, hooks, layout, pipelines, turns
from lineal.write_path import waking
from lineal.write_path.context import boot_id
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lineal.records.releases import Release, StageSettings
    from lineal.records.runs import Run
    from lineal.records.stages import Stage
    from lineal.write_path.context import Context

RUNNING = "pipeline_running"
"""Kind of the finding that is no fault: somebody moves the stage now, so it was not looked at."""

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs"})


_PASSES = 2
"""A dead pipeline hides what is wrong with its stage: what shows once it is taken back is mended, too."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A finding, and what became of it."""

    finding: Finding
    done: str | None
    """What was done; None when it stays."""


@dataclass(frozen=True, slots=True)
class _Problem:
    """A finding with its cure."""

    finding: Finding
    cure: Callable[[], str] | None
    """Mends it and says how; None when a person must."""


def examine(context: Context) -> list[Finding]:
    """Compare the registry with the disk; changes nothing."""
    return [problem.finding for problem in _problems(context)]


def verify_releases(context: Context) -> tuple[tuple[Finding, ...], int]:
    """Hash every release on this machine; returns what is wrong with them, and how many were read."""
    findings: list[Finding] = []
    read = 0
    with context.read() as connection:
        bound = [
            (stage_rows.stage_by_id(connection, number), settings)
            for number, settings in release_rows.all_bound(connection)
        ]
    for stage, settings in bound:
        place = f"{stage.model}@{stage.name}"
        with context.read() as connection:
            known = release_rows.releases_of(connection, stage.id)
            artifacts = {
                release.version: artifact_rows.files_of(connection, [release.version]).get(release.version)
                for release in known
            }
        for release in known:
            artifact = artifacts[release.version]
            path = Path(settings.release) / release.name
            wrong = None if artifact is None else layout.wrong_bytes(path, artifact)
            read += 1
            if wrong is not None:
                cure = "`lineal doctor --repair` lays it out anew"
                if layout.what_differs(path, release.files) is None:  # which only reading it can tell
                    cure = f"remove that folder; then {cure}"
                findings.append(Finding(FindingKind.RELEASE, place, str(path), wrong, cure))
    return tuple(findings), read


def repair(context: Context) -> list[Mended]:
    """Mend what can be mended.

    Raises:
        NotPermitted, ReadOnlyRegistry: changes are not possible here.
    """
    context.check(Permission.REPAIR, "registry")
    mended: list[Mended] = []
    known: set[Finding] = set()
    for _ in range(_PASSES):
        found = [problem for problem in _problems(context) if problem.finding not in known]
        known.update(problem.finding for problem in found)
        mended.extend(map(_mend, found))
    return mended


def _mend(problem: _Problem) -> Mended:
    finding = problem.finding
    if problem.cure is None:
        return Mended(finding, None)
    try:
        return Mended(finding, problem.cure())
    except LinealError as error:
        why = f"{finding.problem}; mending it failed: {error}"
        return Mended(Finding(finding.kind, finding.ref, finding.path, why, finding.repair), None)


def _problems(context: Context) -> Iterator[_Problem]:
    yield from _file_system(context)
    yield from _modes(context)
    yield from _lost_runs(context)
    yield from _deliveries(context)
    with context.read() as connection:
        bound = release_rows.all_bound(connection)
        stages = [(stage_rows.stage_by_id(connection, number), settings) for number, settings in bound]
    for stage, settings in stages:
        yield from _stage(context, stage, settings)


def _file_system(context: Context) -> Iterator[_Problem]:
    kind = _type_of_mount(context.root)
    if kind in _NETWORK:
        why = f"the registry is on a network file system ({kind}), where locks and fsync cannot be trusted"
        yield _Problem(Finding("network_file_system", None, str(context.root), why, "move it to a local disk"), None)


def _type_of_mount(path: Path) -> str:
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "unknown"  # not Linux
    best, kind = "", "unknown"
    where = str(path.resolve())
    for line in mounts:
        _, place, type_, *_ = line.split(" ")
        place = place.replace("\\040", " ")
        if (where == place or where.startswith(place.rstrip("/") + "/")) and len(place) >= len(best):
            best, kind = place, type_
    return kind


def _modes(context: Context) -> Iterator[_Problem]:
    owner = (context.root / "registry.db").stat().st_uid
    for folder, _, names in os.walk(context.objects.root):
        for name in names:
            path = Path(folder) / name
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue  # a writer is done with it since the folder was listed
            if path != context.objects.uses and path.parent.name != "tmp" and stat.S_IMODE(status.st_mode) & 0o222:
                why = f"the object can be written (mode {stat.S_IMODE(status.st_mode):04o})"
                finding = Finding("object_mode", None, str(path), why, "make it read-only")
                yield _Problem(finding, partial(_make_read_only, path))
            if status.st_uid != owner:
                why = f"it belongs to user {status.st_uid}, the registry to user {owner}"
                yield _Problem(Finding("owner", None, str(path), why, f"chown {owner} {path}"), None)


def _make_read_only(path: Path) -> str:
    path.chmod(0o444)
    return "made it read-only"


def lost_runs(context: Context) -> Iterator[tuple[Run, int]]:
    """Runs that are recorded as running on this host, but whose process is gone; with its id."""
    with context.read() as connection:
        running = run_rows.left_running(connection)
    for run, process in running:
        host, boot, pid = process.rsplit("/", 2)
        if host == platform.node() and not (boot == boot_id() and _is_alive(int(pid))):
            yield run, int(pid)


def _lost_runs(context: Context) -> Iterator[_Problem]:
    for run, pid in lost_runs(context):
        finding = Finding(
            "run_lost",
            f"run:{run.id}",
            None,
            f"it is recorded as running, but its process {pid} is gone",
            "record it as killed",
        )
        yield _Problem(finding, partial(_end_run, context, run))


def _deliveries(context: Context) -> Iterator[_Problem]:
    for found in automation.lost(context):
        why = f"delivery {found.id} of event {found.seq} to the automation {found.automation} was lost: {LOST}"
        repair_ = f"look, and perhaps `lineal on again {found.id}`; this takes note of it"
        yield _Problem(Finding("delivery_lost", found.ref, None, why, repair_), partial(_note, context, found.id))
    count = automation.unattended(context)
    if count:
        why = f"{count} {'delivery waits' if count == 1 else 'deliveries wait'}, and no process runs them"
        yield _Problem(Finding("delivery_waiting", None, None, why, "run them"), partial(_wake, context))


def _note(context: Context, delivery: int) -> str:
    automation.note(context, delivery)
    return "took note of it; it was not run again"


def _wake(context: Context) -> str:
    waking.wake(context.root)
    return "started a process that runs them"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _end_run(context: Context, run: Run) -> str:
    with context.change(Permission.LOG, f"run:{run.id}") as change:
        run_rows.finish(change.connection, run.n, RunStatus.KILLED, change.at, None)
        change.record("run_killed", f"run:{run.id}", found_by="doctor")
    return "recorded it as killed"


def _stage(context: Context, stage: Stage, settings: StageSettings) -> Iterator[_Problem]:
    place = f"{stage.model}@{stage.name}"
    directory = Path(settings.release)
    if turns.is_running(context, stage.id):
        yield _Problem(Finding(RUNNING, place, str(directory), "a pipeline is moving it now", None), None)
        return
    with context.read() as connection:
        dead = pipeline_rows.running(connection, stage.id)
        live = stage_rows.live(connection, stage.id)
        known = release_rows.releases_of(connection, stage.id)
        uid = registry_rows.uid(connection)
    try:
        layout.check_claim(directory, registry=uid, place=place)
        now = layout.points_at(directory)
    except LinealError as error:
        cure, hint = None, error.hint
        if not os.path.lexists(directory):
            cure, hint = partial(_make_again, context, stage, settings, uid), "make it again, with all its releases"
        yield _Problem(Finding("release_directory", place, str(directory), str(error), hint), cure)
        return
    if dead is not None:
        step = dead.running_step or "between two steps"
        why = f"a {dead.order.action} by {dead.actor.user} was left unfinished at: {step}"
        finding = Finding("pipeline_dead", place, str(directory), why, "take it back or finish it")
        yield _Problem(finding, partial(_recover, context, stage))
        return
    live_version = None if live is None else live.to_version
    for release in known:
        yield from _release(context, stage, settings, release, is_live=release.version == live_version)
    wanted = next((release.name for release in known if release.version == live_version), None)
    if live_version is not None and wanted is None:
        why = "what is live was never laid out there"
        yield _current(context, stage, settings, str(directory), why)
    elif now != wanted:
        why = f"{layout.CURRENT} points at {now or 'nothing'}, but {wanted or 'nothing'} is live"
        yield _current(context, stage, settings, str(directory / layout.CURRENT), why)
    yield from _strangers(context, stage, directory, {release.name for release in known})


def _release(
    context: Context, stage: Stage, settings: StageSettings, release: Release, *, is_live: bool
) -> Iterator[_Problem]:
    path = Path(settings.release) / release.name
    differs = layout.what_differs(path, release.files)
    if differs is not None:
        role = "the live release" if is_live else "a release that a rollback may need"
        finding = Finding(
            "release_edited", f"{stage.model}@{stage.name}", str(path), f"{role}: {differs}", "lay it out anew"
        )
        yield _Problem(finding, partial(_lay_out_anew, context, stage, settings, release))


def _current(context: Context, stage: Stage, settings: StageSettings, path: str, why: str) -> _Problem:
    place = f"{stage.model}@{stage.name}"
    repair_ = "lay out what is live, point current at it, and run the hook"
    return _Problem(Finding("current_elsewhere", place, path, why, repair_), partial(_settle, context, stage, settings))


def _strangers(context: Context, stage: Stage, directory: Path, known: set[str]) -> Iterator[_Problem]:
    place = f"{stage.model}@{stage.name}"
    for path in layout.debris(directory):
        finding = Finding("debris", place, str(path), "left by a process that died", "remove it")
        yield _Problem(finding, partial(_remove, context, stage, path))
    for path in sorted(directory.iterdir()):
        if path.name not in known | {layout.CURRENT, layout.MARK} and not path.name.startswith("."):
            why = "no release of this registry; nobody owns it"
            yield _Problem(Finding("stranger", place, str(path), why, "remove it by hand if you know it"), None)


def _remove(context: Context, stage: Stage, path: Path) -> str:
    with turns.alone(context, stage):  # a pipeline that began since would lay out here
        layout.remove(path)
    if os.path.lexists(path):
        raise MachineError(path=path, why="it cannot be removed")
    return "removed it"


def _recover(context: Context, stage: Stage) -> str:
    notices: list[str] = []
    with turns.alone(context, stage):
        pipelines.recover(context, stage, notice=notices.append)
    return "; ".join(notices) or "another process did it meanwhile"


def _lay_out_anew(context: Context, stage: Stage, settings: StageSettings, release: Release) -> str:
    with turns.alone(context, stage):
        with context.read() as connection:
            version = addresses.must_have(connection, release.version)
        bindings.lay_out(context, stage, version, Path(settings.release))
    return "laid it out anew from the objects"


def _make_again(context: Context, stage: Stage, settings: StageSettings, uid: str) -> str:
    with context.read() as connection:
        known = release_rows.releases_of(connection, stage.id)
        dead = pipeline_rows.running(connection, stage.id)
    with turns.alone(context, stage):
        layout.claim(Path(settings.release), registry=uid, place=f"{stage.model}@{stage.name}")
    for release in known:
        _lay_out_anew(context, stage, settings, release)
    done = _settle(context, stage, settings) if dead is None else _recover(context, stage)
    return f"made it again with {len(known)} of its releases; {done}"


def _settle(context: Context, stage: Stage, settings: StageSettings) -> str:
    with turns.alone(context, stage):
        done = bindings.settle(context, stage, settings) or "nothing was to do"
        if settings.hook is None:
            return done
        with context.read() as connection:
            live = stage_rows.live(connection, stage.id)
        label = (None if live is None else live.to_label) or ""
        finished = hooks.run_for_stage(
            settings.hook,
            settings,
            layout.points_at(Path(settings.release)),
            {
                "LINEAL_MODEL": stage.model,
                "LINEAL_STAGE": stage.name,
                "LINEAL_ACTION": "repair",
                "LINEAL_FROM": label,
                "LINEAL_TO": label,
                "LINEAL_ACTOR": context.actor.user,
                "LINEAL_REASON": "",
            },
        )
    return f"{done}; the hook {'ran' if finished.succeeded else 'FAILED: ' + finished.output.strip()}"
