"""Telling what some bytes are."""

from __future__ import annotations

import os

import click

from lineal.errors import NotFound
from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, show, width
from lineal_tui.cli.parameters import as_json


@click.command("identify", cls=Command)
@click.argument("what", type=click.Path(), metavar="FILE|DIGEST")
@as_json
@click.pass_context
def identify_command(context: click.Context, *, what: str, as_json: bool) -> None:
    """Tell which version, file or dataset some bytes are.

    A digest may be shortened, and stand with or without sha256: before it. A folder is compared as a whole artifact.

    Examples:
      lineal identify model.safetensors
      lineal identify sha256:9f3c21
    """
    with session(context).open() as registry:
        try:
            found = registry.identify(what)
        except NotFound:
            if not os.path.lexists(what):  # a digest, which the error names
                raise
            kind = "version, file or data with the bytes of"
            raise NotFound(kind=kind, name=what, where=" in this registry") from None
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump([json.identified(each) for each in found])
        return
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    show(listing.identified(found, width()))
