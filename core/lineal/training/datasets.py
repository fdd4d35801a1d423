"""Recording data: what state of which dataset there is, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lineal import addresses
from lineal.data.fingerprint import measure
from lineal.errors import AlreadyExists, BadValue
from lineal.queries import datasets as rows
from lineal.rules import naming
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from lineal.records.data import Dataset, DatasetVersion, Measured
    from lineal.write_path.context import Change, Context


class Frame(Protocol):
    """A pandas frame or series, or a NumPy array: what both have, so that neither is imported for a type."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and columns if it has any."""


@dataclass(frozen=True, slots=True)
class NewData:
    """A state of a dataset that is to be recorded."""

    name: str
    measured: Measured
    uri: str | None
    """Where the data is; None for data that was handed over in memory."""
    label: str | None = None
    """None for the next number."""
    parents: tuple[str, ...] = ()
    """Addresses of the dataset versions it was derived from."""
    notes: str | None = None


def describe_data(
    name: str,
    path: Path,
    *,
    label: str | None = None,
    parents: Sequence[str] = (),
    notes: str | None = None,
    measured: Measured | None = None,
) -> NewData:
    """Check names and read the data, before anything is written.

    Args:
        name: of the dataset; it is made with its first version.
        path: the file or folder.
        label: of the version; None for the next number.
        parents: addresses of the dataset versions it was derived from.
        notes: free text.
        measured: what is known of the data already; None to read it.

    Raises:
        BadName, BadValue: a name cannot be one.
        NoSource, NotReadable, SourceChanged: the data cannot be read.
    """
    name = naming.check_dataset_name(name.removeprefix("data:"))
    label = None if label is None else naming.check_label(label)
    if notes is not None:
        naming.check_text("notes", notes)
    found = measure(path) if measured is None else measured
    return NewData(name, found, str(path.absolute()), label, tuple(parents), notes)


def describe_frame(
    name: str, frame: Frame, *, label: str | None = None, parents: Sequence[str] = (), notes: str | None = None
) -> NewData:
    """As `describe_data`, for a pandas frame or a NumPy array in memory.

    Raises:
        BadName, BadValue: a name cannot be one, or it is neither.
    """
    from lineal.data import frames  # noqa: PLC0415  most data are files

    name = naming.check_dataset_name(name.removeprefix("data:"))
    label = None if label is None else naming.check_label(label)
    if notes is not None:
        naming.check_text("notes", notes)
    if not frames.is_data(frame):
        why = "a path, a pandas frame or a NumPy array is wanted"
        raise BadValue(field="data", value=type(frame).__name__, why=why)
    return NewData(name, frames.measure(frame), None, label, tuple(parents), notes)


def add(context: Context, new: NewData) -> DatasetVersion:
    """Record a state of a dataset; the same bytes under the same label are recorded once.

    Raises:
        AlreadyExists: other bytes have this label.
        NotFound: a parent does not exist.
        LinealError: the registry cannot be written.
    """
    with context.change(Permission.LOG, f"data:{new.name}") as change:
        return add_in(change, new, run=None)


def add_in(change: Change, new: NewData, *, run: int | None) -> DatasetVersion:
    """As `add`, within a change that is under way; `run` is the row number of the run that produced the data."""
    connection = change.connection
    owner = rows.dataset(connection, new.name)
    if owner is not None and (known := _recorded(connection, owner, new)) is not None:
        return known
    parents = [addresses.one_dataset_version(connection, text) for text in new.parents]
    if len({parent.id for parent in parents}) < len(parents):
        raise BadValue(field="parents", value=", ".join(new.parents), why="one is named twice")
    number = owner.id if owner is not None else rows.insert_dataset(connection, new.name, change.at, change.actor.user)
    label = new.label or _next_label(connection, number)
    rows.insert_version(
        connection,
        number,
        label=label,
        digest=new.measured.digest,
        uri=new.uri,
        rows=new.measured.rows,
        size=new.measured.bytes,
        columns=new.measured.columns,
        notes=new.notes,
        parents=[parent.id for parent in parents],
        run=run,
        at=change.at,
        actor=change.actor.user,
    )
    change.record(
        "dataset_version_added",
        f"data:{new.name}:{label}",
        digest=new.measured.digest,
        rows=new.measured.rows,
        bytes=new.measured.bytes,
        uri=new.uri,
        parents=[parent.ref for parent in parents],
    )
    return addresses.dataset_version(connection, new.name, label)


def _recorded(connection: sqlite3.Connection, owner: Dataset, new: NewData) -> DatasetVersion | None:
    """The version that holds these bytes already; None when it must be added."""
    if new.label is None:
        same = [each for each in rows.versions_by_digest(connection, new.measured.digest) if each.dataset == new.name]
        return same[-1] if same else None
    known = rows.version(connection, owner.id, new.label)
    if known is None:
        return None
    if known.digest != new.measured.digest:
        raise AlreadyExists(
            kind="dataset version",
            name=known.ref,
            where=" with other bytes",
            hint="give this state of the data a label of its own",
        )
    return known


def _next_label(connection: sqlite3.Connection, dataset: int) -> str:
    seq = rows.next_seq(connection, dataset)
    while rows.version(connection, dataset, str(seq)) is not None:
        seq += 1
    return str(seq)


def check_role(role: str) -> str:
    """A role of data in a run, such as `train`.

    Raises:
        BadValue: it is no single word.
    """
    if not role or len(role) > 40 or not all(character.isalnum() or character in "_-" for character in role):
        raise BadValue(field="role", value=naming.shown(role), why="a single word is wanted, such as train or test")
    return role
