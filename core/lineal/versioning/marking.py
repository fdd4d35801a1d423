"""The status of a version, within a change that is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import Refused
from lineal.queries import versions
from lineal.records.models import Version, VersionStatus

if TYPE_CHECKING:
    from lineal.write_path.context import Change


def mark(change: Change, version: Version, status: VersionStatus, *, reason: str | None) -> Version:
    """Give a version another status.

    Raises:
        Refused: it is retired.
    """
    if version.status is status:
        return version
    if version.status is VersionStatus.RETIRED:
        raise Refused(what=f"marking {version.ref} {status}", why="it is retired")
    versions.set_status(change.connection, version.id, status)
    change.record(f"marked_{status}", version.ref, reason=reason)
    return addresses.must_have(change.connection, version.id)
