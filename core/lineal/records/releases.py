"""Stages bound to a directory: how they are set, what lies there, and the journal of a running pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Actor, Micros
    from lineal.records.stages import Action


MANIFEST = "lineal.json"
"""The file in which a release says what it is, beside the version's own."""
STEPS = ("verify", "lay out", "switch", "hook", "health", "record")
"""The steps of a pipeline, in order."""


@dataclass(frozen=True, slots=True)
class StageSettings:
    """What a stage does on this machine when it is moved."""

    release: str
    """The directory that `current` is in; absolute."""
    hook: tuple[str, ...] | None = None
    """Argument list run after the switch; None for none."""
    health: tuple[str, ...] | None = None
    """Argument list whose exit code 0 means healthy; None when there is none, or an address is asked instead."""
    health_url: str | None = None
    """`http://...` that must answer; None when there is none."""
    health_status: int = 200
    """The HTTP status wanted."""
    health_text: str | None = None
    """A text that the answer must hold; None for any answer."""
    tries: int = 3
    """How often health is asked before it counts as bad."""
    interval: float = 1.0
    """Seconds between two tries."""
    timeout: float = 30.0
    """Seconds that the hook, and each try, may take."""
    keep: int = 3
    """Releases that a rollback could reach which stay on disk, beside the live one."""

    @property
    def checks_health(self) -> bool:
        """Whether anything tells health."""
        return self.health is not None or self.health_url is not None


@dataclass(frozen=True, slots=True)
class LaidFile:
    """A file of a release as it was when its bytes were last hashed."""

    path: str
    """Relative to the release."""
    size: int
    device: int
    inode: int
    changed_ns: int
    """Its ctime."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version's files in a stage's directory."""

    id: int
    stage: int
    """The stage's row number."""
    version: int
    """The version's row number."""
    name: str
    """The folder's name within the stage's directory."""
    files: tuple[LaidFile, ...]
    laid_at: Micros


@dataclass(frozen=True, slots=True)
class Order:
    """What a pipeline is to do: a confirmed plan by its row numbers, which can be handed to another process."""

    action: Action
    model: str
    stage: str
    source_transition: int | None
    """What was live when it was confirmed."""
    target: int | None
    """The version to make live; None clears the stage."""
    target_transition: int | None
    """For a rollback or an undo: the transition gone back to."""
    reason: str | None
    bad: bool = False
    """Also mark what is left as bad."""
    skip_health: bool = False
    verify: bool = False
    """Hash the files of a release that lies there already."""
    force: bool = False
    """Go past what the stage demands, as an admin may."""
    overrode: tuple[str, ...] = ()
    """What it went past, with the figures; filled in when it begins."""


class StepState(StrEnum):
    """How far a step of a pipeline is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pipeline."""

    name: str
    state: StepState
    started_at: Micros | None
    ended_at: Micros | None
    output: str
    """What its command printed, bounded; empty for steps without one."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The journal of one transition that runs, or ran."""

    id: int
    stage_id: int
    order: Order
    actor: Actor
    host: str
    pid: int
    started_at: Micros
    switched_at: Micros | None
    """When `current` was switched; None before."""
    cancelled_by: str | None
    failure: str | None
    """The error it ended with: JSON of `lineal.errors.to_fields`; None while it runs, or when it went well."""
    ended_at: Micros | None
    transition: int | None
    """The transition it ended with; None while it runs."""
    steps: tuple[Step, ...]
    to_label: str | None = None
    from_label: str | None = None

    @property
    def running_step(self) -> str | None:
        """The name of the step that runs; None between steps and at the end."""
        return next((step.name for step in self.steps if step.state is StepState.RUNNING), None)


@dataclass(frozen=True, slots=True)
class StageState:
    """A stage on this machine: how it is bound, what lies there, and what moved it last."""

    model: str
    stage: str
    settings: StageSettings | None
    """None for a pointer only."""
    live: str | None
    """The label of the live version; None for nothing."""
    points_at: str | None
    """The release that `current` points at; None for nothing, or for a pointer only."""
    outcome: str | None
    """How the transition that made it so ended."""
    releases: tuple[Release, ...]
    pipeline: Pipeline | None
    """The newest; None when none ever ran."""
    is_running: bool
    """Whether a process moves it now."""
    forced: bool = False
    """Whether what is live was forced in, and nobody has reviewed that."""
    alarmed: bool = False
    """Whether an alert fires there."""
    bad: bool = False
    """Whether what is live is marked bad."""
