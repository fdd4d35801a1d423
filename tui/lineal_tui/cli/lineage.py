"""Lineage: what things came from, and what came from them, as words and as a graph."""

from __future__ import annotations

from typing import Any

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, on_terminal, say, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json

_ALL = 1_000_000
"""Levels; no chain is so long, and how much is shown is bounded otherwise."""
_FORMATS = ("text", "json", "dot", "mermaid")


class Levels(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """How far to look on one side: a number; the option alone means as far as there is anything."""

    name = "levels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        text = str(value)
        if text.isascii() and text.isdigit() and int(text) <= _ALL:
            return int(text)
        return self.fail(f"{text!r} is no number of levels; the address stands before the options", param, ctx)


LEVELS = Levels()


@click.command("lineage", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.option(
    "--up",
    type=LEVELS,
    is_flag=False,
    flag_value=str(_ALL),
    metavar="[N]",
    help="Levels of origins, else 2; without N all of them, and no results unless --down asks for some.",
)
@click.option(
    "--down",
    type=LEVELS,
    is_flag=False,
    flag_value=str(_ALL),
    metavar="[N]",
    help="Levels of results, else 1; without N all of them, and no origins unless --up asks for some.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1, max=100_000),
    default=50,
    show_default=True,
    metavar="N",
    help="What hangs on one thing on one side, at most; what matters most comes first.",
)
@click.option("--format", "format_", type=click.Choice(_FORMATS), default="text", help="Words, JSON, or a graph.")
@as_json
@click.pass_context
def lineage_command(
    context: click.Context, *, ref: str, up: int | None, down: int | None, limit: int, format_: str, as_json: bool
) -> None:
    """What something came from, and what came from it.

    Of a version, a stage, a run, a version of a dataset, or whatever has the bytes of a digest. --format dot is for
    Graphviz, mermaid for Markdown.

    Examples:
      lineal lineage fraud@production --up
      lineal lineage data:payments:2026-11 --down
      lineal lineage fraud:2.4.1 --up 3 --down 0 --format dot | dot -Tsvg > lineage.svg
    """
    levels_up = up if up is not None else 0 if down == _ALL else 2
    levels_down = down if down is not None else 0 if up == _ALL else 1
    with session(context).open() as registry:
        found = registry.lineage(ref, up=levels_up, down=levels_down, limit=limit)
    if as_json or format_ == "json":
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump(json.lineage(found))
        return
    if format_ != "text":
        from lineal_tui.view.versioning import graphs  # noqa: PLC0415  as above

        text = graphs.dot(found) if format_ == "dot" else graphs.mermaid(found)
        for line in text.rstrip("\n").split("\n"):
            say(line)
        return
    from lineal_tui.view.versioning.lineage import lineage_lines  # noqa: PLC0415  as above

    show(lineage_lines(found, width() if on_terminal() else None))
    if found.truncated:
        narrate("there is more beyond; --up and --down reach further, --limit shows more of what hangs on one thing")
