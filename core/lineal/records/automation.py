"""Commands that run when something happens, and each time that one was run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lineal.records.base import Micros


class Occasion(StrEnum):
    """What an automation waits for."""

    REGISTERED = "registered"
    APPROVED = "approved"
    REJECTED = "rejected"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    UNDONE = "undone"
    CLEARED = "cleared"
    MOVED = "moved"
    """Whatever changed what is live at a stage: a promotion, a rollback, an undo, a clearing, an import."""
    FAILED = "failed"
    """A transition that did not move its stage: it was taken back, failed or was cancelled."""
    ALERT = "alert"
    ALERT_CLEARED = "alert_cleared"
    MARKED_BAD = "marked_bad"
    RETIRED = "retired"
    DEPRECATED = "deprecated"


_MOVES = ("promoted", "rolled_back", "undone", "cleared", "stage_imported")
_FAILURES = tuple(
    f"{action}_{outcome}"
    for action in ("promote", "rollback", "undo", "clear")
    for outcome in ("reverted", "failed", "cancelled")
)

ACTIONS: Final = {
    Occasion.REGISTERED: ("version_registered", "version_imported"),
    Occasion.APPROVED: ("version_approved",),
    Occasion.REJECTED: ("version_rejected",),
    Occasion.PROMOTED: ("promoted",),
    Occasion.ROLLED_BACK: ("rolled_back",),
    Occasion.UNDONE: ("undone",),
    Occasion.CLEARED: ("cleared",),
    Occasion.MOVED: _MOVES,
    Occasion.FAILED: _FAILURES,
    Occasion.ALERT: ("alert_fired",),
    Occasion.ALERT_CLEARED: ("alert_cleared",),
    Occasion.MARKED_BAD: ("marked_bad",),
    Occasion.RETIRED: ("version_retired",),
    Occasion.DEPRECATED: ("deprecated",),
}
"""The actions of the audit log that each occasion stands for."""

OF_MODELS: Final = frozenset({Occasion.REGISTERED, Occasion.MARKED_BAD, Occasion.RETIRED, Occasion.DEPRECATED})
"""What happens to versions, at no stage."""


TIMEOUT: Final = 30.0
"""Seconds that a command may take, unless said otherwise."""


@dataclass(frozen=True, slots=True)
class Automation:
    """A command that runs when something happens."""

    id: int
    name: str
    event: Occasion
    model: str | None
    """None: any model."""
    stage: str | None
    """None: any stage."""
    command: tuple[str, ...]
    """The argument list; no shell is involved."""
    timeout: float
    """Seconds that it may take."""
    enabled: bool
    at: Micros
    """When it was added; earlier events are none of its own."""
    actor: str

    @property
    def place(self) -> str | None:
        """The address of the model or stage that it is for; None for all."""
        return self.model if self.stage is None else f"{self.model}@{self.stage}"


LOST: Final = (
    "the process that ran it ended before the command did, or could not record its end; what it did is not known"
)


class DeliveryState(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    """The process that ran it died: what the command did is not known, and it is not run again by itself."""

    @property
    def is_over(self) -> bool:
        """Whether it will not change any more."""
        return self not in {DeliveryState.WAITING, DeliveryState.RUNNING}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event handed to one automation."""

    id: int
    automation: str
    """Its name; it may have been removed since."""
    event: Occasion
    seq: int
    """Of the event in the audit log."""
    action: str
    ref: str
    """Address of what the event happened to."""
    attempt: int
    """1, or more when somebody asked for it again."""
    depth: int
    """How many deliveries led to the event, one through another; 0 when a person or another program did."""
    state: DeliveryState
    at: Micros
    """When the event happened."""
    started_at: Micros | None
    ended_at: Micros | None
    exit_code: int | None
    """None while it runs, and when it could not be run, took too long, or was ended by a signal."""
    output: str
    """What the command printed, its beginning and its end, and why it failed."""

    @property
    def is_bad(self) -> bool:
        """Whether it did not go well, or nobody knows."""
        return self.state in {DeliveryState.FAILED, DeliveryState.TIMED_OUT, DeliveryState.LOST}

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it is not over, or when nobody knows."""
        return None if self.started_at is None or self.ended_at is None else (self.ended_at - self.started_at) / 1e6


@dataclass(frozen=True, slots=True)
class AutomationState:
    """An automation, and how what was handed to it fared, as far as the log goes back."""

    automation: Automation
    last: Delivery | None
    """The newest that began, with the end of its output only; None before the first."""
    waiting: int
    failed: int
    """Deliveries that did not go well; of those made again the last attempt counts."""
    total: int
    """Events in the log, those that wait included."""
