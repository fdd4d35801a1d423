"""Retiring and deprecating on the screen: what holds a version is told at once, else a reason is asked for."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal.records.models import VersionStatus
from lineal_tui.screens.asking import Subject
from lineal_tui.screens.deciding import Deciding
from lineal_tui.screens.messages import Deprecated, HoldsFound, Retired
from lineal_tui.screens.prompting import Prompt
from lineal_tui.view.drawing.lines import Tone, cut_middle
from lineal_tui.view.staging.questions import question_of_retirement

if TYPE_CHECKING:
    from lineal.records.models import Version
    from lineal_tui.view.guidance.commands import Command

_LONGEST_NAME = 40


class Reason(Prompt):
    """Why a version is retired, while it is typed."""

    def __init__(self, screen: Ending, version: Version, successor: str | None) -> None:
        """Begin empty."""
        super().__init__()
        self._screen, self._version, self._successor = screen, version, successor
        self.sign = f"why is {cut_middle(version.ref, _LONGEST_NAME)} retired? "
        self.changed()

    def changed(self) -> None:
        """Tell the keys."""
        self.remark = (("enter next  esc no", Tone.MUTED),)

    def accepted(self) -> None:
        """Ask whether to do it for this reason."""
        self._screen.reason_given(self._version, self.draft.text.strip(), self._successor)


class Ending(Deciding):
    """How versions end."""

    def ask_retire(self) -> None:
        """Ask why the version under the cursor is retired, and then whether to."""
        if self.version is not None and self.may_change():
            self._look_for_holds(self.version.ref, None, None)

    def _look_for_holds(self, ref: str, reason: str | None, successor: str | None) -> None:
        turn, registry = self.asking.prepare(), self.registry

        def look() -> HoldsFound:
            heir = None if successor is None else registry.version(successor).ref
            version = registry.version(ref)
            return HoldsFound(turn, version, tuple(registry.holds(version)), reason, heir)

        self.work(look, "question")

    def on_holds_found(self, message: HoldsFound) -> None:
        """Say what keeps a version from being retired; without any such thing, go on."""
        version, name = message.version, cut_middle(message.version.ref, _LONGEST_NAME)
        if message.turn != self.asking.turn:
            return
        if version.status is VersionStatus.RETIRED:
            self.asking.end()
            self.say(f"{name} is retired already", f"`lineal retire {name} --purge` drops its bytes", tone=Tone.CHANGED)
        elif message.holds:
            self.asking.end()
            why = "; ".join(f"{hold.why} {hold.place}" for hold in message.holds)
            is_past = all(hold.is_past for hold in message.holds)
            hint = "`b` marks it bad, so that none does" if is_past else "promote another version there first"
            self.say(f"{name} cannot be retired: {why}", hint)
        elif message.reason is None:
            self.asking.end()
            self.begin_prompt(Reason(self, version, message.successor))
        else:
            self._ask_to_retire(message.turn, version, message.reason, message.successor)

    def reason_given(self, version: Version, reason: str, successor: str | None) -> None:
        """Ask whether to retire a version for this reason; none at all is no reason."""
        if reason:
            self._ask_to_retire(self.asking.prepare(), version, reason, successor)
            return
        again = Reason(self, version, successor)
        again.remark = (("a reason is needed: the record is kept with it", Tone.CHANGED),)
        self.begin_prompt(again)

    def _ask_to_retire(self, turn: int, version: Version, reason: str, successor: str | None) -> None:
        registry = self.registry
        question = question_of_retirement(version, reason, successor)
        retire = Subject(act=lambda: Retired(registry.retire(version.ref, reason=reason, successor=successor)))
        self._pose(turn, question, retire)

    def on_retired(self, message: Retired) -> None:
        """Say what was done, and how its bytes would go."""
        self.asking.end()
        done = message.ended
        ref = shlex.quote(done.ref)
        self.last_command = f"lineal retire {ref} --reason {shlex.quote(done.retirement.reason)}" + _heir(
            done.retirement.successor
        )
        self.say(
            f"✓ {cut_middle(done.ref, _LONGEST_NAME)} is retired; its bytes stay",
            f"`lineal retire {ref} --purge` drops them",
            tone=Tone.BETTER,
        )
        self.read()

    def end_asked(self, command: Command) -> None:
        """Ask what `:retire` says, or do what `:deprecate` says, which can be taken back."""
        from lineal_tui.view.guidance.commands import BadCommand  # noqa: PLC0415  nobody types before the first paint

        ref, options = self._ref(command.first), command.options
        if command.verb.name == "retire":
            self._look_for_holds(ref, (options.get("reason") or "").strip() or None, options.get("successor"))
            return
        until, withdraws = options.get("until"), "withdraw" in options
        if (until is None) is not withdraws:
            raise BadCommand(what="until when, or is it taken back?", hint=command.verb.usage)
        registry, reason, successor = self.registry, options.get("reason"), options.get("successor")
        from lineal.gates import durations  # noqa: PLC0415  as above

        at = None if until is None else durations.moment_from("until", until, self.clock())
        tail = f"--until {shlex.quote(until)}" if until is not None else "--withdraw"
        tail += f" --reason {shlex.quote(reason)}" if reason else ""

        def deprecate() -> Deprecated:
            version = registry.deprecate(ref, until=at, reason=reason, successor=successor)
            return Deprecated(version, f"lineal deprecate {shlex.quote(version.ref)} {tail}{_heir(successor)}")

        self.change(deprecate)

    def on_deprecated(self, message: Deprecated) -> None:
        """Say what was written down, and look again."""
        from lineal_tui.view.drawing.words import deprecated  # noqa: PLC0415  few versions are

        version = message.version
        until = version.deprecated_until
        self.last_command = message.command
        told = "not deprecated" if until is None else deprecated(until, self.clock())
        self.say(f"✓ {cut_middle(version.ref, 60)} is {told}", tone=Tone.BETTER)
        self.read()


def _heir(successor: str | None) -> str:
    return "" if successor is None else f" --successor {shlex.quote(successor)}"
