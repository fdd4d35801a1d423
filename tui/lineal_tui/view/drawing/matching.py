"""What a filter's text asks for; plain words for now, each of which has to be somewhere in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.models import Model
    from lineal.records.runs import Experiment
    from lineal.records.stages import Transition
    from lineal_tui.view.drawing.lines import Line


@dataclass(frozen=True, slots=True)
class Matcher:
    """A filter; an empty one lets everything through."""

    words: tuple[str, ...] = ()
    """As they were typed."""

    def __bool__(self) -> bool:
        return bool(self.words)

    def __call__(self, *texts: str | None) -> bool:
        """Whether every word is in one of the texts, in any case."""
        whole = "\n".join(text for text in texts if text).casefold()
        return all(word.casefold() in whole for word in self.words)


def matcher(text: str) -> Matcher:
    """The filter that a text asks for."""
    return Matcher(tuple(text.split()))


def in_line(match: Matcher, line: Line) -> bool:
    """Whether a line of a page has what is looked for."""
    return match("".join(text for text, _ in line))


def in_model(match: Matcher, model: Model) -> bool:
    """Whether a model has what is looked for: in its name, what it is for, or what is live where."""
    live = [f"{stage} {label or ''}" for stage, label in model.stages]
    return match(model.name, model.owner, model.purpose, model.notes, *live)


def in_experiment(match: Matcher, experiment: Experiment) -> bool:
    """Whether an experiment has what is looked for: in its name, whose it is, or what it is for."""
    return match(experiment.name, experiment.owner, experiment.purpose)


def in_transition(match: Matcher, transition: Transition) -> bool:
    """Whether a transition has what is looked for: in what it did, who did it, why, and between which versions."""
    return match(
        str(transition.action),
        transition.from_label,
        transition.to_label,
        transition.actor,
        transition.claim,
        transition.reason,
        str(transition.outcome),
        transition.reviewed_by,
        transition.review_reason,
    )
