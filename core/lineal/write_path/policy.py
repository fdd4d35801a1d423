"""What a person may do: every use case that changes something asks here, inside the transaction that changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.errors import BadAddress, NotPermitted
from lineal.machine.lazily import Later
from lineal.queries import roles as rows
from lineal.records.permissions import NEEDED, Permission, Role

if TYPE_CHECKING:
    import sqlite3

    from lineal.machine import actors
    from lineal.records import governance
    from lineal.records.base import Actor
    from lineal.records.governance import Scope, Standing
    from lineal.records.stages import Check
    from lineal.rules import refs
else:
    # what only a registry with bindings needs
    actors = Later("lineal.machine.actors")
    governance = Later("lineal.records.governance")
    refs = Later("lineal.rules.refs")

__all__ = ["REGISTRY", "Permission", "Role", "allowed", "authorize", "scope_of", "standing_of"]

REGISTRY = ":registry"
"""The subject of what concerns the registry as a whole; no address reads so."""

_OF_ALL = frozenset({Permission.COLLECT, Permission.REPAIR, Permission.IMPORT})
"""What concerns the registry as a whole, whatever its subject is called."""
_OF_STAGES = frozenset(
    {
        *(Permission.APPROVE, Permission.PROMOTE, Permission.ROLL_BACK, Permission.OBSERVE, Permission.CONFIGURE),
        *(Permission.FORCE, Permission.REVIEW, Permission.GRANT),
    }
)
"""What a role that is bound to the stage suffices for; everything else is done to the model."""


_SAID = {
    Permission.REGISTER: "register a version of",
    Permission.LOG: "log to",
    Permission.OBSERVE: "record observations of",
    Permission.IMPORT: "import into",
    Permission.COLLECT: "remove objects of",
    Permission.APPROVE: "approve or reject for",
    Permission.PROMOTE: "change what is live at",
    Permission.ROLL_BACK: "roll back",
    Permission.GRANT: "grant roles for",
    Permission.FORCE: "override the gates of",
    Permission.REVIEW: "review what was forced at",
}
"""Permissions whose word does not go before a subject."""


def authorize(connection: sqlite3.Connection, actor: Actor, permission: Permission, subject: str) -> None:
    """Let `actor` do what `permission` is for to `subject`, or raise.

    A registry without role bindings is open to whoever may write its files. Called within the transaction that makes
    the change, so that nothing is done with a role that was revoked before.

    Args:
        connection: to the registry.
        actor: who wants to.
        permission: what for.
        subject: the address it would happen to, or `REGISTRY`.

    Raises:
        NotPermitted: the actor's roles do not suffice.
    """
    if not rows.is_bound(connection):
        return
    permission = Permission(permission)
    standing, scope = standing_of(connection, actor), scope_of(permission, subject)
    if standing.may(permission, scope):
        return
    needed = NEEDED[permission]
    raise NotPermitted(
        user=actor.user,
        permission=_SAID.get(permission, permission.value),
        subject="the registry" if scope == governance.Scope() else subject,
        needed=needed.with_article,
        has=_told(standing),
        hint=_way_in(connection, actor, needed, scope),
    )


def allowed(connection: sqlite3.Connection, actor: Actor, permission: Permission, subject: str) -> str | None:
    """Why `actor` may not do what `permission` is for to `subject`; None when they may."""
    try:
        authorize(connection, actor, permission, subject)
    except NotPermitted as error:
        return str(error)
    return None


def role_check(connection: sqlite3.Connection, actor: Actor, permission: Permission, subject: str) -> Check | None:
    """Whether the actor's role suffices, as a plan shows it; None in an open registry."""
    if not rows.is_bound(connection):
        return None
    from lineal.records.stages import Check  # noqa: PLC0415  only plans need it

    standing, scope = standing_of(connection, actor), scope_of(permission, subject)
    role = standing.role(scope.model, scope.stage)
    wanted = NEEDED[permission].value
    return Check("role", standing.may(permission, scope), wanted=f"{wanted} or higher", saw=role or "no role")


def standing_of(connection: sqlite3.Connection, actor: Actor) -> Standing:
    """What a person may do, by name and through the groups that the operating system has them in now."""
    candidates = rows.candidates(connection, actor.user)
    if not candidates:
        return governance.Standing(actor.user, is_open=not rows.is_bound(connection), bindings=())
    groups = {each.subject[1:] for each in candidates if each.subject.startswith("@")}
    member = actors.groups_among(actor, groups) if groups else frozenset()
    own = tuple(each for each in candidates if not each.subject.startswith("@") or each.subject[1:] in member)
    return governance.Standing(actor.user, is_open=False, bindings=own)


def scope_of(permission: Permission, subject: str) -> Scope:
    """What a permission is asked for: the model of an address, and its stage where that matters.

    What is no address concerns the registry as a whole, for which only roles for all models count.
    """
    if permission in _OF_ALL:
        return governance.Scope()
    try:
        ref = refs.parse(subject)
    except BadAddress:
        return governance.Scope()
    match ref:
        case refs.ModelRef(name):
            return governance.Scope(name)
        case refs.LabelRef(model, _) | refs.SeqRef(model, _):
            return governance.Scope(model)
        case refs.StageRef(model, stage, _):
            return governance.Scope(model, stage if permission in _OF_STAGES else None)
        case refs.DigestRef():
            return governance.Scope()
        case _:
            return governance.Scope(is_of_none=True)


def _told(standing: Standing) -> str:
    if not standing.bindings:
        return "has no role"
    return "is " + ", ".join(f"{each.role} of {each.place}" for each in standing.bindings)


def _way_in(connection: sqlite3.Connection, actor: Actor, needed: Role, scope: Scope) -> str:
    admins = [each.subject for each in rows.all_bindings(connection) if each.role is Role.ADMIN and each.model is None]
    where = "" if scope.model is None else f" --model {scope.model}"
    if scope.stage is not None:
        where += f" --stage {scope.stage}"
    return f"ask {' or '.join(admins[:3])} for `lineal grant {actor.user} {needed}{where}`"
