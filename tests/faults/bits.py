"""Row 7: a flipped bit and a cut file, in an object and in the database: named by `verify`, refused by stages."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import guards
from trial import Report, make_registry

from lineal.errors import Damaged, ExitCode, LinealError
from lineal.registry import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lineal.registry import Registry

VOUCHED = ("events", "versions", "artifacts", "artifact_files", "objects", "stages", "live", "models")
"""Tables whose content constraints, digests and the audit log vouch for: no other content of them passes."""

_UNVOUCHED_COLUMNS = {
    # What may change, and what only SQLite's own page checks look after.
    "versions": {"owner", "purpose", "notes", "status", "signature", "created_at", "created_by", "label_reason"},
    "models": {"owner", "purpose", "notes", "created_at", "created_by", "scheme", "primary_id"},
    "artifacts": {"tensors", "metadata", "size"},
    "artifact_files": {"format"},
    "objects": {"created_at"},
    "stages": {"name", "position"},
}


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Harm an object, then the database, in turn."""
    dice = random.Random(seed)  # noqa: S311  no secret
    if without is not None:
        guards.GUARDS[without].take_out()
    root = make_registry(folder)
    with open_registry(root) as registry:
        for stage in ("staging", "production"):
            (folder / stage).mkdir()
            registry.bind_stage(f"m@{stage}", release=str(folder / stage))
        registry.backup(folder / "copy.db")
    report = Report()
    for number in range(trials):
        if number % 2 == 0:
            with open_registry(root) as registry:
                _harm_object(registry, dice, report)
        else:
            _harm_database(root, folder / "copy.db", folder / f"harmed{number}", dice, report)
        if without is not None and report.broken:
            break
    return report


def _harm(content: bytes, dice: random.Random) -> tuple[bytes, str]:
    at = dice.randrange(len(content))
    while content[at] == 0 and dice.random() < 0.95:  # most of a small database is empty
        at = dice.randrange(len(content))
    if dice.random() < 0.25:
        return content[:at], f"cut at byte {at}"
    bit = dice.randrange(8)
    return content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :], f"bit {bit} of byte {at} flipped"


def _harm_object(registry: Registry, dice: random.Random, report: Report) -> None:
    ref = dice.choice(["m:1.0.0", "m:1.0.1"])
    artifact = registry.detail(ref).artifact
    assert artifact is not None
    path = registry._context.objects.path(artifact.files[0].digest)
    whole = path.read_bytes()
    path.chmod(0o644)
    harmed, how = _harm(whole, dice)
    path.write_bytes(harmed)
    report.trials += 1
    report.struck += 1
    wanted = {"m:1.0.0", "m:1.0.3"} if ref == "m:1.0.0" else {ref}
    named = {finding.ref for finding in registry.verify().damage}
    if named != wanted:
        report.broken.append(f"object of {ref}, {how}: verify named {named}")
    steps: list[tuple[str, Callable[[], object]]] = [("promote", lambda: registry.promote(ref, "staging"))]
    if ref == "m:1.0.1":
        steps.append(("rollback", lambda: registry.rollback("m@production")))
    for name, step in steps:
        try:
            step()
        except Damaged:
            report.note(f"{name} refused")
        except LinealError as error:
            report.broken.append(f"object of {ref}, {how}: {name} said {type(error).__name__}: {error}")
        else:
            report.broken.append(f"object of {ref}, {how}: {name} took it")
    path.write_bytes(whole)
    path.chmod(0o444)


def _harm_database(root: Path, copy: Path, target: Path, dice: random.Random, report: Report) -> None:
    target.mkdir()
    (target / "objects").symlink_to(root / "objects")
    harmed, how = _harm(copy.read_bytes(), dice)
    (target / "registry.db").write_bytes(harmed)
    report.trials += 1
    report.struck += 1
    try:
        with open_registry(target) as registry:
            found = bool(registry.verify().damage)
    except LinealError as error:
        found = True
        if error.exit_code is not ExitCode.DAMAGED:
            report.broken.append(f"database, {how}: {type(error).__name__} {error} exits with {error.exit_code}")
    if found:
        report.note("database: named")
    else:
        _say_what_passed(copy, target / "registry.db", how, report)
    os.unlink(target / "objects")  # noqa: PTH108  the link, not what it leads to
    shutil.rmtree(target)


def _say_what_passed(copy: Path, harmed: Path, how: str, report: Report) -> None:
    """No damage was named: then nothing that is vouched for may be different."""
    with closing(sqlite3.connect(copy)) as whole, closing(sqlite3.connect(harmed)) as other:
        names = [row[0] for row in whole.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        whole.text_factory = other.text_factory = bytes
        different = [name for name in names if _rows(whole, name) != _rows(other, name)]
        wrong = [
            name for name in different if name in VOUCHED and _vouched_rows(whole, name) != _vouched_rows(other, name)
        ]
    if wrong:
        report.broken.append(f"database, {how}: {', '.join(wrong)} changed and nothing was named")
    elif different:
        report.note(f"database: a value of {', '.join(different)} that nothing vouches for")
    else:
        report.note("database: a bit that carries nothing")


def _rows(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    try:
        return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  a name from the schema
    except sqlite3.Error as error:  # words are searched in tables whose own tables may be harmed
        return [(str(error),)]


def _vouched_rows(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    columns = [bytes(row[1]).decode() for row in connection.execute(f"PRAGMA table_info({table})")]
    kept = [column for column in columns if column not in _UNVOUCHED_COLUMNS.get(table, set())]
    return connection.execute(f"SELECT {', '.join(kept)} FROM {table}").fetchall()  # noqa: S608  as above
