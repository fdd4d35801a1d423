"""The words beside what is live where something is wrong with it: what a person at night has to see first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.models import Version, VersionStatus

if TYPE_CHECKING:
    from lineal.records.models import Model


def alarm(found: Model | Version, stage: str | None = None) -> str:
    """What is wrong at a stage, or at any, in a word or more; empty when nothing is.

    `BAD`: what is live is marked bad. `UNHEALTHY`: it did not come through its health check. `ALERT`: one fires there.
    `FORCED`: it was forced in, and nobody has reviewed that.
    """
    words = (("BAD", _bad(found)), ("UNHEALTHY", found.unhealthy), ("ALERT", found.alarmed), ("FORCED", found.forced))
    return " ".join(word for word, stages in words if (stages if stage is None else stage in stages))


def _bad(found: Model | Version) -> tuple[str, ...]:
    if not isinstance(found, Version):
        return found.bad
    return found.stages if found.status is VersionStatus.BAD else ()
