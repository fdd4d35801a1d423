"""A word on stages that something moves now, or moved when it died: what is live there may not stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.cli.output import narrate, warn

if TYPE_CHECKING:
    from lineal.registry import Registry


def tell_unfinished(registry: Registry, place: str | None = None) -> None:
    """Tell on stderr what is not over at a stage, or at any."""
    for found in registry.running_pipelines():
        where = f"{found.order.model}@{found.order.stage}"
        if place is not None and place != where:
            continue
        if registry.stage_state(where).is_running:
            what = f"a {found.order.action} by {found.actor.user} moves {where} now"
            narrate(f"{what}; `lineal pipeline follow {where}` waits for it")
        else:
            what = f"a {found.order.action} of {where} by {found.actor.user} was left unfinished"
            warn(f"{what}; `lineal doctor --repair` brings it in order")
