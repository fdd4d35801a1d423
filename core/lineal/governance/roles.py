"""Granting and revoking roles, and telling who has which."""

from __future__ import annotations

import grp
import pwd
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadValue, NotFound, Refused
from lineal.machine import actors
from lineal.queries import roles as rows
from lineal.records.governance import Binding, Roles
from lineal.rules import refs
from lineal.write_path.policy import REGISTRY, Permission, Role, allowed, standing_of

if TYPE_CHECKING:
    import sqlite3

    from lineal.records.governance import Standing
    from lineal.write_path.context import Context


def grant(
    context: Context, subject: str, role: Role, *, model: str | None = None, stage: str | None = None
) -> tuple[Binding, Role | None]:
    """Give a user or a group of this machine a role, instead of the one they have at the same place.

    Args:
        context: the registry.
        subject: a user's name, or `@` and a group's.
        role: which.
        model: for which model; None for all of them.
        stage: for which of its stages; None for all of the model.

    Returns:
        The binding, and the role that the subject had at this place before; None without one.

    Raises:
        NotFound: there is no such user, group, model or stage.
        BadValue: a stage without a model.
        NotPermitted: the actor is no admin there.
        Refused: it is the first role and not that of an admin of all models, or it would take the last admin away.
    """
    subject = checked_subject(subject)
    model, stage = _parted(model, stage)
    place = _place(model, stage)
    with context.change(Permission.GRANT, place) as change:
        connection = change.connection
        model_id, stage_id = _numbers(connection, model, stage)
        is_first = not rows.is_bound(connection)
        if is_first and (role is not Role.ADMIN or model is not None):
            raise Refused(
                what=f"granting {role} to {subject}",
                why="the first role in a registry is that of an admin of all models, or nobody could grant the next",
                hint=f"`lineal grant {context.actor.user} admin`, then this again",
            )
        if role is Role.ADMIN and model is None and is_first and not _is_somebody(subject):
            raise Refused(what=f"granting {role} to {subject}", why="nobody is in that group, so nobody would be admin")
        before = rows.role_of(connection, subject, model_id, stage_id)
        if before is Role.ADMIN and role is not Role.ADMIN and model is None:
            _keep_an_admin(connection, subject, f"making {subject} {role}")
        if before is not role:
            rows.bind(connection, subject, role, model_id, stage_id, at=change.at, by=change.actor.user)
            change.record("role_granted", _ref(place), subject=subject, role=role.value, before=before and before.value)
        found = next(
            each
            for each in rows.all_bindings(connection)
            if (each.subject, each.model, each.stage) == (subject, model, stage)
        )
        return found, before


def revoke(
    context: Context, subject: str, role: Role, *, model: str | None = None, stage: str | None = None
) -> Binding:
    """Take a role away from a user or a group, who need not exist any more.

    Raises:
        NotFound: they do not have this role at this place; or there is no such model or stage.
        NotPermitted: the actor is no admin there.
        Refused: it would take the last admin away.
    """
    model, stage = _parted(model, stage)
    place = _place(model, stage)
    with context.change(Permission.GRANT, place) as change:
        connection = change.connection
        model_id, stage_id = _numbers(connection, model, stage)
        known = [each for each in rows.all_bindings(connection) if each.subject == subject]
        found = next((each for each in known if (each.role, each.model, each.stage) == (role, model, stage)), None)
        if found is None:
            has = ", ".join(f"{each.role} of {each.place}" for each in known)
            subjects = {each.subject for each in rows.all_bindings(connection)}
            near = () if known else refs.nearest(subject, subjects)
            where = f" of {'all models' if model is None else place} to revoke from {subject}"
            hint = f"{subject} is {has}" if has else f"did you mean {' or '.join(near)}?" if near else None
            raise NotFound(kind="role", name=role.value, where=where, hint=hint or f"{subject} has no role")
        if role is Role.ADMIN and model is None:
            _keep_an_admin(connection, subject, f"revoking admin from {subject}")
        rows.unbind(connection, subject, model_id, stage_id)
        change.record("role_revoked", _ref(place), subject=subject, role=role.value)
        return found


def roles(context: Context, address: str | None = None) -> Roles:
    """Who has which role; with an address of a model, a version or a stage those that matter there.

    Raises:
        NotFound: there is no such thing.
        BadValue: roles are not bound to such things.
    """
    with context.read() as connection:
        bindings = rows.all_bindings(connection)
        if address is not None:
            model, stage = _about(connection, address)
            bindings = [
                each
                for each in bindings
                if each.model is None or (each.model == model and (stage is None or each.stage in {None, stage}))
            ]
        return Roles(is_open=not rows.is_bound(connection), bindings=tuple(bindings))


def standing(context: Context) -> Standing:
    """What the actor may do."""
    with context.read() as connection:
        return standing_of(connection, context.actor)


def why_not(context: Context, permission: Permission, subject: str) -> str | None:
    """Why the actor may not do something to a subject; None when they may."""
    with context.read() as connection:
        return allowed(connection, context.actor, permission, subject)


def members(subject: str) -> tuple[str, ...]:
    """The users that a subject stands for on this machine now, by name."""
    if not subject.startswith("@"):
        return (subject,)
    try:
        group = grp.getgrnam(subject[1:])
    except KeyError:
        return ()
    primary = {entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == group.gr_gid}
    return tuple(sorted(primary.union(group.gr_mem)))


def checked_subject(subject: str) -> str:
    """The name of a user, or `@` and that of a group, of this machine.

    Raises:
        NotFound: there is none.
        Refused: this machine calls them otherwise.
    """
    if subject.startswith("@"):
        try:
            return "@" + grp.getgrnam(subject[1:]).gr_name
        except (KeyError, ValueError):
            near = refs.nearest(subject[1:], (entry.gr_name for entry in grp.getgrall()))
            nearest = tuple(f"@{name}" for name in near)
            raise NotFound(kind="group", name=subject[1:], where=" on this machine", nearest=nearest) from None
    number = subject.removeprefix("uid:")
    if number != subject and number.isascii() and number.isdigit() and len(number) < 11:
        name = actors.name_of(int(number))  # people in containers often have no name
    else:
        try:
            name = actors.name_of(pwd.getpwnam(subject).pw_uid)
        except (KeyError, ValueError):
            near = refs.nearest(subject, (entry.pw_name for entry in pwd.getpwall()))
            raise NotFound(kind="user", name=subject, where=" on this machine", nearest=near) from None
    if name != subject:
        raise Refused(
            what=f"granting a role to {subject}",
            why=f"this machine calls whoever has that user id {name}",
            hint=f"name {name} instead",
        )
    return name


def _parted(model: str | None, stage: str | None) -> tuple[str | None, str | None]:
    """Model and stage by name; the address of a stage names both."""
    if stage is None or "@" not in stage:
        return model, stage
    ref = addresses.stage_ref(stage)
    return ref.model, ref.stage if model is None else addresses.stage_name(model, stage)


def _place(model: str | None, stage: str | None) -> str:
    if model is None:
        if stage is not None:
            raise BadValue(field="stage", value=stage, why="a stage is one of a model; name that, too")
        return REGISTRY
    return model if stage is None else f"{model}@{stage}"


def _ref(place: str) -> str:
    return "registry" if place == REGISTRY else place


def _numbers(connection: sqlite3.Connection, model: str | None, stage: str | None) -> tuple[int | None, int | None]:
    if model is None:
        return None, None
    if stage is None:
        return addresses.model(connection, model).id, None
    owner, found = addresses.stage(connection, model, stage)
    return owner.id, found.id


def _about(connection: sqlite3.Connection, address: str) -> tuple[str, str | None]:
    match refs.parse(address):
        case refs.ModelRef(name):
            return addresses.model(connection, name).name, None
        case refs.StageRef(model, stage, 0):
            found = addresses.stage(connection, model, stage)[1]
            return found.model, found.name
        case refs.LabelRef() | refs.SeqRef():
            return addresses.version(connection, address).model, None
        case _:
            why = "roles are bound to models and their stages"
            raise BadValue(field="address", value=address, why=why, hint="such as fraud or fraud@production")


def _keep_an_admin(connection: sqlite3.Connection, without: str, what: str) -> None:
    """Refuse what would leave nobody who is an admin of all models: no group without members, no user who is gone."""
    others = [
        each.subject
        for each in rows.all_bindings(connection)
        if each.role is Role.ADMIN and each.model is None and each.subject != without
    ]
    if any(_is_somebody(other) for other in others):
        return
    gone = f"; behind {', '.join(others)} there is nobody" if others else ""
    raise Refused(
        what=what,
        why=f"nobody else would be admin of all models{gone}",
        hint="make somebody else one first: `lineal grant USER admin`",
    )


def _is_somebody(subject: str) -> bool:
    if subject.startswith("@"):
        return bool(members(subject))
    if subject.startswith("uid:"):
        return True
    try:
        pwd.getpwnam(subject)
    except KeyError:
        return False
    return True
