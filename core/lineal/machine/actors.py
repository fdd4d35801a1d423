"""Who is acting: the process's real user, and what stands beside it: claims, and the account that vouches for it."""

from __future__ import annotations

import os
import pwd
import stat
from typing import TYPE_CHECKING

from lineal.records.base import Actor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def current_actor(claim: str | None = None) -> Actor:
    """The person behind this process.

    Args:
        claim: a name given with `--as` on a shared account; recorded as a claim only.
    """
    uid = os.getuid()
    user = name_of(uid)
    claims = []
    sudo = os.environ.get("SUDO_USER")
    if sudo and sudo != user:
        claims.append(f"sudo:{sudo}")
    if claim:
        claims.append(f"as:{claim}")
    return Actor(user, uid, ",".join(claims) or None)


def vouched_actor(name: str, root: Path, claim: str | None = None) -> Actor:
    """A person for whom this process's account vouches: it owns the registry, and nobody else may write there.

    Who can run a process as that account could change the files themselves, so that its word adds no power to them.

    Args:
        name: of the person, a user of this machine.
        root: the registry's directory.
        claim: as `current_actor`.

    Raises:
        NotFound: there is no such user.
        Refused: the account does not own the registry alone.
    """
    from lineal.errors import NotFound, Refused  # noqa: PLC0415  only a service account comes here

    for path in (root, root / "registry.db"):
        found = path.stat()
        if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise Refused(
                what=f"acting as {name}",
                why=f"{name_of(os.getuid())} does not own {path} alone, so that its word counts for nothing",
                hint=f"`chown -R {name_of(os.getuid())} {root}` and `chmod 0700 {root}`; see `lineal guide roles`",
            )
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        hint = "an account without a shell will do: `useradd --no-create-home --shell /usr/sbin/nologin NAME`"
        raise NotFound(kind="user", name=name, where=" on this machine", hint=hint) from None
    told = [f"via:{name_of(os.getuid())}", *([f"as:{claim}"] if claim else [])]
    return Actor(entry.pw_name, entry.pw_uid, ",".join(told))


def name_of(uid: int) -> str:
    """The name of a user; `uid:N` of one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid:{uid}"


def groups_among(actor: Actor, names: Iterable[str]) -> frozenset[str]:
    """The groups of these names that the operating system has a person in now; a group that is gone has nobody."""
    import grp  # noqa: PLC0415  few registries have bindings to groups

    try:
        entry = pwd.getpwnam(actor.user)
        numbers = frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid))
    except KeyError:
        # a user without a name has only the groups that the process came with
        numbers = frozenset({os.getgid(), *os.getgroups()}) if actor.uid == os.getuid() else frozenset()
    found = set()
    for name in names:
        try:
            if grp.getgrnam(name).gr_gid in numbers:
                found.add(name)
        except KeyError:
            continue
    return frozenset(found)
