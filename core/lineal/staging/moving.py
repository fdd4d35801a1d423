"""One pipeline at work: verify, lay out, switch, hook, health, record, or take it all back."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import Cancelled, Damaged, LinealError, MachineError, ReleaseFailed, to_fields
from lineal.queries import artifacts as artifact_rows
from lineal.queries import pipelines as rows
from lineal.queries import registry as registry_rows
from lineal.queries import releases as release_rows
from lineal.records.releases import StepState
from lineal.records.stages import Action, Outcome
from lineal.staging import hooks, layout
from lineal.staging.transitions import Ground, append, elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.base import Actor, Micros
    from lineal.records.models import Version
    from lineal.records.releases import LaidFile, Order, Release, StageSettings
    from lineal.records.stages import Transition
    from lineal.write_path.context import Change, Context

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
        actor: Actor,
        began_at: Micros,
        progress: Callable[[int], None],
    ) -> None:
        """Take up a pipeline whose journal is open.

        Args:
            context: the registry.
            number: the pipeline's.
            order: what it is to do.
            found: what the order stands on.
            settings: how the stage is bound.
            actor: who ordered it, who need not be who finishes it.
            began_at: when it began.
            progress: told bytes as they are hashed or copied.
        """
        self.number = number
        self._context = context
        self._order = order
        self._found = found
        self._settings = settings
        self._actor = actor
        self._directory = Path(settings.release)
        self._began_at = began_at
        self._progress = progress
        self._switched_at: Micros | None = None
        self._reverted_at: Micros | None = None
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
            self._look()
            self._stop_if_cancelled()
        except _Stopped:
            return self._record(Outcome.CANCELLED, Cancelled(what=self._what, who=self._cancelled_by))
        except Damaged as error:
            return self._record(Outcome.FAILED, Damaged(**error.data, hint=self._elsewhere() or error.hint))
        except LinealError as error:
            return self._record(Outcome.FAILED, self._unmoved(error))
        try:
            layout.switch(self._directory, name)
        except LinealError as error:
            if layout.points_at(self._directory) != name or name == self._previous_release():
                return self._record(Outcome.FAILED, self._unmoved(error))
            self._switched_at = self._context.clock()  # it moved, and may not last
            return self.take_back(str(error))
        self._switched_at = self._context.clock()
        try:
            return self._judge(name)
        except LinealError as error:
            raise self._unrecorded(error) from error

    def _unmoved(self, error: LinealError) -> LinealError:
        if not isinstance(error, MachineError):
            return error
        return ReleaseFailed(what=self._what, why=f"{error}; nothing was switched", hint=error.hint)

    def _unrecorded(self, error: LinealError) -> LinealError:
        """The registry cannot be written after the switch: leave a promotion's old release live, and say so."""
        if self._order.action is Action.PROMOTE and self._reverted_at is None:
            failed = self._put_back(self._previous_release())
            if failed is not None:
                return ReleaseFailed(what=self._what, why=f"{error}. TAKING IT BACK FAILED TOO: {failed}")
        return ReleaseFailed(
            what=self._what,
            why=f"{error}; {layout.points_at(self._directory) or 'nothing'} is live",
            hint="the next transition, or `lineal doctor --repair`, brings the registry in order",
        )

    @property
    def _what(self) -> str:
        target = "nothing" if self._found.target is None else self._found.target.label
        return f"{self._order.action} of {self._place} to {target}"

    def _elsewhere(self) -> str | None:
        if self._order.action is not Action.ROLLBACK:
            return None
        with self._context.read() as connection:
            return elsewhere(connection, self._found.live, self._order.target)

    def _prepare(self) -> str | None:
        """Check the target's bytes and lay its release out; returns the release's name, None for clearing."""
        with self._context.read() as connection:
            uid = registry_rows.uid(connection)
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
            differs = layout.wrong_bytes(self._directory / release.name, artifact, progress=self._told)
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

    def _told(self, count: int) -> None:
        self._progress(count)
        self._stop_if_cancelled()

    def _judge(self, name: str | None) -> tuple[Transition, LinealError | None]:
        """Run hook and health, and record what they say."""
        problem = self._command_steps(name, action=self._order.action.value, stoppable=True)
        try:
            self._stop_if_cancelled()
            if problem is None:
                checked = self._settings.checks_health and not self._order.skip_health and name is not None
                return self._record(Outcome.HEALTHY if checked else Outcome.UNCHECKED, None, stoppable=True)
            if self._order.action is not Action.PROMOTE:
                state = "nothing is live there now, but" if name is None else "it is live but unhealthy:"
                return self._record(Outcome.UNHEALTHY, self._live_but(f"{state} {problem}"), stoppable=True)
        except _Stopped:
            problem = f"it was cancelled by {self._cancelled_by}"
        return self.take_back(problem)

    def _live_but(self, why: str) -> ReleaseFailed:
        return ReleaseFailed(
            what=self._what,
            why=why,
            hint=f"go further back with `lineal rollback {self._place}`, put back what was there with "
            f"`lineal undo {self._place}`, or use --skip-health when the check itself is broken",
        )

    def adopt(self, switched_at: Micros, cancelled_by: str | None) -> None:
        """Take over from a process that died after its switch."""
        self._switched_at = switched_at
        self._cancelled_by = cancelled_by

    def resume(self) -> tuple[Transition, LinealError | None]:
        """Go on after the switch of a pipeline whose process died there."""
        target = self._found.target
        name = None if target is None else layout.release_name(target)
        if layout.points_at(self._directory) != name:
            layout.switch(self._directory, name)
        return self._judge(name)

    def abandon(self, why: str) -> tuple[Transition, LinealError | None]:
        """Record that a pipeline whose process died never switched."""
        return self._record(Outcome.FAILED, ReleaseFailed(what=self._what, why=f"{why}; nothing was switched"))

    def take_back(self, problem: str) -> tuple[Transition, LinealError | None]:
        """Switch back to what was live, run hook and health for it, and record that."""
        previous = self._previous_release()
        failed = self._put_back(previous)
        back = previous or "nothing"
        if failed is not None and self._reverted_at is None:
            loud = f"{problem}. TAKING IT BACK FAILED: {failed}; it is live still"
            return self._record(Outcome.UNHEALTHY, self._live_but(loud))
        failure: LinealError
        if failed is not None:
            loud = f"{problem}. It was taken back, {back} is live, but THAT FAILED TOO: {failed}"
            hint = (
                "`current` is right: mend the hook, the check or the server, and reload by hand; `lineal guide release`"
            )
            failure = ReleaseFailed(what=self._what, why=loud, hint=hint)
        elif self._cancelled_by is not None:
            failure = Cancelled(what=f"{self._what} (taken back: {back} is live)", who=self._cancelled_by)
        else:
            failure = ReleaseFailed(what=self._what, why=f"{problem}; it was taken back, {back} is live")
        return self._record(Outcome.REVERTED, failure)

    def _put_back(self, previous: str | None) -> str | None:
        """Make what was live `current` again, with hook and health; returns what went wrong."""
        try:
            if previous is not None and not (self._directory / previous).is_dir():
                self._lay_out_previous()
            layout.switch(self._directory, previous)
        except LinealError as error:
            if self._points_at(previous):
                self._reverted_at = self._context.clock()
            return f"the switch back failed: {error}"
        self._reverted_at = self._context.clock()
        return self._command_steps(previous, action="revert", stoppable=False)

    def _points_at(self, name: str | None) -> bool:
        try:
            return layout.points_at(self._directory) == name
        except LinealError:
            return False

    def _lay_out_previous(self) -> None:
        """Somebody removed the release that was live: it comes from the objects again."""
        version = None if self._found.live is None else self._found.live.to_version
        if version is None:
            return
        with self._context.read() as connection:
            known = addresses.must_have(connection, version)
            artifact = artifact_rows.files_of(connection, [version])[version]
        files = layout.lay_out(self._directory, known, artifact, self._context.objects)
        name, at = layout.release_name(known), self._context.clock()
        with self._context.journal(self._place) as connection:
            release_rows.put_release(connection, self._found.stage.id, version, name, files, at)

    def _previous_release(self) -> str | None:
        live = self._found.live
        if live is None or live.to_version is None:
            return None
        with self._context.read() as connection:
            release = release_rows.release(connection, self._found.stage.id, live.to_version)
        return None if release is None else release.name

    def _command_steps(self, name: str | None, *, action: str, stoppable: bool) -> str | None:
        """Run the hook, then ask health; returns what went wrong. To take back is neither stoppable nor journaled."""
        settings = self._settings
        stop = self._was_cancelled if stoppable else lambda: False
        environment = self._environment(reverting=not stoppable, action=action)
        advance = self._advance if stoppable else lambda *_, **__: None
        if settings.hook is None:
            advance("health", done=("switch",), skipped=("hook",))
        else:
            advance("hook", done=("switch",))
            finished = hooks.run_for_stage(settings.hook, settings, name, environment, stop=stop)
            self._output += finished.output
            if not finished.succeeded:
                advance(None, failed="hook", output=finished.output)
                return f"the hook failed: {hooks.last_line(finished.output)}"
            advance("health", done=("hook",), output=finished.output)
        if not settings.checks_health or name is None or self._order.skip_health:
            advance(None, skipped=("health",))
            return None
        finished = hooks.ask_health(settings, name, environment, stop=stop)
        self._output += finished.output
        if not finished.succeeded:
            advance(None, failed="health", output=finished.output)
            return f"the health check failed: {hooks.last_line(finished.output)}"
        advance(None, done=("health",), output=finished.output)
        return None

    def _environment(self, *, reverting: bool, action: str) -> dict[str, str]:
        live = self._found.live
        old = (live.to_label if live else None) or ""
        new = "" if self._found.target is None else self._found.target.label
        return {
            "LINEAL_MODEL": self._order.model,
            "LINEAL_STAGE": self._order.stage,
            "LINEAL_ACTION": action,
            "LINEAL_FROM": new if reverting else old,
            "LINEAL_TO": old if reverting else new,
            "LINEAL_ACTOR": self._actor.user,
            "LINEAL_REASON": self._order.reason or "",
        }

    def _was_cancelled(self) -> bool:
        if self._cancelled_by is None and time.monotonic() - self._last_look >= _CANCEL_POLL_SECONDS:
            self._look()
        return self._cancelled_by is not None

    def _look(self) -> None:
        self._last_look = time.monotonic()
        with self._context.read() as connection:
            self._cancelled_by = rows.cancelled_by(connection, self.number)

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

    def _record(
        self, outcome: Outcome, failure: LinealError | None, *, stoppable: bool = False
    ) -> tuple[Transition, LinealError | None]:
        """Append the transition and close the journal; raises `_Stopped` for whoever cancelled at the last moment."""
        order = self._order
        with self._context.conclude(self._place) as change:
            if stoppable:
                self._cancelled_by = rows.cancelled_by(change.connection, self.number)
                if self._cancelled_by is not None:
                    raise _Stopped
            told = None if failure is None else json.dumps(to_fields(failure))
            transition = append(
                change,
                self._found,
                order,
                outcome,
                actor=self._actor,
                began_at=self._began_at,
                switched_at=self._switched_at,
                reverted_at=self._reverted_at,
                output=self._output if failure is not None else None,
            )
            self._end_steps(change, failure)
            rows.end(change.connection, self.number, change.at, transition.id, told)
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
