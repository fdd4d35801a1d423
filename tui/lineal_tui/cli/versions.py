"""Listing versions, and marking them."""

from __future__ import annotations

from functools import partial

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import at_most, dump, narrate, say, show, tell_rest, width
from lineal_tui.cli.parameters import (
    ADDRESS,
    as_json,
    columns,
    go_on,
    limit,
    model_name,
    now,
    reason,
    sort,
    where,
)


@click.command("versions", cls=Command)
@click.argument("model", type=ADDRESS, required=False, metavar="[MODEL]")
@click.option("--all", "everything", is_flag=True, help="Also retired ones.")
@where
@sort("the newest first")
@columns
@limit
@as_json
@click.pass_context
def versions_command(
    context: click.Context,
    *,
    model: str | None,
    everything: bool,
    where: str | None,
    sort: str | None,
    columns: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List the versions of a model, newest first; with --where and without a model, those of all models.

    Examples:
      lineal versions fraud
      lineal versions --where "stage = 'production' AND status = 'bad'"
      lineal versions fraud --sort auc --limit 5
      lineal versions fraud --where "created > '30 days ago' AND metrics.auc > 0.9"
      lineal versions fraud --json
    """
    if model is None and where is None:
        raise click.UsageError("MODEL is missing, or --where EXPR for those of all models", context)
    shortened = at_most(limit, as_json=as_json)
    with session(context).open() as registry:
        found = None if model is None else registry.model(model_name(model))
        name = None if found is None else found.name
        retired = everything or as_json
        versions = registry.search_versions(
            name, where, sort=sort, limit=shortened, include_retired=retired, stopped=go_on
        )
        total = len(versions)
        if limit is None and shortened == total:
            total = registry.count_versions(name, where, include_retired=retired, stopped=go_on)
        models = registry.models(include_retired=True) if found is None and versions else []
        details = registry.details(versions) if as_json or columns is not None else []
        if columns is not None:
            from lineal_tui.view.printed import chosen  # noqa: PLC0415  start-up is measured

            names = chosen.names(columns)
            known = chosen.scopes(names, partial(registry.scopes_of, of="version"))
    if columns is not None:
        if as_json:
            dump(chosen.versions_json(details, names, known))
            return
    elif as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

        dump([json.version(detail) for detail in details])
        return
    if not versions:
        narrate(f"{name or 'the registry'} has no {'such versions' if where is not None else 'versions to show'}")
        return
    if columns is not None:
        show(chosen.versions(details, names, width(), known))
    else:
        from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

        show(
            listing.versions_of_all(models, versions, now(), width())
            if found is None
            else listing.versions(found, versions, now(), width())
        )
    if limit is None:
        tell_rest(len(versions), total)


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
            from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

            dump(json.version(registry.detail(version)))
            return
    say(version.ref)
    narrate(f"{version.ref} is marked {version.status}")
    if version.stages and version.status.value == "bad":
        narrate(f"it is still live at {', '.join(version.stages)}")
