"""What models and their versions cost on disk."""

from __future__ import annotations

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, first, narrate, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, limit


@click.command("du", cls=Command)
@click.argument("ref", required=False, type=ADDRESS, metavar="[REF]")
@limit
@as_json
@click.pass_context
def du_command(context: click.Context, *, ref: str | None, limit: int | None, as_json: bool) -> None:
    """What models, the versions of one, or the files of a version cost on disk.

    Each object is counted once. OWN is what nothing else needs: what purging a version, or a model's versions, would
    free. FILES and SIZE count a file as often as it occurs. Releases that are hard links or share their blocks with
    the objects are told where the file system tells.

    Examples:
      lineal du
      lineal du fraud
      lineal du fraud@production
    """
    from lineal.rules import refs  # noqa: PLC0415  start-up is measured
    from lineal_tui.view.versioning import costs  # noqa: PLC0415  as above

    with session(context).open() as registry:
        if ref is None:
            whole = registry.cost()
            if as_json:
                dump(costs.registry_json(whole))
            else:
                show(costs.registry(whole, width()))
        elif isinstance(parsed := refs.parse(ref), refs.ModelRef):
            total, versions = registry.model_cost(parsed.name)
            if as_json:
                listed = [costs.version_json(each) for each in versions[:limit]]
                dump({**costs.model_json(total), "each": listed})
                return
            show(costs.model(total, versions[: first(versions, limit)], width()))
            if not versions:
                narrate(f"{total.model} has no versions yet")
        else:
            cost, files, releases = registry.version_cost(ref)
            if as_json:
                dump(
                    {
                        **costs.version_json(cost),
                        "each": [costs.file_json(each) for each in files],
                        "releases": [costs.release_json(each) for each in releases],
                    }
                )
            else:
                show(costs.version(cost, files, releases, width()))
