"""What may be asked for, and the roles that have it; apart, since every change needs these and few need more."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What is asked for when a use case begins."""

    READ = "read"
    LOG = "log"
    REGISTER = "register"
    DESCRIBE = "describe"
    OBSERVE = "observe"
    IMPORT = "import"
    APPROVE = "approve"
    PROMOTE = "promote"
    ROLL_BACK = "roll back"
    MARK = "mark"
    REPAIR = "repair"
    CONFIGURE = "configure"
    RETIRE = "retire"
    PURGE = "purge"
    FORCE = "force"
    REVIEW = "review"
    COLLECT = "collect"
    GRANT = "grant"


class Role(StrEnum):
    """What a person may do, low to high: each may do what those before it may."""

    VIEWER = "viewer"
    CONTRIBUTOR = "contributor"
    APPROVER = "approver"
    DEPLOYER = "deployer"
    ADMIN = "admin"

    @property
    def with_article(self) -> str:
        """As it stands in a sentence."""
        return f"{'an' if self.value[0] in 'aeiou' else 'a'} {self.value}"

    @property
    def rank(self) -> int:
        """Its place, from 0 for the lowest."""
        return _RANKS[self]


_RANKS: Final = {role: place for place, role in enumerate(Role)}

GIVEN: Final = {
    Role.VIEWER: (Permission.READ,),
    Role.CONTRIBUTOR: (
        *(Permission.LOG, Permission.REGISTER, Permission.DESCRIBE, Permission.OBSERVE, Permission.IMPORT),
    ),
    Role.APPROVER: (Permission.APPROVE,),
    Role.DEPLOYER: (Permission.PROMOTE, Permission.ROLL_BACK, Permission.MARK, Permission.REPAIR),
    Role.ADMIN: (
        *(Permission.CONFIGURE, Permission.RETIRE, Permission.PURGE, Permission.FORCE, Permission.REVIEW),
        *(Permission.COLLECT, Permission.GRANT),
    ),
}
"""What each role adds to those before it."""

NEEDED: Final = {permission: role for role, added in GIVEN.items() for permission in added}
"""The lowest role that has a permission."""
