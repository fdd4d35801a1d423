"""Setting what may change of a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, say, warn
from lineal_tui.cli.parameters import ADDRESS, PAIR

if TYPE_CHECKING:
    from lineal.registry import Registry

_LONGEST = 200
"""Characters of the names that were set."""
_NEWEST = 100


@click.command("set", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.argument("fields", nargs=-1, required=True, type=PAIR, metavar="NAME=VALUE...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def set_command(context: click.Context, *, ref: str, fields: tuple[tuple[str, str], ...], as_json: bool) -> None:
    """Set owner, purpose, notes, tags, and how metrics are read.

    K is owner, purpose, notes or tag.NAME; of a model also primary_metric and scheme; of a model or an experiment
    metric.NAME.direction (higher, lower, unknown) and metric.NAME.tolerance. An empty V takes the value away.

    Examples:
      lineal set fraud:2.4.1 owner=ana tag.team=risk
      lineal set fraud primary_metric=auc metric.auc.tolerance=0.001
    """
    with session(context).open() as registry:
        address = registry.set(ref, dict(fields))
        primary = dict(fields).get("primary_metric")
        unmeasured = primary if primary and not _is_measured(registry, address, primary) else None
    if as_json:
        dump({"ref": address, "fields": dict(fields)})
        return
    say(address)
    from lineal.rules.naming import shown  # noqa: PLC0415  start-up is measured

    narrate(f"set {shown(', '.join(name for name, _ in fields), _LONGEST)}")
    if unmeasured is not None:
        warn(f"no version of {address} has a metric {shown(unmeasured)} yet")


def _is_measured(registry: Registry, model: str, metric: str) -> bool:
    """Whether one of the newest versions has it; where they have other metrics, a name that is none was refused."""
    newest = registry.versions(model)[:_NEWEST]
    return any(metric in detail.metrics for detail in registry.details(newest))
