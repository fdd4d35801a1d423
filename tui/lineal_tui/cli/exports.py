"""Taking a version elsewhere: as a document, or as a bundle with everything."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import narrate, say
from lineal_tui.cli.parameters import ADDRESS


@click.command("export", cls=Command)
@click.argument("ref", type=ADDRESS)
@click.option(
    "--to", "to", required=True, type=click.Choice(["files", "card", "mlbom", "bundle"]), help="What to write."
)
@click.option(
    "-o", "--output", default="-", metavar="FILE", help="Where to; standard output unless named, but for files."
)
@click.pass_context
def export_command(context: click.Context, *, ref: str, to: str, output: str) -> None:
    """Write a version's files, its model card, its bill of materials, or a bundle that another registry takes in.

    Files go into a new folder, each checked against its digest.

    A bundle has the version's files and the records of everything it came from. `lineal import bundle` brings it
    into another registry under the same uids and digests.

    Examples:
      lineal export churn@production --to files -o ./model
      lineal export churn@production --to card -o README.md
      lineal export churn@production --to mlbom -o churn.cdx.json
      lineal export churn:2.4.0 --to bundle | ssh server lineal import bundle -
    """
    target = None if output == "-" else Path(output)
    if to == "files" and target is None:
        raise click.UsageError("name the folder to write the files to with -o; it must not exist yet")
    with session(context).open() as registry:
        if to == "files" and target is not None:
            registry.write_files(ref, target)
        elif to != "bundle":
            text = registry.export(ref, to)
            if target is None:
                for line in text.rstrip("\n").split("\n"):
                    say(line)
            else:
                _write_new(target, text.encode())
        elif target is None:
            if sys.stdout.isatty():
                raise click.UsageError("a bundle is no text: name a file with -o, or send it through a pipe")
            registry.export_bundle(ref, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            partial = target.with_name(target.name + ".partial")
            try:
                with partial.open("wb") as stream:
                    registry.export_bundle(ref, stream)
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
    if target is not None:
        narrate(f"wrote {target}")


def _write_new(target: Path, content: bytes) -> None:
    partial = target.with_name(target.name + ".partial")
    partial.write_bytes(content)
    partial.replace(target)
