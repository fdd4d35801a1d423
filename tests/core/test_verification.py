"""What `verify` finds: everything that was changed behind lineal's back, by name, and nothing in a whole registry."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lineal.records.upkeep import FindingKind
from lineal.registry import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Weights

    from lineal.records.upkeep import Finding
    from lineal.registry import Registry

    Sql = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def full(registry: Registry, weights: Weights) -> Registry:
    registry.register("m", weights(1.0))
    registry.register("m", weights(2.0))
    registry.register("other", weights(1.0, name="same-bytes.safetensors"))
    registry.promote("m:1.0.0", "production")
    registry.promote("m:1.0.1", "production")
    registry.rollback("m@production")
    return registry


def _object(registry: Registry, ref: str) -> Path:
    artifact = registry.detail(ref).artifact
    assert artifact is not None
    path = registry._context.objects.path(artifact.files[0].digest)
    path.chmod(0o644)
    return path


def _found(registry: Registry) -> list[tuple[str, str | None]]:
    return [(finding.kind, finding.ref) for finding in registry.verify().findings]


def _one(registry: Registry) -> Finding:
    (finding,) = registry.verify().findings
    return finding


def test_a_whole_registry_has_nothing_to_find(full: Registry) -> None:
    told: list[tuple[int, int]] = []
    verified = full.verify(progress=lambda done, total: told.append((done, total)))
    assert verified.findings == ()
    assert verified.objects == 2
    assert verified.events == len(full.events())
    assert told[-1] == (verified.bytes, verified.bytes)


def test_an_empty_registry_is_whole(registry: Registry) -> None:
    verified = registry.verify()
    assert (verified.findings, verified.events, verified.objects) == ((), 0, 0)


def test_a_damaged_object_names_every_version_it_belongs_to(full: Registry) -> None:
    path = _object(full, "m:1.0.0")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    findings = full.verify().findings
    assert [(finding.kind, finding.ref, finding.path) for finding in findings] == [
        (FindingKind.OBJECT, "m:1.0.0", str(path)),
        (FindingKind.OBJECT, "other:1.0.0", str(path)),
    ]
    assert "same-bytes.safetensors: the object's bytes are not what its name says" in findings[1].problem
    assert all(finding.is_damage and finding.repair for finding in findings)


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: os.truncate(path, 5), "5 bytes"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "bytes, not"),
        (lambda path: (path.unlink(), path.mkdir()), "no regular file"),
        (
            lambda path: (path.rename(path.with_suffix(".moved")), path.symlink_to(path.with_suffix(".moved"))),
            "regular",
        ),
    ],
    ids=["missing", "cut", "longer", "a folder", "a link"],
)
def test_an_object_is_there_whole_and_a_file(harm: Callable[[Path], object], problem: str, full: Registry) -> None:
    harm(_object(full, "m:1.0.1"))
    damage = full.verify().damage
    assert [finding.ref for finding in damage] == ["m:1.0.1"]
    assert problem in damage[0].problem


def test_registering_the_same_file_again_heals_its_object(full: Registry, weights: Weights) -> None:
    path = _object(full, "m:1.0.1")
    path.write_bytes(b"rubbish")
    full.register("m", weights(2.0))
    assert full.verify().findings == ()


def test_an_edited_event_is_named_by_its_number(full: Registry, sql: Sql) -> None:
    sql("DROP TRIGGER events_no_update")
    sql("UPDATE events SET actor = 'mallory' WHERE seq = 3")
    problems = [finding.problem for finding in full.verify().findings]
    assert problems == ["the trigger events_no_update is missing", problems[1]]
    assert "event 3" in problems[1]


def test_an_event_that_is_no_json_any_more_is_named(full: Registry, sql: Sql) -> None:
    (trigger,) = sql("SELECT sql FROM sqlite_schema WHERE name = 'events_no_update'")[0]
    sql("DROP TRIGGER events_no_update")
    sql("UPDATE events SET data = '{' WHERE seq = 2")
    sql(str(trigger))
    finding = _one(full)
    assert finding.kind == FindingKind.EVENTS
    assert "event 2" in finding.problem


def test_a_trigger_that_guards_nothing_any_more_is_named(full: Registry, sql: Sql) -> None:
    sql("DROP TRIGGER transitions_no_delete")
    sql("CREATE TRIGGER transitions_no_delete BEFORE DELETE ON transitions BEGIN SELECT 1; END")
    assert _one(full).problem == "the trigger transitions_no_delete was changed"


def test_words_that_cannot_be_searched_any_more_are_named(full: Registry) -> None:
    with closing(sqlite3.connect(full.root / "registry.db")) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'c0', 'c9') WHERE name = 'version_words_content'"
        )
    finding = _one(full)
    assert finding.kind == FindingKind.DATABASE
    assert "version_words" in finding.problem
    assert "cannot be read" in finding.problem


def test_a_table_of_somebody_else_is_named(full: Registry, sql: Sql) -> None:
    sql("CREATE TABLE theirs (x)")
    assert _one(full).problem == "the table theirs is not lineal's"


def test_what_is_live_must_be_what_the_history_says(full: Registry, sql: Sql) -> None:
    sql("UPDATE live SET version_id = (SELECT id FROM versions WHERE label = '1.0.1' LIMIT 1)")
    finding = _one(full)
    assert (finding.kind, finding.ref) == (FindingKind.LIVE, "m@production")
    assert finding.problem == "1.0.1 is marked live, its history says 1.0.0"


def test_a_stage_that_lost_what_is_live_is_named(full: Registry, sql: Sql) -> None:
    sql("DELETE FROM live")
    assert _one(full).problem == "nothing is marked live, its history says 1.0.0"


def test_a_row_that_refers_to_nothing_is_named(full: Registry, sql: Sql) -> None:
    sql("INSERT INTO tags (kind, subject_id, name_id, value) VALUES ('model', 1, 4711, 'x')")
    assert "a row of names that is not there" in _one(full).problem


def test_a_version_that_the_log_tells_otherwise_is_named(full: Registry, sql: Sql) -> None:
    triggers = sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'versions'")
    for name, _ in triggers:
        sql(f"DROP TRIGGER {name}")
    sql("UPDATE versions SET artifact_id = 1 WHERE label = '1.0.1'")
    for _, statement in triggers:
        sql(str(statement))
    assert _found(full) == [(FindingKind.EVENTS, "m:1.0.1")]


def test_a_manifest_that_was_edited_is_named(full: Registry, sql: Sql) -> None:
    (trigger,) = sql("SELECT sql FROM sqlite_schema WHERE name = 'artifact_files_no_update'")[0]
    sql("DROP TRIGGER artifact_files_no_update")
    sql("UPDATE artifact_files SET path = 'evil.pkl' WHERE artifact_id = 2")
    sql(str(trigger))
    assert _found(full) == [(FindingKind.DATABASE, "m:1.0.1")]


def test_damaged_pages_of_the_database_are_told_and_its_tables_not_trusted(full: Registry) -> None:
    full.close()
    path = full.root / "registry.db"
    content = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'versions'").fetchone()
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    with open_registry(full.root) as registry:
        findings = registry.verify().findings
    assert findings
    assert {finding.kind for finding in findings} == {FindingKind.DATABASE}


def test_leftovers_and_foreign_files_are_told_and_are_no_damage(full: Registry, weights: Weights) -> None:
    store = full._context.objects
    stored = store.put(weights(9.0))
    (store.root / "tmp" / "1-0123456789abcdef").write_bytes(b"half")
    (store.root / "notes.txt").write_text("mine")
    verified = full.verify()
    assert verified.damage == ()
    assert {(finding.kind, finding.ref) for finding in verified.findings} == {
        (FindingKind.LEFTOVER, stored.digest),
        (FindingKind.LEFTOVER, None),
        (FindingKind.UNKNOWN, None),
    }


def test_the_check_leaves_nothing_behind(full: Registry) -> None:
    before = sorted(path for path in full.root.rglob("*"))
    full.verify()
    assert sorted(path for path in full.root.rglob("*")) == before


def test_others_write_while_it_is_checked(full: Registry, weights: Weights) -> None:
    stop = threading.Event()
    path = weights(5.0)

    def write() -> None:
        with open_registry(full.root) as other:
            while not stop.is_set():
                other.register("busy", path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            assert full.verify().damage == ()
    finally:
        stop.set()
        writer.join()
