"""Setting what may change of a thing."""

from __future__ import annotations

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, say
from lineal_tui.cli.parameters import ADDRESS, PAIR


@click.command("set", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.argument("fields", nargs=-1, required=True, type=PAIR, metavar="K=V...")
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
    if as_json:
        dump({"ref": address, "fields": dict(fields)})
        return
    say(address)
    narrate(f"set {', '.join(name for name, _ in fields)}")
