"""A finished run becomes a version: model, label, purpose and parent are asked for in the last row, one by one."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal.records.runs import RunStatus
from lineal_tui.screens.asking import Subject
from lineal_tui.screens.explaining import Explaining
from lineal_tui.screens.messages import Defaulted, Registered
from lineal_tui.screens.prompting import Prompt
from lineal_tui.view.drawing.lines import Tone, cut_middle
from lineal_tui.view.drawing.prompt import Draft
from lineal_tui.view.staging.questions import question_of_register

if TYPE_CHECKING:
    from lineal.records.runs import Run
    from lineal.registry import Registry

STEPS = ("model", "label", "purpose", "parent")


class Form:
    """What was answered so far."""

    def __init__(self, found: Defaulted) -> None:
        """Nothing yet."""
        self.found = found
        self.typed: dict[str, str] = {}

    def answer(self, name: str) -> str:
        """What was typed, or else what stands for nothing typed; empty when there is nothing."""
        return self.typed.get(name, "").strip() or self.default(name)

    def default(self, name: str) -> str:
        """What an empty answer stands for."""
        match name:
            case "model":
                return self.found.model
            case "purpose":
                return self.found.purpose
            case "parent":
                return self.found.parents.get(self.answer("model"), "")
            case _:
                return ""


class Question(Prompt):
    """One question of the form."""

    def __init__(self, screen: Registering, form: Form, step: int) -> None:
        """Begin with what was typed before, if anything was."""
        self._screen, self._form, self._step = screen, form, step
        self.name = STEPS[step]
        text = form.typed.get(self.name, "")
        super().__init__(Draft(text, len(text)))
        self.sign = f"{self.name}: "
        self.changed()

    def changed(self) -> None:
        """Tell what nothing typed would stand for, and the keys."""
        keys = f"{self._step + 1}/{len(STEPS)}  enter next  esc {'back' if self._step else 'no'}"
        default = "from the model's scheme" if self.name == "label" else self._form.default(self.name) or "none"
        if self.draft.text or (self.name == "model" and default == "none"):
            self.remark = ((keys, Tone.MUTED),)
        else:
            self.remark = ((cut_middle(default, 40), Tone.TEXT), ("   " + keys, Tone.MUTED))

    def accepted(self) -> None:
        """Go on to the next one."""
        self._form.typed[self.name] = self.draft.text
        self._screen.answered(self._form, self._step)

    def given_up(self) -> None:
        """Go back to the one before."""
        self._form.typed[self.name] = self.draft.text
        if self._step:
            self._screen.begin_prompt(Question(self._screen, self._form, self._step - 1))


class Registering(Explaining):
    """The form."""

    def ask_register(self) -> None:
        """Begin to ask for what a version needs beside its run."""
        detail = self.run_detail
        if detail is None or not self.may_write():
            return
        run = detail.run
        if run.status is not RunStatus.FINISHED:
            self.say(
                f"{cut_middle(run.name, 40)} is {run.status}; only a finished run is registered", tone=Tone.CHANGED
            )
            return
        model = self.model
        self.work(lambda: _defaults(self.registry, run, model), "form")

    def on_defaulted(self, message: Defaulted) -> None:
        """Ask for the first answer."""
        if not self.asking.busy and self.prompt is None:
            self.begin_prompt(Question(self, Form(message), 0))

    def answered(self, form: Form, step: int) -> None:
        """Ask the next question, or whether to register with these answers."""
        if not form.answer("model"):
            self.begin_prompt(Question(self, form, 0))
            return
        if step + 1 < len(STEPS):
            self.begin_prompt(Question(self, form, step + 1))
            return
        answers = {name: form.answer(name) for name in STEPS}
        if answers["parent"].lower() in {"none", "-"}:
            answers["parent"] = ""
        turn = self.asking.prepare()
        run = form.found.run

        def register() -> Registered:
            version = self.registry.register(
                answers["model"],
                label=answers["label"] or None,
                purpose=answers["purpose"] or None,
                parents=[answers["parent"]] if answers["parent"] else [],
                run=f"run:{run.id}",
            )
            return Registered(version, _command(run, answers))

        question = question_of_register(
            f"run {cut_middle(run.name, 24)}", answers["model"], answers["label"], answers["parent"]
        )
        self._pose(turn, question, Subject(act=register))

    def on_registered(self, message: Registered) -> None:
        """Say what it is called now."""
        self.asking.end()
        self.last_command = message.command
        version = message.version
        self.say(f"✓ registered as {version.ref} (#{version.seq})", "6 shows it", tone=Tone.BETTER)
        self._goal = (version.model, version.id)
        self.question_over()
        self.look_at(version.model, None if version.model != self.model else self.stage)


def _defaults(registry: Registry, run: Run, model: str | None) -> Defaulted:
    """The model is that of what the run made before, or of its experiment's name, or the one that is looked at."""
    models = {known.name: known for known in registry.models()}
    made = [ref.rpartition(":")[0] for ref in registry.run_detail(run).outputs if not ref.startswith("data:")]
    chosen = next((name for name in (*made, run.experiment, model or "") if name in models), model or "")
    parents = {}
    for name, known in models.items():
        live = known.stages[-1][1] if known.stages else None
        newest = registry.versions_page(name, limit=1)
        if live is not None:
            parents[name] = f"{name}:{live}"
        elif newest:
            parents[name] = newest[0].ref
    purpose = models[chosen].purpose if chosen in models else None
    return Defaulted(run, chosen, purpose or "", parents)


def _command(run: Run, answers: dict[str, str]) -> str:
    from lineal_tui.view.training.runs import run_ref  # noqa: PLC0415  only after something was registered

    words = ["lineal", "register", answers["model"], "--run", run_ref(run)]
    for name, option in (("label", "--label"), ("purpose", "--purpose"), ("parent", "--parent")):
        if answers[name]:
            words += [option, answers[name]]
    return shlex.join(words)
