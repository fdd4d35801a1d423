"""A page about anything that has an address, as the shell's `show` prints it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lineal.records.data import Dataset, DatasetVersion
from lineal.records.models import Model, Version
from lineal.records.runs import Experiment, Run
from lineal.records.stages import LiveVersion
from lineal_tui.view.drawing.lines import Line

if TYPE_CHECKING:
    from lineal.addresses import Found
    from lineal.records.base import Micros
    from lineal.registry import Registry

_SOME = 100
"""Versions or runs that a page lists at most."""

FoundPage = Callable[[int], Sequence[Line]]
"""A width to lines."""


def read_found(registry: Registry, ref: str, now: Micros) -> tuple[Found, FoundPage | None]:
    """What an address means, and its page; None for what the panes show themselves."""
    from lineal_tui.view.printed import texts  # noqa: PLC0415  few addresses lead out of the tree
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  few addresses lead out of the tree

    found = registry.resolve(ref)
    if isinstance(found, Model | Version | LiveVersion | Run | Experiment):
        return found, None
    if isinstance(found, Dataset):
        states = registry.dataset_versions(found.name)[:_SOME]
        return found, lambda width: texts.dataset(found, states, now, width)
    if isinstance(found, DatasetVersion):
        return found, lambda width: texts.dataset_version(found, now, width)
    return found, lambda width: listing.identified(found, width)
