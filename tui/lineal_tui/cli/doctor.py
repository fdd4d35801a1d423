"""The registry against the disk, and the terminal as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session, stop
from lineal_tui.cli.output import complain, dump, narrate, on_terminal, say, show
from lineal_tui.cli.parameters import as_json, now

if TYPE_CHECKING:
    from lineal.records.models import Version
    from lineal.records.upkeep import Finding
    from lineal.upkeep.doctor import Mended
    from lineal_tui.terminal import Terminal
    from lineal_tui.view.drawing.lines import Line


@click.command("doctor", cls=Command)
@click.option("--repair", is_flag=True, help="Mend what can be mended, and tell what was done.")
@as_json
@click.pass_context
def doctor_command(context: click.Context, *, repair: bool, as_json: bool) -> None:
    """Compare the registry with the disk: dead pipelines, `current`, edited releases, owners, modes, file system.

    It exits with 0 when all is well or was mended, with 5 while a pipeline moves a stage (which is left alone), and
    with 7 when something stays. Versions whose deprecation is past its date are named, and change no exit code. On a
    terminal it also tells what that can do.

    Examples:
      lineal doctor
      lineal doctor --repair
    """
    from lineal.errors import ExitCode  # noqa: PLC0415  as above
    from lineal.upkeep.doctor import RUNNING, Mended  # noqa: PLC0415  start-up is measured
    from lineal_tui.view.drawing.words import counted  # noqa: PLC0415  as above

    with session(context).open() as registry:
        found = registry.repair() if repair else [Mended(finding, None) for finding in registry.examine()]
        is_open = registry.roles().is_open
        notices = [Mended(_overdue(version), None) for version in registry.overdue()]
    _tell([*found, *notices], was_repair=repair, as_json=as_json)
    left = [each for each in found if each.done is None]
    running = [each for each in left if each.finding.kind == RUNNING]
    if running:
        moved = ", ".join(each.finding.ref or "" for each in running)
        more = len(left) - len(running)
        complain(
            f"a pipeline moves {moved}, which was not looked at"
            + (f"; {counted(more, 'thing')} elsewhere" * bool(more)),
            "look again when it is over; `lineal pipeline follow` waits for it",
        )
        stop(ExitCode.CONFLICT)
    if left:
        hint = None if repair else "`lineal doctor --repair` mends what can be mended"
        complain(f"{counted(len(left), 'thing')} not as it must be", hint)
        stop(ExitCode.DAMAGED)
    if is_open and not as_json:
        from lineal_tui.cli.roles import OPEN  # noqa: PLC0415  as above

        narrate(OPEN)
    if not as_json:
        narrate(f"{counted(len(found), 'thing')} mended; all is well" if found else "all is well")


def _tell(found: list[Mended], *, was_repair: bool, as_json: bool) -> None:
    if as_json:
        from lineal_tui.view.as_json import upkeep_json  # noqa: PLC0415  start-up is measured

        dump([upkeep_json.mended(each) if was_repair else upkeep_json.finding(each.finding) for each in found])
        return
    from lineal_tui.settings import config_file, settings_of  # noqa: PLC0415  as above
    from lineal_tui.terminal import here  # noqa: PLC0415  as above

    for each in found:
        say(_words(each.finding))
        if each.done is not None:
            say(f"  mended: {each.done}")
        elif each.finding.repair is not None:
            say(f"  to mend: {each.finding.repair}")
    if on_terminal():
        show(_terminal(here(settings_of(config_file()))))


def _overdue(version: Version) -> Finding:
    from lineal.records.base import Micros  # noqa: PLC0415  start-up is measured
    from lineal.records.upkeep import Finding  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.words import deprecated  # noqa: PLC0415  as above

    told = deprecated(version.deprecated_until or Micros(0), now())
    if version.stages:
        cure = f"promote another version at {' and '.join(version.stages)}, then `lineal retire {version.ref}`"
    else:
        cure = f"`lineal retire {version.ref}`, or put it off with `lineal deprecate {version.ref} --until D`"
    return Finding("deprecation_over", version.ref, None, told, cure)


def _words(found: Finding) -> str:
    where = f" [{found.path}]" if found.path else ""
    return " ".join(part for part in (f"{found.kind}:", found.ref, f"{found.problem}{where}") if part)


def _terminal(found: Terminal) -> list[Line]:
    from lineal_tui.view.drawing.text import fields, heading  # noqa: PLC0415  start-up is measured

    colours = {0: "none", 1 << 24: "16.7 million"}.get(found.colours, str(found.colours))
    size = "no terminal" if found.size is None else f"{found.size[0]}x{found.size[1]}"
    if found.is_small:
        size += ", too small for the application"
    return [
        heading("Terminal"),
        *fields(
            [
                ("TERM", found.term or "not set"),
                ("COLORTERM", found.colorterm or "not set"),
                ("colours", colours),
                ("encoding", found.encoding + ("" if found.is_utf8 else ", but the locale is not UTF-8")),
                ("over SSH", "no" if found.ssh is None else f"from {found.ssh}"),
                ("within", found.multiplexer or "neither tmux nor screen"),
                ("size", size),
                ("theme", f"{found.look}, {'with' if found.has_mouse else 'without'} mouse"),
                ("lines, signs", "drawn in ASCII" if found.is_ascii else "drawn in Unicode"),
                ("application", "would start" if found.refusal is None else f"would not start: {found.refusal}"),
            ]
        ),
    ]
