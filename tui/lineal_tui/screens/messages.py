"""What workers tell the screen, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lineal.addresses import Found
    from lineal.errors import BadFilter, LinealError
    from lineal.records import governance
    from lineal.records.comparison import Diff
    from lineal.records.costs import VersionCost
    from lineal.records.endings import Ended, Hold
    from lineal.records.gates import Assessment, Decision, Inbox, Review
    from lineal.records.models import Version, VersionDetail
    from lineal.records.releases import Pipeline
    from lineal.records.runs import Run, RunFields
    from lineal.records.stages import Plan, Transition
    from lineal.records.upkeep import Finding
    from lineal_tui.places import View
    from lineal_tui.screens.found_page import FoundPage
    from lineal_tui.screens.runs import RunsSource
    from lineal_tui.screens.scene import Scene, TreeSource
    from lineal_tui.view.drawing.pages import Pages
    from lineal_tui.view.staging.stages import StageItem
    from lineal_tui.view.training.run import RunPage
    from lineal_tui.view.training.run_columns import Chosen
    from lineal_tui.view.training.runs import ExperimentItem
    from lineal_tui.view.versioning.models import Standing
    from lineal_tui.view.versioning.tree import TreeItem


@dataclass
class SceneRead(Message):
    """The registry was read."""

    scene: Scene


@dataclass
class StandingRead(Message):
    """What the person may do was read."""

    standing: governance.Standing


@dataclass
class LanesKnown(Message):
    """The lanes of a whole tree were worked out."""

    source: TreeSource
    pages: Pages[TreeItem]


@dataclass
class VersionsFound(Message):
    """A search found versions, all of them or the first."""

    turn: int
    """Which search it is."""
    found: tuple[tuple[int, int], ...]
    """(row number, sequence number), newest first."""
    is_whole: bool


@dataclass
class FilterWrong(Message):
    """A filter makes no sense."""

    view: View
    text: str
    """As it was typed."""
    error: BadFilter


@dataclass
class FiguresRead(Message):
    """The primary metrics of what is live were read, by model name."""

    figures: dict[str, Standing]


@dataclass
class Compared(Message):
    """Versions were held against one another."""

    key: tuple[str, ...]
    """The addresses that were asked for, the baseline first."""
    diff: Diff


@dataclass
class DetailRead(Message):
    """Everything about a version was read."""

    detail: VersionDetail
    cost: VersionCost


@dataclass
class JsonMade(Message):
    """A version was put as JSON, to be copied."""

    text: str


@dataclass
class Completed(Message):
    """What could stand next in a command line was looked for."""

    text: str
    """The line that it was looked for."""
    begun: str
    """Its last word."""
    words: tuple[str, ...]
    may_go_on: bool
    """Whether they may be the beginning of an address."""


@dataclass
class ThingFound(Message):
    """An address was looked up."""

    verb: str
    """What it was looked up for."""
    ref: str
    found: Found
    page: FoundPage | None
    """How it is shown; None for what the panes show."""


@dataclass
class DiffAsked(Message):
    """Versions that were named were held against one another."""

    diff: Diff


@dataclass
class FieldsSet(Message):
    """Fields were given values."""

    ref: str
    fields: tuple[tuple[str, str], ...]


@dataclass
class ToMark(Message):
    """A version that shall be marked was looked up."""

    turn: int
    """Which question it is for."""
    version: Version
    bad: bool


@dataclass
class Planned(Message):
    """A plan was made for a question."""

    turn: int
    """Which question it is for."""
    plan: Plan
    force: bool = False
    """Whether it shall go past what the stage demands."""


@dataclass
class Executed(Message):
    """A plan was carried out."""

    plan: Plan
    bad: bool
    """Whether what was left is marked bad."""


@dataclass
class InboxRead(Message):
    """It was looked up what waits."""

    inbox: Inbox


@dataclass
class Assessed(Message):
    """A version was held against what a stage demands."""

    assessment: Assessment
    turn: int | None = None
    """Which question it is for; None: it is shown."""


@dataclass
class Decided(Message):
    """A person's word was written down."""

    decision: Decision


@dataclass
class Reviewed(Message):
    """A forced transition was reviewed."""

    review: Review


@dataclass
class Marked(Message):
    """A version's status was changed."""

    version: Version


@dataclass
class HoldsFound(Message):
    """It was looked up what keeps a version from being retired."""

    turn: int
    """Which question it is for."""
    version: Version
    holds: tuple[Hold, ...]
    reason: str | None
    """Why it shall be retired; None: it is asked for."""
    successor: str | None


@dataclass
class Retired(Message):
    """A version was retired."""

    ended: Ended


@dataclass
class Deprecated(Message):
    """A version was deprecated, or is so no more."""

    version: Version
    command: str
    """The shell's command that would have done it."""


@dataclass
class ExperimentsRead(Message):
    """The experiments were read."""

    items: tuple[ExperimentItem, ...]


@dataclass
class ExperimentGone(Message):
    """There is no such experiment, or no longer."""

    name: str


@dataclass
class RunsRead(Message):
    """Runs were counted and the columns for them chosen."""

    turn: int
    """Which reading it is the answer to."""
    source: RunsSource | None
    """None: it was called off."""
    total: int | None
    """Runs there are without a filter; None: as many as before."""
    is_whole: bool = True
    """False: these are the first, and the others are being counted."""


@dataclass
class FieldsRead(Message):
    """It was looked up which params, metrics and tags runs have."""

    experiment: str | None
    fields: RunFields
    looked_at: int
    """Runs that were looked at."""


@dataclass
class Differing(Message):
    """It was looked up in what marked runs differ."""

    columns: tuple[Chosen, ...]


@dataclass
class RunRead(Message):
    """Everything about a run was read."""

    page: RunPage


@dataclass
class FilesRead(Message):
    """Two versions were read whose files are held against each other."""

    detail: VersionDetail
    against: VersionDetail | None


@dataclass
class StagesRead(Message):
    """The stages of a model were read."""

    model: str
    items: tuple[StageItem, ...]


@dataclass
class Examined(Message):
    """The registry was compared with the disk."""

    findings: tuple[Finding, ...]


@dataclass
class Began(Message):
    """A pipeline was begun here."""

    number: int
    plan: Plan
    bad: bool


@dataclass
class PipelineChanged(Message):
    """A pipeline that is followed is at another step."""

    pipeline: Pipeline


@dataclass
class PipelineEnded(Message):
    """A pipeline that was followed is over."""

    number: int
    transition: Transition | None
    """None when it did not go well."""
    error: LinealError | None


@dataclass
class LetGo(Message):
    """A pipeline is followed no more, and runs on."""

    number: int


@dataclass
class CancelAsked(Message):
    """A pipeline was asked to take itself back."""

    pipeline: Pipeline


@dataclass
class Defaulted(Message):
    """What a run would be registered as, if nothing else is said."""

    run: Run
    model: str
    purpose: str
    parents: dict[str, str]
    """By model, the version that is live at its last stage, or the newest."""


@dataclass
class Registered(Message):
    """A run was registered as a version."""

    version: Version
    command: str
    """The shell's command that would have done it."""
