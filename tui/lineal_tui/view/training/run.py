"""A run's page: everything that it recorded; what is long is folded, and what has an address can be followed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.records.runs import RunStatus
from lineal_tui.view.drawing.clean import clean, one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, left, right, width_of
from lineal_tui.view.drawing.sparks import sparkline
from lineal_tui.view.drawing.words import age, ago, counted, local_time, metric, number, scalar, short_digest, size
from lineal_tui.view.training.runs import STATUS_TONES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from lineal.records.base import Micros
    from lineal.records.runs import Point, RunDetail

_FIELD = 14
_SOME = 16
"""Params, tags, children and the like that show before the rest is folded away."""
_MOST_ERROR = 60
"""Lines of a traceback; its end tells most."""
_END = 8
"""Lines at the end of what a command printed, which show while the rest is folded away."""
_MOST_LINES = 5_000
"""Lines of one section that are laid out."""


@dataclass(frozen=True, slots=True)
class PageItem:
    """One line of a page."""

    key: Hashable
    """What tells it from every other, also when others open above it."""
    line: Line
    ref: str | None = None
    """An address that it leads to; None: to nothing."""
    section: str | None = None
    """What it opens or folds; None: nothing."""


@dataclass(frozen=True, slots=True)
class RunPage:
    """What a page is about."""

    detail: RunDetail
    curves: Mapping[str, Sequence[Point]]
    """The newest points of its metrics, by name."""
    patch: str | None = None
    """What was not committed when it started; None: nothing, or it was not kept."""
    lost: bool = False
    """Whether it is recorded as running but its process is gone."""


class _Page:
    """Lines that are laid one after another."""

    def __init__(self, width: int, opened: frozenset[str]) -> None:
        self.width = width
        self.opened = opened
        self.items: list[PageItem] = []
        self._within = ""

    def title(self, name: str) -> None:
        self._within = name
        if self.items:
            self.put(())
        self.put(((name, Tone.HEAD),))

    def put(self, line: Line, *, ref: str | None = None, section: str | None = None) -> None:
        self.items.append(PageItem((self._within, len(self.items), line[:1]), line, ref, section))

    def field(self, name: str, value: str, remark: str = "", *, tone: Tone = Tone.TEXT, ref: str | None = None) -> None:
        """A name, its value and what is to be said of it; a value that is empty is no line."""
        if not value:
            return
        room = max(8, self.width - _FIELD - 2)
        shown = cut_middle(value, room)
        label = left(cut_middle(name, _FIELD), _FIELD) + "  "
        spans: list[Span] = [(label, Tone.MUTED), (shown, Tone.KEY if ref else tone)]
        left_over = room - width_of(shown) - 2
        if remark and left_over > 4:
            spans.append(("  " + cut(remark, left_over), Tone.MUTED))
        self.items.append(PageItem((self._within, name, value), tuple(spans), ref))

    def fold(self, section: str, words: str) -> bool:
        """A line that opens and folds what comes below it; True when that is open."""
        is_open = section in self.opened
        sign = "▼" if is_open else "▸"
        line: Line = ((f"{sign} ", Tone.KEY), (cut(words, self.width - 2), Tone.MUTED))
        self.items.append(PageItem(("fold", section), line, section=section))
        return is_open

    def some(self, section: str, noun: str, fields: Sequence[tuple[str, str, str | None]]) -> None:
        """The first of many fields, and a line that opens the others."""
        first = fields if len(fields) <= _SOME + 2 else fields[:_SOME]
        for name, value, ref in first:
            self.field(name, value, ref=ref)
        if len(first) < len(fields) and self.fold(section, f"{number(len(fields) - len(first))} more {noun}"):
            for name, value, ref in fields[len(first) :]:
                self.field(name, value, ref=ref)

    def text(self, lines: Sequence[str], tone: Callable[[str], Tone] = lambda _: Tone.TEXT) -> None:
        """Lines of somebody else's text."""
        for n, line in enumerate(lines[:_MOST_LINES]):
            self.items.append(PageItem((self._within, n), (("  " + line, tone(line)),)))
        if len(lines) > _MOST_LINES:
            self.put(((f"  ⋯ {number(len(lines) - _MOST_LINES)} more lines", Tone.MUTED),))


def run_items(page: RunPage, now: Micros, width: int, opened: frozenset[str]) -> list[PageItem]:
    """The lines of a run's page.

    Args:
        page: the run, and what else is shown of it.
        now: to count ages from.
        width: cells there are.
        opened: the sections that are open.
    """
    detail, lines = page.detail, _Page(width, opened)
    _about(lines, page, now)
    _metrics(lines, page)
    if detail.params:
        lines.title("params")
        lines.some("params", "params", [(name, scalar(value), None) for name, value in sorted(detail.params.items())])
    _origin(lines, detail)
    if detail.outputs:
        lines.title("outputs")
        lines.some("outputs", "outputs", [(_what(ref), ref, ref) for ref in detail.outputs])
    _code(lines, page)
    _environment(lines, detail)
    if detail.tags:
        lines.title("tags")
        lines.some("tags", "tags", [(name, one_line(value), None) for name, value in sorted(detail.tags.items())])
    if detail.output:
        lines.title("output")
        _end_of(lines, "output", detail.output, _END)
    if detail.error:
        lines.title("error")
        _end_of(lines, "error", detail.error, _MOST_ERROR)
    return lines.items


def _what(ref: str) -> str:
    return "dataset" if ref.startswith("data:") else "version"


def _about(lines: _Page, page: RunPage, now: Micros) -> None:
    run = page.detail.run
    ended = run.ended_at if run.ended_at is not None else now
    is_running = run.status is RunStatus.RUNNING
    took = f"for {age(run.started_at, ended)}" if is_running else f"after {_took(page.detail, ended)}"
    if page.lost:
        lines.field("status", "lost", "its process is gone; lineal doctor --repair ends it", tone=Tone.FAILED)
    else:
        tone = Tone.TEXT if run.status is RunStatus.FINISHED else STATUS_TONES[run.status]
        lines.field("status", str(run.status), took, tone=tone)
    lines.field("experiment", run.experiment, str(run.kind))
    lines.field("started", local_time(run.started_at), f"{ago(run.started_at, now)} by {run.actor}")


def _took(detail: RunDetail, ended: Micros) -> str:
    seconds = (ended - detail.run.started_at) / 1_000_000
    return f"{seconds:.1f} s" if seconds < 120 else age(detail.run.started_at, ended)


def _origin(lines: _Page, detail: RunDetail) -> None:
    if detail.inputs or detail.parent or detail.children or detail.command or detail.seed is not None:
        lines.title("came from")
    for data in detail.inputs:
        ref = f"data:{data.name}:{data.label}"
        lines.field(data.role, ref, short_digest(data.digest), ref=ref)
    if detail.parent:
        lines.field("parent", f"run:{detail.parent[:12]}", ref=f"run:{detail.parent}")
    lines.field("command", shlex.join(detail.command) if detail.command else "")
    lines.field("seed", "" if detail.seed is None else str(detail.seed))
    if detail.children:
        lines.title("children")
        lines.some("children", "runs", [("", f"run:{child[:12]}", f"run:{child}") for child in detail.children])


def _code(lines: _Page, page: RunPage) -> None:
    code = page.detail.code
    if code is None:
        return
    lines.title("code")
    lines.field("commit", code.commit[:12], code.branch or "on no branch")
    lines.field("repository", code.remote or code.repository or "", code.folder)
    if code.dirty and page.patch is None:
        lines.field("changes", "not committed, and not kept", code.patch_missing or "", tone=Tone.CHANGED)
    elif page.patch is not None:
        changes = clean(page.patch, keep_newlines=True).rstrip("\n").split("\n")
        added = sum(1 for line in changes if line.startswith("+") and not line.startswith("+++"))
        taken = sum(1 for line in changes if line.startswith("-") and not line.startswith("---"))
        files = sum(1 for line in changes if line.startswith("diff "))
        words = f"not committed: {counted(files, 'file')}, {counted(added, 'line')} added, {number(taken)} removed"
        if lines.fold("patch", words):
            lines.text(changes, _patch_tone)
    if code.untracked and lines.fold("untracked", f"{counted(len(code.untracked), 'file')} not tracked"):
        lines.text([one_line(name) for name in code.untracked])


def _patch_tone(line: str) -> Tone:
    if line.startswith(("diff ", "index ", "+++", "---")):
        return Tone.HEAD
    if line.startswith("@@"):
        return Tone.CHANGED
    return {"+": Tone.BETTER, "-": Tone.WORSE}.get(line[:1], Tone.TEXT)


def _environment(lines: _Page, detail: RunDetail) -> None:
    found = detail.environment
    if found is None:
        return
    lines.title("environment")
    lines.field("python", found.python, found.implementation)
    lines.field("platform", found.platform)
    cores = f", {counted(found.cpu_count, 'core')}" if found.cpu_count else ""
    memory = f", {size(found.memory_bytes)}" if found.memory_bytes else ""
    lines.field("machine", f"{found.cpu or 'cpu'}{cores}{memory}")
    for name in found.gpus:
        lines.field("gpu", name)
    if found.packages and lines.fold("packages", counted(len(found.packages), "package")):
        width = max(width_of(name) for name, _ in found.packages)
        lines.text([f"{one_line(name):{min(width, 40)}}  {one_line(version)}" for name, version in found.packages])


def _end_of(lines: _Page, section: str, text: str, most: int) -> None:
    """The end of a text, which tells most; the line above it opens the whole."""
    whole = clean(text, keep_newlines=True).rstrip().split("\n")
    before = len(whole) - most
    if before > 1 and not lines.fold(section, f"{counted(before, 'line')} before"):
        whole = whole[-most:]
    lines.text(whole)


def _metrics(lines: _Page, page: RunPage) -> None:
    series = page.detail.metrics
    if not series:
        return
    lines.title("metrics")
    name_width = min(24, max(6, *(width_of(one_line(each.name)) for each in series)))
    titles = f"{'':{name_width}}  {'last':>10}  {'best':>10}  {'points':>9}"
    lines.put(((titles, Tone.HEAD),))
    room = lines.width - width_of(titles) - 2
    first = series if len(series) <= _SOME + 2 else series[:_SOME]
    rest = series[len(first) :]
    is_open = False
    for n, each in enumerate((*first, *rest)):
        if n == len(first):
            is_open = lines.fold("metrics", f"{number(len(rest))} more metrics")
        if n >= len(first) and not is_open:
            break
        spans: list[Span] = [
            (left(cut_middle(each.name, name_width), name_width), Tone.TEXT),
            ("  " + right(metric(each.last), 10), Tone.STRONG),
            ("  " + right("-" if each.best is None else metric(each.best), 10), Tone.MUTED),
            ("  " + right(number(each.count), 9), Tone.MUTED),
        ]
        points = page.curves.get(each.name, ())
        if room >= 8 and len(points) > 1:
            spans.append(("  " + sparkline([point.value for point in points], min(room, 48)), Tone.CHANGED))
        elif room >= 12 and each.dataset:
            spans.append(("  on " + cut_middle(each.dataset, room - 5), Tone.MUTED))
        lines.items.append(PageItem(("metrics", each.name), tuple(spans)))
