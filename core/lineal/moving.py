"""One pipeline at work: verify, lay out, switch, hook, health, record, or take it all back."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lineal import addresses, commands, layout
from lineal.errors import Cancelled, Damaged, LinealError, MachineError, ReleaseFailed, to_fields
from lineal.queries import artifacts as artifact_rows
from lineal.queries import pipelines as rows
from lineal.queries import releases as release_rows
from lineal.queries import stages as stage_rows
from lineal.records.releases import StepState
from lineal.records.stages import Action, Outcome
from lineal.transitions import PERMISSIONS, Ground, append

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lineal.context import Change, Context
    from lineal.records.base import Micros
    from lineal.records.models import Version
    from lineal.records.releases import LaidFile, Order, Release, StageSettings
    from lineal.records.stages import Stage, Transition

_CANCEL_POLL_SECONDS = 0.25


class _Stopped(Exception):
    """Raised inside a pipeline when it was cancelled."""


class Work:
    """A pipeline at work. Whoever makes one holds the stage's lock."""

    def __init__(
        self,
        context: Context,
        number: int,
        order: Order,
        found: Ground,
        settings: StageSettings,
        began_at: Micros,
        progress: Callable[[int], None],
    ) -> None:
        """Take up a pipeline whose journal is open; `progress` is told bytes as they are hashed or copied."""
        self.number = number
        self._context = context
        self._order = order
        self._found = found
        self._settings = settings
        self._directory = Path(settings.release)
        self._began_at = began_at
        self._progress = progress
        self._switched_at: Micros | None = None
        self._output = ""
        self._last_look = 0.0
        self._cancelled_by: str | None = None

    @property
    def _place(self) -> str:
        return f"{self._order.model}@{self._order.stage}"

    def run(self) -> tuple[Transition, LinealError | None]:
        """Do all steps; returns how it ended, and the error that tells the person."""
        try:
            name = self._prepare()
            self._stop_if_cancelled()
            layout.switch(self._directory, name)
        except _Stopped:
            return self._record(Outcome.CANCELLED, Cancelled(what=self._what, who=self._cancelled_by))
        except Damaged as error:
            return self._record(Outcome.FAILED, Damaged(**error.data, hint=self._elsewhere() or error.hint))
        except LinealError as error:
            failure = error
            if isinstance(error, MachineError):
                failure = ReleaseFailed(what=self._what, why=f"{error}; nothing was switched", hint=error.hint)
            return self._record(Outcome.FAILED, failure)
        return self._after_switch(name)

    @property
    def _what(self) -> str:
        target = "nothing" if self._found.target is None else self._found.target.label
        return f"{self._order.action} of {self._place} to {target}"

    def _elsewhere(self) -> str | None:
        """Where else a rollback could go when the bytes of its target are damaged."""
        if self._order.action is not Action.ROLLBACK:
            return None
        with self._context.read() as connection:
            for candidate, _ in addresses.rollback_chain(connection, self._found.live):
                if candidate.id != self._order.target:
                    return f"the next candidate is {candidate.ref}: add --to {candidate.ref}"
        return None

    def _prepare(self) -> str | None:
        """Check the target's bytes and lay its release out; returns the release's name, None for clearing."""
        with self._context.read() as connection:
            uid = str(connection.execute("SELECT uid FROM registry").fetchone()[0])
        layout.check_claim(self._directory, registry=uid, place=self._place)
        target = self._found.target
        if target is None:
            self._advance("switch", skipped=("verify", "lay out"))
            return None
        with self._context.read() as connection:
            artifact = artifact_rows.files_of(connection, [target.id]).get(target.id)
            release = release_rows.release(connection, self._found.stage.id, target.id)
        if artifact is None:
            raise ReleaseFailed(what=self._what, why="it has no files to lay out", hint="promote one that has")
        differs = self._difference(release)
        if differs is None and self._order.verify and release is not None:
            differs = self._hash_release(release, {entry.path: entry.digest for entry in artifact.files})
        if self._order.action is Action.PROMOTE or differs is not None:
            self._context.objects.check_all(
                [(entry.digest, entry.size) for entry in artifact.files], progress=self._told
            )
        if differs is None:
            self._advance("switch", done=("verify",), skipped=("lay out",))
            return layout.release_name(target)
        self._advance("lay out", done=("verify",), output=differs)
        files = layout.lay_out(self._directory, target, artifact, self._context.objects, progress=self._told)
        self._advance("switch", done=("lay out",), release=(target, files))
        return layout.release_name(target)

    def _difference(self, release: Release | None) -> str | None:
        if release is None:
            return "it was not laid out yet"
        return layout.what_differs(self._directory / release.name, release.files)

    def _hash_release(self, release: Release, digests: dict[str, str]) -> str | None:
        from lineal.fingerprint import hash_file  # noqa: PLC0415  only --verify needs it here

        for file in release.files:
            if hash_file(self._directory / release.name / file.path)[0] != digests.get(file.path):
                return f"{file.path} has other bytes"
            self._told(file.size)
        return None

    def _told(self, count: int) -> None:
        self._progress(count)
        self._stop_if_cancelled()

    def _after_switch(self, name: str | None) -> tuple[Transition, LinealError | None]:
        self._switched_at = self._context.clock()
        return self._judge(name)

    def _judge(self, name: str | None) -> tuple[Transition, LinealError | None]:
        """Run hook and health, and record what they say."""
        problem = self._hook_and_health(name)
        if problem is None:
            checked = self._settings.checks_health and not self._order.skip_health and name is not None
            return self._record(Outcome.HEALTHY if checked else Outcome.UNCHECKED, None)
        if self._cancelled_by is None and self._order.action is not Action.PROMOTE:
            return self._record(
                Outcome.UNHEALTHY,
                ReleaseFailed(
                    what=self._what,
                    why=f"it is live but unhealthy: {problem}",
                    hint=f"go further back with `lineal rollback {self._place}`, put back what was there with "
                    f"`lineal undo {self._place}`, or use --skip-health when the check itself is broken",
                ),
            )
        return self.take_back(problem)

    def adopt(self, switched_at: Micros, cancelled_by: str | None) -> None:
        """Take over from a process that died after its switch."""
        self._switched_at = switched_at
        self._cancelled_by = cancelled_by

    def resume(self) -> tuple[Transition, LinealError | None]:
        """Go on after the switch of a pipeline whose process died there."""
        return self._judge(layout.points_at(self._directory))

    def abandon(self, why: str) -> tuple[Transition, LinealError | None]:
        """Record that a pipeline whose process died never switched."""
        return self._record(Outcome.FAILED, ReleaseFailed(what=self._what, why=f"{why}; nothing was switched"))

    def take_back(self, problem: str) -> tuple[Transition, LinealError | None]:
        """Switch back to what was live, run hook and health for it, and record that."""
        previous = self._previous_release()
        told = problem
        try:
            layout.switch(self._directory, previous)
            failed = self._command_steps(previous, action="revert", stoppable=False)
        except LinealError as error:
            failed = f"the switch back failed: {error}"
        if failed is not None:
            told = f"{problem}. TAKING IT BACK FAILED TOO: {failed}"
        what_is_back = "nothing" if previous is None else previous
        failure: LinealError
        if self._cancelled_by is not None and failed is None:
            failure = Cancelled(what=f"{self._what} (taken back: {what_is_back} is live)", who=self._cancelled_by)
        else:
            failure = ReleaseFailed(what=self._what, why=f"{told}; it was taken back, {what_is_back} is live")
        return self._record(Outcome.REVERTED, failure)

    def _previous_release(self) -> str | None:
        live = self._found.live
        if live is None or live.to_version is None:
            return None
        with self._context.read() as connection:
            release = release_rows.release(connection, self._found.stage.id, live.to_version)
        return None if release is None else release.name

    def _hook_and_health(self, name: str | None) -> str | None:
        return self._command_steps(name, action=self._order.action.value, stoppable=True)

    def _command_steps(self, name: str | None, *, action: str, stoppable: bool) -> str | None:
        """Run the hook, then ask health; returns what went wrong."""
        settings = self._settings
        journaled = stoppable
        if settings.hook is None:
            if journaled:
                self._advance("health", done=("switch",), skipped=("hook",))
        else:
            if journaled:
                self._advance("hook", done=("switch",))
            finished = self._run(settings.hook, name, action, stoppable)
            self._output += finished.output
            if not finished.succeeded:
                if journaled:
                    self._advance(None, failed="hook", output=finished.output)
                return self._stopped_or(stoppable, f"the hook failed: {_last_line(finished.output)}")
            if journaled:
                self._advance("health", done=("hook",), output=finished.output)
        if not settings.checks_health or name is None or self._order.skip_health:
            if journaled:
                self._advance(None, skipped=("health",))
            return None
        output = ""
        for attempt in range(settings.tries):
            if attempt:
                self._pause(settings.interval, stoppable)
            finished = self._ask(name, action, stoppable)
            output += f"try {attempt + 1} of {settings.tries}: {finished.output.strip() or 'ok'}\n"
            if finished.succeeded:
                self._output += output
                if journaled:
                    self._advance(None, done=("health",), output=output)
                return None
            if stoppable and self._was_cancelled():
                break
        self._output += output
        if journaled:
            self._advance(None, failed="health", output=output)
        return self._stopped_or(stoppable, f"the health check failed: {_last_line(output)}")

    def _stopped_or(self, stoppable: bool, why: str) -> str:
        return f"it was cancelled by {self._cancelled_by}" if stoppable and self._cancelled_by else why

    def _run(self, arguments: tuple[str, ...], name: str | None, action: str, stoppable: bool) -> commands.Finished:
        reverting = action == "revert"
        live = self._found.live
        old = (live.to_label if live else None) or ""
        new = "" if self._found.target is None else self._found.target.label
        return run_for_stage(
            arguments,
            self._settings,
            name,
            {
                "LINEAL_MODEL": self._order.model,
                "LINEAL_STAGE": self._order.stage,
                "LINEAL_ACTION": action,
                "LINEAL_FROM": new if reverting else old,
                "LINEAL_TO": old if reverting else new,
                "LINEAL_ACTOR": self._context.actor.user,
                "LINEAL_REASON": self._order.reason or "",
            },
            stop=self._was_cancelled if stoppable else lambda: False,
        )

    def _ask(self, name: str | None, action: str, stoppable: bool) -> commands.Finished:
        settings = self._settings
        if settings.health_url is not None:
            return commands.ask(
                settings.health_url,
                status=settings.health_status,
                text=settings.health_text,
                seconds=settings.timeout,
            )
        return self._run(settings.health or (), name, action, stoppable)

    def _pause(self, seconds: float, stoppable: bool) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
            if stoppable and self._was_cancelled():
                return

    def _was_cancelled(self) -> bool:
        if self._cancelled_by is None and time.monotonic() - self._last_look >= _CANCEL_POLL_SECONDS:
            self._last_look = time.monotonic()
            with self._context.read() as connection:
                self._cancelled_by = rows.cancelled_by(connection, self.number)
        return self._cancelled_by is not None

    def _stop_if_cancelled(self) -> None:
        if self._was_cancelled():
            raise _Stopped

    def _advance(
        self,
        following: str | None,
        *,
        done: tuple[str, ...] = (),
        skipped: tuple[str, ...] = (),
        failed: str | None = None,
        output: str | None = None,
        release: tuple[Version, tuple[LaidFile, ...]] | None = None,
    ) -> None:
        """Note in one transaction which steps ended and which one begins."""
        with self._context.journal(self._place) as connection:
            at = self._context.clock()
            for name in done:
                rows.set_step(connection, self.number, name, StepState.DONE, at, output)
            for name in skipped:
                rows.set_step(connection, self.number, name, StepState.SKIPPED, at)
            if failed is not None:
                rows.set_step(connection, self.number, failed, StepState.FAILED, at, output)
            if following is not None:
                rows.set_step(connection, self.number, following, StepState.RUNNING, at)
            if release is not None:
                version, files = release
                name = layout.release_name(version)
                release_rows.put_release(connection, self._found.stage.id, version.id, name, files, at)
            if self._switched_at is not None:
                rows.set_switched(connection, self.number, self._switched_at)

    def _record(self, outcome: Outcome, failure: LinealError | None) -> tuple[Transition, LinealError | None]:
        order = self._order
        with self._context.change(PERMISSIONS[order.action], self._place) as change:
            told = None if failure is None else json.dumps(to_fields(failure))
            transition = append(
                change,
                self._found,
                order,
                outcome,
                began_at=self._began_at,
                switched_at=self._switched_at,
                output=self._output if failure is not None else None,
            )
            self._end_steps(change, failure)
            rows.end(change.connection, self.number, change.at, transition.id, told)
        tidy(self._context, self._found.stage, self._settings)
        return transition, failure

    def _end_steps(self, change: Change, failure: LinealError | None) -> None:
        found = rows.pipeline(change.connection, self.number)
        for step in () if found is None else found.steps:
            if step.state is StepState.RUNNING:
                state = StepState.DONE if failure is None else StepState.FAILED
                rows.set_step(change.connection, self.number, step.name, state, change.at)
            elif step.name == "record":
                rows.set_step(change.connection, self.number, step.name, StepState.DONE, change.at)
            elif step.state is StepState.WAITING:
                rows.set_step(change.connection, self.number, step.name, StepState.SKIPPED, change.at)


def run_for_stage(
    arguments: tuple[str, ...],
    settings: StageSettings,
    release: str | None,
    environment: Mapping[str, str],
    *,
    stop: Callable[[], bool] = lambda: False,
) -> commands.Finished:
    """Run a stage's hook or health command in its directory, told what happens and which release is meant."""
    directory = Path(settings.release)
    return commands.run(
        arguments,
        environment={**environment, "LINEAL_RELEASE": "" if release is None else str(directory / release)},
        folder=directory,
        seconds=settings.timeout,
        stop=stop,
    )


def _last_line(output: str) -> str:
    """What a command said last, and how it ended."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if len(lines) > 1 and lines[-1].startswith("["):
        return f"{lines[-2]} {lines[-1]}"
    return lines[-1] if lines else "it printed nothing"


def tidy(context: Context, stage: Stage, settings: StageSettings) -> list[str]:
    """Remove releases that are neither live nor what `keep` rollbacks could reach; returns their names."""
    with context.read() as connection:
        live = stage_rows.live(connection, stage.id)
        kept = {None if live is None else live.to_version}
        for place, (version, _) in enumerate(addresses.rollback_chain(connection, live)):
            if place >= settings.keep:
                break
            kept.add(version.id)
        old = [release for release in release_rows.releases_of(connection, stage.id) if release.version not in kept]
    if not old:
        return []
    directory = Path(settings.release)
    with context.journal(f"{stage.model}@{stage.name}") as connection:
        for release in old:
            release_rows.drop_release(connection, release.id)
    for release in old:
        layout.retire(directory, release.name)
    return [release.name for release in old]
