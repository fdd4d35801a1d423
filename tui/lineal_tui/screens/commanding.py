"""The command line in the last row: the shell's verbs and addresses, completed, remembered, and asked about."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal.errors import LinealError
from lineal.machine.lazily import Later
from lineal.records.models import Model, Version, VersionStatus
from lineal.records.runs import Experiment, Run
from lineal.records.stages import LiveVersion
from lineal_tui.places import SORTED, View
from lineal_tui.remembered import Unreadable
from lineal_tui.screens.asking import Subject
from lineal_tui.screens.command_prompt import CommandPrompt, offers
from lineal_tui.screens.filtering import Filtering
from lineal_tui.screens.messages import Completed, DiffAsked, FieldsSet, ThingFound, ToMark
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, rule
from lineal_tui.view.staging.questions import question_of_mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal_tui import spoken as memory
    from lineal_tui.screens import found_page
    from lineal_tui.screens.found_page import FoundPage
    from lineal_tui.view.guidance import commands
    from lineal_tui.view.guidance.commands import Command
else:
    # nobody types a command before the first paint
    commands = Later("lineal_tui.view.guidance.commands")
    found_page = Later("lineal_tui.screens.found_page")
    memory = Later("lineal_tui.spoken")

_VIEWS = frozenset({"models", "stages", "files", "runs", "experiments", "curves", "datasets", "findings"})
"""Verbs that are views' names."""


class Commanding(Filtering):
    """Commands."""

    _spoken: list[str] | None = None
    _goal: tuple[str, int] | None = None
    """A model and the row number of its version that the cursor goes to once the model is on the screen."""

    @property
    def spoken(self) -> list[str]:
        """What was typed before, the latest last."""
        if self._spoken is None:
            try:
                self._spoken = memory.recall_spoken(memory.spoken_file())
            except Unreadable:
                # it is told when the next line cannot be kept either
                self._spoken = []
        return self._spoken

    def ask_command(self) -> None:
        """Type a command."""
        self.begin_prompt(CommandPrompt(self))

    # completing

    def complete(self, prompt: CommandPrompt) -> None:
        """Look for what could stand next."""
        text = prompt.draft.text
        sought, registry = commands.wanted(text), self.registry
        model = sought.model or self.model
        stages = self.scene.stages if self.scene is not None and model == self.model else None

        def look() -> Completed:
            found = offers(registry, sought, model, stages)
            return Completed(text, sought.begun, found, may_go_on=sought.kind == "ref")

        self.work(look, "completion")

    def on_completed(self, message: Completed) -> None:
        """Offer what was found, unless more was typed meanwhile."""
        if isinstance(self.prompt, CommandPrompt) and self.prompt.draft.text == message.text:
            self.prompt.offer(message.begun, message.words, may_go_on=message.may_go_on)
            self.draw_status()

    # doing

    def speak(self, text: str) -> None:
        """Do what a line says."""
        if not text.strip():
            return
        self._keep(text.strip())
        try:
            command = commands.parse(text)
            if not command.verb.changes or self.may_write():
                self._do(command)
        except LinealError as error:
            self.say(str(error), error.hint)

    def _keep(self, text: str) -> None:
        spoken = self.spoken
        if not spoken or spoken[-1] != text:
            spoken.append(text)
            try:
                memory.keep_spoken(memory.spoken_file(), spoken)
            except Unreadable as error:
                self.say(str(error), tone=Tone.CHANGED)

    def _do(self, command: Command) -> None:
        registry, first, options = self.registry, command.first, command.options
        reason, address = options.get("reason"), first or self.address()
        match command.verb.name:
            case "promote":
                self._promote(command)
            case "approve" | "reject" | "review" | "inbox" | "policy":
                self.decide_asked(command)
            case "rollback":
                to = options.get("to")
                self._plan(lambda: registry.plan_rollback(address, to=to, reason=reason))
            case "undo":
                self._plan(lambda: registry.plan_undo(address, reason=reason))
            case "clear":
                self._plan(lambda: registry.plan_clear(address, reason=reason))
            case "mark":
                if len(options) != 1:
                    raise commands.BadCommand(what="bad, or active again?", hint=command.verb.usage)
                ref, turn, bad = self._ref(first), self.asking.prepare(), "bad" in options
                self.work(lambda: ToMark(turn, registry.version(ref), bad=bad), "question")
            case "retire" | "deprecate":
                self.end_asked(command)
            case "set":
                self._set(command)
            case "diff":
                refs = command.arguments
                self.work(lambda: DiffAsked(registry.diff(*refs)), "command")
            case "lineage":
                self.trace_address(self._ref(first))
            case "show" | "open" | "tree" | "history":
                self._find(command)
            case "audit":
                self.audit_asked(command)
            case "observe" | "observations" | "alerts" | "stage set":
                self.watch_asked(command)
            case name if name.startswith("on "):
                self.automate_asked(command)
            case name if name in _VIEWS:
                self._view(View(name))
            case "filter":
                self.apply_filter(self.active, " ".join(command.arguments))
            case "sort":
                if self.active not in SORTED:
                    self.give_screen_to(View.MODELS)
                self.sort()
            case "guide":
                self.open_guide(first)
            case "help":
                self.open_view(View.HELP)
            case _:
                self.app.exit()

    def _view(self, view: View) -> None:
        if view is View.CURVES:
            self.open_curves()
        elif view is View.FINDINGS:
            self.open_findings()
        else:
            self.go_to(view)

    def _promote(self, command: Command) -> None:
        ref, stage = self._ref(command.first), command.options.get("to", self.stage)
        reason, force = command.options.get("reason"), "force" in command.options
        if force and not (reason and reason.strip()):
            raise commands.BadCommand(what="whoever forces a promotion says why", hint="add --reason TEXT")
        self._plan(lambda: self.registry.plan_promote(ref, stage, reason=reason), force=force)

    def open_guide(self, topic: str | None) -> None:
        """Show a guide, the same that `lineal guide` prints, or without a topic which there are."""
        from lineal_tui.view.guidance import guide  # noqa: PLC0415  the first screen shows none

        if topic is None:
            lines: list[Line] = [
                ((f":guide {each.name}".ljust(20), Tone.KEY), (each.title, Tone.TEXT)) for each in guide.topics()
            ]
        else:
            lines = []
            guide.source(topic)  # an unknown one is told before the view changes
        self.open_view(View.HELP)
        self.panes[View.HELP].draw_title = lambda width, active: rule(
            ((f"guide {topic or ''}".strip(), Tone.TITLE if active else Tone.STRONG),),
            (("/ search  esc back", Tone.MUTED),),
            width,
        )
        self.show_page(View.HELP, lambda width: lines if topic is None else guide.page(topic, width))

    def _ref(self, given: str | None) -> str:
        if given is not None:
            return given
        if self.version is None:
            raise commands.BadCommand(what="no version is under the cursor", hint="name one, such as fraud:2.1.0")
        return self.version.ref

    def _set(self, command: Command) -> None:
        registry, ref = self.registry, command.arguments[0]
        fields = commands.pairs(command, "FIELD=VALUE")
        self.change(lambda: FieldsSet(registry.set(ref, fields), tuple(fields.items())))

    def on_fields_set(self, message: FieldsSet) -> None:
        """Say what was set, and look again."""
        words = " ".join(shlex.quote(f"{name}={value}") for name, value in message.fields)
        self.last_command = f"lineal set {shlex.quote(message.ref)} {words}"
        self.say(f"✓ {message.ref}: {', '.join(name for name, _ in message.fields)}", tone=Tone.BETTER)
        self.read()

    def on_to_mark(self, message: ToMark) -> None:
        """Ask whether to mark a version, unless it is marked so already."""
        version = message.version
        if message.turn != self.asking.turn:
            return
        if (version.status is VersionStatus.BAD) == message.bad and version.status is not VersionStatus.RETIRED:
            self.asking.end()
            self.say(f"{version.ref} is {version.status} already", tone=Tone.CHANGED)
            return
        question = question_of_mark(version, version.stages[0] if version.stages else None)
        self._pose(message.turn, question, Subject(version=version))

    # going places

    def _find(self, command: Command) -> None:
        verb, given, registry, clock = command.verb.name, command.first, self.registry, self.clock
        if given is None and verb in ("tree", "history"):
            self.open_view(View.TREE if verb == "tree" else View.HISTORY)
            return
        ref = self._ref(given)
        self.work(lambda: ThingFound(verb, ref, *found_page.read_found(registry, ref, clock())), "command")

    def on_thing_found(self, message: ThingFound) -> None:
        """Go where an address leads: into the tree, or to a page about what stands in none."""
        found, view = message.found, View.TREE
        if message.verb in ("show", "history"):
            view = {"show": View.VERSION, "history": View.HISTORY}[message.verb]
        if isinstance(found, Model):
            self._go(found.name, None, None, view if view is View.HISTORY else View.TREE)
        elif isinstance(found, LiveVersion):
            self._go(found.version.model, found.stage, found.version.id, view)
        elif isinstance(found, Version):
            self._go(found.model, None, found.id, view)
        elif isinstance(found, Run):
            self.visit_run(found)
        elif isinstance(found, Experiment):
            self.look_into(found.name)
            self.open_view(View.RUNS)
        elif message.page is not None:
            self._show_found(message.ref, message.page)

    def visit(self, ref: str) -> None:
        """Go where an address leads."""
        registry, clock = self.registry, self.clock
        self.work(lambda: ThingFound("show", ref, *found_page.read_found(registry, ref, clock())), "command")

    def _go(self, model: str, stage: str | None, version: int | None, view: View) -> None:
        self.give_screen_to(view)
        self._goal = (model, version) if version is not None else None
        if model != self.model or stage not in (None, self.stage):
            self.look_at(model, stage)
        elif version is not None:
            self._reach(model)
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)

    def _reach(self, model: str) -> None:
        if self._goal is not None and self._goal[0] == model:
            version, self._goal = self._goal[1], None
            self.find_version(version)

    def scene_shown(self) -> None:
        """Go where an address led."""
        if self.model is not None:
            self._reach(self.model)

    def _show_found(self, ref: str, page: FoundPage) -> None:
        self.panes[View.HELP].draw_title = lambda width, active: rule(
            ((cut_middle(ref, max(8, width - 16)), Tone.TITLE if active else Tone.STRONG),),
            (("esc back", Tone.MUTED),),
            width,
        )
        self.show_page(View.HELP, page)
        self.panes[View.HELP].lines.move_to(0)
        self.give_screen_to(View.HELP)
        self.call_after_refresh(self.redraw_all)

    def on_diff_asked(self, message: DiffAsked) -> None:
        """Show the difference that was asked for by name."""
        diff = message.diff
        self.keep_diff(diff.versions, diff)
        self.pinned = diff.versions
        self.baseline = None
        self.give_screen_to(View.DIFF)
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)

    # what the screen does and this only calls

    look_at: Callable[[str, str | None], None]
    audit_asked: Callable[[Command], None]
    decide_asked: Callable[[Command], None]
    end_asked: Callable[[Command], None]
    watch_asked: Callable[[Command], None]
    automate_asked: Callable[[Command], None]
    go_to: Callable[[View], None]
    open_view: Callable[[View], None]
    open_curves: Callable[[], None]
    open_findings: Callable[[], None]
    sort: Callable[[], None]
