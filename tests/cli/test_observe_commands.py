"""Observing from a shell: arguments, CSV and JSON lines, all or nothing; what was observed, and the alerts over it."""

from __future__ import annotations

import io
import json
import math
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.errors import LinealError
from lineal.registry import open_registry
from lineal_tui.cli.observed_lines import BadLines, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.command_line import EVIL, Ran, Typed
else:
    from command_line import EVIL

STAGE = "fraud@production"


@pytest.fixture
def given_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes on standard input."""

    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


@pytest.fixture
def run(typed: Typed, registry: Path) -> Typed:
    """Types a command that concerns the sample."""

    def lineal(*words: object) -> Ran:
        return typed("--registry", registry, *words)

    return lineal


def test_arguments_are_recorded_and_listed(run: Typed) -> None:
    done = run("observe", STAGE, "latency_p99=71", "err=4e-3")
    assert (done.code, done.out) == (0, "")
    assert "fraud:1.1.0: 2 recorded" in done.err
    listed = run("observations", STAGE)
    assert "latency_p99" in listed.out
    assert "71" in listed.out
    (err, latency) = run("observations", STAGE, "--json").json
    assert (err["ref"], err["stage"], err["metric"], err["last"], err["count"]) == (
        "fraud:1.1.0",
        "production",
        "err",
        0.004,
        1,
    )
    assert latency["last_at"].endswith("Z")
    shown = run("show", STAGE, "--json").json
    assert [each["metric"] for each in shown["observed"]] == ["err", "latency_p99"]
    assert "Observed" in run("show", STAGE).out


def test_a_time_may_be_given_and_belongs_to_what_was_live_then(run: Typed) -> None:
    with_json = run("observe", STAGE, "latency=1", "--json").json
    assert with_json["versions"] == ["fraud:1.1.0"]
    assert run("observe", STAGE, "latency=2", "--version", "fraud:1.0.0", "--json").json["versions"] == ["fraud:1.0.0"]
    early = run("observe", STAGE, "latency=2", "--at", "2020-01-01")
    assert early.code == 3
    assert "nothing is live at fraud@production at 2020-01-01" in early.err
    assert run("observe", STAGE, "latency=2", "--at", "2999-01-01").code == 2
    assert run("observations", STAGE, "--version", "fraud:1.0.0", "--json").json[0]["ref"] == "fraud:1.0.0"


@pytest.mark.parametrize(
    "words",
    [(), ("latency",), ("=1",), ("a=1", "a=2"), ("a=x",), ("-", "a=1"), ("a=1", "--format", "csv")],
    ids=lambda words: " ".join(words) or "nothing",
)
def test_what_makes_no_sense_is_a_mistake_of_use(run: Typed, words: tuple[str, ...]) -> None:
    assert run("observe", STAGE, *words).code == 2
    assert run("observations", STAGE, "--json").json == []


def test_csv_with_a_header_and_times(run: Typed, given_in: Callable[[bytes], None]) -> None:
    now = time.time()
    given_in(f"\ufefftime,latency,err\r\n{now - 2},71,\r\n{now - 1},72,0.5\r\n\r\n,73,nan\r\n".encode())
    assert run("observe", STAGE, "-", "--json").json["recorded"] == 5
    values = run("observations", STAGE, "--values", "--json").json
    assert [(each["metric"], each["value"]) for each in values] == [
        ("latency", 71.0),
        ("err", 0.5),
        ("latency", 72.0),
        ("err", "NaN"),
        ("latency", 73.0),
    ]
    hours = run("observations", STAGE, "--hours", "--metric", "latency", "--csv").lines
    assert hours[0] == "ref,time,metric,count,odd,mean,min,max,last"
    assert sum(int(line.split(",")[3]) for line in hours[1:]) == 3


def test_json_lines_and_sending_them_again(run: Typed, given_in: Callable[[bytes], None]) -> None:
    lines = (
        f'{{"at": {time.time() - 5}, "latency": 71, "x": "-Infinity"}}\n\n{{"time": {time.time() - 4}, "x": null}}\n'
    )
    given_in(lines.encode())
    assert run("observe", STAGE, "-", "--json").json["recorded"] == 2
    given_in(lines.encode())
    again = run("observe", STAGE, "-", "--json").json
    assert (again["recorded"], again["known"]) == (0, 2)
    given_in(lines.replace('"latency": 71', '"latency": 72').encode())
    other = run("observe", STAGE, "-")
    assert other.code == 5
    assert "line 1: latency" in other.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("time,latency\n1,x\n", ["line 2: latency is no number: x"]),
        ("latency\n1\nx\n3\ny,1\n", ["line 3: latency is no number: x", "line 5: 2 cells where the header has 1"]),
        ("latency,latency\n1,2\n", ["line 1: the header has latency twice"]),
        ("time\n1\n", ["line 1: the header names no metric"]),
        ("time,latency\nsomeday,1\n", ["line 2: time 'someday'"]),
        ('latency\n"1\n', ["is no CSV"]),
        ("latency\n1_000\n", ["line 2: latency is no number"]),
        ("\x1b[31m\n1\n", ["line 1: the header: metric name"]),
        (
            '{"latency": 1}\n{"latency": "fast"}\n[1]\n{"a": 1, "a": 2}\n',
            ["line 2: latency", "line 3: it is no JSON object", "line 4: a is in it twice"],
        ),
        (
            '{"latency": true}\n{"latency": {"p99": 1}}\n{"x": 1e400, "y": 1}\n{',
            ["line 1: latency", "line 2: latency", "line 4: it is no JSON"],
        ),
        (
            '{"time": 1, "at": 1, "a": 1}\n{"time": "NaN", "a": 1}\n{"time": [], "a": 1}\n',
            ["line 1: both time and at", "line 2: its time", "line 3: its time"],
        ),
        (f'{{"a": {"9" * 400}}}\n', ["line 1"]),
        ("a\n" + "x\n" * 30, ["line 2", "line 11", "and 20 more"]),
    ],
)
def test_every_wrong_line_is_named_and_nothing_is_recorded(
    run: Typed, given_in: Callable[[bytes], None], text: str, told: list[str]
) -> None:
    given_in(text.encode())
    done = run("observe", STAGE, "-")
    assert done.code == 2
    for each in told:
        assert each in done.err
    assert "\x1b" not in done.err
    assert run("observations", STAGE, "--json").json == []


def test_bytes_that_are_no_text_and_no_bytes_at_all(run: Typed, given_in: Callable[[bytes], None]) -> None:
    given_in(b"latency\n1\n\xff\n")
    done = run("observe", STAGE, "-")
    assert done.code == 2
    assert "line 3: it is no UTF-8" in done.err
    given_in(b"\n")
    done = run("observe", STAGE, "-")
    assert (done.code, done.err) == (0, "nothing was observed\n")


@given(st.text(max_size=80), st.sampled_from([None, "csv", "jsonl"]))
def test_no_text_is_read_but_as_observations_or_with_a_line_that_is_wrong(text: str, form: str | None) -> None:
    try:
        found = read(text, form, at=None)
    except BadLines as error:
        assert "line " in str(error)  # noqa: PT017  either is right
    else:
        assert all(isinstance(each.value, float) for each in found)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), st.floats(), min_size=1, max_size=5))
def test_what_json_lines_say_is_what_is_read(figures: dict[str, float]) -> None:
    figures = {name: value for name, value in figures.items() if name not in {"at", "time"}}
    found = read(json.dumps(figures), None, at=None)
    assert {each.name: repr(each.value) for each in found} == {name: repr(value) for name, value in figures.items()}


def test_alerts_are_set_shown_marked_and_taken_away(run: Typed) -> None:
    assert "no alerts are set" in run("alerts").err
    done = run("stage", "set", STAGE, "--alert", "latency < 80", "--alert", "auc >= metrics.auc - 0.02 for 10m")
    assert (done.code, done.lines[0]) == (0, STAGE)
    assert "latency was never observed at fraud@production yet" in done.err
    assert [each["state"] for each in run("alerts", "--json").json] == ["unknown", "unknown"]
    observed = run("observe", STAGE, "latency=91", "auc=0.5")
    assert observed.code == 0
    assert "warning: ALERT at fraud@production: latency < 80; saw latency 91" in observed.err
    states = run("alerts", STAGE, "--json").json
    assert [(each["state"], each["for"]) for each in states] == [("firing", 0), ("pending", 600)]
    for words in (("models",), ("versions", "fraud"), ("tree", "fraud"), ("live", STAGE), ("show", STAGE),
                  ("stage", "show", STAGE), ("alerts",)):  # fmt: skip
        assert "ALERT" in run(*words).out, words
    assert run("models", "--json").json[0]["alarmed"] == ["production"]
    assert run("stage", "show", STAGE, "--json").json["alarmed"] is True
    done = run("stage", "set", STAGE, "--no-alert", "latency < 80", "--json")
    assert [each["alert"] for each in done.json["alerts"]] == ["auc >= metrics.auc - 0.02 for 10min"]
    assert "ALERT" not in run("models").out
    (past,) = run("alerts", "--log", "--json").json
    assert past["cleared_why"] == "the alert was taken away"
    assert run("stage", "set", STAGE, "--no-alert", "latency < 80").code == 3


@pytest.mark.parametrize(
    "words",
    [("--alert", "latency <"), ("--alert-rollback",), ("--cool-down", "1h"), ("--alert", "a < 1", "--cool-down", "x"),
     ("--alert", "a < 1", "--alert-command", "a | b"), ("--alert", "live.a < 1")],
)  # fmt: skip
def test_alerts_that_make_no_sense_are_refused(run: Typed, words: tuple[str, ...]) -> None:
    assert run("stage", "set", STAGE, *words).code == 2
    assert run("alerts", "--json").json == []


def test_a_stage_is_set_as_a_whole_or_not_at_all(run: Typed) -> None:
    before = run("audit", "log", "--json").json
    done = run("stage", "set", STAGE, "--gate", "metrics.auc > 0.9", "--approvals", "1", "--alert", "latency <")
    assert (done.code, done.out) == (2, "")
    assert run("stage", "show", STAGE, "--json").json["gates"]["approvals"] == 0
    done = run("stage", "set", STAGE, "--approvals", "1", "--alert", "latency < 80", "--hook", "true")
    assert (done.code, done.out) == (2, "")
    assert "--release" in done.err
    assert run("audit", "log", "--json").json == before
    done = run("stage", "set", STAGE, "--gate", "metrics.auc > 0.9", "--alert", "latency < 80", "--json")
    assert (done.json["ref"], done.json["gates"]) == (STAGE, ["metrics.auc > 0.9"])
    assert [each["alert"] for each in done.json["alerts"]] == ["latency < 80"]
    events = run("audit", "log", "--json").json
    assert [each["action"] for each in events[: len(events) - len(before)]] == ["alert_set", "gates_set"]
    told = run("stage", "set", STAGE, "--approvals", "1", "--alert", "errors < 5")
    assert "never one's own" in told.out
    assert "errors < 5" in told.out


def test_an_alert_rolls_back_and_says_so(run: Typed) -> None:
    run("stage", "set", STAGE, "--alert", "latency < 80", "--alert-rollback", "--cool-down", "2h")
    done = run("observe", STAGE, "latency=91")
    assert done.code == 0
    assert "rolled back fraud@production to fraud:1.0.0" in done.err
    assert run("live", STAGE, "--json").json["reason"] == "alert: latency < 80; saw latency 91 (automatic)"
    again = run("observe", STAGE, "latency=91", "--json").json
    assert again["fired"][0]["why_not"] == "the last automatic rollback is not 2h ago"


def test_hostile_words_reach_no_terminal(run: Typed, registry: Path) -> None:
    with open_registry(registry) as opened:
        opened.set_alerts(STAGE, "`größe [red]` < 80", command=["sh", "-c", f"printf '%s' '{EVIL}'"])
        opened.observe(STAGE, {"größe [red]": 91})
        end = time.monotonic() + 30
        while opened.alert_episodes()[0].output is None:
            assert time.monotonic() < end
            time.sleep(0.05)
    for words in (("alerts",), ("alerts", "--log"), ("observations", STAGE), ("observations", STAGE, "--hours"),
                  ("observations", STAGE, "--values", "--csv"), ("show", STAGE), ("stage", "show", STAGE)):  # fmt: skip
        out = run(*words).out
        assert not set("\x1b\x07\x9b\u202e\u200b") & set(out), words
    assert run("alerts", "--log", "--json").json[0]["output"] is not None


def test_nobody_reads_a_number_that_python_alone_would(run: Typed) -> None:
    assert math.isnan(read("a\nnan\n", None, at=None)[0].value)
    with pytest.raises(LinealError):
        read("a\n\uff11x\n", None, at=None)
    assert run("observations", STAGE, "--metric", "none").code == 3


def test_what_was_observed_is_drawn_over_time_with_limits_and_alerts(run: Typed) -> None:
    run("stage", "set", STAGE, "--alert", "latency < 80")
    for value in (70, 91, 75, 95):
        run("observe", STAGE, f"latency={value}", "errors=0.5")
    drawn = run("curve", STAGE, "--observed", "--metric", "latency")
    assert drawn.code == 0
    assert any("\u2800" < letter <= "\u28ff" for letter in drawn.out)
    assert "observed, by the clock" in drawn.out
    assert "╌╌╌" in drawn.out
    assert "must be < 80.00" in drawn.out
    assert "4 values" in drawn.out
    assert drawn.out.count("! ALERT ") == 2
    assert " fires, " in drawn.out
    plain = run("curve", STAGE, "--observed", "--metric", "latency", "--ascii")
    assert plain.out.isascii()
    found = json.loads(run("curve", STAGE, "--observed", "--metric", "latency", "--json").out)
    assert found["observed"] is True
    assert found["thresholds"] == [{"operator": "<", "value": 80.0, "alert": "latency < 80"}]
    assert [each["until"] is None for each in found["alerts"]] == [False, True]
    assert sum(dot["points"] for dot in found["curves"][0]["dots"]) == 4
    rows = run("curve", STAGE, "--observed", "--across", "--metric", "errors", "--csv").out.splitlines()
    assert rows[0] == "ref,name,first,last,points,least,most,mean,nan,inf,-inf,label,odd"
    assert rows[1].startswith("fraud@production,production,")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((STAGE, "--across"), 2, "add --observed"),
        ((STAGE, "--observed", "--by", "step"), 2, "goes by the clock"),
        ((STAGE, STAGE, "--observed"), 2, "of one stage"),
        (("fraud", "--observed"), 2, "a stage is wanted"),
        ((STAGE, "--observed"), 3, "no observation of what is live at"),
        ((STAGE, "--observed", "--across"), 3, "records it"),
    ],
)
def test_what_cannot_be_drawn_of_observations_is_told(run: Typed, words: tuple[str, ...], code: int, told: str) -> None:
    answer = run("curve", *words)
    assert (answer.code, told in answer.err) == (code, True), answer.err
