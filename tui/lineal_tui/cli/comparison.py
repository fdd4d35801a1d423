"""Differences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, say, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json

if TYPE_CHECKING:
    from lineal.records.comparison import Diff
    from lineal.registry import Registry

_FORMATS = ("text", "json", "markdown", "csv")
_SECTIONS = ("metric", "param", "dataset", "environment", "code", "architecture", "file", "tag")


@click.command("diff", cls=Command)
@click.argument("refs", nargs=-1, required=True, type=ADDRESS, metavar="REF REF...")
@click.option("--all", "everything", is_flag=True, help="Also what is equal; JSON always has it.")
@click.option("--baseline", type=ADDRESS, metavar="REF", help="What the others are held against, if not the first.")
@click.option(
    "--section",
    "sections",
    multiple=True,
    type=click.Choice(_SECTIONS),
    help="Only this part, of code with the whole patch; may be repeated.",
)
@click.option("--format", "format_", type=click.Choice(_FORMATS), default="text", help="Words, JSON, or a table.")
@as_json
@click.pass_context
def diff_command(
    context: click.Context,
    *,
    refs: tuple[str, ...],
    everything: bool,
    baseline: str | None,
    sections: tuple[str, ...],
    format_: str,
    as_json: bool,
) -> None:
    """Put versions, or runs, side by side; the first is the baseline.

    One version alone is held against what is live at its model's last stage, and what is live there against its parent.
    Metrics are better, worse, or within their tolerance; those measured on different data are not comparable. Of code,
    git is asked where the repository, or a clone in the current folder, is on this machine. In CSV, text that a
    spreadsheet would take for a formula has an apostrophe before it. It exits with 0 whether or not anything differs.

    Examples:
      lineal diff fraud:2.4.1
      lineal diff fraud@production fraud:2.4.1
      lineal diff fraud:2.3.0 fraud:2.4.0 fraud:2.4.1 --baseline fraud@production
      lineal diff fraud@production fraud:2.4.1 --section code
      lineal diff run:3f9c2a run:81b0d4 --format markdown
    """
    asks_git = not sections or "code" in sections
    with session(context).open() as registry:
        if len(refs) + (baseline is not None) < 2:
            baseline = _baseline_of(registry, refs[0])
        found = registry.diff(*refs, baseline=baseline, code=asks_git, here=".")
    if sections:
        found = replace(found, rows=tuple(row for row in found.rows if row.section.value in sections))
    _print(found, "json" if as_json else format_, everything=everything, is_whole="code" in sections)


def _baseline_of(registry: Registry, ref: str) -> str:
    """What one version alone is held against: what is live at its model's last stage, else its first parent."""
    if ref.startswith("run:"):
        from lineal.errors import BadValue  # noqa: PLC0415  start-up is measured

        raise BadValue(
            field="comparison", value=ref, why="a run is held against another one", hint="name two runs or more"
        )
    version = registry.version(ref)
    stages = registry.model(version.model).stages
    last, label = stages[-1] if stages else ("", None)
    if label is not None and label != version.label:
        narrate(f"against {last} {label}")
        return f"{version.ref.rpartition(':')[0]}@{last}"
    if version.parents:
        narrate(f"against its parent {version.parents[0].ref}")
        return version.parents[0].ref
    from lineal.errors import BadValue  # noqa: PLC0415  as above

    raise BadValue(
        field="comparison",
        value=ref,
        why="there is nothing to hold it against: it has no parent, and nothing else is live",
        hint=f"name another version; `lineal versions {version.model}` lists them",
    )


def _print(found: Diff, format_: str, *, everything: bool, is_whole: bool) -> None:
    if format_ == "json":
        from lineal_tui.view.as_json.diff_json import diff_object  # noqa: PLC0415  start-up is measured

        dump(diff_object(found))
        return
    if format_ == "text":
        from lineal_tui.view.diffs.diff_text import PATCH, diff_text  # noqa: PLC0415  as above

        show(diff_text(found, width(), equal=everything, patch=1_000_000 if is_whole or everything else PATCH))
    else:
        from lineal_tui.view.diffs import diff_files  # noqa: PLC0415  as above

        make = diff_files.diff_markdown if format_ == "markdown" else diff_files.diff_csv
        for line in make(found, equal=everything).rstrip("\n").split("\n"):
            say(line)
    from lineal_tui.view.diffs.verdicts import count_words  # noqa: PLC0415  as above

    same = len(found.rows) - len(found.telling)
    narrate(count_words(found) + (" (--all shows them)" if same and not everything else ""))
