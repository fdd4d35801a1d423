"""What the commands that read print, for people and for scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from lineal_tui.cli.listed import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import EVIL, Typed
else:
    from command_line import EVIL

VERSION_KEYS = frozenset(
    {"ref", "model", "label", "seq", "uid", "digest", "parents", "run", "stages", "status", "owner", "purpose", "notes"}
    | {
        "created_at",
        "created_by",
        "params",
        "metrics",
        "datasets",
        "architecture",
        "files",
        "tags",
        "forced",
        "alarmed",
        "unhealthy",
    }
    | {"deprecated", "retired"}
)
RUN_KEYS = frozenset(
    {"ref", "id", "name", "experiment", "kind", "status", "started_at", "ended_at", "params", "metrics", "tags"}
    | {"inputs", "outputs"}
)
MODEL_KEYS = frozenset(
    {"ref", "name", "scheme", "primary_metric", "stages", "forced", "alarmed", "versions", "owner", "purpose"}
    | {"bad", "unhealthy"}
)
TRANSITION_KEYS = frozenset(
    {"ref", "seq", "model", "stage", "action", "from", "to", "actor", "claim", "reason", "at", "outcome", "forced"}
    | {"reviewed_by", "review_reason"}
)
EVENT_KEYS = frozenset({"seq", "at", "actor", "uid", "claim", "action", "ref", "data", "prev", "hash"})
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def test_models_as_json_have_their_stages_as_an_object(typed: Typed, sample: Path) -> None:
    answer = typed("models", "--json", "--registry", sample)

    assert (answer.code, answer.err) == (0, "")
    fraud, other = answer.json
    assert set(fraud) == set(other) == MODEL_KEYS
    assert fraud["ref"] == fraud["name"] == "fraud"
    assert fraud["stages"] == {"staging": "1.2.0", "production": "1.1.0"}
    assert (fraud["versions"], fraud["scheme"], fraud["primary_metric"]) == (3, "semver", "auc")
    assert other["stages"] == {"staging": None, "production": None}


def test_a_version_as_json_has_exact_values(typed: Typed, sample: Path) -> None:
    versions = typed("--registry", sample, "versions", "fraud", "--json").json

    assert [version["ref"] for version in versions] == ["fraud:1.2.0", "fraud:1.1.0", "fraud:1.0.0"]
    assert all(set(version) == VERSION_KEYS for version in versions)
    first = versions[-1]
    assert first["params"] == {"lr": 0.1, "depth": 3, "warm": False, "note": EVIL, "none": None}
    assert first["metrics"] == {"auc": 0.9, "loss": "NaN"}
    [used] = first["datasets"]
    assert (used["name"], used["label"], used["role"]) == ("payments", "2026-01", "train")
    assert DIGEST.fullmatch(used["digest"])
    [file] = first["files"]
    assert (file["path"], file["size"]) == ("model.bin", 3)
    assert DIGEST.fullmatch(file["digest"])
    assert DIGEST.fullmatch(first["digest"])
    assert RFC_3339.fullmatch(first["created_at"])
    assert (first["parents"], first["run"], first["seq"], first["status"]) == ([], None, 1, "active")
    second = versions[1]
    assert second["parents"] == [{"ref": "fraud:1.0.0", "relation": "finetune"}]
    assert second["run"].startswith("run:")
    assert second["stages"] == ["production"]
    assert second["metrics"]["loss"] == "Infinity"
    assert versions[0]["tags"] == {"evil": EVIL}


def test_a_page_of_a_version_as_json_tells_more_than_a_list(typed: Typed, sample: Path) -> None:
    shown = typed("show", "fraud:1.1.0", "--json", "--registry", sample).json

    assert set(shown) > VERSION_KEYS
    assert shown["experiment"] == "churn"
    assert shown["environment"]["python"]


def test_live_tells_who_since_when_and_why(typed: Typed, sample: Path) -> None:
    now = typed("live", "fraud@production", "--json", "--registry", sample).json
    before = typed("live", "fraud@production~1", "--registry", sample)

    assert set(now) == VERSION_KEYS | {"since", "actor", "claim", "reason"}
    assert (now["ref"], now["reason"]) == ("fraud:1.1.0", EVIL)
    assert RFC_3339.fullmatch(now["since"])
    assert before.lines[0] == "fraud:1.0.0"
    assert re.fullmatch(r"  since   2026-\d\d-\d\d \d\d:\d\d \(\w+ ago\)", before.lines[1])


def test_live_at_a_time_echoes_the_offset(typed: Typed, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        history = typed("history", "fraud@production", "--json", "--registry", sample).json
        between = history[1]["at"]
        then = typed("live", "fraud@production", "--at", between, "--json", "--registry", sample)
        local = typed("live", "fraud@production", "--at", "2027-01-01 12:00", "--registry", sample)
        never = typed("live", "fraud@production", "--at", "2020-01-01", "--registry", sample)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()

    assert then.json["ref"] == "fraud:1.0.0"
    assert local.lines[0] == "fraud:1.1.0"
    assert "2027-01-01 12:00:00-05:00" in local.err
    assert never.code == 3


def test_models_are_listed_with_the_figure_of_what_is_live(typed: Typed, sample: Path) -> None:
    live = typed("live", "fraud@production", "--json", "--registry", sample).json
    [line] = [line for line in typed("models", "--registry", sample).lines if line.startswith("fraud ")]
    assert f"auc {live['metrics']['auc']:.4f}" in line


def test_history_is_newest_first(typed: Typed, sample: Path) -> None:
    one = typed("history", "fraud@production", "--json", "--registry", sample).json
    every = typed("history", "fraud", "--json", "--registry", sample).json

    assert all(set(entry) == TRANSITION_KEYS for entry in one)
    assert [(entry["seq"], entry["from"], entry["to"]) for entry in one] == [(2, "1.0.0", "1.1.0"), (1, None, "1.0.0")]
    assert {entry["stage"] for entry in every} == {"staging", "production"}
    assert one[0]["outcome"] == "unchecked"


def test_a_difference_has_sections_values_and_verdicts(typed: Typed, sample: Path) -> None:
    found = typed("diff", "fraud:1.0.0", "fraud:1.1.0", "--json", "--registry", sample).json

    assert set(found) == {"versions", "rows"}
    assert found["versions"] == ["fraud:1.0.0", "fraud:1.1.0"]
    rows = {(row["section"], row["field"]): row for row in found["rows"]}
    assert rows["param", "lr"]["values"] == [0.1, 0.2]
    assert rows["param", "depth"]["verdict"] == "removed"
    assert {row["verdict"] for row in found["rows"]} <= {"better", "worse", "changed", "added", "removed", "same"}
    words = typed("diff", "fraud:1.1.0", "fraud:1.2.0", "--registry", sample)
    assert re.search(r"auc +0.9300 +0.9100 +-.0200 +▼ worse", words.out)
    assert "same" in words.err


def test_a_tree_is_drawn_and_listed(typed: Typed, sample: Path) -> None:
    drawn = typed("tree", "fraud", "--registry", sample)
    listed = typed("tree", "fraud", "--json", "--registry", sample).json

    assert [line.split()[0] for line in drawn.lines[1:]] == ["1.2.0", "1.1.0", "1.0.0"]
    assert "◆" in drawn.lines[2]
    assert "production" in drawn.lines[2]
    assert "●" in drawn.lines[1]
    assert [version["parents"] for version in listed] == [
        [{"ref": "fraud:1.1.0", "relation": "retrain"}],
        [{"ref": "fraud:1.0.0", "relation": "finetune"}],
        [],
    ]


def test_lineage_is_a_graph_and_an_outline(typed: Typed, sample: Path) -> None:
    graph = typed("lineage", "fraud:1.1.0", "--json", "--registry", sample).json
    words = typed("lineage", "fraud:1.1.0", "--registry", sample)

    assert all(set(node) == {"id", "kind", "name"} for node in graph["nodes"])
    ids = {node["id"] for node in graph["nodes"]}
    assert {"fraud:1.0.0", "fraud:1.1.0", "data:payments:2026-02"} <= ids
    assert all(set(edge) == {"from", "to", "role"} and {edge["from"], edge["to"]} <= ids for edge in graph["edges"])
    assert words.lines[0] == "fraud:1.1.0"
    assert "came from" in words.out
    assert "went into" in words.out


def test_runs_and_experiments(typed: Typed, sample: Path) -> None:
    [run] = typed("runs", "exp:churn", "--json", "--registry", sample).json
    [experiment] = typed("experiments", "--json", "--registry", sample).json

    assert set(run) == RUN_KEYS
    assert (run["name"], run["experiment"], run["kind"], run["status"]) == ("first", "churn", "train", "finished")
    assert run["metrics"] == {"loss": "Infinity"}
    assert run["tags"] == {"team": "risk"}
    assert run["outputs"] == ["fraud:1.1.0"]
    assert (experiment["ref"], experiment["runs"]) == ("exp:churn", 1)
    shown = typed("show", run["ref"][:10], "--registry", sample)
    assert "Metrics" in shown.out
    assert typed("show", "exp:churn", "--json", "--registry", sample).json["ref"] == "exp:churn"


def test_datasets_show_their_columns(typed: Typed, sample: Path) -> None:
    [dataset] = typed("datasets", "--json", "--registry", sample).json
    version = typed("show", "data:payments:2026-01", "--json", "--registry", sample).json
    words = typed("show", "data:payments:2026-01", "--registry", sample)

    assert (dataset["ref"], dataset["versions"], dataset["latest"]) == ("data:payments", 2, "2026-02")
    assert (version["rows"], [column["name"] for column in version["columns"]]) == (2, ["age", "amount"])
    assert "amount" in words.out


def test_bytes_are_identified_by_file_and_by_the_beginning_of_a_digest(
    typed: Typed, sample: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "unknown"
    copy.write_text("two")
    [file] = typed("identify", copy, "--json", "--registry", sample).json

    assert (file["ref"], file["kind"], file["path"]) == ("fraud:1.1.0", "file", "model.bin")
    again = typed("identify", file["digest"].removeprefix("sha256:")[:12], "--json", "--registry", sample).json
    assert again == [file]
    assert typed("show", file["digest"][:20], "--json", "--registry", sample).json == [file]
    copy.write_text("nothing of ours")
    assert typed("identify", copy, "--registry", sample).code == 3


def test_the_audit_log_is_read_and_checked(typed: Typed, sample: Path) -> None:
    events = typed("audit", "log", "--limit", 3, "--json", "--registry", sample).json
    head = typed("audit", "head", "--registry", sample)
    verified = typed("audit", "verify", "--registry", sample)

    assert len(events) == 3
    assert all(set(event) == EVENT_KEYS for event in events)
    assert events[0]["prev"] == events[1]["hash"]
    assert head.out.strip() == f"{events[0]['seq']} {events[0]['hash']}"
    assert verified.code == 0
    assert events[0]["hash"] in verified.out
    assert typed("audit", "--registry", sample).lines[0].split()[0] == "SEQ"


def test_lists_are_sorted_and_limited(typed: Typed, sample: Path) -> None:
    def labels(*words: object) -> list[str]:
        found = typed("versions", "fraud", "--json", "--registry", sample, *words).json
        return [version["label"] for version in found]

    assert labels("--sort", "auc") == ["1.1.0", "1.2.0", "1.0.0"]
    assert labels("--sort=-auc", "--limit", 1) == ["1.0.0"]
    assert labels("--sort", "label") == ["1.0.0", "1.1.0", "1.2.0"]
    assert labels("--sort", "loss")[0] == "1.1.0"
    wrong = typed("versions", "fraud", "--sort", "acu", "--registry", sample)
    assert wrong.code == 2
    assert "did you mean metrics.auc" in wrong.err


@pytest.mark.parametrize("global_first", [True, False])
def test_global_options_stand_before_or_after_the_command(typed: Typed, sample: Path, global_first: bool) -> None:
    words = ("stage", "show", "fraud@production", "--json")
    answer = typed("--registry", sample, *words) if global_first else typed(*words, "--registry", sample)

    assert answer.json["live"] == "1.1.0"


def test_two_dashes_end_the_options(typed: Typed, sample: Path) -> None:
    assert typed("show", "--registry", sample, "--", "fraud").code == 0
    assert typed("show", "--registry", sample, "--", "--json").code in {2, 3}


def test_hostile_text_reaches_no_terminal_and_no_pipe(typed: Typed, sample: Path) -> None:
    run = typed("runs", "--json", "--registry", sample).json[0]["ref"]
    for words in (
        ("models",),
        ("versions", "fraud"),
        ("tree", "fraud"),
        ("show", "fraud:1.0.0"),
        ("show", "fraud:1.2.0"),
        ("show", "fraud"),
        ("show", "data:payments"),
        ("show", run),
        ("live", "fraud@production"),
        ("history", "fraud"),
        ("diff", "fraud:1.0.0", "fraud:1.2.0", "--all"),
        ("lineage", "fraud:1.2.0"),
        ("audit", "log"),
        ("show", f"fraud{EVIL}"),
        ("show", "fraud:1.2.0", "--json"),
        (f"versions{EVIL}",),
    ):
        answer = typed("--registry", sample, *words)
        for letter in "\x1b\x07\x9b\u202e\u200b":
            assert letter not in answer.out + answer.err, words


def test_every_command_explains_itself_with_an_example(typed: Typed) -> None:
    listed = list(COMMANDS)
    assert len(listed) >= 25
    for name in listed:
        answer = typed(name, "--help")
        assert answer.code == 0
        if name not in {"stage", "dataset"}:
            assert f"\n    lineal {name}" in answer.out or f"$(lineal {name}" in answer.out, name


def test_notes_keep_their_lines(typed: Typed, sample: Path) -> None:
    lines = typed("show", "fraud:1.2.0", "--registry", sample).lines
    place = lines.index("Notes")

    assert lines[place + 1] == "  two"
    assert lines[place + 2].startswith("  lines ")
