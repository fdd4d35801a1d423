"""A Hugging Face model card: metadata with a `model-index` of the measured figures, and a page for people.

The metadata is that of https://github.com/huggingface/hub-docs/blob/main/modelcard.md.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lineal.exporters.facts import VersionFacts
    from lineal.records.base import Micros
    from lineal.records.models import MetricValue, VersionDetail


_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
"""Categories of letters that command, reorder, hide, or are none."""


def card(facts: VersionFacts) -> str:
    """The card of a version, as Markdown with metadata in front."""
    return f"---\n{_metadata(facts)}---\n\n{_page(facts)}"


def _metadata(facts: VersionFacts) -> str:
    """YAML, of which JSON is a part: each value is written as JSON, so that nothing needs to be quoted twice."""
    detail = facts.detail
    fields: dict[str, object] = {
        "tags": sorted({"lineal", *(f"{name}:{value}" for name, value in detail.tags.items())})
    }
    datasets = sorted({data.dataset for data, _ in facts.datasets})
    if datasets:
        fields["datasets"] = datasets
    results = [_result(facts, metric) for metric in detail.metrics.values() if math.isfinite(metric.value)]
    if results:
        fields["metrics"] = sorted({metric.name for metric in detail.metrics.values()})
        fields["model-index"] = [{"name": facts.model.name, "results": results}]
    return "".join(f"{name}: {_escaped(json.dumps(value, ensure_ascii=False))}\n" for name, value in fields.items())


def _escaped(text: str) -> str:
    """JSON in which letters that YAML forbids, or that nobody sees, are written as their numbers, as YAML does."""
    return "".join(f"\\U{ord(letter):08x}" if category(letter) in _UNSEEN else letter for letter in text)


def _result(facts: VersionFacts, metric: MetricValue) -> dict[str, object]:
    data = next((data for data, _ in facts.datasets if data.ref == metric.dataset), None)
    dataset: dict[str, object] = {"type": "unknown", "name": "unknown"}
    if metric.dataset is not None:
        name, _, label = metric.dataset.removeprefix("data:").partition(":")
        dataset = {"type": name, "name": name, "revision": label if data is None else data.digest}
    return {
        "task": {"type": facts.detail.tags.get("task", "other")},
        "dataset": dataset,
        "metrics": [{"type": metric.name, "name": metric.name, "value": metric.value}],
    }


def _status(detail: VersionDetail) -> str:
    """The status in words, with how the version ended or is to end."""
    over, said = detail.retirement, detail.deprecation
    if over is not None:
        told = f"{detail.version.status} on {_day(over.at)}: {over.reason}"
        gone = "" if over.purged_at is None else f"; its bytes were purged on {_day(over.purged_at)}"
        return told + gone + (f"; use {over.successor} instead" if over.successor else "")
    if said is not None:
        why = f": {said.reason}" if said.reason else ""
        instead = f"; use {said.successor} instead" if said.successor else ""
        return f"{detail.version.status}, deprecated until {_day(said.until)}{why}{instead}"
    return detail.version.status.value


def _day(at: Micros) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d")


def _page(facts: VersionFacts) -> str:
    detail, version = facts.detail, facts.detail.version
    parts = [f"# {_text(version.model)} {_text(version.label)}\n"]
    if facts.purpose:
        parts.append(f"{_paragraph(facts.purpose)}\n")
    if version.notes:
        parts.append(f"{_paragraph(version.notes)}\n")
    made = datetime.fromtimestamp(version.created_at / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
    parts.append(
        _table(
            ("", ""),
            [
                ("Owner", facts.owner or "not recorded"),
                ("Registered", f"{made} by {version.created_by}"),
                ("Status", _status(detail)),
                ("Live at", ", ".join(version.stages) or "nowhere"),
                ("From", ", ".join(f"{parent.ref} ({parent.relation})" for parent in version.parents) or "nothing"),
                ("Label", detail.label_reason),
                ("Digest", version.digest or "no files"),
                ("UID", version.uid),
            ],
        )
    )
    rows: list[tuple[str, ...]] = [
        (metric.name, _figure(metric.value), metric.dataset or "not said") for metric in detail.metrics.values()
    ]
    parts += _section("Measured", ("metric", "value", "on"), rows)
    parts += _section("Hyperparameters", ("name", "value"), [(n, json.dumps(v)) for n, v in detail.params.items()])
    parts += _section(
        "Data",
        ("role", "dataset", "rows", "digest"),
        [(role, data.ref, str(data.rows or "-"), data.digest) for data, role in facts.datasets],
    )
    if detail.artifact is not None:
        files = [(file.path, file.format, f"{file.size:,}", file.digest) for file in detail.artifact.files]
        parts += _section("Files", ("path", "format", "bytes", "digest"), files)
    if detail.code is not None or detail.environment is not None:
        parts.append(_how_to_train(facts))
    return "\n".join(parts)


def _how_to_train(facts: VersionFacts) -> str:
    lines = ["## Trained with\n"]
    code, environment = facts.detail.code, facts.detail.environment
    if code is not None:
        where = code.remote or code.repository or "a repository"
        lines.append(f"- commit `{code.commit}` of {_text(where)}{', with uncommitted changes' if code.dirty else ''}")
    if facts.detail.command is not None:
        lines.append(f"- command {_text(' '.join(facts.detail.command))}")
    if facts.detail.seed is not None:
        lines.append(f"- seed {facts.detail.seed}")
    if environment is not None:
        lines.append(f"- {environment.implementation} {environment.python} on {_text(environment.platform)}")
        lines.append(f"- {len(environment.packages)} packages; `lineal reproduce` lists them")
    return "\n".join(lines) + "\n"


def _section(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [f"## {title}\n", _table(head, rows)] if rows else []


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_text(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _figure(value: float) -> str:
    return f"{value:.6g}"


def _text(value: str) -> str:
    """Text of others inside Markdown: it stays on its line and in its cell, and is no markup."""
    cleaned = "".join(
        " " if letter in "\r\n\t" else "\ufffd" if category(letter) in _UNSEEN else letter for letter in value
    )
    for character in "\\`*_[]<>|":
        cleaned = cleaned.replace(character, f"\\{character}")
    return cleaned


def _paragraph(value: str) -> str:
    """Text of others that begins a line: it is no heading, rule, list or quotation either."""
    return re.sub(r"^(\d+)([.)])|^([#+=~:-])", r"\1\\\2\3", _text(value).strip())
