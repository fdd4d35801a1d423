"""Lineage as words, JSON and graphs; what things cost; files that are printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from lineal.records.comparison import Beyond, Lineage, LineageEdge, LineageNode, NodeKind, Way
from lineal.registry import open_registry
from lineal_tui.view.versioning.graphs import dot, mermaid

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import EVIL, Typed
else:
    from command_line import EVIL, Typed

HOSTILE = [
    'a"b',
    "a\\",
    "\\N",
    "line\nbreak",
    "x]-->y",
    '"];evil[label="',
    "#quot;",
    "`code`",
    "<b>&amp;",
    "|",
    EVIL,
    "ü 大",
]


def hostile() -> Lineage:
    nodes = [LineageNode(f"m:{name}", NodeKind.VERSION, name) for name in HOSTILE]
    kinds = list(NodeKind)
    nodes += [LineageNode(f"{kind}:{name}", kind, name) for kind in kinds for name in HOSTILE[:2]]
    edges = [LineageEdge(nodes[0].id, node.id, name) for node, name in zip(nodes[1:], HOSTILE, strict=False)]
    beyond = (Beyond(nodes[0].id, Way.UP, 3), Beyond(nodes[1].id, Way.DOWN, 100_000, exact=False))
    return Lineage(nodes[0].id, tuple(nodes), tuple(edges), truncated=True, beyond=beyond)


_DOT = re.compile(
    r'\s*(?:digraph lineage \{|rankdir=LR;|node \[fontname="sans-serif"\];|\}|'
    r'\w+ \[label="(?:[^"\\]|\\["\\])*" shape=\w+(?: style=bold)?\];|'
    r'\w+ -> \w+ \[(?:label="(?:[^"\\]|\\["\\])*"|style=dashed)\];)'
)
_LABEL = r'"(?:[\w .:@/+,=~-]|#\d+;)+"'
_MERMAID = re.compile(
    rf"flowchart LR|  [nm]\d+(?:\[{_LABEL}\]|\[\({_LABEL}\)\]|\(\[{_LABEL}\]\)|\{{\{{{_LABEL}\}}\}})|"
    rf"  n\d+ -->\|{_LABEL}\| n\d+|  [nm]\d+ -\.-> [nm]\d+|  style n\d+ stroke-width:3px"
)


def test_no_name_leaves_its_label_in_dot() -> None:
    text = dot(hostile())
    assert all(_DOT.fullmatch(line) for line in text.splitlines()), text
    assert text.count("->") == len(hostile().edges) + 2 + sum("-->" in name for name in HOSTILE) * 2
    assert "\x1b" not in text


def test_no_name_leaves_its_label_in_mermaid() -> None:
    text = mermaid(hostile())
    assert [line for line in text.splitlines() if not _MERMAID.fullmatch(line)] == []
    decoded = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)
    assert 'm:a"b' in decoded
    assert "m:x]-->y" in decoded
    assert "more than 100,000 more" in text


def test_a_graph_is_printed_with_what_is_left_out(typed: Typed, sample: Path) -> None:
    words = typed("lineage", "fraud:1.1.0", "--format", "dot", "--up", "1", "--registry", sample)
    assert words.lines[0] == "digraph lineage {"
    assert all(_DOT.fullmatch(line) for line in words.lines)
    assert "and 1 more" in words.out
    words = typed("lineage", "fraud:1.1.0", "--format", "mermaid", "--registry", sample)
    assert all(_MERMAID.fullmatch(line) for line in words.lines)
    as_json = typed("lineage", "fraud:1.1.0", "--format", "json", "--registry", sample)
    assert as_json.json == typed("lineage", "fraud:1.1.0", "--json", "--registry", sample).json


def test_up_or_down_alone_means_all_of_that_side_and_nothing_of_the_other(typed: Typed, sample: Path) -> None:
    down = typed("lineage", "data:payments:2026-01", "--down", "--registry", sample)
    assert down.lines[0] == "data:payments:2026-01"
    assert "fraud@production" in down.out
    assert "fraud@staging" in down.out
    up = typed("lineage", "fraud@staging", "--up", "--json", "--registry", sample).json
    assert "data:payments:2026-01" in {node["id"] for node in up["nodes"]}
    assert not up["truncated"]
    wrong = typed("lineage", "--down", "data:payments:2026-01", "--registry", sample)
    assert wrong.code == 2
    assert "the address stands before the options" in wrong.err


def test_more_than_the_limit_is_counted(typed: Typed, registry: Path) -> None:
    with open_registry(registry) as opened:
        for number in range(6):
            opened.register("fraud", label=f"3.{number}.0", parent="fraud:1.2.0")
    words = typed("lineage", "fraud:1.2.0", "--up", "0", "--limit", "3", "--registry", registry)
    assert "⋯ and 4 more" in words.out
    assert "--limit shows more" in words.err
    assert "and 4 more" not in typed("lineage", "fraud:1.2.0", "--limit", "100", "--registry", registry).out


# costs


def test_du_tells_of_the_registry_a_model_and_a_version(typed: Typed, sample: Path) -> None:
    assert "each counted once" in typed("du", "--registry", sample).out
    whole = typed("du", "--json", "--registry", sample).json
    model = typed("du", "fraud", "--json", "--registry", sample).json
    version = typed("du", "fraud:1.0.0", "--json", "--registry", sample).json
    assert model["ref"] in {each["ref"] for each in whole["models"]}
    assert {each["ref"] for each in model["each"]} == {"fraud:1.0.0", "fraud:1.1.0", "fraud:1.2.0"}
    assert version["own"] == sum(file["bytes"] for file in version["each"] if not file["sharers"])
    assert "OWN" in typed("du", "fraud", "--registry", sample).out
    assert "its own" in typed("du", "fraud:1.0.0", "--registry", sample).out
    assert typed("du", "nobody", "--registry", sample).code == 3


# files


@pytest.fixture
def with_files(registry: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "notes.md").write_text(f"one\n{EVIL}\n")
    (folder / "model.pkl").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with open_registry(registry) as opened:
        opened.register("mixed", folder, label="1.0.0")
    return registry


def test_a_text_file_is_printed_clean(typed: Typed, with_files: Path) -> None:
    words = typed("show", "mixed:1.0.0", "--file", "notes.md", "--registry", with_files)
    assert words.lines[0] == "one"
    assert "\x1b" not in words.out
    assert "txt.exe" in words.out
    assert typed("show", "mixed:1.0.0", "--file", "notes.md", "--json", "--registry", with_files).json["whole"]


def test_a_pickle_is_told_with_a_warning_and_not_loaded(typed: Typed, with_files: Path) -> None:
    words = typed("show", "mixed:1.0.0", "--file", "model.pkl", "--registry", with_files)
    assert "loading it runs code: it calls for os.system" in words.lines[0]
    told = typed("show", "mixed:1.0.0", "--file", "model.pkl", "--json", "--registry", with_files).json
    assert told["executes_code"]
    assert told["imports"] == [{"name": "os.system", "concern": "dangerous"}]
    missing = typed("show", "mixed:1.0.0", "--file", "nope", "--registry", with_files)
    assert missing.code == 3
    assert "notes.md" in missing.err
