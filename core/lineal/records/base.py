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
    """Who does something: what the operating system or a service account vouches for, and what is only claimed."""

    user: str
    """Name of the process's real user, or `uid:N` where it has none; or the person whom `lineal shell` serves."""
    uid: int
    """That user's id."""
    claim: str | None = None
    """`sudo:NAME` and `as:NAME`, joined by a comma, which count for nobody's role; before them `via:ACCOUNT`, no claim
    but the service account that vouches for the user. None: nothing of it."""

    @property
    def is_vouched(self) -> bool:
        """Whether a service account says who this is, in place of the operating system."""
        return self.claim is not None and self.claim.startswith("via:")
