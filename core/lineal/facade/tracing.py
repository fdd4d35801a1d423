"""What things came from, what they cost on disk, and what files tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.facade.door import address_of
from lineal.facade.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.facade.door import Address
    from lineal.records.comparison import Lineage
    from lineal.records.contents import FileContent
    from lineal.records.costs import FileCost, ModelCost, RegistryCost, ReleaseCost, VersionCost
    from lineal.records.data import DataUse
    from lineal.records.models import Version


class Tracing(Upkeep):
    """What things came from, what they cost on disk, and what files tell."""

    def lineage(self, ref: str, *, up: int = 2, down: int = 1, limit: int = 50) -> Lineage:
        """What it came from and what came from it, so many levels each way; see `lineal.versioning.origins.trace`."""
        from lineal.versioning import origins  # noqa: PLC0415  rarely needed

        with self._context.read() as connection:
            return origins.trace(connection, ref, up=up, down=down, limit=limit)

    def data_uses(self, *, most: int = 1_000) -> list[DataUse]:
        """The newest versions of each dataset with who used them, by name and then the newest first."""
        from lineal.queries import datasets  # noqa: PLC0415  rarely needed
        from lineal.records.data import DataUse  # noqa: PLC0415  as above

        with self._context.read() as connection:
            counts = {number: (runs, models, made) for number, runs, models, made in datasets.uses(connection, most)}
            return [
                DataUse(
                    version,
                    *counts.get(version.id, (0, 0, 0)),
                    purpose=owner.purpose,
                    owner=owner.owner,
                )
                for owner in datasets.all_datasets(connection)
                for version in datasets.versions(connection, owner.id, most)
            ]

    def open_file(self, ref: Address, path: str, *, limit: int = 1 << 20) -> FileContent:
        """A file of a version: its text, or what its bytes tell; see `lineal.versioning.contents.open_file`."""
        from lineal.versioning import contents  # noqa: PLC0415  rarely needed

        return contents.open_file(self._context, address_of(ref), path, limit=limit)

    def cost(self) -> RegistryCost:
        """What the registry costs on disk."""
        from lineal.retirement import costs  # noqa: PLC0415  rarely needed

        return costs.of_registry(self._context)

    def model_cost(self, model: str) -> tuple[ModelCost, list[VersionCost]]:
        """What a model costs on disk, and each of its versions, those first whose purge would free most."""
        from lineal.retirement import costs  # noqa: PLC0415  rarely needed

        return costs.of_model(self._context, model)

    def version_cost(self, ref: Address) -> tuple[VersionCost, list[FileCost], list[ReleaseCost]]:
        """What a version costs on disk, with its files and its releases."""
        from lineal.retirement import costs  # noqa: PLC0415  rarely needed

        return costs.of_version(self._context, address_of(ref))

    def version_costs(self, versions: Sequence[Version]) -> list[VersionCost]:
        """What versions cost in the store, newest first; no file is looked at."""
        from lineal.retirement import costs  # noqa: PLC0415  rarely needed

        return costs.of_versions(self._context, [version.id for version in versions])
