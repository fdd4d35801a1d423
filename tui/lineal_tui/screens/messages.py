"""What workers tell the screen, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lineal.records.comparison import Diff, Lineage
    from lineal.records.models import Version, VersionDetail
    from lineal.records.stages import Plan
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
