"""What workers tell the screen, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lineal.addresses import Found
    from lineal.records.comparison import Diff, Lineage
    from lineal.records.models import Version, VersionDetail
    from lineal.records.stages import Plan
    from lineal_tui.screens.found_page import FoundPage
    from lineal_tui.screens.scene import Scene, TreeSource
    from lineal_tui.view.pages import Pages
    from lineal_tui.view.tree import TreeItem


@dataclass
class SceneRead(Message):
    """The registry was read."""

    scene: Scene


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
class FiguresRead(Message):
    """The primary metrics of what is live were read, by model name."""

    figures: dict[str, float | None]


@dataclass
class Compared(Message):
    """Versions were held against one another."""

    key: tuple[str, ...]
    """The addresses that were asked for, the baseline first."""
    diff: Diff


@dataclass
class LineageTraced(Message):
    """A version's lineage was read."""

    ref: str
    lineage: Lineage


@dataclass
class DetailRead(Message):
    """Everything about a version was read."""

    detail: VersionDetail


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


@dataclass
class Executed(Message):
    """A plan was carried out."""

    plan: Plan
    bad: bool
    """Whether what was left is marked bad."""


@dataclass
class Marked(Message):
    """A version's status was changed."""

    version: Version
