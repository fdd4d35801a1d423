"""Listing models, and drawing the version tree of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal.errors import NothingLive
from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, first, narrate, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, go_on, limit, model_name, now, sort, where
from lineal_tui.cli.unfinished import tell_unfinished

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.models import Model
    from lineal.registry import Registry


@click.command("models", cls=Command)
@click.option("--all", "everything", is_flag=True, help="Also those whose versions are all retired.")
@where
@sort("by name")
@limit
@as_json
@click.pass_context
def models_command(
    context: click.Context, *, everything: bool, where: str | None, sort: str | None, limit: int | None, as_json: bool
) -> None:
    """List the models with what is live where.

    Examples:
      lineal models
      lineal models --where "versions > 10 AND tags.team = 'risk'" --sort created
      lineal models --json
    """
    with session(context).open() as registry:
        found = registry.models(include_retired=everything or as_json)
        if where is not None or sort is not None:
            shown = {model.id for model in found}
            found = [model for model in registry.search_models(where, sort=sort, stopped=go_on) if model.id in shown]
        tell_unfinished(registry)
        figures = {} if as_json else _figures(registry, found[: first(found, limit)])
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump([json.model(model) for model in found[:limit]])
        return
    if not found:
        narrate(
            "no such models"
            if where is not None
            else "no models yet; `lineal register MODEL FILE` makes one, `lineal demo` trains some"
        )
        return
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    show(listing.models(found[: len(figures)], now(), width(), figures=figures))


def _figures(registry: Registry, models: Sequence[Model]) -> dict[int, float | None]:
    """The primary metric of what is live at the last stage of each model, by its row number; None for none."""
    found: dict[int, float | None] = {}
    for model in models:
        stage, label = model.stages[-1] if model.stages else ("", None)
        try:
            live = registry.live(f"{model.name}@{stage}") if label is not None else None
        except NothingLive:  # as of a moment ago
            live = None
        found[model.id] = None if live is None else live.version.primary
    return found


@click.command("tree", cls=Command)
@click.argument("model", type=ADDRESS, metavar="MODEL")
@limit
@as_json
@click.pass_context
def tree_command(context: click.Context, *, model: str, limit: int | None, as_json: bool) -> None:
    """Draw the version tree of a model, newest first.

    ◆ is live at the last stage, ● at another one, ✕ is bad or retired.

    Examples:
      lineal tree fraud
      lineal tree fraud --json
    """
    with session(context).open() as registry:
        found = registry.model(model_name(model))
        rows = registry.tree(found.name)
        if as_json:
            from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

            dump([json.version(detail) for detail in registry.details([version for version, _ in rows[:limit]])])
            return
    if not rows:
        narrate(f"{found.name} has no versions yet")
        return
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    show(listing.tree(found, rows[: first(rows, limit)], now(), width()))
