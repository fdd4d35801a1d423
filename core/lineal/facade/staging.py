"""Plans for stages, carrying them out, and what they do on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lineal import addresses
from lineal.errors import Conflict, NowhereToRollBack, OutOfDate, ReleaseFailed
from lineal.facade.changing import Changing
from lineal.facade.door import address_of
from lineal.machine.lazily import Later

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lineal.facade.door import Address
    from lineal.queries import pipelines as pipeline_rows
    from lineal.queries import releases as release_rows
    from lineal.records.releases import Pipeline, StageSettings, StageState
    from lineal.records.stages import Plan, Transition
    from lineal.staging import bindings, detached, pipelines, stages, transitions, turns
else:
    # What most commands leave untouched; start-up is measured.
    bindings = Later("lineal.staging.bindings")
    detached = Later("lineal.staging.detached")
    pipelines = Later("lineal.staging.pipelines")
    stages = Later("lineal.staging.stages")
    transitions = Later("lineal.staging.transitions")
    turns = Later("lineal.staging.turns")
    pipeline_rows = Later("lineal.queries.pipelines")
    release_rows = Later("lineal.queries.releases")

_ATTEMPTS = 20
"""How often a promotion that nobody looked at starts anew when somebody else is faster."""


class Staging(Changing):
    """What moves the stages of a registry."""

    def plan_promote(self, ref: Address, stage: str, *, reason: str | None = None, with_diff: bool = True) -> Plan:
        """What promoting a version to a stage would do."""
        return self._shown(stages.plan_promotion(self._context, address_of(ref), stage, reason=reason), with_diff)

    def plan_rollback(
        self, stage_ref: str, *, to: Address | None = None, reason: str | None = None, with_diff: bool = True
    ) -> Plan:
        """What rolling a stage back would do."""
        target = None if to is None else address_of(to)
        try:
            plan = stages.plan_rollback(self._context, stage_ref, to=target, reason=reason)
        except NowhereToRollBack:
            self._tell_unfinished(stage_ref)
            raise
        return self._shown(plan, with_diff)

    def _tell_unfinished(self, stage_ref: str) -> None:
        """Say so where nothing is to be gone back to only because a pipeline has not ended."""
        ref = addresses.stage_ref(stage_ref)
        with self._context.read() as connection:
            _, stage = addresses.stage(connection, ref.model, ref.stage)
            found = pipeline_rows.running(connection, stage.id)
        if found is None:
            return
        if turns.is_running(self._context, stage.id):
            raise turns.busy(self._context, stage)
        raise Conflict(
            what=f"rolling {ref} back",
            why=f"a {found.order.action} by {found.actor.user} was left unfinished there",
            hint="`lineal doctor --repair` takes it back, or finishes it",
        )

    def plan_undo(self, stage_ref: str, *, reason: str | None = None, with_diff: bool = True) -> Plan:
        """What undoing the last transition of a stage would do."""
        return self._shown(stages.plan_undo(self._context, stage_ref, reason=reason), with_diff)

    def plan_clear(self, stage_ref: str, *, reason: str | None = None) -> Plan:
        """What clearing a stage would do."""
        return self._checked(stages.plan_clearing(self._context, stage_ref, reason=reason))

    def _checked(self, plan: Plan) -> Plan:
        """A plan that says first, where anybody has a role, whether the actor's suffices."""
        from lineal.write_path.policy import role_check  # noqa: PLC0415  every change has it already

        with self._context.read() as connection:
            permission, place = transitions.PERMISSIONS[plan.action], f"{plan.model}@{plan.stage}"
            check = role_check(connection, self._context.actor, permission, place)
        if check is None:
            return plan
        from dataclasses import replace  # noqa: PLC0415  only here

        return replace(plan, checks=(check, *plan.checks))

    def _shown(self, plan: Plan, with_diff: bool) -> Plan:
        plan = self._checked(plan)
        if not with_diff or plan.source is None or plan.target is None or plan.changes_nothing:
            return plan
        from dataclasses import replace  # noqa: PLC0415  only here

        return replace(plan, diff=self.diff(plan.source, plan.target))

    def execute(
        self,
        plan: Plan,
        *,
        bad: bool = False,
        skip_health: bool = False,
        verify: bool = False,
        force: bool = False,
    ) -> Transition | None:
        """Do what a plan says, to its end, if what it was made from still holds.

        Args:
            plan: what was confirmed.
            bad: also mark what is left as bad.
            skip_health: do not ask the stage's health check.
            verify: hash the files of a release that lies there already.
            force: go past what the stage demands of a promotion, as an admin may; the plan has to say why.

        Returns:
            The transition; None when a promotion found its target live already.

        Raises:
            OutOfDate: something else is live now.
            Refused: a check failed.
            Busy: a pipeline moves the stage.
            ReleaseFailed: it was taken back, or stays unhealthy.
        """
        order = transitions.order_of(plan, bad=bad, skip_health=skip_health, verify=verify, force=force)
        if self.binding(f"{plan.model}@{plan.stage}") is None:
            return stages.execute(self._context, order)
        return pipelines.perform(self._context, order)

    def begin(
        self,
        plan: Plan,
        *,
        bad: bool = False,
        skip_health: bool = False,
        verify: bool = False,
        force: bool = False,
        threads: bool = True,
    ) -> int | None:
        """Start what a plan says in a process of its own, which outlives this one; `follow` waits for it.

        Args:
            plan: what was confirmed, for a stage that is bound to a directory.
            bad: as `execute`.
            skip_health: as `execute`.
            verify: as `execute`.
            force: as `execute`.
            threads: whether this process has threads; one without starts it faster.

        Returns:
            The pipeline's number; None when there was nothing to do.

        Raises:
            LinealError: it may not begin, as `execute`.
        """
        order = transitions.order_of(plan, bad=bad, skip_health=skip_health, verify=verify, force=force)
        return (detached.spawn if threads else detached.fork)(self._context, order)

    def follow(
        self,
        pipeline: int,
        *,
        changed: Callable[[Pipeline], None] = lambda _: None,
        tick: Callable[[], None] = lambda: None,
    ) -> Transition:
        """Wait for a pipeline to end.

        Args:
            pipeline: its number.
            changed: told the journal whenever it has changed.
            tick: called between two looks; what it raises ends the wait, and the pipeline runs on.

        Raises:
            LinealError: it did not go well; the error is the one that the pipeline met.
        """
        found, transition = detached.follow(self._context, pipeline, changed=changed, tick=tick)
        if transition is None:
            raise ReleaseFailed(
                what=f"{found.order.action} at {found.order.model}@{found.order.stage}",
                why=f"its process {found.pid} on {found.host} is gone",
                hint="bring it in order with `lineal doctor --repair`",
            )
        failure = pipelines.failure_of(found)
        if failure is not None:
            raise failure
        return transition

    def pipelines(self, stage_ref: str, *, limit: int = 10) -> list[Pipeline]:
        """The newest pipelines of a stage, newest first."""
        ref = addresses.stage_ref(stage_ref)
        with self._context.read() as connection:
            _, stage = addresses.stage(connection, ref.model, ref.stage)
            return pipeline_rows.latest(connection, stage.id, limit)

    def running_pipelines(self) -> list[Pipeline]:
        """Every pipeline whose journal is open."""
        with self._context.read() as connection:
            return pipeline_rows.all_running(connection)

    def cancel_pipeline(self, stage_ref: str) -> Pipeline:
        """Ask the pipeline that moves a stage to take itself back."""
        return pipelines.cancel(self._context, stage_ref)

    def bind_stage(self, stage_ref: str, **changes: Any) -> StageSettings:
        """Bind a stage to a directory, or change how; fields as `lineal.records.releases.StageSettings`."""
        return bindings.bind(self._context, stage_ref, changes)

    def unbind_stage(self, stage_ref: str) -> StageSettings:
        """Make a stage a pointer only; what lies in its directory stays there."""
        return bindings.unbind(self._context, stage_ref)

    def binding(self, stage_ref: str) -> StageSettings | None:
        """How a stage is bound; None for a pointer only."""
        ref = addresses.stage_ref(stage_ref)
        with self._context.read() as connection:
            _, stage = addresses.stage(connection, ref.model, ref.stage)
            return release_rows.settings(connection, stage.id)

    def stage_state(self, stage_ref: str) -> StageState:
        """Everything about a stage on this machine."""
        return bindings.state(self._context, stage_ref)

    def current(self, model: str, stage: str) -> Path:
        """The folder of the live release, resolved once, so that files of two releases never mix.

        Raises:
            Refused: the stage is bound to no directory.
            NothingLive: nothing is live there.
        """
        return bindings.current(self._context, model, stage)

    def promote(self, ref: Address, stage: str, *, reason: str | None = None, force: bool = False) -> Transition | None:
        """Make a version live at a stage, whatever is live there; None when it is already.

        To replace only what was looked at, `execute` the plan that was shown: it fails when something else is live.
        """
        for _ in range(_ATTEMPTS):
            plan = self.plan_promote(ref, stage, reason=reason, with_diff=False)
            try:
                return self.execute(plan, force=force)
            except OutOfDate:
                continue  # somebody was faster, which nobody asked to be told
        return self.execute(plan, force=force)

    def rollback(
        self, stage_ref: str, *, to: Address | None = None, reason: str | None = None, bad: bool = False
    ) -> Transition:
        """Put back what was live at a stage before.

        Raises:
            OutOfDate: somebody moved the stage meanwhile; a second try could go back further than was meant.
        """
        return _done(self.execute(self.plan_rollback(stage_ref, to=to, reason=reason, with_diff=False), bad=bad))

    def undo(self, stage_ref: str, *, reason: str | None = None) -> Transition:
        """Take the last transition of a stage back; an undo of an undo is a redo."""
        return _done(self.execute(self.plan_undo(stage_ref, reason=reason, with_diff=False)))

    def clear(self, stage_ref: str, *, reason: str | None = None) -> Transition:
        """Make nothing live at a stage."""
        return _done(self.execute(self.plan_clear(stage_ref, reason=reason)))


def _done(transition: Transition | None) -> Transition:
    if transition is None:
        raise Conflict(what="the transition", why="nothing was to do")
    return transition
