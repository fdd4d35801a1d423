"""What a person is asked before something changes: the target by name, what it replaces, and the keys that answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lineal.records.models import Version, VersionStatus
from lineal.records.stages import Action, Plan
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, fit, line_width, wrap
from lineal_tui.view.drawing.words import age, counted, deprecated, size

if TYPE_CHECKING:
    from lineal.records.base import Micros
    from lineal.records.gates import Assessment
    from lineal.records.stages import Transition


class Answer(StrEnum):
    """What a key does while a question is open."""

    YES = "yes"
    YES_BAD = "yes_bad"
    STAGE = "stage"
    DIFF = "diff"
    REJECT = "reject"
    """The opposite of yes, where that is something else than not answering."""
    FURTHER = "further"
    """Roll back once more."""
    PUT_BACK = "put_back"
    """Undo what was just done."""
    NO = "no"


@dataclass(frozen=True, slots=True)
class Choice:
    """One key of a question."""

    key: str
    answer: Answer
    words: str
    short: str
    """The same for a narrow screen."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, in words from the longest that may be said to the shortest that must be."""

    forms: tuple[str, ...]
    choices: tuple[Choice, ...]

    def answer(self, key: str) -> Answer | None:
        """What a key answers; None when it answers nothing."""
        return next((choice.answer for choice in self.choices if choice.key == key), None)


_YES = Choice("y", Answer.YES, "yes", "yes")
_NO = Choice("escape", Answer.NO, "no", "no")
_DIFF = Choice("d", Answer.DIFF, "diff", "diff")
_STAGE = Choice("s", Answer.STAGE, "other stage", "stage")
_LONGEST_NAME = 40


def question_of(plan: Plan, now: Micros, *, stages: int = 1) -> Question:
    """The question that a plan asks.

    Args:
        plan: What would be done.
        now: For the ages it names.
        stages: How many stages the model has; with several a promotion offers to go to another.
    """
    model = cut_middle(plan.model, _LONGEST_NAME)
    stage = f"{model}@{cut_middle(plan.stage, _LONGEST_NAME)}"
    source = _label(plan.source)
    target = _label(plan.target)
    diff = (_DIFF,) if plan.diff is not None else ()
    since = f" ({age(plan.source_transition.at, now)})" if plan.source_transition is not None and plan.source else ""
    release, short = _release_words(plan), _release_words(plan, short=True)
    if plan.action is Action.PROMOTE:
        where = f"to {cut_middle(plan.stage, _LONGEST_NAME)}"
        replacing = f"replacing {source}" if plan.source else "where nothing is live"
        if plan.failed:
            return _forcing(plan, f"{model}:{target} {where}, {replacing}")
        passed = _passed_words(plan)
        until = plan.target.deprecated_until if plan.target is not None else None
        warned = f"; it is {deprecated(until, now)}" if until is not None else ""
        return Question(
            (
                f"Promote {model}:{target} {where}, {replacing}{since}{release}{passed}{warned}?",
                f"Promote {model}:{target} {where}, {replacing}{release}{passed}{warned}?",
                f"Promote {model}:{target} {where}, {replacing}{release}{warned}?",
                f"Promote {model}:{target} {where}, {replacing}{short}{warned}?",
            ),
            (_YES, *((_STAGE,) if stages > 1 else ()), *diff, _NO),
        )
    if plan.action is Action.ROLLBACK:
        was = f" (went live {age(plan.target_transition.at, now)} ago)" if plan.target_transition is not None else ""
        skipped = ", ".join(f"{one_line(label)} {one_line(why)}" for label, why in plan.skipped)
        over = f", past {skipped}" if skipped else ""
        bad = Choice("b", Answer.YES_BAD, f"yes, mark {source} bad", "+bad")
        return Question(
            (
                f"Roll {stage} back to {target}{was}{over}, leaving {source}{release}?",
                f"Roll {stage} back to {target}{was}, leaving {source}{release}?",
                f"Roll {stage} back to {target}, leaving {source}{release}?",
                f"Roll {stage} back to {target}{was}, leaving {source}{short}?",
                f"Roll {stage} back to {target}, leaving {source}{short}?",
            ),
            (_YES, bad, *diff, _NO),
        )
    if plan.action is Action.UNDO:
        what = f"the {plan.source_transition.action} " if plan.source_transition is not None else ""
        if plan.target is None:
            return Question((f"Undo {what}of {source} at {stage}, leaving nothing live?",), (_YES, *diff, _NO))
        replaced = f", replacing {source}{since}" if plan.source else ""
        undo = f"Undo {what}at {stage}: {target} comes back{replaced}"
        return Question(
            (
                f"{undo}{release}?",
                f"Undo {what}at {stage}: {target} for {source}{short}?",
            ),
            (_YES, *diff, _NO),
        )
    return Question((f"Clear {stage}: {source} goes, nothing is live then?",), (_YES, _NO))


def _forcing(plan: Plan, what: str) -> Question:
    """The question of going past what a stage demands: with the figures, as far as there is room."""
    names = ", ".join(check.name for check in plan.failed)
    figures = "; ".join(f"{check.name}: {one_line(check.saw)}" for check in plan.failed)
    return Question(
        (f"FORCE {what}, past {figures}?", f"FORCE {what}, past {names}?"),
        (Choice("y", Answer.YES, "yes, force it", "force"), *((_DIFF,) if plan.diff is not None else ()), _NO),
    )


def _passed_words(plan: Plan) -> str:
    """How many of the stage's gates were passed; nothing where it demands nothing."""
    count = sum(check.is_gate for check in plan.checks)
    return f"; {counted(count, 'gate passes', 'gates pass')}" if count else ""


def _release_words(plan: Plan, *, short: bool = False) -> str:
    """What a bound stage will do: `; copies 12 MiB, runs hook and health`; nothing for a pointer."""
    if "lay out" not in plan.steps and "switch" not in plan.steps:
        return ""
    copies = f"copies {size(plan.copies_bytes)}" if plan.copies_bytes else "copies nothing"
    found = [step for step in plan.steps if step in {"hook", "health"}]
    if short:
        return "; " + ", ".join([copies, *found] if found else [copies, "no checks"])
    checks = " and ".join(found)
    return f"; {copies}, {f'runs {checks}' if checks else 'checks nothing'}"


def question_of_decision(found: Assessment) -> Question:
    """The question of approving a version for a stage, or rejecting it."""
    name = f"{cut_middle(found.version.model, _LONGEST_NAME)}:{_label(found.version)}"
    stage = cut_middle(found.stage, _LONGEST_NAME)
    others = [check for check in found.checks if check.name != "approvals"]
    failed = [check.name for check in others if not check.passed]
    said = next((check.saw for check in found.checks if check.name == "approvals"), "none is demanded")
    state = f"though {', '.join(failed)} {'fails' if len(failed) == 1 else 'fail'}" if failed else ""
    though, count = f", {state}" if state else "", said.partition(" by ")[0]
    return Question(
        (
            f"Approve {name} for {stage}{though}? Approvals: {one_line(said)}.",
            f"Approve {name} for {stage}{though} ({one_line(count)})?",
            f"Approve {name} for {stage}{though}?",
        ),
        (
            Choice("y", Answer.YES, "approve", "approve"),
            Choice("n", Answer.REJECT, "reject", "reject"),
            Choice("escape", Answer.NO, "no", "no"),
        ),
    )


def question_of_review(found: Transition) -> Question:
    """The question of having looked at a forced transition."""
    place = f"{cut_middle(found.model, _LONGEST_NAME)}@{cut_middle(found.stage, _LONGEST_NAME)}#{found.seq}"
    to = cut_middle(found.to_label or "nothing", _LONGEST_NAME)
    by = cut_middle(found.actor, 16)
    why = one_line(found.reason or "")
    return Question(
        (
            f"Have you looked at {place}, where {by} forced {to} in: {why}?",
            f"Have you looked at {place}, where {by} forced {to} in?",
        ),
        (Choice("y", Answer.YES, "yes, reviewed", "reviewed"), _NO),
    )


def question_of_unhealthy(address: str, label: str) -> Question:
    """What to do after a rollback whose health check failed."""
    name = cut_middle(address, _LONGEST_NAME)
    return Question(
        (
            f"{name} is at {cut_middle(label, _LONGEST_NAME)} now, but UNHEALTHY: go further back, or put back?",
            f"{cut_middle(label, _LONGEST_NAME)} is UNHEALTHY: further back, or put back?",
        ),
        (
            Choice("r", Answer.FURTHER, "further back", "further"),
            Choice("u", Answer.PUT_BACK, "put back", "put back"),
            Choice("escape", Answer.NO, "leave it", "leave"),
        ),
    )


def question_of_cancel(what: str, address: str, step: str | None, by: str) -> Question:
    """The question of stopping a pipeline."""
    at = f", at {step}" if step else ""
    name = cut_middle(address, _LONGEST_NAME)
    return Question(
        (
            f"Cancel the {what} at {name} by {cut_middle(by, 16)}{at}? It takes itself back.",
            f"Cancel the {what} at {name}?",
        ),
        (_YES, _NO),
    )


def question_of_register(run: str, model: str, label: str, parent: str) -> Question:
    """The question of registering a run as a version."""
    name = cut_middle(model, _LONGEST_NAME) + (f":{cut_middle(label, 24)}" if label else "")
    came = f", from {cut_middle(parent, _LONGEST_NAME)}" if parent else ""
    return Question((f"Register {run} as a version of {name}{came}?", f"Register {run} as {name}?"), (_YES, _NO))


def question_of_mark(version: Version, stage: str | None) -> Question:
    """The question of marking a version bad, or active again.

    Args:
        version: What would be marked.
        stage: A stage where it is live, and stays so; None when there is none.
    """
    name = f"{cut_middle(version.model, _LONGEST_NAME)}:{_label(version)}"
    if version.status is not VersionStatus.ACTIVE:
        return Question(
            (
                f"Mark {name} active again ({version.status} now), so that it may be promoted?",
                f"Mark {name} active again?",
            ),
            (_YES, _NO),
        )
    stays = f" It stays live at {cut_middle(stage, _LONGEST_NAME)} until it is rolled back." if stage else ""
    return Question(
        (f"Mark {name} bad, neither to be promoted nor rolled back to?{stays}", f"Mark {name} bad?{stays}"), (_YES, _NO)
    )


def question_of_retirement(version: Version, reason: str, successor: str | None) -> Question:
    """The question of ending a version, whose record stays."""
    what = f"Retire {cut_middle(version.model, _LONGEST_NAME)}:{_label(version)}, never to be live again"
    heir = f", in favour of {cut_middle(successor, _LONGEST_NAME)}" if successor else ""
    return Question((f"{what}{heir}: {one_line(reason)}?", f"{what}{heir}?", f"{what}?"), (_YES, _NO))


def question_of_switching(name: str, what: str, waiting: int, *, enabled: bool) -> Question:
    """The question of keeping an automation from running, or letting it run again.

    Args:
        name: Its name.
        what: What it runs, and when, in words.
        waiting: Events that wait for it.
        enabled: Whether it runs now.
    """
    name = cut_middle(name, _LONGEST_NAME)
    waits = f" {counted(waiting, 'event')} {'waits' if waiting == 1 else 'wait'} for it" if waiting else ""
    if enabled:
        stays = f"{waits} until it is on again;" if waits else ""
        return Question(
            (
                f"Keep {name} ({one_line(what)}) from running?{stays} what happens meanwhile is none of its events.",
                f"Keep {name} from running?{stays} what happens meanwhile is none of its events.",
                f"Keep {name} from running?{waits}{' until it is on again.' if waits else ''}",
            ),
            (_YES, _NO),
        )
    runs = f"{waits}, which {'runs' if waiting == 1 else 'run'} now." if waits else ""
    return Question(
        (f"Let {name} ({one_line(what)}) run again, from the next event on?{runs}", f"Let {name} run again?{runs}"),
        (_YES, _NO),
    )


def question_of_removal(name: str, what: str, waiting: int) -> Question:
    """The question of taking an automation away, with what waits for it."""
    name = cut_middle(name, _LONGEST_NAME)
    waits = (
        f" {counted(waiting, 'event')} that {'waits' if waiting == 1 else 'wait'} for it will not run."
        if waiting
        else ""
    )
    return Question(
        (f"Take {name} ({one_line(what)}) away?{waits} Its log stays.", f"Take {name} away?{waits} Its log stays."),
        (_YES, _NO),
    )


def question_of_delivery(number: int, name: str, event: str, command: str) -> Question:
    """The question of running a delivery once more."""
    name = cut_middle(name, _LONGEST_NAME)
    return Question(
        (
            f"Run {name} again on {one_line(event)}: {one_line(command)}?",
            f"Run delivery {number} of {name} again, on {one_line(event)}?",
            f"Run delivery {number} of {name} again?",
        ),
        (_YES, _NO),
    )


def question_of_alert(place: str, text: str, *, fires: bool) -> Question:
    """The question of taking an alert of a stage away."""
    now = " It fires now, and is cleared with that." if fires else ""
    name = cut_middle(place, _LONGEST_NAME)
    return Question(
        (
            f"Take the alert {one_line(text)} of {name} away?{now}",
            f"Take the alert {cut_middle(text, _LONGEST_NAME)} of {name} away?{now}",
        ),
        (_YES, _NO),
    )


def question_lines(question: Question, width: int) -> tuple[Line, ...]:
    """The question in one row where any form of it fits, else in as many rows as it takes; nothing is left out."""
    needed = tuple(choice for choice in question.choices if choice.answer not in (Answer.DIFF, Answer.STAGE))
    for form in question.forms:
        for choices, short in ((question.choices, False), (question.choices, True), (needed, True)):
            line = _line(form, choices, short=short)
            if line_width(line) <= width:
                return (line,)
    answers: list[Line] = [((" " + _choice(choice, short=True), Tone.ANSWER),) for choice in question.choices]
    # once it takes several rows, the longest form that takes no more of them tells most
    wrapped = [tuple(wrap([*_words(form), *answers], width)) for form in question.forms]
    return min(wrapped, key=len)


_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def _words(form: str) -> list[Line]:
    """The words of a question, a size with its unit as one."""
    words: list[str] = []
    for word in ("→ " + form).split(" "):
        if words and word.rstrip(",;?") in _UNITS:
            words[-1] += f" {word}"
        else:
            words.append(word)
    return [((word, Tone.QUESTION),) for word in words]


def _line(form: str, choices: tuple[Choice, ...], *, short: bool) -> Line:
    # two spans and no more: over a slow line each change of colour costs as much as a word
    answers = "  ".join(_choice(choice, short=short) for choice in choices)
    return ((f"→ {form}", Tone.QUESTION), (f"{'  ' if short else '   '}{answers}", Tone.ANSWER))


def _choice(choice: Choice, *, short: bool) -> str:
    return f"{'esc' if choice.key == 'escape' else choice.key} {choice.short if short else choice.words}"


def command_of(plan: Plan, *, bad: bool = False, force: bool = False) -> str:
    """The shell's command for what a plan does, with what was confirmed as its condition."""
    import shlex  # noqa: PLC0415  only after something was done

    expect = f" --expect {shlex.quote(plan.source.ref)}" if plan.source is not None else ""
    if plan.action is Action.PROMOTE and plan.target is not None:
        forced = f" --force --reason {shlex.quote(plan.reason or '')}" if force else ""
        return f"lineal promote {shlex.quote(plan.target.ref)} --to {shlex.quote(plan.stage)}{expect}{forced}"
    where = shlex.quote(f"{plan.model}@{plan.stage}")
    return f"lineal {plan.action} {where}{expect}{' --bad' if bad else ''}"


def done_line(plan: Plan, *, bad: bool, width: int) -> Line:
    """What was done, in the past tense."""
    stage = f"{cut_middle(plan.model, _LONGEST_NAME)}@{cut_middle(plan.stage, _LONGEST_NAME)}"
    now = f"{_label(plan.target)} is live" if plan.target is not None else "nothing is live"
    was = f", {_label(plan.source)} was{' and is marked bad' if bad else ''}" if plan.source is not None else ""
    return fit(((f"✓ {stage}: {now}{was}", Tone.BETTER), ("   u", Tone.KEY), (" undo", Tone.MUTED)), width)


def _label(version: Version | None) -> str:
    return "nothing" if version is None else cut_middle(version.label, _LONGEST_NAME)
