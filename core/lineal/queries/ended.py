"""What the audit log and the tables say of each other about the status of versions, and how they end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lineal.queries.governed import PAGE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from lineal.queries.governed import Page

_ACTIONS = (
    "('version_retired', 'version_purged', 'deprecated', 'deprecation_withdrawn', 'ending_imported', "
    "'marked_bad', 'marked_active', 'version_imported')"
)
_BROUGHT_UID = -1
"""Of who retired a version in another registry."""


@dataclass(slots=True)
class _Told:
    """What the log says of the status of a version, and of how it ended, or is to."""

    seq: int = 0
    """Of the last event about it."""
    retirement: tuple[object, ...] | None = None
    deprecation: tuple[object, ...] | None = None
    status: str = "active"
    """Unless it is retired."""


def endings(connection: sqlite3.Connection, after: int) -> Page:
    """Versions past a row number that ended, or are to end, otherwise than their events tell."""
    rows = connection.execute(
        "SELECT v.id, m.name || ':' || v.label, v.status, v.deprecated_until, "
        "r.at, r.actor, r.uid, r.claim, r.reason, rm.name || ':' || rs.label, r.purged_at, r.purged_by, "
        "d.until, d.reason, dm.name || ':' || ds.label, d.at, d.actor "
        "FROM versions v JOIN models m ON m.id = v.model_id "
        "LEFT JOIN retirements r ON r.version_id = v.id "
        "LEFT JOIN versions rs ON rs.id = r.successor_id LEFT JOIN models rm ON rm.id = rs.model_id "
        "LEFT JOIN deprecations d ON d.version_id = v.id "
        "LEFT JOIN versions ds ON ds.id = d.successor_id LEFT JOIN models dm ON dm.id = ds.model_id "
        "WHERE v.id > ? ORDER BY v.id LIMIT ?",
        (after, PAGE),
    ).fetchall()
    told = _told(connection, [row[1] for row in rows])
    wrong = []
    for row in rows:
        retirement, deprecation = row[4:12], row[12:17]
        found = told.get(row[1], _Told())
        problem = _disagreement(
            found,
            retirement if retirement[0] is not None else None,
            deprecation if deprecation[0] is not None else None,
            status=row[2],
            until=row[3],
        )
        if problem is not None:
            wrong.append((row[1], problem))
    return (rows[-1][0] if rows else None), wrong


def _disagreement(
    told: _Told,
    retirement: tuple[object, ...] | None,
    deprecation: tuple[object, ...] | None,
    *,
    status: str,
    until: int | None,
) -> str | None:
    if told.retirement is None and (retirement is not None or status == "retired"):
        return "no event tells that it was retired"
    if told.retirement is not None and (retirement is None or status != "retired"):
        return f"event {told.seq} tells that it was retired, and it is not"
    if retirement != told.retirement:
        return f"how it was retired or purged is not what event {told.seq} tells"
    if retirement is None and status != told.status:
        return f"it is {status}, and the log tells that it is {told.status}"
    if told.deprecation is None and (deprecation is not None or until is not None):
        return "no event tells that it is deprecated"
    if told.deprecation is not None and (deprecation is None or until is None):
        return f"event {told.seq} tells that it is deprecated, and it is not"
    if deprecation != told.deprecation or (deprecation is not None and until != deprecation[0]):
        return f"how it is deprecated is not what event {told.seq} tells"
    return None


def _told(connection: sqlite3.Connection, refs: Sequence[str]) -> dict[str, _Told]:
    """By address, what the log says of versions that it says anything of."""
    told: dict[str, _Told] = {}
    for seq, ref, action, at, actor, uid, claim, text in connection.execute(
        f"SELECT e.seq, e.ref, e.action, e.at, e.actor, e.uid, e.claim, e.data FROM json_each(?) j "
        f"CROSS JOIN events e ON e.ref = j.value WHERE +e.action IN {_ACTIONS} ORDER BY e.seq",
        (json.dumps(refs),),
    ):
        found, data = told.setdefault(ref, _Told()), json.loads(text)
        if not action.startswith("marked_"):
            found.seq = seq
        match action:
            case "version_retired":
                found.retirement = (at, actor, uid, claim, data.get("reason"), data.get("successor"), None, None)
                found.deprecation = None
            case "version_purged" if found.retirement is not None:
                found.retirement = (*found.retirement[:6], at, actor)
            case "deprecated":
                found.deprecation = (data.get("until"), data.get("reason"), data.get("successor"), at, actor)
            case "deprecation_withdrawn":
                found.deprecation = None
            case "marked_bad" | "marked_active":
                found.status = action.removeprefix("marked_")
            case "version_imported":
                found.status = data.get("status", "active")
            case "ending_imported":
                found.retirement, found.deprecation = _brought(data)
    return told


def _brought(data: dict[str, Any]) -> tuple[tuple[object, ...] | None, tuple[object, ...] | None]:
    """A retirement and a deprecation that came with a bundle."""
    over, said = data.get("retirement"), data.get("deprecation")
    purged = () if over is None else (over["purged_at"], over["purged_by"])
    return (
        None
        if over is None
        else (over["at"], over["actor"], _BROUGHT_UID, over["claim"], over["reason"], over["successor"], *purged),
        None if said is None else (said["until"], said["reason"], said["successor"], said["at"], said["actor"]),
    )


def retention(connection: sqlite3.Connection, after: int) -> Page:
    """Models past a row number that keep other bytes than the last event about that tells."""
    rows = connection.execute(
        "SELECT m.id, m.name, r.keep_last, coalesce(r.keep_live, 0), r.keep_younger, (SELECT e.data FROM events e "
        "WHERE e.ref = m.name AND +e.action = 'retention_set' ORDER BY e.seq DESC LIMIT 1) "
        "FROM models m LEFT JOIN retention_rules r ON r.model_id = m.id WHERE m.id > ? ORDER BY m.id LIMIT ?",
        (after, PAGE),
    ).fetchall()
    wrong = []
    for _, name, *kept, text in rows:
        data = {} if text is None else json.loads(text)
        if kept != [data.get("keep_last"), int(data.get("keep_live", False)), data.get("keep_younger")]:
            wrong.append((name, "the rule of what is kept is not what the log tells"))
    return (rows[-1][0] if rows else None), wrong


EVERYTHING = (endings, retention)
"""All comparisons; each begins after 0."""
