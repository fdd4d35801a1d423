"""What a gate can ask of a version, apart from where it is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

Value = float | str | bool | None
"""A value that is compared; None is missing, and compares with nothing."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of a metric, and the data it was measured on."""

    value: float
    data: str | None
    """Digest of the dataset version; None when nobody said."""
    where: str | None
    """Its address."""
    later: bool = False
    """Whether a later evaluation found it."""

    @property
    def words(self) -> str:
        """The value, and where it is not what the version was registered with, that."""
        return number_words(self.value) + (" (evaluated later)" if self.later else "")


@dataclass(frozen=True, slots=True)
class Param:
    """A hyperparameter as it is compared with text, and with numbers."""

    text: str
    number: float | None
    """None for what is no number."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a gate may ask of one version."""

    ref: str
    metrics: dict[str, tuple[Measured, ...]] = field(default_factory=dict)
    """What it was registered with first, then later evaluations in their order."""
    params: dict[str, Param] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    """By the names that the search has for them; several values of a list, none of what is missing."""

    def on(self, name: str) -> dict[str | None, Measured]:
        """The latest value of a metric on each state of data, the one it is usually judged by first."""
        found: dict[str | None, Measured] = {}
        for measured in self.metrics.get(name, ()):
            found[measured.data] = measured
        return found


def number_words(value: float) -> str:
    """A number as people read it, exact enough to tell two apart."""
    if math.isnan(value):
        return "NaN"
    return f"{value:.10g}"


def value_words(value: Value) -> str:
    """A value in a sentence."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST else value[:_LONGEST] + "…")
    return number_words(value)


_LONGEST = 60
