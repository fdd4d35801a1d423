"""The words beside what is live where something is wrong: an alert that fires, a promotion that was forced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.models import Model, Version


def alarm(found: Model | Version, stage: str | None = None) -> str:
    """What is wrong at a stage, or at any, in a word or two; empty when nothing is."""
    words = (("ALERT", found.alarmed), ("FORCED", found.forced))
    return " ".join(word for word, stages in words if (stages if stage is None else stage in stages))
