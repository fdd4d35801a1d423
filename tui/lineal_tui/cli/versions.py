"""Listing versions, and marking them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, first, narrate, say, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, limit, model_name, now, reason

if TYPE_CHECKING:
    from lineal.records.models import Version
    from lineal.registry import Registry


@click.command("versions", cls=Command)
@click.argument("model", type=ADDRESS, metavar="MODEL")
@click.option("--all", "everything", is_flag=True, help="Also retired ones.")
@click.option(
    "--sort",
    metavar="FIELD",
    help="created (the default), label, owner, status, or the name of a metric; a leading - turns it around.",
)
@limit
@as_json
@click.pass_context
def versions_command(
    context: click.Context, *, model: str, everything: bool, sort: str | None, limit: int | None, as_json: bool
) -> None:
    """List the versions of a model, newest first.

    Examples:
      lineal versions fraud
      lineal versions fraud --sort auc --limit 5
      lineal versions fraud --json
    """
    with session(context).open() as registry:
        found = registry.model(model_name(model))
        versions = registry.versions(found.name, include_retired=everything or as_json)
        if sort is not None:
            versions = _sorted(registry, versions, sort)
        if as_json:
            from lineal_tui.view import json  # noqa: PLC0415  start-up is measured

            dump([json.version(detail) for detail in registry.details(versions[:limit])])
            return
    if not versions:
        narrate(f"{found.name} has no versions to show")
        return
    from lineal_tui.view import listing  # noqa: PLC0415  as above

    show(listing.versions(found, versions[: first(versions, limit)], now(), width()))


def _sorted(registry: Registry, versions: list[Version], sort: str) -> list[Version]:
    field, backwards = sort.removeprefix("-"), sort.startswith("-")
    match field:
        case "created" | "age" | "seq":
            return sorted(versions, key=lambda version: version.seq, reverse=not backwards)
        case "label":
            return sorted(versions, key=lambda version: _natural(version.label), reverse=backwards)
        case "owner":
            return sorted(versions, key=lambda version: version.owner or "", reverse=backwards)
        case "status":
            return sorted(versions, key=lambda version: version.status.value, reverse=backwards)
    name = field.removeprefix("metrics.")
    figures = {detail.version.id: detail.metrics for detail in registry.details(versions)}
    known = {each for metrics in figures.values() for each in metrics}
    if versions and name not in known:
        from lineal.errors import BadValue  # noqa: PLC0415  only mistakes need it
        from lineal.refs import nearest  # noqa: PLC0415  as above

        fields = ["created", "label", "owner", "status", *sorted(known)]
        near = nearest(name, fields)
        hint = f"did you mean {' or '.join(near)}?" if near else None
        raise BadValue(field="sort field", value=name, why=f"known are {', '.join(fields)}", hint=hint)

    def figure(version: Version) -> tuple[bool, float]:
        value = figures[version.id].get(name)
        # Versions without a figure stand last, whichever way.
        return (
            (True, 0.0) if value is None or math.isnan(value.value) else (False, value.value * (1 if backwards else -1))
        )

    return sorted(versions, key=figure)


def _natural(label: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", label)]


@click.command("mark", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.option("--bad", is_flag=True, help="Neither promoted nor rolled back to any more.")
@click.option("--active", is_flag=True, help="May be used again.")
@reason
@as_json
@click.pass_context
def mark_command(
    context: click.Context, *, ref: str, bad: bool, active: bool, reason: str | None, as_json: bool
) -> None:
    """Mark a version as bad, or as active again.

    Examples:
      lineal mark fraud:2.3.0 --bad --reason "wrong on mobile"
      lineal mark fraud:2.3.0 --active
    """
    if bad == active:
        raise click.UsageError("say --bad or --active, one of the two", context)
    with session(context).open() as registry:
        version = registry.mark(ref, "bad" if bad else "active", reason=reason)
        if as_json:
            from lineal_tui.view import json  # noqa: PLC0415  start-up is measured

            dump(json.version(registry.detail(version)))
            return
    say(version.ref)
    narrate(f"{version.ref} is marked {version.status}")
    if version.stages and version.status.value == "bad":
        narrate(f"it is still live at {', '.join(version.stages)}")
