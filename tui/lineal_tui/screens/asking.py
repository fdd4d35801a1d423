"""One question at a time: only keys that came after it was on the screen answer it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.message import Message

    from lineal.records.models import Version
    from lineal.records.stages import Plan
    from lineal_tui.view.staging.questions import Answer, Question


class Phase(Enum):
    """How far a question is."""

    NONE = auto()
    PREPARING = auto()
    """The plan is being made; there is nothing on the screen to answer."""
    HIDDEN = auto()
    """The question is known, and not yet painted."""
    OPEN = auto()
    RUNNING = auto()
    """It was answered with yes."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a question is about."""

    plan: Plan | None = None
    """What would be done to a stage; None for a mark."""
    version: Version | None = None
    """What would be marked; None for a plan."""
    act: Callable[[], Message] | None = None
    """What a yes does, in a worker, and how it is told; None for a plan or a mark."""
    other: Callable[[], Message] | None = None
    """What the other answer does, as `act`; None where there is none."""
    force: bool = False
    """Whether a plan goes past what the stage demands."""
    address: str | None = None
    """The stage that an answer other than yes is about; None where there is no such answer."""


class Asking:
    """The state of the question, and the rule by which a key answers it.

    A key answers only when it was pressed after the terminal had the question: `event.time` is when its bytes were
    read, and it has to be later than `painted`. Where the terminal answers a request for the cursor's position, that
    answer came after the painting, in line with the keys; where it does not, the time of writing counts.
    """

    def __init__(self) -> None:
        """No question."""
        self.phase = Phase.NONE
        self.turn = 0
        self.question: Question | None = None
        self.subject = Subject()
        self._painted_at = float("inf")

    @property
    def busy(self) -> bool:
        """Whether keys belong to a question."""
        return self.phase is not Phase.NONE

    def prepare(self) -> int:
        """Begin a question whose plan has to be made first; returns its turn."""
        self._forget()
        self.phase = Phase.PREPARING
        self.turn += 1
        return self.turn

    def pose(self, turn: int, question: Question, subject: Subject) -> bool:
        """Have the question at hand; False when it was given up meanwhile."""
        if turn != self.turn or self.phase is not Phase.PREPARING:
            return False
        self.phase, self.question, self.subject = Phase.HIDDEN, question, subject
        return True

    def painted(self, turn: int, at: float) -> None:
        """The question of this turn is on the screen since `at` (monotonic seconds)."""
        if turn == self.turn and self.phase is Phase.HIDDEN:
            self.phase = Phase.OPEN
            self._painted_at = at

    def hide(self) -> None:
        """The question has to be painted again (the screen's size changed): answers count from then on only."""
        if self.phase is Phase.OPEN:
            self.phase = Phase.HIDDEN
            self.turn += 1
            self._painted_at = float("inf")

    def answer(self, key: str, at: float) -> Answer | None:
        """What a key pressed at `at` answers; None when it is none, or was pressed before the question was there."""
        if self.phase is not Phase.OPEN or self.question is None or at <= self._painted_at:
            return None
        return self.question.answer(key)

    def run(self) -> Subject:
        """The answer was yes."""
        self.phase = Phase.RUNNING
        return self.subject

    def end(self) -> None:
        """The question is over, answered or not."""
        self._forget()
        self.phase = Phase.NONE
        self.turn += 1

    def _forget(self) -> None:
        self.question, self.subject, self._painted_at = None, Subject(), float("inf")
