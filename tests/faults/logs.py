"""Row 12: the audit log is edited, cut, put in another order, or written anew; the first bad entry is named."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import guards
from trial import Report, copy_registry, make_registry

from lineal.queries import events
from lineal.records.auditing import Anchor, Breach
from lineal.registry import open_registry
from lineal.write_path import audit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lineal.records.auditing import RawEvent, Verdict

    Harm = Callable[[sqlite3.Connection, random.Random, int], "Wanted"]

Wanted = tuple[int, tuple[Breach, ...], bool]
"""Which entry has to be named, as what, and whether only an anchor finds it."""

_EDITS = {
    "at": "at = at + 1",
    "actor": "actor = actor || 'e'",
    "uid": "uid = uid + 1",
    "claim": "claim = coalesce(claim || ',', '') || 'as:eve'",
    "action": "action = 'marked_active'",
    "ref": "ref = ref || '0'",
    "data": "data = replace(data, '{', '{\"a\":1,')",
    "prev": "prev = substr(prev, 2) || 'f'",
    "hash": "hash = 'f' || substr(hash, 1, 63)",
}


def _edit(column: str) -> Harm:
    def edit(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
        seq = dice.randint(1, last)
        connection.execute(f"UPDATE events SET {_EDITS[column]} WHERE seq = ?", (seq,))  # noqa: S608  from above
        return seq, (Breach.EDITED,), False

    return edit


def _delete_one(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
    seq = dice.randint(1, last - 1)
    connection.execute("DELETE FROM events WHERE seq = ?", (seq,))
    return seq, (Breach.MISSING,), False


def _delete_range(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
    first = dice.randint(1, last - 3)
    connection.execute("DELETE FROM events WHERE seq BETWEEN ? AND ?", (first, dice.randint(first + 1, last - 1)))
    return first, (Breach.MISSING,), False


def _delete_and_close_the_gap(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
    seq = dice.randint(1, last - 1)
    connection.execute("DELETE FROM events WHERE seq = ?", (seq,))
    for number in range(seq + 1, last + 1):
        connection.execute("UPDATE events SET seq = ? WHERE seq = ?", (number - 1, number))
    return seq, (Breach.MOVED,), False


def _cut_tail(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
    first = dice.randint(2, last)
    connection.execute("DELETE FROM events WHERE seq >= ?", (first,))
    return first, (Breach.CUT,), True


def _swap(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
    one, other = sorted(dice.sample(range(1, last + 1), 2))
    for old, new in ((one, -1), (other, one), (-1, other)):
        connection.execute("UPDATE events SET seq = ? WHERE seq = ?", (new, old))
    return one, (Breach.MOVED,), False


def _forge(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
    """Put an entry in between with a hash that fits it, and move the others up."""
    seq = dice.randint(2, last)
    for number in range(last, seq - 1, -1):
        connection.execute("UPDATE events SET seq = ? WHERE seq = ?", (number + 1, number))
    before = events.raw(connection, after=seq - 2, limit=1)[0]
    _write(connection, (seq, before[1], b"eve", 0, None, b"promoted", b"m@production", b"{}", before[9], b""))
    return seq + 1, (Breach.MOVED,), False


def _forge_at_the_end(connection: sqlite3.Connection, _dice: random.Random, last: int) -> Wanted:
    _write(connection, (last + 1, 1, b"eve", 0, None, b"promoted", b"m@production", b"{}", b"0" * 64, b""))
    return last + 1, (Breach.DETACHED,), False


def _forge_at_number_zero(connection: sqlite3.Connection, dice: random.Random, _last: int) -> Wanted:
    seq = -dice.randint(0, 5)
    _write(connection, (seq, 1, b"eve", 0, None, b"promoted", b"m@production", b"{}", b"0" * 64, b""))
    return seq, (Breach.ADDED,), False


def _edit_and_seal(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
    """An edited entry with a new hash shows in the next one, which continues the old one."""
    seq = dice.randint(1, last - 1)
    event = events.raw(connection, after=seq - 1, limit=1)[0]
    _write(connection, (*event[:2], b"eve", *event[3:]), replace=True)
    return seq + 1, (Breach.DETACHED,), False


def _rewrite(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
    """Everything from an entry on, sealed anew by who knows how."""
    first = dice.randint(1, last)
    before = events.raw(connection, after=first - 2, limit=1)[0][9] if first > 1 else audit.GENESIS.encode()
    for event in events.raw(connection, after=first - 1):
        actor = b"eve" if event[0] == first else event[2]
        before = _write(connection, (*event[:2], actor, *event[3:8], before, b""), replace=True)
    return last, (Breach.REWRITTEN,), True


def _cut_and_grow(connection: sqlite3.Connection, dice: random.Random, last: int) -> Wanted:
    """A tail that was cut and grew again to more than it was."""
    wanted = _cut_tail(connection, dice, last)
    before = events.raw(connection, after=wanted[0] - 2, limit=1)[0][9]
    for seq in range(wanted[0], last + 3):
        before = _write(connection, (seq, 1, b"eve", 0, None, b"described", b"m", b"{}", before, b""))
    return last, (Breach.REWRITTEN,), True


def _write(connection: sqlite3.Connection, event: RawEvent, *, replace: bool = False) -> bytes:
    digest = hashlib.sha256(audit.content(event)).hexdigest().encode()
    texts = [each.decode() if isinstance(each, bytes) else each for each in (*event[:9], digest)]
    connection.execute(
        f"INSERT {'OR REPLACE ' if replace else ''}INTO events "  # noqa: S608  a constant
        "(seq, at, actor, uid, claim, action, ref, data, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        texts,
    )
    return digest


HARMS: dict[str, Harm] = {
    **{f"{column} of one entry edited": _edit(column) for column in _EDITS},
    "one entry deleted": _delete_one,
    "several entries deleted": _delete_range,
    "one entry deleted and the gap closed": _delete_and_close_the_gap,
    "the tail cut": _cut_tail,
    "two entries swapped": _swap,
    "an entry forged in between": _forge,
    "an entry forged at the end": _forge_at_the_end,
    "an entry forged before the first": _forge_at_number_zero,
    "an entry edited and sealed anew": _edit_and_seal,
    "everything written anew from an entry on": _rewrite,
    "the tail cut and grown again": _cut_and_grow,
}

OTHERS = {
    "the triggers dropped": (None, "is missing"),
    "a transition edited": (
        (
            "UPDATE transitions SET to_version = (SELECT id FROM versions WHERE label = '1.0.1') "
            "WHERE id = (SELECT max(id) FROM transitions)"
        ),
        "m@production: its transition 3 is not what event",
    ),
    "a transition taken out": (
        "PRAGMA foreign_keys = OFF; DELETE FROM transitions WHERE id = (SELECT max(id) FROM transitions)",
        "tells of its transition 3, which is not there",
    ),
    "a transition put in without an event": (
        (
            "INSERT INTO transitions (stage_id, seq, action, to_version, actor, uid, began_at, switched_at, ended_at, "
            "outcome) SELECT stage_id, 4, 'promote', 1, 'eve', 0, 1, 1, 1, 'healthy' FROM transitions LIMIT 1"
        ),
        "m@production: no event tells of its transition 4",
    ),
    "a version put in without an event": (
        (
            "INSERT INTO versions (uid, model_id, seq, label, label_reason, created_at, created_by) "
            "VALUES ('u', 1, 99, '9.9.9', 'made up', 1, 'eve')"
        ),
        "m:9.9.9: no event tells that it was registered so",
    ),
    "a version taken out": (
        "PRAGMA foreign_keys = OFF; DELETE FROM versions WHERE label = '1.0.3'",
        "m:1.0.3: event",
    ),
}
"""Harm to what the log is about: statements, and what has to be said of it."""


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Harm the log in each way in turn."""
    if without is not None:
        guards.GUARDS[without].take_out()
    dice = random.Random(seed)  # noqa: S311  no secret
    root = make_registry(folder)
    report = Report()
    ways = [*HARMS, *OTHERS]
    for trial in range(trials):
        way = ways[trial % len(ways)]
        harmed = copy_registry(root, folder / f"harmed{trial}")
        report.trials += 1
        wrong = _harm_log(harmed, way, dice) if way in HARMS else _harm_others(harmed, way)
        report.struck += 1
        report.note(way)
        if wrong is not None:
            report.broken.append(f"{way}: {wrong}")
            if without is not None:
                break
    return report


def _open(root: Path) -> sqlite3.Connection:
    """The database as its owner sees it in another program, with the triggers of what is append-only dropped."""
    connection = sqlite3.connect(root / "registry.db", isolation_level=None)
    for name, _ in _triggers(connection):
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def _triggers(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' "
        "AND tbl_name IN ('events', 'transitions', 'versions')"
    ).fetchall()


def _harm_log(root: Path, way: str, dice: random.Random) -> str | None:
    with open_registry(root) as registry:
        head = registry.audit_head()
        assert head is not None
    with closing(_open(root)) as connection:
        seq, breaches, only_by_anchor = HARMS[way](connection, dice, head.seq)
    anchor = Anchor(head.seq, head.hash)
    with open_registry(root) as registry:
        plain, anchored = registry.verify_events(), registry.verify_events([anchor])
    if only_by_anchor and plain.broken_at is not None:
        return f"found at {plain.broken_at} without an anchor"
    if seq > head.seq and anchored.broken_at == head.seq and anchored.breach is Breach.REWRITTEN:
        return _judged(plain, seq, breaches)  # what was put in the place of the anchor's entry is named itself
    return _judged(anchored, seq, breaches) or (None if only_by_anchor else _judged(plain, seq, breaches))


def _judged(verdict: Verdict, seq: int, breaches: tuple[Breach, ...]) -> str | None:
    if verdict.broken_at != seq:
        return f"entry {seq} was harmed, and {verdict.broken_at} named ({verdict.why})"
    if verdict.breach not in breaches:
        return f"told as {verdict.breach}, which it is not ({verdict.why})"
    return None


def _harm_others(root: Path, way: str) -> str | None:
    statements, told = OTHERS[way]
    if statements is None:
        with closing(_open(root)):
            pass
    else:
        with closing(sqlite3.connect(root / "registry.db", isolation_level=None)) as connection:
            kept = _triggers(connection)
            for name, _ in kept:
                connection.execute(f"DROP TRIGGER {name}")
            connection.executescript(statements)
            for _, sql in kept:
                connection.execute(sql)
    with open_registry(root) as registry:
        verdict = registry.verify_events()
        damage = registry.verify().damage
    found = [f"{finding.ref}: {finding.problem}" for finding in verdict.findings]
    if verdict.broken_at is not None:
        return f"entry {verdict.broken_at} named, and no entry was harmed"
    if not any(told in each for each in found):
        return f"not found; found was {found}"
    if not damage:
        return "`verify` found nothing"
    return None
