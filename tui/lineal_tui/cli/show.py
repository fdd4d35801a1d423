"""Everything about one thing, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, now

if TYPE_CHECKING:
    from lineal.addresses import Found
    from lineal.registry import Registry
    from lineal_tui.view.as_json.values import Json
    from lineal_tui.view.drawing.lines import Line

_TEXT_LIMIT = 16 << 20
"""Bytes of a text that are printed at most."""
_SOME = 10
"""Of what belongs to a thing, so many are listed on its page."""


@click.command("show", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.option("--file", "path", metavar="PATH", help="Of a version: the text of this file, or what its bytes tell.")
@as_json
@click.pass_context
def show_command(context: click.Context, *, ref: str, path: str | None, as_json: bool) -> None:
    """Everything about one thing: a model, a version, a stage, data, a run, an experiment, some bytes.

    A file is never loaded: of a pickle its imports are told, the dangerous ones first, of a model file its tensors.

    Examples:
      lineal show fraud@production
      lineal show run:3f9c
      lineal show data:payments:2026-11 --json
      lineal show fraud@production --file config.json
    """
    with session(context).open() as registry:
        if path is not None:
            _show_file(registry, ref, path, as_json=as_json)
            return
        found = registry.resolve(ref)
        if as_json:
            dump(_as_json(registry, found))
        else:
            show(_page(registry, found))


def _show_file(registry: Registry, ref: str, path: str, *, as_json: bool) -> None:
    from lineal_tui.view.versioning import contents  # noqa: PLC0415  start-up is measured

    found = registry.open_file(ref, path, limit=_TEXT_LIMIT)
    if as_json:
        dump(contents.content_json(found))
        return
    show(contents.content_lines(found, width() if found.text is None else None))
    if not found.whole:
        narrate(f"only its beginning; `lineal export {found.ref} --to files` writes it whole")


def _as_json(registry: Registry, found: Found) -> Json:
    from lineal.records.data import Dataset, DatasetVersion  # noqa: PLC0415  start-up is measured
    from lineal.records.models import Model, Version  # noqa: PLC0415  as above
    from lineal.records.runs import Experiment, Run  # noqa: PLC0415  as above
    from lineal.records.stages import LiveVersion  # noqa: PLC0415  as above
    from lineal_tui.cli.runs import lost_among  # noqa: PLC0415  as above
    from lineal_tui.view.as_json import json  # noqa: PLC0415  as above
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    match found:
        case Model():
            return json.model(found)
        case Version():
            return json.whole_version(registry.detail(found))
        case LiveVersion():
            detail = registry.detail(found.version)
            return {**json.whole_version(detail), **json.live(found, detail)}
        case Dataset():
            return json.dataset(found)
        case DatasetVersion():
            return json.dataset_version(found)
        case Run():
            status = listing.run_status(found, lost_among(registry, [found]))[0]
            return {**json.whole_run(registry.run_detail(found)), "status": status}
        case Experiment():
            return json.experiment(found)
        case _:
            return [json.identified(each) for each in found]


def _page(registry: Registry, found: Found) -> list[Line]:
    from lineal.records.data import Dataset, DatasetVersion  # noqa: PLC0415  start-up is measured
    from lineal.records.models import Model, Version  # noqa: PLC0415  as above
    from lineal.records.runs import Experiment, Run  # noqa: PLC0415  as above
    from lineal.records.stages import LiveVersion  # noqa: PLC0415  as above
    from lineal_tui.cli.runs import lost_among  # noqa: PLC0415  as above
    from lineal_tui.view.printed import texts  # noqa: PLC0415  as above
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    match found:
        case Model():
            return texts.model(found, registry.versions(found.name, limit=_SOME), now(), width())
        case Version():
            return texts.version(registry.detail(found), now(), width())
        case LiveVersion():
            return texts.version(registry.detail(found.version), now(), width(), live=found)
        case Dataset():
            return texts.dataset(found, registry.dataset_versions(found.name)[:_SOME], now(), width())
        case DatasetVersion():
            return texts.dataset_version(found, now(), width())
        case Run():
            return texts.run(registry.run_detail(found), now(), width(), lost=lost_among(registry, [found]))
        case Experiment():
            runs = registry.run_details(registry.runs(found.name, limit=_SOME))
            lost = lost_among(registry, [detail.run for detail in runs])
            return texts.experiment(found, runs, now(), width(), lost=lost)
        case _:
            return listing.identified(found, width())
