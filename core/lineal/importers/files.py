"""Finds a version's files, stores them, and reads what they say of the model's inputs and outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import Damaged, LinealError, MachineError
from lineal.importers.locating import Locator, strays
from lineal.importers.small_files import read_fields
from lineal.rules.canonical import canonical_json
from lineal.versioning import artifacts

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.importers.tally import Tally
    from lineal.records.models import Architecture, Artifact
    from lineal.storage.objects import ObjectStore

_DESCRIPTION = "MLmodel"


@dataclass(frozen=True, slots=True)
class Taken:
    """The files of a version, stored."""

    artifact: Artifact
    architecture: Architecture | None
    signature: str | None
    """Canonical JSON; None when they describe none."""


class FileTaker:
    """Takes files from where a store has them."""

    def __init__(self, locator: Locator, tally: Tally, *, wanted: bool, move: bool) -> None:
        """Take files.

        Args:
            locator: finds them.
            tally: told what is missing.
            wanted: whether to take any.
            move: whether they are to be taken away in the end.
        """
        self._locator = locator
        self._tally = tally
        self._wanted = wanted
        self._move = move
        self._taken: list[Path] = []

    def take(self, objects: ObjectStore, address: str | None, name: str) -> Taken | None:
        """Store the files at an address; None when they are not wanted, or cannot be had, which is told.

        Raises:
            MachineError: the registry cannot be written.
        """
        if not self._wanted:
            return None
        if address is None:
            self._tally.lost("file", name, "where its files were is erased there")
            return None
        folder, why = self._locator.find(address)
        if folder is None:
            self._tally.lost("file", name, why)
            return None
        try:
            sources = artifacts.gather([folder])
            stray = strays(folder, [source.path for source in sources])
            if stray is not None:
                self._tally.lost("file", name, f"{stray} is a link that leads out of its folder")
                return None
            signature = self._signature(folder, name)
            artifact, architecture = artifacts.take_in(objects, sources, move=self._move)
        except MachineError as error:
            if error.data.get("path") == objects.root:
                raise
            self._tally.lost("file", name, str(error))
            return None
        except LinealError as error:
            self._tally.lost("file", name, str(error))
            return None
        self._taken += [source.path for source in sources]
        return Taken(artifact, architecture, signature)

    def _signature(self, folder: Path, name: str) -> str | None:
        path = folder / _DESCRIPTION
        if not path.is_file():
            return None
        try:
            fields = read_fields(path).below("signature")
            known = {part: json.loads(text) for part in ("inputs", "outputs", "params") if (text := fields.text(part))}
        except (Damaged, ValueError, RecursionError) as error:
            self._tally.lost("signature", name, str(error))
            return None
        return canonical_json(known) if known else None

    def remove(self) -> None:
        """Take away what was asked to be moved; to be called when all of it is recorded."""
        for path in dict.fromkeys(self._taken) if self._move else ():
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                self._tally.changed("file", str(path), f"it is here, but was not taken away there: {error.strerror}")
