"""Promote, roll back, undo and mark: a question in the last row, then a plan carried out as it was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.models import VersionStatus
from lineal_tui.places import View
from lineal_tui.screens.asking import Phase, Subject
from lineal_tui.screens.following import Following
from lineal_tui.screens.messages import Began, CancelAsked, Executed, Marked, Planned
from lineal_tui.view.drawing.lines import Tone, cut_middle
from lineal_tui.view.staging.questions import (
    Answer,
    Question,
    command_of,
    done_line,
    question_of,
    question_of_cancel,
    question_of_mark,
    question_of_unhealthy,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.events import Key

    from lineal.records.models import Version
    from lineal.records.stages import Plan

_SCROLLING = {"j": 1, "down": 1, "k": -1, "up": -1}


class Transitions(Following):
    """Whatever changes the registry."""

    _diff_shown = False
    """Whether the screen was given to a difference because a question was asked."""

    # asking

    def ask_promote(self, stage: str | None = None) -> None:
        """Ask whether to promote the version under the cursor to the stage that is looked at, or to another."""
        version = self.version
        if version is not None and self.may_change():
            to = stage or self.stage
            self._plan(lambda: self.registry.plan_promote(version.ref, to))

    def ask_roll_back(self) -> None:
        """Ask whether to roll the stage back."""
        if self.may_change():
            address = self.address()
            self._plan(lambda: self.registry.plan_rollback(address))

    def ask_undo(self) -> None:
        """Ask whether to undo the stage's last transition."""
        if self.may_change():
            address = self.address()
            self._plan(lambda: self.registry.plan_undo(address))

    def ask_mark(self) -> None:
        """Ask whether to mark the version under the cursor bad, or active again."""
        version = self.version
        if version is None or not self.may_change():
            return
        turn = self.asking.prepare()
        question = question_of_mark(version, version.stages[0] if version.stages else None)
        self._pose(turn, question, Subject(version=version))

    def may_change(self) -> bool:
        """Whether there is anything to change, and it may be; says so when not."""
        return self.model is not None and self.may_write()

    def may_write(self) -> bool:
        """Whether the registry may be changed; says so when not."""
        if self.read_only is not None:
            self.say(f"nothing can be changed here: {self.read_only}")
            return False
        return True

    def _plan(self, make: Callable[[], Plan], *, force: bool = False) -> None:
        turn = self.asking.prepare()
        self.work(lambda: Planned(turn, make(), force), "question")

    def on_planned(self, message: Planned) -> None:
        """Ask what the plan says, unless it was given up meanwhile."""
        plan = message.plan
        if message.turn != self.asking.turn or self.asking.phase is not Phase.PREPARING:
            return
        failed = plan.failed
        forces = message.force and all(check.is_gate for check in failed)
        if plan.changes_nothing:
            self.asking.end()
            label = plan.target.label if plan.target else "nothing"
            self.say(f"{label} is live at {plan.stage} already", tone=Tone.CHANGED)
        elif failed and not forces:
            self.asking.end()
            count = len([check for check in plan.checks if check.is_gate])
            told = "; ".join(f"{check.name}: wanted {check.wanted}, saw {check.saw}" for check in failed)
            of = f" of {count} gates" if count > 1 and all(check.is_gate for check in failed) else ""
            first = failed[0]
            if len(failed) > 1:
                words = f"{len(failed)}{of} stand against it: {told}"
            else:
                words = f"{first.name} stands against it: wanted {first.wanted}, saw {first.saw}"
            self.say(words, "P shows all that is demanded" if count else None)
        else:
            stages = len(self.scene.stages) if self.scene is not None else 1
            self._pose(message.turn, question_of(plan, self.clock(), stages=stages), Subject(plan=plan, force=forces))

    def _pose(self, turn: int, question: Question, subject: Subject) -> None:
        if not self.asking.pose(turn, question, subject):
            return
        self.message = None
        self.draw_status()

    # answering

    def painted(self, when_shown: Callable[[Callable[[float], None]], None]) -> None:
        """Something was painted: perhaps the question, whose answers count once `when_shown` says that it is there."""
        asking = self.asking
        if asking.phase is Phase.HIDDEN and self.status.rendered == asking.turn:
            turn = asking.turn
            self.status.rendered = None
            when_shown(lambda at: asking.painted(turn, at))

    def answer(self, event: Key) -> None:
        """Take a key while there is a question: one of its answers, a movement in the difference, or nothing."""
        asking = self.asking
        if asking.phase is Phase.RUNNING:
            return
        if event.key in ("escape", "ctrl+c"):
            self.give_up()
            return
        if event.key in _SCROLLING and asking.phase is Phase.OPEN:
            self.panes[View.DIFF].lines.move(_SCROLLING[event.key])
            return
        match asking.answer(event.key, event.time):
            case Answer.YES:
                self._run(bad=False)
            case Answer.YES_BAD:
                self._run(bad=True)
            case Answer.REJECT:
                self._run_other()
            case Answer.STAGE:
                self._other_stage()
            case Answer.DIFF:
                self.show_asked_diff()
            case Answer.FURTHER:
                address = asking.subject.address or self.address()
                self._plan(lambda: self.registry.plan_rollback(address))
            case Answer.PUT_BACK:
                address = asking.subject.address or self.address()
                self._plan(lambda: self.registry.plan_undo(address))
            case Answer.NO:
                self.give_up()
            case None:
                pass

    def give_up(self) -> None:
        """The answer is no."""
        self.asking.end()
        self.question_over()

    def question_over(self) -> None:
        """Show again what was there before the question."""
        if self._diff_shown:
            self._diff_shown = False
            if self.shown is View.DIFF:
                self.step_back()
        self.draw_status()
        self.follow_now()

    def show_asked_diff(self) -> None:
        """Give the screen to the difference that the question is about, or take it back."""
        plan = self.asking.subject.plan
        if plan is None or plan.diff is None:
            return
        if self._diff_shown and self.shown is View.DIFF:
            self._diff_shown = False
            self.step_back()
            self.draw_diff()
            return
        if self.shown is not View.DIFF:
            self._diff_shown = True
            self.give_screen_to(View.DIFF)
        self.draw_diff(plan.diff)

    def _other_stage(self) -> None:
        plan = self.asking.subject.plan
        if plan is None or plan.target is None or self.scene is None:
            return
        stages, target = self.scene.stages, plan.target
        # from the last stage towards the first, since the last is what is asked for first
        to = stages[(stages.index(plan.stage) - 1) % len(stages)] if plan.stage in stages else self.stage
        self._plan(lambda: self.registry.plan_promote(target.ref, to))

    def _run(self, *, bad: bool) -> None:
        subject = self.asking.run()
        self.asking.question = None
        self.say("…", tone=Tone.MUTED)
        if subject.plan is not None:
            plan = subject.plan
            self.change(lambda: self._execute(plan, bad=bad, force=subject.force))
        elif subject.act is not None:
            self.change(subject.act)
        elif subject.version is not None:
            version = subject.version
            self.change(lambda: self._mark(version))

    def _run_other(self) -> None:
        other = self.asking.run().other
        self.asking.question = None
        self.say("…", tone=Tone.MUTED)
        if other is not None:
            self.change(other)

    def _execute(self, plan: Plan, *, bad: bool, force: bool = False) -> Executed | Began:
        if self.registry.binding(f"{plan.model}@{plan.stage}") is None:
            self.registry.execute(plan, bad=bad, force=force)
            return Executed(plan, bad)
        number = self.registry.begin(plan, bad=bad, force=force, threads=True)
        return Executed(plan, bad) if number is None else Began(number, plan, bad)

    def _mark(self, version: Version) -> Marked:
        status = "bad" if version.status is VersionStatus.ACTIVE else "active"
        return Marked(self.registry.mark(version.ref, status))

    def on_executed(self, message: Executed) -> None:
        """Say what was done, and look again."""
        self.asking.end()
        self.last_command = command_of(message.plan, bad=message.bad, force=bool(message.plan.failed))
        self.done(message.plan, bad=message.bad)
        self.question_over()
        self.read()

    def on_began(self, message: Began) -> None:
        """Follow what runs in a process of its own; the keys are free meanwhile."""
        self.asking.end()
        self.last_command = command_of(message.plan, bad=message.bad, force=bool(message.plan.failed))
        self.begun[message.number] = (message.plan, message.bad)
        self.message = None
        self.question_over()
        self.follow_pipeline(message.number)

    def done(self, plan: Plan, *, bad: bool) -> None:
        """Say what was done."""
        self.is_wrong = False
        self.message = lambda width: (done_line(plan, bad=bad, width=width),)
        self.draw_status()

    def ask_after_unhealthy(self, plan: Plan) -> None:
        """Offer to go further back, or to put back what was there; why it is unhealthy stands on the stage's page."""
        address = f"{plan.model}@{plan.stage}"
        label = plan.target.label if plan.target is not None else "nothing"
        turn = self.asking.prepare()
        self._pose(turn, question_of_unhealthy(address, label), Subject(address=address))

    def ask_cancel(self) -> None:
        """Ask whether to stop the pipeline that runs."""
        running = self.watched or next(iter(self.scene.running if self.scene is not None else ()), None)
        if running is None:
            self.say("nothing is being moved", tone=Tone.MUTED)
            return
        if not self.may_write():
            return
        address = f"{running.order.model}@{running.order.stage}"
        turn = self.asking.prepare()
        question = question_of_cancel(str(running.order.action), address, running.running_step, running.actor.user)
        cancel = Subject(act=lambda: CancelAsked(self.registry.cancel_pipeline(address)))
        self._pose(turn, question, cancel)

    def on_marked(self, message: Marked) -> None:
        """Say what was done, and look again."""
        self.asking.end()
        version = message.version
        bad = version.status is VersionStatus.BAD
        self.last_command = f"lineal mark {version.ref} {'--bad' if bad else '--active'}"
        self.say(f"✓ {cut_middle(version.ref, 60)} is {version.status}", tone=Tone.BETTER)
        self.read()
