"""Taking versions to where they are needed, and documents of them to whoever asks."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from lineal import addresses, details
from lineal.about import __version__
from lineal.errors import BadValue, Refused
from lineal.exporters.bundle import write_bundle
from lineal.exporters.card import card
from lineal.exporters.facts import VersionFacts
from lineal.exporters.mlbom import mlbom
from lineal.importers.bundle import bring
from lineal.queries import artifacts, bundles

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.context import Context
    from lineal.records.bundles import Brought

DOCUMENTS = ("card", "mlbom")
"""The formats of documents."""


def export(context: Context, address: str, to: str) -> str:
    """A version as a document.

    Raises:
        NotFound: there is no such version.
        BadValue: there is no such format.
    """
    if to not in DOCUMENTS:
        raise BadValue(field="format", value=to, why=f"known are {', '.join(DOCUMENTS)} and bundle")
    with context.read() as connection:
        version = addresses.version(connection, address)
        detail = details.of_versions(connection, [version])[0]
        facts = VersionFacts(
            model=addresses.model(connection, version.model),
            detail=detail,
            datasets=tuple(
                (addresses.dataset_version(connection, used.name, used.label), used.role) for used in detail.datasets
            ),
            lineage=details.lineage(connection, version.ref, up=2, down=0),
        )
    return card(facts) if to == "card" else mlbom(facts, lineal_version=__version__, at=context.clock())


def export_bundle(
    context: Context, address: str, stream: IO[bytes], *, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write a version with its lineage and its files; returns the bytes of files written.

    Raises:
        NotFound: there is no such version.
        Refused: its files are not here.
        Damaged: one of them is not what its digest says.
    """
    with context.read() as connection:
        version = addresses.version(connection, address)
        if not artifacts.are_kept(connection, version.id):
            raise Refused(what=f"a bundle of {version.ref}", why="its files are known by digest only")
        bundle = bundles.gather(connection, version.id)
    return write_bundle(bundle, context.objects, stream, progress=progress)


def import_bundle(
    context: Context, stream: IO[bytes], *, name: str, progress: Callable[[int], None] = lambda _: None
) -> Brought:
    """Bring the version of a bundle here; see `lineal.importers.bundle.bring`."""
    return bring(context, stream, name=name, progress=progress)
