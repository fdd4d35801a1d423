"""Taking a version elsewhere: as a document, or as a bundle with everything."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import narrate, say
from lineal_tui.cli.parameters import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator


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

    Files go into a new folder, each checked against its digest; what is there is never replaced.

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
                with _written(target) as stream:
                    stream.write(text.encode())
        elif target is None:
            if sys.stdout.isatty():
                raise click.UsageError("a bundle is no text: name a file with -o, or send it through a pipe")
            registry.export_bundle(ref, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            with _written(target) as stream:
                registry.export_bundle(ref, stream)
    if target is not None:
        narrate(f"wrote {target}")


@contextmanager
def _written(target: Path) -> Iterator[IO[bytes]]:
    """A new file to write, which is there whole or not at all; a pipe or a device is written to as it is.

    Raises:
        AlreadyExists: there is such a file, or folder.
        NoSource: there is no such folder to put it into.
    """
    if _is_stream(target):
        with target.open("ab") as stream:
            yield stream
        return
    from lineal.errors import AlreadyExists, NoSource  # noqa: PLC0415  start-up is measured
    from lineal.machine.durable import give_name  # noqa: PLC0415  as above

    taken = AlreadyExists(
        kind="folder" if target.is_dir() else "file",
        name=str(target),
        hint="an export replaces nothing; name another, or remove what is there",
    )
    place = target.resolve()
    if place.exists():
        raise taken
    if not place.parent.is_dir():
        raise NoSource(path=place.parent)
    partial = place.with_name(f".{place.name}-{os.getpid()}.partial")
    try:
        with partial.open("xb") as stream:
            yield stream
        give_name(partial, place)
    except FileExistsError as error:
        raise taken from error
    finally:
        partial.unlink(missing_ok=True)


def _is_stream(target: Path) -> bool:
    """Whether a name stands for something that takes bytes as they come, as `/dev/stdout` does wherever it leads."""
    if target == Path("/dev/stdout") or target.parent.match("/dev/fd") or target.parent.match("/proc/*/fd"):
        return True
    return target.exists() and not target.is_file() and not target.is_dir()
