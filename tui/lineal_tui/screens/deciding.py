"""Gates, approvals and the inbox on the screen: what a stage demands, what waits for somebody, and their word."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal.records.stages import Transition
from lineal_tui.places import View
from lineal_tui.screens.asking import Subject
from lineal_tui.screens.audit import Auditing
from lineal_tui.screens.messages import Assessed, Decided, InboxRead, Reviewed
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, fit, line_width, rule
from lineal_tui.view.drawing.pages import Listed
from lineal_tui.view.staging.questions import question_of_decision, question_of_review

if TYPE_CHECKING:
    from lineal.records.gates import Assessment, Inbox, WaitingVersion
    from lineal_tui.screens.messages import SceneRead
    from lineal_tui.view.governance import gate_lines, gates
    from lineal_tui.view.guidance.commands import Command
else:
    # few stages demand anything, and none of it is on the first screen
    gate_lines = Later("lineal_tui.view.governance.gate_lines")
    gates = Later("lineal_tui.view.governance.gates")


class Deciding(Auditing):
    """What is demanded, what waits, and deciding about it."""

    inbox: Inbox | None = None
    """What waits for whoever sits here; None before it was looked up."""
    _asked_for: tuple[int, str] | None = None

    # what waits

    def on_scene_read(self, _message: SceneRead) -> None:
        """Look again what waits, once what was read is on the screen."""
        self.call_after_refresh(self._read_inbox)

    def _read_inbox(self) -> None:
        self.work(lambda: InboxRead(self.registry.inbox()), "inbox")

    def on_inbox_read(self, message: InboxRead) -> None:
        """Show how much waits, and in its view what."""
        had = self.inbox
        self.inbox = message.inbox
        if message.inbox.count != (0 if had is None else had.count):
            self.draw_status()
        if message.inbox != had and View.INBOX in self.panes:
            self._show_inbox()

    def hints(self, width: int) -> Line:
        """What the hint row offers, after what waits."""
        words = gates.waits_words(self.inbox) if self.inbox is not None and self.inbox.count else ""
        if not words or self.shown is View.INBOX:
            return super().hints(width)
        begin: Line = ((words, Tone.STAGED), (" i", Tone.KEY), ("  ", Tone.TEXT))
        return fit((*begin, *super().hints(max(1, width - line_width(begin)))), width)

    def furnish(self, view: View) -> None:
        """Fill a list that was just made."""
        if view is View.INBOX:
            self._show_inbox()
        else:
            super().furnish(view)

    def _show_inbox(self) -> None:
        pane = self.panes[View.INBOX]
        found = self.inbox
        match = self.matcher(View.INBOX)
        rows: list[WaitingVersion | Transition] = [] if found is None else [*found.versions, *found.forced]
        look = gate_lines.inbox_look(rows, self.clock())
        if match:
            rows = [row for row in rows if gate_lines.in_row(match, row)]
        count = len(rows)

        def paint(row: WaitingVersion | Transition, width: int) -> Line:
            return gate_lines.inbox_line(row, look, width)

        pane.draw_title = lambda width, active: gate_lines.inbox_title(count, width, active=active)
        nothing: Line = (("  nothing waits for your approval or your review", Tone.MUTED),)
        pane.draw_heads = lambda width: gate_lines.inbox_head(look, width) if rows or match else nothing
        pane.lines.show(Listed(rows, [gate_lines.key_of(row) for row in rows]), paint)
        pane.redraw()

    def open_inbox(self) -> None:
        """Show what waits."""
        self.go_to(View.INBOX)

    def open_waiting(self, row: object) -> None:
        """Go to what waits: a version in its tree, a forced transition in its history."""
        if isinstance(row, Transition):
            self._go(row.model, row.stage, None, View.HISTORY)
        elif row is not None:
            waiting = gate_lines.waiting(row)
            self._go(waiting.version.model, waiting.stage, waiting.version.id, View.POLICY)

    def refilter(self, view: View) -> None:
        """Show what a view's filter lets through."""
        if view is View.INBOX:
            self._show_inbox()
        else:
            super().refilter(view)

    # what is demanded

    def forget_previews(self) -> None:
        """Weigh again when it is next seen; what is on the screen stays until then."""
        super().forget_previews()
        self._asked_for = None

    def follow_now(self) -> None:
        """Show what belongs to the version under the cursor."""
        super().follow_now()
        version = self.version
        if self.scene is None or self.asking.question is not None or version is None:
            return
        if View.POLICY in self.visible_panes() and self._asked_for != (version.id, self.stage):
            self._asked_for = (version.id, self.stage)
            ref, stage = version.ref, self.stage
            self.work(lambda: Assessed(self.registry.assess(ref, stage)), "policy")

    def open_policy(self) -> None:
        """Show what is demanded, weighed anew: time passes, and with it what was soaked."""
        self._asked_for = None
        self.open_view(View.POLICY)

    def _show_policy(self, found: Assessment) -> None:
        pane = self.panes[View.POLICY]
        name = f"{found.version.model}@{found.stage}"
        pane.draw_title = lambda width, active: rule(
            (
                ("policy of ", Tone.MUTED),
                (cut_middle(name, max(8, width - 20)), Tone.TITLE if active else Tone.STRONG),
            ),
            (),
            width,
        )
        self.show_page(View.POLICY, lambda width: gate_lines.policy_lines(found, self.clock(), max(20, width)))

    # deciding

    def ask_decide(self) -> None:
        """Ask whether to approve of what is under the cursor, to reject it, or whether it was reviewed."""
        if not self.may_change():
            return
        row = self.panes[View.INBOX].lines.current if self.active is View.INBOX else None
        if isinstance(row, Transition):
            ref = gates.transition_ref(row)
            turn = self.asking.prepare()
            self._pose(turn, question_of_review(row), Subject(act=lambda: Reviewed(self.registry.review(ref))))
            return
        if self.active is View.INBOX:
            if row is None:
                self.say("nothing waits for you", tone=Tone.MUTED)
                return
            waiting = gate_lines.waiting(row)
            address, stage = waiting.version.ref, waiting.stage
        elif self.version is not None:
            address, stage = self.version.ref, self.stage
        else:
            return
        turn = self.asking.prepare()
        self.work(lambda: Assessed(self.registry.assess(address, stage), turn), "question")

    def on_assessed(self, message: Assessed) -> None:
        """Show what a version was held against, or ask about it."""
        found = message.assessment
        if message.turn is None:
            if View.POLICY in self.visible_panes():
                self._show_policy(found)
            return
        if message.turn != self.asking.turn:
            return
        if self.registry.actor.user in found.authors:
            self.asking.end()
            self.draw_status()
            self.say(f"{found.version.ref} is your own version: somebody else decides about it", tone=Tone.CHANGED)
            return
        registry, version, stage = self.registry, found.version, found.stage
        subject = Subject(
            act=lambda: Decided(registry.approve(version, stage, expect=version.digest)),
            other=lambda: Decided(registry.reject(version, stage, expect=version.digest)),
        )
        self._pose(message.turn, question_of_decision(found), subject)

    def on_decided(self, message: Decided) -> None:
        """Say what was written down, and look again."""
        made = message.decision
        self.asking.end()
        verb = "approve" if made.verdict.value == "approved" else "reject"
        reason = f" --reason {shlex.quote(made.reason)}" if made.reason else ""
        self.last_command = f"lineal {verb} {shlex.quote(made.ref)} --for {shlex.quote(made.stage)}{reason}"
        tone = Tone.BETTER if verb == "approve" else Tone.CHANGED
        self.say(f"✓ {cut_middle(made.ref, 60)} is {made.verdict} for {made.stage}", tone=tone)
        self.read()

    def on_reviewed(self, message: Reviewed) -> None:
        """Say what was written down, and look again."""
        self.asking.end()
        name = gates.transition_ref(message.review.transition)
        self.last_command = f"lineal review {shlex.quote(name)}"
        self.say(f"✓ {cut_middle(name, 60)} is reviewed", tone=Tone.BETTER)
        self.read()

    def decide_asked(self, command: Command) -> None:
        """Do what `:approve`, `:reject` and `:review` say, which is not asked again, or show what else is named."""
        if command.verb.name in {"inbox", "policy"}:
            (self.open_inbox if command.verb.name == "inbox" else self.open_policy)()
            return
        registry, options = self.registry, command.options
        reason = options.get("reason")
        if command.verb.name == "review":
            name = command.first or ""
            self.change(lambda: Reviewed(registry.review(name, reason=reason)))
            return
        ref, stage = self._ref(command.first), options.get("for", self.stage)
        if command.verb.name == "approve":
            self.change(lambda: Decided(registry.approve(ref, stage, reason=reason)))
        else:
            self.change(lambda: Decided(registry.reject(ref, stage, reason=reason)))
