"""The words that the demo's stories are told in: what happens to a model, when, by whom and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.models import Relation
    from lineal_tui.demo.calendar import When
    from lineal_tui.demo.data import Table
    from lineal_tui.demo.recipes import Recipe


class Rows(StrEnum):
    """Which rows a model is trained on."""

    ALL = "all"
    """Everything that has arrived."""
    LATEST = "latest"
    """Only what arrived last."""


@dataclass(frozen=True, slots=True)
class Training:
    """A version is trained and registered."""

    when: When
    key: str
    """What the script calls the version."""
    recipe: Recipe
    by: str
    """Who trains it and owns the version."""
    notes: str
    """May cite figures that were measured so far, its own included: `{KEY[METRIC]:.3f}`."""
    parents: tuple[str, ...] = ()
    """Keys of the versions that it comes from."""
    relation: Relation | None = None
    """To every parent; None without one."""
    purpose: str | None = None
    """None: the model's."""
    rows: Rows = Rows.ALL
    features: tuple[str, ...] | None = None
    """The only columns it is given; None for all."""


@dataclass(frozen=True, slots=True)
class Search:
    """Several recipes are tried; the one with the lowest validation loss is registered."""

    when: When
    key: str
    """What the script calls the version."""
    recipes: tuple[Recipe, ...]
    by: str
    notes: str
    parents: tuple[str, ...] = ()
    relation: Relation | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version is made live at a stage."""

    when: When
    key: str
    stage: str
    by: str
    reason: str
    """May cite figures, as a training's notes may."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """A stage goes back to what was live before."""

    when: When
    stage: str
    by: str
    reason: str
    bad: bool = False
    """Whether what is left is marked bad."""


@dataclass(frozen=True, slots=True)
class Undo:
    """The last transition of a stage is taken back."""

    when: When
    stage: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Clearing:
    """A stage is left empty."""

    when: When
    stage: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Demand:
    """From now on a stage demands something before a promotion."""

    when: When
    stage: str
    by: str
    expressions: tuple[str, ...]
    require: tuple[str, ...]
    after: str
    """The stage that comes first."""
    soak: str
    """How long a version must have been live there."""


Scene = Training | Search | Promotion | Rollback | Undo | Clearing | Demand


@dataclass(frozen=True, slots=True)
class Story:
    """A model's year."""

    model: str
    experiment: str
    table: Callable[[], Table]
    data_purpose: str
    """What the data is."""
    owner: str
    purpose: str
    primary_metric: str
    tolerances: dict[str, float]
    """By metric, in its unit: less is noise on a hold-out of this size."""
    team: str
    scenes: tuple[Scene, ...] = field(repr=False)
