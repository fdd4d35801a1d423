"""What is typed about automations, alerts and observations: the shell's words, done or asked about."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from lineal.errors import Cancelled, NotFound, Refused
from lineal.machine.lazily import Later
from lineal_tui.places import View
from lineal_tui.screens.alarming import Alarming
from lineal_tui.view.drawing.lines import Tone, cut_middle

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.message import Message

    from lineal.registry import Registry
    from lineal_tui.screens import operations as reading
    from lineal_tui.screens.operations import AlertsFound, LogFound, ObservedFound, Operated, Settled
    from lineal_tui.view.guidance import commands, typed
    from lineal_tui.view.guidance.commands import Command
else:
    # nobody types before the first paint
    reading = Later("lineal_tui.screens.operations")
    commands = Later("lineal_tui.view.guidance.commands")
    typed = Later("lineal_tui.view.guidance.typed")


class Operating(Alarming):
    """Words about what is operated."""

    # automations

    def automate_asked(self, command: Command) -> None:
        """Do what `:on` and the word after it say; only what takes something away is asked about."""
        registry, name = self.registry, command.first
        match command.verb.name:
            case "on list":
                self.go_to(View.AUTOMATIONS)
            case "on log":
                self._look_for_log(name)
            case "on show" if name is not None and not name.isdigit():
                self._look_for_log(name)
            case "on show":
                number = int(name or 0)
                self.work(lambda: reading.DeliveryFound(registry.delivery(number)), "command")
            case "on remove":
                turn = self.asking.prepare()
                self.work(lambda: reading.automation_named(registry, turn, name or ""), "question")
            case "on run":
                self._settle()
            case _:
                act = self._automation_change(command)
                self.change(lambda: act(registry))

    def _look_for_log(self, name: str | None) -> None:
        registry = self.registry

        def look() -> Message:
            registry.deliveries(name, limit=1)  # an unknown name is told before the view changes
            return reading.LogFound(name)

        self.work(look, "command")

    def on_log_found(self, message: LogFound) -> None:
        """Show the log of an automation, or of all."""
        self.open_log(message.name)

    def _automation_change(self, command: Command) -> Callable[[Registry], Operated]:
        first, options, line = command.first or "", command.options, _line(command)
        match command.verb.name:
            case "on enable" | "on disable":
                enabled = command.verb.name == "on enable"
                told = f"{first} is {'on' if enabled else 'off'}"

                def switch(registry: Registry) -> Operated:
                    registry.enable_automation(first, enabled=enabled)
                    return reading.Operated(told, line)

                return switch
            case "on again":
                if not first.isdigit():
                    raise commands.BadCommand(what=f"{first!r} is no delivery's number", hint=command.verb.usage)
                return lambda registry: reading.operated_again(registry.deliver_again(int(first)), int(first))
            case _:
                self._refuse_for_others("adding an automation")
                if not options.get("run"):
                    raise commands.BadCommand(what="what shall run?", hint=command.verb.usage)
                words = typed.words_of("run", options["run"]) or ()
                timeout = typed.figures([("timeout", options["timeout"])])["timeout"] if "timeout" in options else 30.0
                place = command.arguments[1] if len(command.arguments) > 1 else None
                from shutil import which  # noqa: PLC0415  start-up is measured

                def add(registry: Registry) -> Operated:
                    new = registry.add_automation(first, place, words, timeout=timeout, name=options.get("name"))
                    where = new.place or "all models"
                    what = new.event.replace("_", " ")
                    missing = which(new.command[0]) is None
                    hint = f"there is no program {cut_middle(new.command[0], 30)} here now" if missing else None
                    return reading.Operated(f"{new.name} runs from now on, on {what} of {where}", line, hint)

                return add

    def _refuse_for_others(self, what: str) -> None:
        """Nobody who is served by a service account has it run programs of their choice."""
        if self.registry.actor.is_vouched:
            why = "it names a program of the server; an admin adds it there"
            raise Refused(what=what, why=f"not served here: {why}", hint="run it under the service account")

    def _settle(self) -> None:
        registry = self.registry
        self.say("waiting until nothing waits and nothing runs; keys go on meanwhile", tone=Tone.MUTED)

        def settle() -> Message:
            worker = get_current_worker()

            def tick() -> None:
                if worker.is_cancelled:
                    raise Cancelled

            try:
                registry.settle_automations(tick=tick)
            except Cancelled:
                return reading.Settled(is_whole=False)
            return reading.Settled(is_whole=True)

        self.work(settle, "settle")

    def on_settled(self, message: Settled) -> None:
        """Say that nothing waits any more."""
        if message.is_whole and not self.asking.busy:
            self.say("✓ nothing waits and nothing runs", tone=Tone.BETTER)

    # alerts and observations

    def watch_asked(self, command: Command) -> None:
        """Do what `:observe`, `:observations`, `:alerts` and `:stage set` say."""
        first = command.first
        match command.verb.name:
            case "alerts":
                self._find_alerts(first)
            case "observations":
                self._find_observed(first or self.address())
            case "observe":
                self._observe(command)
            case _:
                self._set_alert(command)

    def _find_alerts(self, place: str | None) -> None:
        if place is None:
            self.open_alerts()
            return
        registry = self.registry

        def look() -> Message:
            found = registry.alerts(place)
            if not found:
                hint = f"`:stage set {place} --alert 'latency_p99 < 80 for 10m'` sets one"
                raise NotFound(kind="alert at", name=place, hint=hint)
            return reading.AlertsFound(f"{found[0].rule.model}@{found[0].rule.stage}")

        self.work(look, "command")

    def _find_observed(self, place: str) -> None:
        registry = self.registry

        def look() -> Message:
            registry.observed_metrics(place)  # an unknown stage is told once, and before the view changes
            return reading.ObservedFound(place)

        self.work(look, "command")

    def on_observed_found(self, message: ObservedFound) -> None:
        """Draw what was observed at a stage."""
        self.open_observed(message.place)

    def on_alerts_found(self, message: AlertsFound) -> None:
        """Go to the alerts of a stage."""
        self.open_alerts(message.place)

    def _observe(self, command: Command) -> None:
        options, place, line = command.options, command.arguments[0], _line(command)
        figures = typed.figures(list(commands.pairs(command).items()))
        at = typed.moment(options["at"]) if "at" in options else None
        registry, version = self.registry, options.get("version")

        def observe() -> Operated:
            found = registry.observe(place, figures, at=at, version=version)
            about = ", ".join(f"{found.model}:{label}" for label in found.labels)
            known = f", {found.known:,} known already" if found.known else ""
            words = f"{about}: {found.recorded:,} recorded{known}"
            if not found.fired:
                cleared = f"; cleared: {', '.join(found.cleared)}" if found.cleared else ""
                return reading.Operated(words + cleared, line)
            fired = "; ".join(f"{each.rule.text} saw {each.saw}" for each in found.fired)
            back = f"rolls back to {found.rolled_back_to}" if found.rolled_back_to is not None else "W shows the alerts"
            return reading.Operated(f"{words}. ALERT {fired}", line, back, is_alarming=True)

        self.change(observe)

    def _set_alert(self, command: Command) -> None:
        options, place, line = command.options, command.arguments[0], _line(command)
        if len(options.keys() & {"alert", "no-alert"}) != 1:
            hint = "what else a stage has, `lineal stage set` says in a shell"
            raise commands.BadCommand(what="which alert is set, or taken away?", hint=hint)
        registry, text = self.registry, options.get("alert")
        if text is None:
            gone, turn = options["no-alert"], self.asking.prepare()
            self.work(lambda: reading.find_alert(registry, turn, place, gone), "question")
            return
        program = None
        if "alert-command" in options:
            self._refuse_for_others("an alert's command")
            program = typed.words_of("alert-command", options["alert-command"])
        from lineal.gates.durations import seconds  # noqa: PLC0415  few lines say one

        rolls_back, cool_down = "alert-rollback" in options, seconds("cool-down", options.get("cool-down", "1h"))

        def put() -> Operated:
            registry.set_alerts(place, text, command=program, rolls_back=rolls_back, cool_down=cool_down)
            unknown = registry.unobserved(place)
            hint = f"{', '.join(unknown)} was never observed there yet; the alert waits for it" if unknown else None
            return reading.Operated(f"{place}: alert {text}", line, hint)

        self.change(put)


def _line(command: Command) -> str:
    """What a command line is in a shell."""
    options = [
        word
        for name, value in command.options.items()
        for word in ([f"--{name}"] if f"--{name}" in command.verb.flags else [f"--{name}", value])
    ]
    return f"lineal {command.verb.name} " + shlex.join([*command.arguments, *options])
