"""What a person may do."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Actor


class Permission(StrEnum):
    """What is asked for when a use case begins."""

    LOG = "log"
    REGISTER = "register"
    DESCRIBE = "describe"
    PROMOTE = "promote"
    ROLL_BACK = "roll back"
    MARK = "mark"
    CONFIGURE = "configure"


def authorize(actor: Actor, action: Permission, subject: str) -> None:
    """Let `actor` do `action` to `subject`, or raise `Refused`.

    Every use case that changes something passes here. A registry without role bindings is open to whoever may write
    its files, and no registry has bindings yet, so everybody may do everything.

    Args:
        actor: who wants to.
        action: what for.
        subject: the address it would happen to.
    """
    del actor, action, subject
