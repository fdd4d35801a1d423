"""Who is acting: the process's real user, and what is merely claimed beside it."""

from __future__ import annotations

import os
import pwd

from lineal.records.base import Actor


def current_actor(claim: str | None = None) -> Actor:
    """The person behind this process.

    Args:
        claim: a name given with `--as` on a shared account; recorded as a claim only.
    """
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid:{uid}"
    claims = []
    sudo = os.environ.get("SUDO_USER")
    if sudo and sudo != user:
        claims.append(f"sudo:{sudo}")
    if claim:
        claims.append(f"as:{claim}")
    return Actor(user, uid, ",".join(claims) or None)
