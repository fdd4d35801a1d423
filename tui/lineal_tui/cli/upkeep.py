"""Looking after a registry: is it whole, what can go, and copies of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session, stop
from lineal_tui.cli.meter import Meter
from lineal_tui.cli.output import complain, dump, narrate, say, warn
from lineal_tui.cli.parameters import as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.endings import Ended, Expired
    from lineal.records.upkeep import Collected, Finding

_LARGE = 64 << 20
"""Bytes of a database that is not checked in a second."""


@click.command("verify", cls=Command)
@as_json
@click.pass_context
def verify_command(context: click.Context, *, as_json: bool) -> None:
    """Check the database, the audit log, what is live, and the bytes of every object; changes nothing.

    Exits with 7 when something is damaged, and names the versions it belongs to. Others may write meanwhile.

    Examples:
      lineal verify
    """
    from lineal.errors import ExitCode  # noqa: PLC0415  start-up is measured
    from lineal_tui.view.drawing.words import counted, size  # noqa: PLC0415  as above

    with session(context).open() as registry, Meter("reading") as meter:
        if (registry.root / "registry.db").stat().st_size > _LARGE:
            narrate("checking a copy of the database first; this may take a while")
        verified = registry.verify(progress=meter.show)
    if as_json:
        from lineal_tui.view.as_json import upkeep_json  # noqa: PLC0415  as above

        dump([upkeep_json.finding(found) for found in verified.findings])
    else:
        for found in verified.findings:
            say(_words(found))
    read = f"{counted(verified.events, 'event')}, {counted(verified.objects, 'object')} ({size(verified.bytes)})"
    if verified.releases:
        read += f", {counted(verified.releases, 'release')}"
    if verified.damage:
        hint = "; ".join(dict.fromkeys(found.repair for found in verified.damage if found.repair))
        complain(f"{counted(len(verified.damage), 'thing')} damaged; looked at the database, {read}", hint)
        stop(ExitCode.DAMAGED)
    others = len(verified.findings)
    narrate(f"all is whole: the database, {read}" + (f"; {counted(others, 'file')} to clear away" if others else ""))


def _words(found: Finding) -> str:
    return " ".join(part for part in (f"{found.kind}:", found.ref, f"{found.problem} [{found.path}]") if part)


@click.command("gc", cls=Command)
@click.option("--dry-run", is_flag=True, help="Remove nothing, tell what would be.")
@click.option("--retention", is_flag=True, help="Also retire and purge the versions that no retention rule keeps.")
@as_json
@click.pass_context
def gc_command(context: click.Context, *, dry_run: bool, retention: bool, as_json: bool) -> None:
    """Remove the objects that no version refers to, and the unfinished files of writers that were killed.

    Safe beside running writers: what one of them is about to refer to stays. Versions that no rule of their model keeps
    (`lineal retention`) are named, and lose their bytes with --retention only; their records stay.

    Examples:
      lineal gc --dry-run
      lineal gc --retention
    """
    with session(context).open() as registry:
        ended, kept = registry.expire() if retention and not dry_run else ([], [])
        expired = registry.expired()
        collected = registry.gc(dry_run=dry_run)
    if as_json:
        from lineal_tui.view.as_json import ending_json, upkeep_json  # noqa: PLC0415  start-up is measured

        dump(
            {
                **upkeep_json.collected(collected),
                "ended": [ending_json.ended(each) for each in ended],
                "expired": [ending_json.expired(each) for each in expired],
            }
        )
    else:
        _tell_expired(ended, expired)
        _tell(collected)
    for ref, why in kept:
        warn(f"{ref} stays: {why}")


def _tell_expired(ended: Sequence[Ended], expired: Sequence[Expired]) -> None:
    from lineal_tui.view.drawing.words import counted, size  # noqa: PLC0415  start-up is measured

    for gone in ended:
        say(f"{gone.ref}  {size(gone.freed)}  {gone.retirement.reason}")
    if ended:
        narrate(f"retired and purged {counted(len(ended), 'version')}, {size(sum(gone.freed for gone in ended))}")
    for each in expired:
        say(f"{each.ref}  {size(each.bytes)}  no retention rule keeps it")
    if expired:
        total = size(sum(each.bytes for each in expired))
        narrate(f"{counted(len(expired), 'version')} ({total}) to be retired and purged with --retention")


def _tell(collected: Collected) -> None:
    from lineal_tui.view.drawing.words import counted, size  # noqa: PLC0415  start-up is measured

    for found in collected.removed:
        say(f"{found.path}  {size(found.bytes)}  {found.why}")
    for found in collected.in_use:
        narrate(f"{found.path} stays: a running writer needs it")
    for found in collected.unknown:
        warn(f"{found.path} stays: {found.why}")
    if not collected.removed:
        narrate("nothing is to be removed" if collected.is_dry else "nothing was to be removed")
        return
    verb = "would remove" if collected.is_dry else "removed"
    narrate(f"{verb} {counted(len(collected.removed), 'file')}, {size(collected.bytes)}")


@click.command("backup", cls=Command)
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--objects", is_flag=True, help="Also the bytes of all versions; FILE becomes a tar archive.")
@as_json
@click.pass_context
def backup_command(context: click.Context, *, file: Path, objects: bool, as_json: bool) -> None:
    """Write a backup, checked and durable, while others write.

    FILE is an SQLite database, or with --objects a tar archive; a file that is there is never replaced.

    Examples:
      lineal backup /backups/registry-$(date +%F).db
      lineal backup --objects /backups/all-$(date +%F).tar
    """
    from lineal_tui.view.drawing.words import counted, size  # noqa: PLC0415  start-up is measured

    with session(context).open() as registry, Meter("writing") as meter:
        made = registry.backup(file, objects=objects, progress=meter.show)
    if as_json:
        from lineal_tui.view.as_json import upkeep_json  # noqa: PLC0415  as above

        dump(upkeep_json.backed_up(made))
        return
    say(made.path)
    what = "without the files of the versions" if made.objects is None else f"with {counted(made.objects, 'object')}"
    narrate(f"{size(made.bytes)}, {counted(made.versions, 'version')}, {what}; the audit log's head is {made.head}")


@click.command("restore", cls=Command)
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.argument("directory", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@as_json
@click.pass_context
def restore_command(context: click.Context, *, file: Path, directory: Path | None, as_json: bool) -> None:
    """Make a registry from a backup: all of it, checked, or nothing.

    DIR is the registry itself, and must not exist or be an empty folder; without it, .lineal in this folder.

    Examples:
      lineal restore /backups/registry-2026-11-23.db /srv/models
    """
    from lineal.registry import restore_registry  # noqa: PLC0415  start-up is measured
    from lineal_tui.view.drawing.words import counted, size  # noqa: PLC0415  as above

    target = directory or session(context).registry or Path(".lineal")
    with Meter("reading") as meter:
        made = restore_registry(file, target, progress=meter.show)
    if as_json:
        from lineal_tui.view.as_json import upkeep_json  # noqa: PLC0415  as above

        dump(upkeep_json.restored(made))
    else:
        say(made.path)
        narrate(f"restored {counted(made.versions, 'version')}, {counted(made.objects, 'object')}")
    if made.missing:
        missing = f"{counted(made.missing, 'object')} ({size(made.missing_bytes)})"
        warn(f"its versions lack the bytes of {missing}: the backup had none; put the old registry's objects/ there")
    for name in made.disabled:
        warn(f"the automation {name} is disabled here, as the original may run it; `lineal on enable {name}`")
    for place, folder in made.unbound:
        warn(
            f"{place} is bound to nothing here: the original has {folder}; "
            f"`lineal stage set {place} --release DIR` binds it"
        )
