"""What every record is made of: digests, times, identifiers, values and the person who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

Digest = NewType("Digest", str)
"""`sha256:` and 64 lowercase hexadecimal digits."""

Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00:00Z."""

RunId = NewType("RunId", str)
"""32 lowercase hexadecimal digits, as MLflow's run ids."""

Uid = NewType("Uid", str)
"""A UUID in its canonical form, the same in every registry."""

Scalar = str | int | float | bool | None
"""The value of a parameter."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: what the operating system vouches for, and what is only claimed."""

    user: str
    """Name of the process's real user, or `uid:N` where it has none."""
    uid: int
    """The process's real user id."""
    claim: str | None = None
    """`sudo:NAME` and `as:NAME`, joined by a comma; counts for nobody's role. None: nothing claimed."""
