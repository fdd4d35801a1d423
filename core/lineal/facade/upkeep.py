"""Looking after a registry, and taking versions elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

from lineal.facade.auditing import Auditing
from lineal.facade.door import address_of
from lineal.machine.lazily import Later

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal import exchange
    from lineal.facade.door import Address, StrPath
    from lineal.records.bundles import Brought
    from lineal.records.upkeep import BackedUp, Collected, Finding, Verified
    from lineal.upkeep import doctor
    from lineal.upkeep.doctor import Mended
else:
    # What most commands leave untouched; start-up is measured.
    doctor = Later("lineal.upkeep.doctor")
    exchange = Later("lineal.exchange")


class Upkeep(Auditing):
    """What keeps a registry whole."""

    def verify(self, *, progress: Callable[[int, int], None] = lambda _, __: None) -> Verified:
        """Check the database, the audit log, what is live, every object and every release; holds nobody up.

        Args:
            progress: told bytes read and bytes there are to read; may raise to stop.
        """
        from dataclasses import replace  # noqa: PLC0415  rarely needed

        from lineal.upkeep.verification import verify  # noqa: PLC0415  as above

        verified = verify(self._context, progress=progress)
        wrong, releases = doctor.verify_releases(self._context)
        return replace(verified, findings=verified.findings + wrong, releases=releases)

    def gc(self, *, dry_run: bool = False) -> Collected:
        """Remove objects that no version refers to and what killed writers left; safe beside writers."""
        from lineal.retirement.collecting import collect  # noqa: PLC0415  rarely needed

        return collect(self._context, dry_run=dry_run)

    def backup(
        self, target: StrPath, *, objects: bool = False, progress: Callable[[int, int], None] = lambda _, __: None
    ) -> BackedUp:
        """Write a checked backup of the database, or with `objects` of everything; others may write meanwhile.

        Args:
            target: the file to make; it is never replaced.
            objects: also the bytes of all versions, in a tar archive.
            progress: told bytes written and bytes there are to write; may raise to stop.

        Raises:
            AlreadyExists: there is such a file.
            Damaged: the database or an object is.
            MachineError: it cannot be written.
        """
        from lineal.upkeep.backups import back_up  # noqa: PLC0415  rarely needed

        return back_up(self._context, Path(target), objects=objects, progress=progress)

    def examine(self) -> list[Finding]:
        """Compare the registry with the disk; changes nothing."""
        return doctor.examine(self._context)

    def repair(self) -> list[Mended]:
        """Mend what does not agree between the registry and the disk, and say what was done."""
        return doctor.repair(self._context)

    def export(self, ref: str, to: str) -> str:
        """A version as a document for others: `card` (a Hugging Face model card) or `mlbom` (CycloneDX 1.6).

        Raises:
            NotFound: there is no such version.
            BadValue: there is no such format.
        """
        return exchange.export(self._context, ref, to)

    def write_files(self, ref: Address, folder: StrPath) -> Path:
        """Write a version's files into a new folder, each checked against its digest; returns the folder.

        Raises:
            NotFound: there is no such version.
            Refused: it has no files here.
            AlreadyExists: there is something at `folder`.
        """
        exchange.write_files(self._context, address_of(ref), Path(folder))
        return Path(folder)

    def export_bundle(self, ref: str, stream: IO[bytes], *, progress: Callable[[int], None] = lambda _: None) -> int:
        """Write a version with its lineage and its files to a stream; returns the bytes of files written."""
        return exchange.export_bundle(self._context, ref, stream, progress=progress)

    def import_bundle(
        self, stream: IO[bytes], *, name: str = "bundle", progress: Callable[[int], None] = lambda _: None
    ) -> Brought:
        """Bring the version of a bundle here with its lineage, under the same uids and digests.

        Raises:
            Damaged: it is no bundle, or something in it is not what its digest says; nothing is recorded.
            AlreadyExists: another version has its label.
        """
        return exchange.import_bundle(self._context, stream, name=name, progress=progress)
