"""Records the data that runs elsewhere read, of which only a description is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.data.fingerprint import digest_bytes
from lineal.importers.mapping import fitting
from lineal.queries import datasets as dataset_rows
from lineal.queries import imports as rows
from lineal.records.data import Column
from lineal.rules import naming
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    from lineal.importers.tally import Tally
    from lineal.records.base import Digest, Micros
    from lineal.records.imports import ForeignData
    from lineal.write_path.context import Change

_TYPES = {"double": "float", "long": "int", "integer": "int", "string": "str", "boolean": "bool"}
_NOTES = "The digest is of what {program} tells of the data (its name, digest {digest}, source, schema, profile): none \
of the bytes were there."


class DataWriter:
    """Turns descriptions of data into dataset versions, each once."""

    def __init__(self, source: int, program: str, tally: Tally) -> None:
        """Write what comes from the store in row `source`."""
        self._source = source
        self._program = program
        self._tally = tally
        self._known: dict[tuple[str, Digest], int] = {}

    def version(self, change: Change, data: ForeignData, *, at: Micros, user: str) -> int:
        """The row of the dataset version that some data is, added where it is new."""
        digest = _digest(data)
        known = self._known.get((data.name, digest))
        if known is None:
            dataset, name = self._dataset(change, data.name, at, user)
            known = rows.dataset_version(change.connection, dataset, digest)
            self._tally.found("dataset")
            if known is None:
                known = self._insert(change, dataset, name, data, digest, at, user)
                self._tally.added("dataset")
            self._known[data.name, digest] = known
        return known

    def _dataset(self, change: Change, name: str, at: Micros, user: str) -> tuple[int, str]:
        connection = change.connection
        ours, why = fitting(naming.check_dataset_name, name)
        base, count = ours, 1
        while (found := dataset_rows.dataset(connection, ours)) is not None:
            other = rows.came_from(connection, self._source, "dataset", found.id)
            if other in {None, name}:
                break
            count += 1
            ours = f"{base[:120]}-{count}"  # two names there became one here
        if why is not None:
            self._tally.changed("dataset", name, f"here it is {ours}: {why}")
        number = found.id if found is not None else dataset_rows.insert_dataset(connection, ours, at, user)
        rows.remember(connection, self._source, "dataset", name, number, "")
        return number, ours

    def _insert(
        self, change: Change, dataset: int, name: str, data: ForeignData, digest: Digest, at: Micros, user: str
    ) -> int:
        connection = change.connection
        label, _ = fitting(naming.check_label, data.digest)
        if dataset_rows.version(connection, dataset, label) is not None:
            label = f"{label[:80]}-{digest[7:15]}"  # the same short digest, but other words about it
        uri, count = _uri(data.source), _rows(data.profile)
        number = dataset_rows.insert_version(
            connection,
            dataset,
            label=label,
            digest=digest,
            uri=uri,
            rows=count,
            size=None,
            columns=_columns(data.schema),
            notes=_NOTES.format(program=self._program, digest=data.digest),
            parents=(),
            run=None,
            at=at,
            actor=user,
        )
        change.record(
            "dataset_version_added", f"data:{name}:{label}", digest=digest, rows=count, uri=uri, imported=data.digest
        )
        return number


def _digest(data: ForeignData) -> Digest:
    known = {
        "name": data.name,
        "digest": data.digest,
        "source_type": data.source_type,
        "source": data.source,
        "schema": data.schema,
        "profile": data.profile,
    }
    return digest_bytes(canonical_json(known).encode())


def _json(text: str | None) -> dict[str, object]:
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _uri(source: str) -> str | None:
    known = _json(source)
    for field in ("uri", "url", "path"):
        value = known.get(field)
        if isinstance(value, str) and value:
            return value
    return None


def _rows(profile: str | None) -> int | None:
    count = _json(profile).get("num_rows")
    return count if isinstance(count, int) and count >= 0 else None


def _columns(schema: str | None) -> tuple[Column, ...] | None:
    spec = _json(schema).get("mlflow_colspec")
    if not isinstance(spec, list) or not all(isinstance(each, dict) for each in spec):
        return None
    return tuple(
        Column(str(each.get("name", place)), _TYPES.get(str(each.get("type")), str(each.get("type"))))
        for place, each in enumerate(spec)
    )
