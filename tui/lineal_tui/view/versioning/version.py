"""A version's page: everything that is known about it, in the order in which people ask."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal.records.models import VersionStatus
from lineal_tui.view.drawing.alarms import alarm
from lineal_tui.view.drawing.clean import clean, one_line
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, left, line_width, width_of, wrap
from lineal_tui.view.drawing.words import age, ago, counted, local_time, metric, number, scalar, short_digest, size
from lineal_tui.view.versioning.costs import told
from lineal_tui.view.versioning.endings import ending

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lineal.records.base import Micros
    from lineal.records.costs import VersionCost
    from lineal.records.models import VersionDetail

_FIELD = 14
"""Cells of the names of fields, which get up to a third of the page."""
_ASIDE = 24
"""Cells up to which values are filled with blanks, so that what is told of them stands in a column."""


def version_lines(detail: VersionDetail, now: Micros, width: int, cost: VersionCost | None = None) -> list[Line]:
    """The lines of a version's page; `cost` is what it costs on disk, if that is known."""
    version = detail.version
    lines: list[Line] = []
    sections: tuple[tuple[str, Iterable[Field]], ...] = (
        ("", _about(detail, now)),
        ("came from", _origin(detail)),
        (
            "metrics",
            ((name, metric(value.value), value.dataset or "") for name, value in sorted(detail.metrics.items())),
        ),
        ("observed", _observed(detail, now)),
        ("params", ((name, scalar(value), "") for name, value in sorted(detail.params.items()))),
        ("files", _files(detail, cost)),
        ("tags", ((name, value, "") for name, value in sorted(detail.tags.items()))),
    )
    known = [(title, [row for row in fields if row[1]]) for title, fields in sections]
    names = max((width_of(one_line(name)) for _, rows in known for name, _, _ in rows), default=0)
    field = max(_FIELD, min(names, width // 3))
    for title, rows in known:
        if not rows:
            continue
        if title:
            lines.extend(((), ((title, Tone.HEAD),)))
        aside = max(width_of(one_line(value)) for _, value, _ in rows) if title in _IN_COLUMNS else 0
        for name, value, remark in rows:
            lines.extend(_field(left(cut_middle(name, field), field), value, remark, width, min(aside, _ASIDE)))
    if version.notes:
        lines.extend(((), (("notes", Tone.HEAD),)))
        lines.extend(((line, Tone.TEXT),) for line in clean(version.notes, keep_newlines=True).split("\n"))
    return lines


Field = tuple[str, str, str]
_FREED = ("which a purge would free", "its own is what a purge would free")
_IN_COLUMNS = frozenset({"metrics", "observed"})


def _field(name: str, value: str, remark: str, width: int, aside: int) -> list[Line]:
    """A field, in as many lines as it takes."""
    lead: Line = ((name + "  ", Tone.MUTED),)
    room = max(8, width - line_width(lead))
    shown, after = one_line(value), one_line(remark)
    if after:
        shown = left(shown, max(aside, width_of(shown)))
    if width_of(shown) + (2 + width_of(after) if after else 0) <= room:
        return [(*lead, (shown, Tone.TEXT), ("  " + after if after else "", Tone.MUTED))]
    words: list[Line] = [((cut_middle(word, room), Tone.TEXT),) for word in shown.split()]
    words.extend(((cut_middle(word, room), Tone.MUTED),) for word in after.split())
    first, *others = wrap(words, room)
    return [(*lead, *first), *(((" " * line_width(lead), Tone.TEXT), *line) for line in others)]


def _about(detail: VersionDetail, now: Micros) -> Iterator[Field]:
    version = detail.version
    status = "" if version.status is VersionStatus.ACTIVE else str(version.status)
    yield "version", version.ref, f"#{version.seq}  {status}".rstrip()
    yield "why this label", detail.label_reason, ""
    yield "live at", ", ".join(version.stages), alarm(version).replace("FORCED", "FORCED, not reviewed")
    yield from ending(detail, now)
    yield "purpose", version.purpose or "", ""
    yield "owner", version.owner or "", ""
    yield "registered", local_time(version.created_at), f"{ago(version.created_at, now)} by {version.created_by}"
    yield "uid", version.uid, ""


def _observed(detail: VersionDetail, now: Micros) -> Iterator[Field]:
    """Its latest spell at each stage: the last value, when, and what all came to."""
    seen: set[tuple[str, str]] = set()
    for each in detail.observed:
        if (each.stage, each.name) in seen:
            continue
        seen.add((each.stage, each.name))
        spread = ""
        if each.count > each.odd:
            spread = f", mean {metric(each.mean)}, {metric(each.least)} to {metric(each.most)}"
        span = f"{number(each.count)} since {local_time(each.first_at)} at {each.stage}"
        when = age(each.last_at, now)
        yield each.name, metric(each.last), f"{when}{'' if when == 'now' else ' ago'}{spread}, {span}"


def _origin(detail: VersionDetail) -> Iterator[Field]:
    version = detail.version
    for parent in version.parents:
        yield str(parent.relation), parent.ref, ""
    for data in detail.datasets:
        yield data.role, f"data:{data.name}:{data.label}", short_digest(data.digest)
    yield "run", f"run:{version.run[:12]}" if version.run else "", detail.experiment or ""
    yield "command", shlex.join(detail.command) if detail.command else "", ""
    yield "seed", "" if detail.seed is None else str(detail.seed), ""
    if detail.code is not None:
        dirty = "with changes that are not committed" if detail.code.dirty else ""
        yield "commit", detail.code.commit[:12], f"{detail.code.branch or ''} {dirty}".strip()
    if detail.environment is not None:
        packages = counted(len(detail.environment.packages), "package")
        yield "environment", f"Python {detail.environment.python}", f"{detail.environment.platform}, {packages}"


def _files(detail: VersionDetail, cost: VersionCost | None) -> Iterable[Field]:
    if detail.architecture is not None:
        parameters = detail.architecture.parameters
        tensors = counted(len(detail.architecture.tensors), "tensor") if detail.architecture.tensors else ""
        yield "architecture", "" if parameters is None else f"{number(parameters)} parameters", tensors
    if detail.artifact is not None:
        yield "artifact", short_digest(detail.artifact.digest), size(detail.artifact.size)
        if cost is not None:
            yield "on disk", told(cost), _FREED[bool(cost.shared or cost.released or cost.gone)] if cost.own else ""
        for file in detail.artifact.files:
            yield size(file.size), file.path, file.format
