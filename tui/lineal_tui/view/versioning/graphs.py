"""A lineage as a graph in the languages of Graphviz and Mermaid; a name in it can be anything and stays a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.comparison import NodeKind, Way
from lineal_tui.view.drawing.clean import one_line

if TYPE_CHECKING:
    from lineal.records.comparison import Beyond, Lineage

_DOT_SHAPES = {
    NodeKind.DATASET: "cylinder",
    NodeKind.RUN: "ellipse",
    NodeKind.VERSION: "box",
    NodeKind.STAGE: "hexagon",
}
_MERMAID_SHAPES = {
    NodeKind.DATASET: ("[(", ")]"),
    NodeKind.RUN: ("([", "])"),
    NodeKind.VERSION: ("[", "]"),
    NodeKind.STAGE: ("{{", "}}"),
}
_PLAIN = frozenset(" .:@-_/+,=~")


def dot(lineage: Lineage) -> str:
    """The lineage in Graphviz's DOT, from left to right.

    The language: https://graphviz.org/doc/info/lang.html
    """
    ids = {node.id: f"n{place}" for place, node in enumerate(lineage.nodes)}
    lines = ["digraph lineage {", "  rankdir=LR;", '  node [fontname="sans-serif"];']
    for node in lineage.nodes:
        style = " style=bold" if node.id == lineage.focus else ""
        lines.append(
            f"  {ids[node.id]} [label={_quoted(_label(node.id, node.name))} shape={_DOT_SHAPES[node.kind]}{style}];"
        )
    lines += [f"  {ids[edge.source]} -> {ids[edge.target]} [label={_quoted(edge.role)}];" for edge in lineage.edges]
    for place, more in enumerate(lineage.beyond):
        lines.append(f"  m{place} [label={_quoted(words_beyond(more))} shape=plaintext];")
        ends = (f"m{place}", ids[more.node]) if more.way is Way.UP else (ids[more.node], f"m{place}")
        lines.append(f"  {ends[0]} -> {ends[1]} [style=dashed];")
    return "\n".join([*lines, "}", ""])


def mermaid(lineage: Lineage) -> str:
    """The lineage as a Mermaid flowchart, from left to right.

    The language: https://mermaid.js.org/syntax/flowchart.html
    """
    ids = {node.id: f"n{place}" for place, node in enumerate(lineage.nodes)}
    lines = ["flowchart LR"]
    for node in lineage.nodes:
        before, after = _MERMAID_SHAPES[node.kind]
        lines.append(f'  {ids[node.id]}{before}"{_coded(_label(node.id, node.name))}"{after}')
    lines += [f'  {ids[edge.source]} -->|"{_coded(edge.role)}"| {ids[edge.target]}' for edge in lineage.edges]
    for place, more in enumerate(lineage.beyond):
        lines.append(f'  m{place}["{_coded(words_beyond(more))}"]')
        ends = (f"m{place}", ids[more.node]) if more.way is Way.UP else (ids[more.node], f"m{place}")
        lines.append(f"  {ends[0]} -.-> {ends[1]}")
    lines += [f"  style {ids[lineage.focus]} stroke-width:3px", ""]
    return "\n".join(lines)


def words_beyond(more: Beyond) -> str:
    """What a lineage leaves out at one of its nodes, in words."""
    return f"and {'' if more.exact else 'more than '}{more.count:,} more"


def _label(ref: str, name: str) -> str:
    """What is written on a node: its address; a run's, which is no name, after what people call it."""
    if not ref.startswith("run:"):
        return one_line(ref)
    return one_line(f"{name} {ref[:12]}")


def _quoted(text: str) -> str:
    # in a label a backslash begins an escape, also one that stands for something else, such as \N
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _coded(text: str) -> str:
    """A text in which nothing can end the label, or be markup in it: all that is no plain letter by its number."""
    return (
        "".join(letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};" for letter in one_line(text))
        or " "
    )
