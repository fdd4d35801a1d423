"""The log by what is wanted of it, kept elsewhere, and held against the registry."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.audit_log import anchors
from lineal.audit_log.audit_files import verify_export
from lineal.errors import AlreadyExists, BadFormat, BadValue, NotFound
from lineal.queries import events as rows
from lineal.records.auditing import Anchor, Breach, EventFilter
from lineal.records.base import Actor, Micros
from lineal.records.models import VersionStatus
from lineal.registry import Registry, open_registry
from lineal.write_path import audit

if TYPE_CHECKING:
    from lineal.records.stages import Event


@pytest.fixture
def told(registry: Registry) -> Registry:
    """A registry in which two people did things to two models, a run and data."""
    with registry.start_run("e", params={"text": 'größer\n"🙂", {}'}) as run:
        run.log_metric("loss", 0.5)
    registry.register("m", tags={"a": "b"})
    registry.register("m")
    registry.promote("m:1.0.0", "production", reason="go")
    registry.promote("m:1.0.1", "production", reason="50% better_still")
    registry.promote("m:1.0.1", "staging")
    registry.mark("m:1.0.0", VersionStatus.BAD, reason="wrong")
    with open_registry(registry.root, actor_claim="bob") as claimed:
        claimed.register("mm")
    return registry


def actions(found: list[Event]) -> list[str]:
    return [f"{event.action} {event.ref}" for event in found]


def test_a_model_is_told_from_one_whose_name_begins_like_it(told: Registry) -> None:
    found = told.events(wanted=told.event_filter(about="m"))
    assert {event.ref.partition(":")[0].partition("@")[0] for event in found} == {"m"}
    assert len(found) == 7
    assert actions(told.events(wanted=told.event_filter(about="mm"))) == [
        "version_registered mm:1.0.0",
        "model_created mm",
    ]


def test_a_version_has_its_own_events_and_those_of_stages_it_went_to_or_left(told: Registry) -> None:
    assert actions(told.events(wanted=told.event_filter(about="m:1.0.0"))) == [
        "marked_bad m:1.0.0",
        "promoted m@production",
        "promoted m@production",
        "version_registered m:1.0.0",
    ]
    assert told.event_filter(about="m:#1") == told.event_filter(about="m:1.0.0")


def test_a_stage_and_a_run_have_theirs(told: Registry) -> None:
    assert actions(told.events(wanted=told.event_filter(about="m@staging"))) == ["promoted m@staging"]
    run = told.runs("e")[0].id
    found = told.events(wanted=told.event_filter(about=f"run:{run[:8]}"))
    assert [event.action for event in found] == ["run_finished", "run_started"]


def test_actions_may_be_many_and_come_in_order(told: Registry) -> None:
    found = told.events(wanted=told.event_filter(action="*ed"))
    assert [event.seq for event in found] == sorted((event.seq for event in found), reverse=True)
    assert len(told.events(wanted=told.event_filter(action="promoted"), limit=2)) == 2


def test_a_claim_is_found_as_a_claim_and_never_as_the_actor(told: Registry) -> None:
    assert {event.actor.claim for event in told.events(wanted=told.event_filter(actor="as:bob"))} == {"as:bob"}
    with pytest.raises(NotFound, match="no actor 'bob'"):
        told.event_filter(actor="bob")


def test_words_are_taken_as_they_stand(told: Registry) -> None:
    assert len(told.events(wanted=told.event_filter(words=["50%", "BETTER_still"]))) == 1
    assert not told.events(wanted=told.event_filter(words=["50_"]))


def test_what_nothing_has_is_said_with_what_comes_near(told: Registry) -> None:
    with pytest.raises(NotFound) as caught:
        told.event_filter(action="promotd")
    assert "promoted" in str(caught.value.hint)
    with pytest.raises(NotFound):
        told.event_filter(about="mn")
    with pytest.raises(BadValue, match="ends before it begins"):
        told.event_filter(since=Micros(2), until=Micros(1))


_EVENTS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(["ana", "bob"]),
        st.sampled_from([None, "as:eve", "sudo:kim,as:eve"]),
        st.sampled_from(["promoted", "described"]),
        st.sampled_from(["m", "m:1", "m:2", "m@production", "mm:1", "data:m:1", "run:ab"]),
        st.sampled_from([{}, {"to": "1"}, {"note": "x%y"}]),
    ),
    max_size=25,
)
_FILTERS = st.builds(
    EventFilter,
    st.sampled_from([None, "ana", "kim", "as:eve"]),
    st.sampled_from([None, "m", "data:m", "run:ab"]),
    st.none(),
    st.none(),
    st.sampled_from([(), ("promoted",), ("promoted", "described")]),
    st.sampled_from([None, 2]),
    st.sampled_from([None, 7]),
    st.sampled_from([(), ("x%",), ("x_y",)]),
)


def _lets_through(wanted: EventFilter, event: Event) -> bool:
    subject = event.ref if event.ref.startswith("run:") else re.split("[:@]", event.ref.removeprefix("data:"))[0]
    subject = f"data:{subject}" if event.ref.startswith("data:") else subject
    claims = (event.actor.claim or "").split(",")
    text = " ".join([event.actor.user, event.actor.claim or "", event.action, event.ref, json.dumps(event.data)])
    return (
        (wanted.actor is None or wanted.actor == event.actor.user or wanted.actor in claims)
        and wanted.subject in (None, subject)
        and (not wanted.actions or event.action in wanted.actions)
        and (wanted.since is None or event.at >= wanted.since)
        and (wanted.until is None or event.at < wanted.until)
        and all(word in text for word in wanted.words)
    )


@given(_EVENTS, _FILTERS)
def test_every_filter_lets_through_what_it_says(
    happened: list[tuple[int, str, str | None, str, str, dict[str, object]]], wanted: EventFilter
) -> None:
    from lineal.schema import TABLES

    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        for at, user, claim, action, ref, data in happened:
            audit.append(connection, Micros(at), Actor(user, 0, claim), action, ref, data)
        everything = rows.page(connection, EventFilter())
        found = rows.page(connection, wanted)
        assert found == [event for event in everything if _lets_through(wanted, event)]
        assert rows.numbers(connection, wanted) == [event.seq for event in found]
        assert audit.verify(rows.chain(connection)).checked == len(happened)


# elsewhere


def test_an_export_is_durable_and_its_name_with_it(
    told: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()

    def fsync(descriptor: int) -> None:
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", fsync)
    told.export_events(tmp_path / "log.jsonl")
    assert synced == {str(tmp_path / "log.jsonl"), str(tmp_path)}


def test_an_export_is_checked_without_its_registry_and_by_its_bytes_alone(told: Registry, tmp_path: Path) -> None:
    count, head = told.export_events(tmp_path / "log.jsonl")
    verdict = verify_export(tmp_path / "log.jsonl")
    assert (verdict.checked, verdict.head, verdict.broken_at) == (count, head, None)
    prev = audit.GENESIS
    for line in (tmp_path / "log.jsonl").read_bytes().splitlines():
        text, digest = re.fullmatch(rb'(.*),"hash":"([0-9a-f]{64})"\}', line).groups()  # type: ignore[union-attr]
        assert hashlib.sha256(text + b"}").hexdigest() == digest.decode()
        assert json.loads(line)["prev"] == prev
        prev = digest.decode()
    with pytest.raises(AlreadyExists):
        told.export_events(tmp_path / "log.jsonl")


@pytest.mark.parametrize(
    ("old", "new"), [('"action":"promoted"', '"action":"described"'), ('"seq":3,', '"seq":4,'), ("größer", "grösser")]
)
def test_an_edited_export_is_found_where_it_was_edited(told: Registry, tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "log.jsonl"
    told.export_events(path)
    lines = path.read_text().splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if old in line)
    path.write_text("".join([*lines[:place], lines[place].replace(old, new), *lines[place + 1 :]]))
    assert verify_export(path).broken_at == place + 1
    path.write_text("nonsense\n")
    with pytest.raises(BadFormat, match="line 1 is no event"):
        verify_export(path)


def test_the_rest_of_a_log_is_checked_from_where_it_begins(told: Registry, tmp_path: Path) -> None:
    told.export_events(tmp_path / "rest.jsonl", after=3)
    verdict = verify_export(tmp_path / "rest.jsonl")
    assert (verdict.first, verdict.broken_at, verdict.head) == (4, None, told.events(limit=1)[0].hash)


# anchors


def test_anchors_come_back_as_they_were_printed() -> None:
    one, other = "a" * 64, "b" * 64
    kept = [Anchor(3, one), Anchor(17, other)]
    as_json = [json.dumps({"seq": anchor.seq, "hash": anchor.hash, "data": {}}) for anchor in kept]
    for text in (
        f"3 {one}\n17 {other}\n",
        f"# mondays\n3:{one}\n\n17:{other.upper()}",
        "\n".join(as_json),
        json.dumps([json.loads(each) for each in as_json], indent=2),
        "\n".join(json.dumps(json.loads(each), indent=2) for each in as_json),
    ):
        assert anchors.anchors_in(text, "file") == kept


@pytest.mark.parametrize(
    "text", ["", "\n", "null", "3", "x:" + "a" * 64, "3:" + "a" * 63, "0:" + "a" * 64, "{}", "[1]"]
)
def test_what_is_no_anchor_is_said_with_its_place(text: str) -> None:
    with pytest.raises(BadFormat, match="file is no valid anchor"):
        anchors.anchors_in(text, "file")


def test_anchors_bound_where_a_log_was_written_anew(told: Registry) -> None:
    found = told.events()[::-1]
    good = [Anchor(event.seq, event.hash) for event in found]
    assert told.verify_events(good).anchors == len(good)
    bad = told.verify_events([good[1], Anchor(6, "f" * 64)])
    assert (bad.broken_at, bad.breach) == (6, Breach.REWRITTEN)
    assert "after event 2" in str(bad.why)
    cut = told.verify_events([Anchor(len(found) + 2, "f" * 64)])
    assert (cut.broken_at, cut.breach) == (len(found) + 1, Breach.CUT)


# beside writers


def test_nobody_waits_for_a_check_and_memory_stays_flat(told: Registry) -> None:
    seen: list[tuple[int, int]] = []
    with open_registry(told.root) as writer:

        def progress(done: int, total: int) -> None:
            seen.append((done, total))
            if len(seen) == 1:
                writer.register("mm")  # it would wait for ever if a reading were still going on

        assert told.verify_events(progress=progress).checked == len(told.events())
    assert len(seen) == 2
    assert rows.BATCH <= 10_000
