"""Checking that a registry is whole: its database, its audit log, what is live, and the bytes of every object."""

from __future__ import annotations

import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from lineal.data.fingerprint import manifest_digest
from lineal.errors import Damaged, LinealError, MachineError
from lineal.queries import agreement
from lineal.queries import events as event_rows
from lineal.queries import upkeep as rows
from lineal.records.stages import Outcome
from lineal.records.upkeep import Finding, FindingKind, Verified
from lineal.retirement import collecting
from lineal.schema import TABLES
from lineal.storage.copies import snapshot
from lineal.storage.db import SCHEMA_VERSION, UNREADABLE, translate
from lineal.write_path import audit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from lineal.records.upkeep import Leftover, StoredFile
    from lineal.storage.objects import ObjectStore
    from lineal.write_path.context import Context

_MOVING = (Outcome.HEALTHY, Outcome.UNCHECKED, Outcome.UNHEALTHY)
_RESTORE = "restore a backup with `lineal restore FILE DIR`"
_AGAIN = "register the same file once more, or take it from a backup: whole bytes replace damaged ones"
_PAGE = 256


def verify(context: Context, *, progress: Callable[[int, int], None] = lambda _, __: None) -> Verified:
    """Check everything a registry consists of; nothing is changed, and nobody is held up.

    Args:
        context: the registry.
        progress: told bytes read and bytes there are to read of the objects; may raise to stop.

    Raises:
        LinealError: the database cannot be read at all, or there is no room for a copy of it.
    """
    store, path = context.objects, context.db.path
    events = objects = total = 0
    findings: list[Finding] = []
    with snapshot(context.db, store.root, store.uses) as copy:
        try:
            findings += check_database(copy, path)
            head = event_rows.head(copy)
            events = 0 if head is None else head[0]
            objects, total = rows.object_totals(copy)
            findings += _check_objects(store, copy, total, progress)
        except UNREADABLE as error:
            findings += _of_database(path, [str(translate(error, path))])
    try:
        findings += [_of_leftover(found) for found in collecting.leftovers(context)]
    except OSError as error:
        raise MachineError(path=store.root, why=error.strerror or str(error)) from error
    except Damaged as error:
        findings += _of_database(path, [str(error)])
    return Verified(tuple(dict.fromkeys(findings)), events, objects, total)


def check_database(connection: sqlite3.Connection, path: Path) -> list[Finding]:
    """What is wrong in a copy of a registry's database: in its pages, between its tables, against its audit log.

    Args:
        connection: to the copy; statements this long on the registry's own file would hold writers up.
        path: of the file that it is a copy of.

    Raises:
        sqlite3.Error, UnicodeDecodeError: it cannot be read.
    """
    findings = _of_database(path, rows.what_sqlite_finds(connection))
    if findings:
        return findings  # what its tables say is not to be trusted
    findings += _of_database(path, rows.unreadable_texts(connection))
    if findings:
        return findings  # or cannot be read
    findings += _of_database(
        path, [*schema_faults(connection), *rows.dangling_rows(connection), *rows.unreadable_words(connection)]
    )
    findings += _event_faults(connection, path)
    for place, wrong in rows.stages_that_disagree(connection, _MOVING):
        findings.append(Finding(FindingKind.LIVE, place, str(path), wrong, _RESTORE))
    for artifact, digest, files in rows.manifests(connection):
        if manifest_digest(files) != digest:
            refs = rows.versions_of_artifact(connection, artifact) or [digest]
            wrong = "its list of files is not the one that was registered"
            findings += [Finding(FindingKind.DATABASE, ref, str(path), wrong, _RESTORE) for ref in refs]
    return findings


def schema_faults(connection: sqlite3.Connection, tables: Collection[str] | None = None) -> list[str]:
    """What the tables, indexes and triggers lack of this lineal's, and what they have beyond; of some tables only."""
    if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
        return []  # an older one is upgraded when it is opened
    fresh = sqlite3.connect(":memory:")
    try:
        fresh.executescript(TABLES)
        wanted, found = rows.schema(fresh, tables), rows.schema(connection, tables)
    finally:
        fresh.close()
    faults = [f"the {kind} {name} is missing" for kind, name in wanted if (kind, name) not in found]
    faults += [f"the {kind} {name} is not lineal's" for kind, name in found if (kind, name) not in wanted]
    # Upgrades word tables otherwise than a fresh registry does, but what guards them must read the same.
    faults += [
        f"the trigger {name} was changed"
        for (kind, name), sql in wanted.items()
        if kind == "trigger" and found.get((kind, name), sql) != sql
    ]
    return faults


def _event_faults(connection: sqlite3.Connection, path: Path) -> list[Finding]:
    verdict = audit.verify(event_rows.chain(connection))
    if verdict.broken_at is not None:
        wrong = f"event {verdict.broken_at} of the audit log: {verdict.why}"
        return [Finding(FindingKind.EVENTS, None, str(path), wrong, _RESTORE)]
    wrong = "its row is not what the audit log says was registered"
    findings = [
        Finding(FindingKind.EVENTS, ref, str(path), wrong, _RESTORE) for ref in rows.versions_that_disagree(connection)
    ]
    known = {finding.ref for finding in findings}
    for compare in agreement.EVERYTHING:
        after: int | None = 0
        while after is not None:
            after, others = compare(connection, after)
            findings += [
                Finding(FindingKind.EVENTS, ref, str(path), problem, _RESTORE)
                for ref, problem in others
                if ref not in known
            ]
    return findings


def _check_objects(
    store: ObjectStore, connection: sqlite3.Connection, total: int, progress: Callable[[int, int], None]
) -> Iterator[Finding]:
    """Read every object on all cores: hashing lets other threads run."""
    everything, done = rows.every_object(connection), 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        try:
            while some := list(islice(everything, _PAGE)):
                for stored, wrong in zip(some, pool.map(lambda each: what_is_wrong(store, each), some), strict=True):
                    done += stored.size
                    progress(done, total)
                    if wrong is not None:
                        yield from _of_object(connection, store, stored, wrong)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def what_is_wrong(store: ObjectStore, stored: StoredFile) -> str | None:
    """What is wrong with an object: it is missing, no file, or not the bytes that its name says; None when nothing."""
    path = store.path(stored.digest)
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return "it is no regular file"
    except FileNotFoundError:
        return "the object is missing"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    try:
        store.check(stored.digest, stored.size, content=True)
    except LinealError as error:
        return str(error.data.get("why", error))
    return None


def _of_database(path: Path, problems: list[str]) -> list[Finding]:
    return [Finding(FindingKind.DATABASE, None, str(path), problem, _RESTORE) for problem in problems]


def _of_object(connection: sqlite3.Connection, store: ObjectStore, stored: StoredFile, wrong: str) -> Iterator[Finding]:
    """A finding for each version that the object belongs to."""
    path = str(store.path(stored.digest))
    for ref, name in rows.versions_of_object(connection, stored.id) or [(str(stored.digest), "a file of no version")]:
        yield Finding(FindingKind.OBJECT, ref, path, f"{name}: {wrong}", _AGAIN)


def _of_leftover(found: Leftover) -> Finding:
    if found.is_ours:
        ref = found.name if found.name.startswith("sha256:") else None
        return Finding(FindingKind.LEFTOVER, ref, found.path, found.why, "remove it with `lineal gc`")
    return Finding(FindingKind.UNKNOWN, None, found.path, found.why, "see what it is, then move it away")
