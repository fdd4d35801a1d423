"""What an address names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.facade.door import Door
from lineal.rules import refs

if TYPE_CHECKING:
    from lineal.addresses import Found, Identified
    from lineal.facade.door import StrPath
    from lineal.records.data import Dataset, DatasetVersion
    from lineal.records.models import Model, Version
    from lineal.records.runs import Experiment, Run


class Addressed(Door):
    """Addresses of a registry."""

    def resolve(self, text: str) -> Found:
        """Whatever an address names."""
        with self._context.read() as connection:
            return addresses.find(connection, text)

    def complete(self, prefix: str, limit: int = 50) -> list[str]:
        """Addresses that begin with `prefix`."""
        with self._context.read() as connection:
            return addresses.complete(connection, prefix, limit)

    def model(self, name: str) -> Model:
        """The model of this name."""
        with self._context.read() as connection:
            return addresses.model(connection, name)

    def version(self, ref: str) -> Version:
        """The one version that an address names."""
        with self._context.read() as connection:
            return addresses.version(connection, ref)

    def run(self, ref: str) -> Run:
        """The run that an address, or the beginning of an id, names."""
        prefix = refs.parse(ref if ref.startswith("run:") else f"run:{ref}")
        with self._context.read() as connection:
            return addresses.run(connection, prefix.prefix if isinstance(prefix, refs.RunRef) else ref)

    def experiment(self, name: str) -> Experiment:
        """The experiment of this name."""
        with self._context.read() as connection:
            return addresses.experiment(connection, name)

    def dataset(self, name: str) -> Dataset:
        """The dataset of this name."""
        with self._context.read() as connection:
            return addresses.dataset(connection, name)

    def dataset_version(self, ref: str) -> DatasetVersion:
        """The dataset version that an address names; of a dataset, its newest."""
        with self._context.read() as connection:
            return addresses.one_dataset_version(connection, ref)

    def identify(self, what: StrPath) -> list[Identified]:
        """Whatever has the bytes of a file or folder, or a digest.

        Args:
            what: a path, or a digest with or without `sha256:`, or the beginning of one.

        Raises:
            NotFound: nothing here has them.
        """
        path = Path(what)
        if os.path.exists(path):  # noqa: PTH110  Path.exists raises on a text that is too long for a path
            from lineal.data import fingerprint  # noqa: PLC0415  rarely needed

            if path.is_dir():
                files = [(name, *fingerprint.hash_file(file)) for name, file in fingerprint.walk(path)]
                prefix = str(fingerprint.manifest_digest(files))
            else:
                fingerprint.refuse_registry(path.parent, path.name)
                prefix = str(fingerprint.hash_file(path)[0])
        else:
            text = os.fspath(what)
            ref = refs.parse(text if text.startswith("sha256:") else f"sha256:{text}")
            prefix = str(ref)
        with self._context.read() as connection:
            return list(addresses.identified(connection, prefix))
