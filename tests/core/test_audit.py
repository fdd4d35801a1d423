"""The chain of events: whatever is edited, removed or put in another order shows."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lineal.records.auditing import Breach
from lineal.rules.canonical import canonical_json
from lineal.write_path import audit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineal.registry import Registry


@pytest.fixture
def told(registry: Registry) -> Registry:
    """A registry with some events, among them odd values."""
    run = registry.start_run("e", params={"nan": float("nan"), "big": 10**400, "text": "größer\n🙂", "float": 1e22})
    run.finish()
    registry.register("m", tags={"a": "b"})
    registry.promote("m:1.0.0", "production", reason="go")
    registry.undo("m@production")
    return registry


@pytest.fixture
def unguarded(told: Registry) -> Iterator[sqlite3.Connection]:
    """The database, as somebody sees it who took the triggers out."""
    with closing(sqlite3.connect(told.root / "registry.db", isolation_level=None)) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        yield connection


def test_an_untouched_chain_is_whole(told: Registry) -> None:
    events = told.events()
    verdict = told.verify_events()
    assert (verdict.checked, verdict.head, verdict.broken_at) == (len(events), events[0].hash, None)
    assert [event.seq for event in events] == list(range(len(events), 0, -1))
    assert events[-1].prev == audit.GENESIS
    assert {event.actor for event in events} == {told.actor}
    assert audit.verify([]).head == audit.GENESIS


def test_events_come_in_pages(told: Registry) -> None:
    events = told.events()
    assert told.events(limit=2) == events[:2]
    assert told.events(limit=2, before=events[1].seq) == events[2:4]


@pytest.mark.parametrize(
    "edit",
    [
        "at = at + 1",
        "actor = 'eve'",
        "uid = uid + 1",
        "claim = 'as:eve'",
        "action = 'demoted'",
        "ref = 'm:2.0.0'",
        "data = '{}'",
        "data = replace(data, '{', '{\"added\":1,')",
        "hash = replace(hash, substr(hash, 1, 1), 'z')",
        "prev = hash",
    ],
)
def test_an_edited_event_shows(edit: str, told: Registry, unguarded: sqlite3.Connection) -> None:
    unguarded.execute(f"UPDATE events SET {edit} WHERE seq = 4")  # noqa: S608  from the list above
    verdict = told.verify_events()
    assert verdict.broken_at in {4, 5}
    assert verdict.why


def test_an_event_that_is_no_json_any_more_is_named_and_still_shown(
    told: Registry, unguarded: sqlite3.Connection
) -> None:
    unguarded.execute("UPDATE events SET data = 'gone' WHERE seq = 3")
    assert (told.verify_events().broken_at, told.verify_events().breach) == (3, Breach.EDITED)
    assert told.events_numbered([3])[0].data == {"damaged": "gone"}


def test_a_removed_event_shows(told: Registry, unguarded: sqlite3.Connection) -> None:
    unguarded.execute("DELETE FROM events WHERE seq = 3")
    assert (told.verify_events().checked, told.verify_events().broken_at) == (2, 3)
    unguarded.execute("UPDATE events SET seq = seq - 1 WHERE seq > 3")
    assert told.verify_events().broken_at == 3
    unguarded.execute("DELETE FROM events WHERE seq = 1")
    assert told.verify_events().broken_at == 1


def test_events_in_another_order_show(told: Registry, unguarded: sqlite3.Connection) -> None:
    for old, new in ((2, -1), (3, 2), (-1, 3)):
        unguarded.execute("UPDATE events SET seq = ? WHERE seq = ?", (new, old))
    assert told.verify_events().broken_at == 2


def test_an_added_event_shows_unless_it_is_sealed_anew(told: Registry, unguarded: sqlite3.Connection) -> None:
    last = told.events(limit=1)[0]
    unguarded.execute(
        "INSERT INTO events SELECT seq + 1, at, actor, uid, claim, action, ref, data, hash, ? FROM events "
        "WHERE seq = (SELECT max(seq) FROM events)",
        ("0" * 64,),
    )
    assert told.verify_events().broken_at == last.seq + 1


def test_an_event_that_was_edited_and_sealed_anew_shows_in_the_next(
    told: Registry, unguarded: sqlite3.Connection
) -> None:
    old = next(event for event in told.events() if event.seq == 3)
    who = {"actor": old.actor.user, "uid": old.actor.uid, "claim": old.actor.claim}
    new = {**who, "seq": old.seq, "at": old.at, "action": "deleted", "ref": old.ref, "data": old.data, "prev": old.prev}
    sealed = hashlib.sha256(canonical_json(new).encode()).hexdigest()
    unguarded.execute("UPDATE events SET action = 'deleted', hash = ? WHERE seq = 3", (sealed,))
    assert told.verify_events().broken_at == 4


def test_a_chain_cut_at_its_end_shows_only_to_who_kept_the_head(told: Registry, unguarded: sqlite3.Connection) -> None:
    head = told.verify_events().head
    unguarded.execute("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)")
    assert told.verify_events().broken_at is None
    assert told.verify_events().head != head
