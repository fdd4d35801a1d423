"""Versions end with their record kept, never while something needs them, and lose their bytes only when asked to."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from lineal.errors import BadValue, Damaged, NotFound, Refused
from lineal.records.base import Micros
from lineal.records.endings import RetentionRule
from lineal.records.models import VersionStatus
from lineal.registry import Registry, create_registry, open_registry, restore_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = 86_400


class Clock:
    def __init__(self) -> None:
        self.at = 1_767_225_600_000_000

    def __call__(self) -> Micros:
        self.at += 1_000_000
        return Micros(self.at)

    def days(self, count: int) -> None:
        self.at += count * DAY * 1_000_000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    with create_registry(tmp_path / "registry", clock=clock) as made:
        yield made


def add(registry: Registry, folder: Path, label: str, content: str | None = None, **fields: Any) -> str:
    path = folder / "weights.bin"
    path.write_text(content or f"weights of {label}")
    return registry.register("fraud", path, label=label, **fields).ref


def promote(registry: Registry, ref: str, stage: str = "production") -> None:
    registry.execute(registry.plan_promote(ref, stage))


def files_here(registry: Registry) -> int:
    return sum(1 for path in (registry.root / "objects").rglob("*") if path.is_file() and len(path.name) == 62)


def test_a_retired_version_keeps_its_record_and_its_bytes(registry: Registry, tmp_path: Path) -> None:
    old, new = add(registry, tmp_path, "1.0.0"), add(registry, tmp_path, "1.1.0")
    ended = registry.retire(old, reason="replaced", successor=new)
    assert (ended.freed, ended.files) == (0, 0)
    detail = registry.detail(old)
    assert detail.version.status is VersionStatus.RETIRED
    assert detail.retirement is not None
    assert (detail.retirement.reason, detail.retirement.successor) == ("replaced", new)
    assert detail.retirement.purged_at is None
    assert files_here(registry) == 2
    with pytest.raises(Refused, match="retired") as refused:
        promote(registry, old)
    assert "stays retired" in str(refused.value.hint)
    event = registry.events(limit=1)[0]
    assert (event.action, event.ref, event.data["successor"]) == ("version_retired", old, new)


def test_a_reason_is_needed(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="reason"):
        registry.retire(add(registry, tmp_path, "1.0.0"))


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_what_is_live_is_not_retired(registry: Registry, tmp_path: Path, stage: str) -> None:
    ref = add(registry, tmp_path, "1.0.0")
    promote(registry, ref, stage)
    with pytest.raises(Refused, match=f"it is live at fraud@{stage}"):
        registry.retire(ref, reason="old")
    assert registry.version(ref).status is VersionStatus.ACTIVE


def test_the_database_itself_refuses_to_retire_what_is_live(registry: Registry, tmp_path: Path) -> None:
    promote(registry, add(registry, tmp_path, "1.0.0"))
    with (
        sqlite3.connect(registry.root / "registry.db") as connection,
        pytest.raises(sqlite3.IntegrityError, match="live"),
    ):
        connection.execute("UPDATE versions SET status = 'retired'")


def test_where_a_rollback_leads_is_kept_until_it_leads_elsewhere(registry: Registry, tmp_path: Path) -> None:
    refs = [add(registry, tmp_path, f"1.{n}.0") for n in range(6)]
    for ref in refs:
        promote(registry, ref)
    with pytest.raises(Refused, match="a rollback leads to it at fraud@production"):
        registry.retire(refs[4], reason="old")
    with pytest.raises(Refused, match="3 rollbacks lead to it"):
        registry.retire(refs[2], reason="old")
    registry.retire(refs[1], reason="old")
    registry.mark(refs[4], "bad", reason="wrong")
    registry.retire(refs[4], reason="old")
    assert [hold.why for hold in registry.holds(refs[3])] == ["a rollback leads to it at"]


def test_a_retired_version_stays_retired(registry: Registry, tmp_path: Path) -> None:
    ref = add(registry, tmp_path, "1.0.0")
    registry.retire(ref, reason="old")
    for attempt in (
        lambda: registry.retire(ref, reason="again"),
        lambda: registry.mark(ref, "active"),
        lambda: registry.deprecate(ref, until=Micros(1)),
    ):
        with pytest.raises(Refused, match="retired"):
            attempt()


def test_a_purge_drops_the_bytes_that_nothing_else_needs(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "both"
    folder.mkdir()
    (folder / "own.bin").write_bytes(b"o" * 1000)
    (folder / "shared.bin").write_bytes(b"s" * 500)
    first = registry.register("fraud", folder, label="1.0.0").ref
    (folder / "own.bin").write_bytes(b"p" * 10)
    second = registry.register("fraud", folder, label="1.1.0").ref
    ended = registry.retire(first, reason="old", purge=True)
    assert (ended.freed, ended.files, ended.shared) == (1000, 1, 500)
    assert files_here(registry) == 2
    detail = registry.detail(first)
    assert detail.artifact is not None
    assert [(file.path, file.size) for file in detail.artifact.files] == [("own.bin", 1000), ("shared.bin", 500)]
    assert detail.retirement is not None
    assert detail.retirement.purged_at is not None
    assert registry.verify().damage == ()
    assert registry.gc(dry_run=True).removed == ()
    assert registry.retire(second, reason="old", purge=True).freed == 510
    assert files_here(registry) == 0
    with pytest.raises(Refused, match="purged already"):
        registry.retire(second, purge=True)


def test_a_retired_version_may_be_purged_later(registry: Registry, tmp_path: Path) -> None:
    ref = add(registry, tmp_path, "1.0.0")
    registry.retire(ref, reason="old")
    assert registry.retire(ref, purge=True).freed == len("weights of 1.0.0")
    assert registry.identify(registry.version(ref).digest or "")[0].ref == ref


def test_bytes_that_are_registered_again_are_here_again(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path, "1.0.0", "the same")
    registry.retire("fraud:1.0.0", reason="old", purge=True)
    add(registry, tmp_path, "1.1.0", "the same")
    assert files_here(registry) == 1
    assert registry.verify().damage == ()
    promote(registry, "fraud:1.1.0")
    with pytest.raises(Refused):
        promote(registry, "fraud:1.0.0", "staging")


def test_a_killed_purge_leaves_files_that_gc_takes(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = add(registry, tmp_path, "1.0.0")
    with monkeypatch.context() as patch:
        patch.setattr("lineal.retirement.collecting.drop", lambda *_: None)
        registry.retire(ref, reason="old", purge=True)
    assert files_here(registry) == 1
    assert len(registry.gc().removed) == 1
    assert files_here(registry) == 0


def test_a_deprecation_shows_until_it_is_taken_back(registry: Registry, tmp_path: Path) -> None:
    ref, heir = add(registry, tmp_path, "1.0.0"), add(registry, tmp_path, "1.1.0")
    until = Micros(1_800_000_000_000_000)
    assert registry.deprecate(ref, until=until, reason="slow", successor=heir).deprecated_until == until
    detail = registry.detail(ref)
    assert detail.deprecation is not None
    assert (detail.deprecation.reason, detail.deprecation.successor) == ("slow", heir)
    promote(registry, ref)
    assert registry.deprecate(ref, until=None).deprecated_until is None
    assert registry.detail(ref).deprecation is None
    assert [event.action for event in registry.events(limit=3)] == ["deprecation_withdrawn", "promoted", "deprecated"]


def test_a_successor_is_another_version_that_is_in_use(registry: Registry, tmp_path: Path) -> None:
    ref, other = add(registry, tmp_path, "1.0.0"), add(registry, tmp_path, "1.1.0")
    registry.mark(other, "bad")
    for successor, why in ((ref, "itself"), (other, "it is bad")):
        with pytest.raises(Refused, match=why):
            registry.retire(ref, reason="old", successor=successor)
    with pytest.raises(NotFound):
        registry.retire(ref, reason="old", successor="fraud:9.9.9")


def test_rules_keep_the_newest_the_young_and_what_was_ever_live(
    registry: Registry, tmp_path: Path, clock: Clock
) -> None:
    refs = []
    for n in range(6):
        refs.append(add(registry, tmp_path, f"1.{n}.0"))
        clock.days(10)
    promote(registry, refs[0], "staging")
    promote(registry, refs[1], "staging")
    for n in (2, 3, 4, 5):
        promote(registry, refs[n])
    assert registry.expired() == []
    rule = registry.set_retention("fraud", keep_last=1)
    assert rule == RetentionRule("fraud", keep_last=1)
    # 5 is live, 4 to 2 are where rollbacks lead, 1 is live at staging, 0 is where a rollback there leads
    assert registry.expired() == []
    for ref in refs[:1] + refs[2:4]:
        registry.mark(ref, "bad")
    assert [each.ref for each in registry.expired()] == [refs[0], refs[2], refs[3]]
    registry.set_retention("fraud", keep_last=1, keep_younger=35 * DAY)
    assert [each.ref for each in registry.expired()] == [refs[0], refs[2]]
    registry.set_retention("fraud", keep_last=1, keep_live=True)
    assert registry.expired() == []
    registry.set_retention("fraud", keep_last=4)
    assert [each.ref for each in registry.expired("fraud")] == [refs[0]]
    ended, kept = registry.expire()
    assert [each.ref for each in ended] == [refs[0]]
    assert kept == []
    assert ended[0].freed == len("weights of 1.0.0")
    assert "only the newest 4 keeps its bytes" in ended[0].retirement.reason
    assert registry.expired() == []
    assert registry.set_retention("fraud") is None
    assert registry.retention() == []


def test_a_rule_that_keeps_nothing_is_a_mistake(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path, "1.0.0")
    with pytest.raises(BadValue, match="above zero"):
        registry.set_retention("fraud", keep_last=0)
    with pytest.raises(BadValue, match="above zero"):
        registry.set_retention("fraud", keep_younger=0)


def test_a_purged_version_is_not_laid_out_again(registry: Registry, tmp_path: Path) -> None:
    ref = add(registry, tmp_path, "1.0.0")
    registry.retire(ref, reason="old", purge=True)
    with pytest.raises((Refused, Damaged)):
        registry.write_files(ref, tmp_path / "out")


@pytest.mark.parametrize("objects", [False, True])
def test_a_backup_knows_what_was_purged_and_is_whole_without_it(
    registry: Registry, tmp_path: Path, *, objects: bool
) -> None:
    gone, kept = add(registry, tmp_path, "1.0.0"), add(registry, tmp_path, "1.1.0")
    registry.retire(gone, reason="old", purge=True)
    registry.backup(tmp_path / "backup", objects=objects)
    restore_registry(tmp_path / "backup", tmp_path / "again")
    with open_registry(tmp_path / "again") as again:
        assert again.detail(gone).retirement == registry.detail(gone).retirement
        damage = again.verify().damage
        assert [finding.ref for finding in damage] == ([] if objects else [kept])
        with pytest.raises(Refused, match="purged already"):
            again.retire(gone, purge=True)


def test_what_is_overdue_is_listed_until_it_is_retired(registry: Registry, tmp_path: Path, clock: Clock) -> None:
    first, second = add(registry, tmp_path, "1.0.0"), add(registry, tmp_path, "1.1.0")
    registry.deprecate(first, until=Micros(clock.at + 2 * DAY * 1_000_000))
    registry.deprecate(second, until=Micros(clock.at + DAY * 1_000_000))
    assert registry.overdue() == []
    clock.days(3)
    assert [version.ref for version in registry.overdue()] == [second, first]
    registry.retire(second, reason="over")
    assert [version.ref for version in registry.overdue()] == [first]
    assert registry.detail(second).deprecation is None  # the audit log has it


def _ended(registry: Registry, clock: Clock) -> None:
    """Versions of `n`: 1 retired, 2 also purged, 3 deprecated, 4 no more, 5 due and retired, 6 as it was, 7 bad."""
    for _ in range(6):
        registry.register("n", scheme="sequence")
    registry.retire("n:1", reason="old", successor="n:6")
    registry.retire("n:2", reason="older")
    registry.retire("n:2", purge=True)
    for label in (3, 4, 5):
        registry.deprecate(f"n:{label}", until=Micros(clock.at + DAY), reason="soon", successor="n:6")
    registry.deprecate("n:3", until=Micros(clock.at + 2 * DAY), reason="later")
    registry.deprecate("n:4", until=None)
    registry.retire("n:5", reason="over")
    registry.set_retention("n", keep_last=3, keep_live=True)
    registry.register("n")
    registry.mark("n:7", VersionStatus.BAD, reason="wrong")
    registry.mark("n:4", VersionStatus.BAD, reason="wrong")
    registry.mark("n:4", VersionStatus.ACTIVE, reason="right")


FORGED = [
    ("retirements_fixed", "UPDATE retirements SET reason = 'new' WHERE reason = 'old'", "n:1", "how it was retired"),
    ("retirements_fixed", "UPDATE retirements SET actor = 'cy' WHERE reason = 'old'", "n:1", "how it was retired"),
    ("retirements_fixed", "UPDATE retirements SET at = at + 1 WHERE reason = 'old'", "n:1", "how it was retired"),
    ("retirements_fixed", "UPDATE retirements SET successor_id = NULL", "n:1", "how it was retired"),
    (
        "retirements_purged_once",
        "UPDATE retirements SET purged_by = 'cy' WHERE reason = 'older'",
        "n:2",
        "how it was retired or purged",
    ),
    (None, "UPDATE retirements SET purged_at = 7, purged_by = 'cy' WHERE reason = 'over'", "n:5", "or purged"),
    ("retirements_no_delete", "DELETE FROM retirements WHERE reason = 'over'", "n:5", "was retired, and it is not"),
    ("versions_retired_for_good", "UPDATE versions SET status = 'active' WHERE seq = 1", "n:1", "and it is not"),
    (None, "UPDATE versions SET status = 'retired' WHERE seq = 6", "n:6", "no event tells that it was retired"),
    (None, "UPDATE deprecations SET reason = NULL", "n:3", "how it is deprecated"),
    (None, "UPDATE deprecations SET actor = 'cy'", "n:3", "how it is deprecated"),
    (None, "UPDATE deprecations SET until = until + 1", "n:3", "how it is deprecated"),
    (None, "UPDATE versions SET deprecated_until = 7 WHERE seq = 3", "n:3", "how it is deprecated"),
    (None, "DELETE FROM deprecations", "n:3", "is deprecated, and it is not"),
    (None, "UPDATE versions SET deprecated_until = 7 WHERE seq = 6", "n:6", "no event tells that it is deprecated"),
    (
        None,
        "INSERT INTO deprecations (version_id, until, at, actor) SELECT id, 7, 7, 'cy' FROM versions WHERE seq = 4",
        *("n:4", "no event tells that it is deprecated"),
    ),
    (None, "UPDATE versions SET status = 'active' WHERE seq = 7", "n:7", "and the log tells that it is bad"),
    (None, "UPDATE versions SET status = 'bad' WHERE seq = 4", "n:4", "it is bad, and the log tells that it is active"),
    (None, "UPDATE retention_rules SET keep_last = 1", "n", "the rule of what is kept"),
    (None, "DELETE FROM retention_rules", "n", "the rule of what is kept"),
]


@pytest.mark.parametrize(("trigger", "statement", "ref", "told"), FORGED)
def test_the_log_tells_of_endings_that_were_changed_by_hand(
    registry: Registry, clock: Clock, trigger: str | None, statement: str, ref: str, told: str
) -> None:
    _ended(registry, clock)
    assert registry.verify_events().findings == registry.verify().findings == ()
    with sqlite3.connect(registry.root / "registry.db") as connection:
        text = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (trigger,)).fetchone()
        if trigger is not None:
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(statement)
        if trigger is not None:
            connection.execute(text[0])
    connection.close()
    for found in (registry.verify_events().findings, registry.verify().findings):
        assert [each.ref for each in found] == [ref]
        assert told in found[0].problem


def test_endings_that_came_with_a_bundle_agree_with_the_log(registry: Registry, clock: Clock, tmp_path: Path) -> None:
    _ended(registry, clock)
    with create_registry(tmp_path / "other") as other:
        for label in (1, 3, 5, 6, 7):
            with (tmp_path / f"{label}.bundle").open("wb") as stream:
                registry.export_bundle(f"n:{label}", stream)
            with (tmp_path / f"{label}.bundle").open("rb") as stream:
                other.import_bundle(stream)
        assert [version.status for version in other.versions("n")].count(VersionStatus.RETIRED) == 2
        assert other.verify_events().findings == other.verify().findings == ()
        other.retire("n:1", purge=True)
        assert other.verify_events().findings == ()
        with sqlite3.connect(other.root / "registry.db") as connection:
            connection.execute("UPDATE deprecations SET reason = 'mine'")
        connection.close()
        (found,) = other.verify_events().findings
        assert found.ref == "n:3"
