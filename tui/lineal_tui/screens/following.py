"""A pipeline that runs is followed in the last row, whoever began it; letting go of it does not stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from lineal.errors import LinealError
from lineal.machine.lazily import Later
from lineal.records.stages import Action, Outcome
from lineal_tui.screens.browsing import Browsing
from lineal_tui.screens.messages import CancelAsked, LetGo, PipelineChanged, PipelineEnded
from lineal_tui.view.drawing.lines import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.message import Message

    from lineal.records.base import Micros
    from lineal.records.releases import Pipeline
    from lineal.records.stages import Plan
    from lineal.registry import Registry
    from lineal_tui.keys import Table
    from lineal_tui.view.drawing.lines import Line
    from lineal_tui.view.staging import stages as stages_list

else:
    stages_list = Later("lineal_tui.view.staging.stages")


class _NobodyWaits(Exception):
    """Whoever followed a pipeline does so no more."""


class Following(Browsing):
    """Pipelines in the last row."""

    watched: Pipeline | None = None
    """The journal of the pipeline that is followed, as it was last read."""
    following: int | None = None
    """The number of the pipeline that is followed."""

    def __init__(self, registry: Registry, clock: Callable[[], Micros], table: Table | None = None) -> None:
        """Look at a registry; ages are counted from what `clock` says, and keys are bound as in `table`."""
        super().__init__(registry, clock, table)
        self.begun: dict[int, tuple[Plan, bool]] = {}
        """What was begun here, by pipeline: the plan, and whether what it leaves is marked bad."""
        self._left: set[int] = set()

    def notice(self, running: Sequence[Pipeline]) -> None:
        """Follow what somebody else began at this model."""
        for found in running:
            if found.id not in self._left and self.following is None:
                self.follow_pipeline(found.id)

    def follow_pipeline(self, number: int) -> None:
        """Show the steps of a pipeline until it ends."""
        if self.following == number:
            return
        self.following = number
        self.work(lambda: self._followed(number), "pipeline")

    def _followed(self, number: int) -> Message:
        worker = get_current_worker()

        def changed(found: Pipeline) -> None:
            self.post_message(PipelineChanged(found))

        def tick() -> None:
            if worker.is_cancelled or self.following != number:
                raise _NobodyWaits

        try:
            transition = self.registry.follow(number, changed=changed, tick=tick)
        except _NobodyWaits:
            return LetGo(number)
        except LinealError as error:
            return PipelineEnded(number, None, error)
        return PipelineEnded(number, transition, None)

    def usual_lines(self, width: int) -> tuple[Line, ...]:
        """The steps of what runs, else hints."""
        if self.watched is not None:
            return (stages_list.steps_line(self.watched, width, mine=self.watched.id in self.begun),)
        return super().usual_lines(width)

    def on_pipeline_changed(self, message: PipelineChanged) -> None:
        """Show how far it is."""
        if message.pipeline.id == self.following:
            self.watched = message.pipeline
            self.draw_status()

    def on_let_go(self, message: LetGo) -> None:
        """Nobody waits for it here any more."""
        if self.following == message.number:
            self.following = self.watched = None

    def on_pipeline_ended(self, message: PipelineEnded) -> None:
        """Say how it ended, and look again."""
        number, watched = message.number, self.watched
        self._left.add(number)
        if self.following != number:
            return
        self.following = self.watched = None
        plan, bad = self.begun.pop(number, (None, False))
        if message.error is None:
            if plan is not None:
                self.done(plan, bad=bad)
            elif watched is not None:
                self.say("✓ " + stages_list.ended_words(watched, message.transition), tone=Tone.BETTER)
        elif not self.asking.busy and plan is not None and self._stays_unhealthy(plan):
            self.ask_after_unhealthy(plan)
        else:
            self.say(str(message.error), message.error.hint)
        self.draw_status()
        self.read()
        self.examine()

    def _stays_unhealthy(self, plan: Plan) -> bool:
        if plan.action is not Action.ROLLBACK:
            return False
        newest = self.registry.history(plan.model, plan.stage, limit=1)
        return bool(newest) and newest[0].outcome is Outcome.UNHEALTHY

    def done(self, plan: Plan, *, bad: bool) -> None:
        """Say what was done."""

    def ask_after_unhealthy(self, plan: Plan) -> None:
        """Offer to go further back, or to put back what was there."""

    def let_go(self) -> bool:
        """Stop following; False when nothing was followed."""
        number, watched = self.following, self.watched
        if number is None or watched is None:
            return False
        self._left.add(number)
        self.following = self.watched = None
        place = f"{watched.order.model}@{watched.order.stage}"
        self.say(f"let go of {place}; it runs on", f"X cancels it; `lineal pipeline follow {place}` follows it again")
        return True

    def on_cancel_asked(self, message: CancelAsked) -> None:
        """It takes itself back, and is followed until it has."""
        self.asking.end()
        found = message.pipeline
        self._left.discard(found.id)
        self.message = None
        self.follow_pipeline(found.id)
        self.draw_status()
