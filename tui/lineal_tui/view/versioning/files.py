"""The files of a version and the arrays in them, each held against the version that is live."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut_middle, left, right, rule, width_of
from lineal_tui.view.drawing.words import counted, number, short_digest, size

if TYPE_CHECKING:
    from lineal.records.models import FileEntry, Tensor, VersionDetail

_TIMES = "\N{MULTIPLICATION SIGN}"
_CHANGES = {
    "same": ("=", Tone.FAINT),
    "changed": ("changed", Tone.CHANGED),
    "added": ("+ added", Tone.CHANGED),
    "removed": ("- removed", Tone.WORSE),
    "other values": ("other values", Tone.CHANGED),
    "other shape": ("other shape", Tone.WORSE),
    "other type": ("other type", Tone.WORSE),
    "": ("", Tone.MUTED),
}


def files_title(detail: VersionDetail, against: VersionDetail | None, width: int, *, active: bool) -> Line:
    """The rule above the files."""
    start: Line = (
        ("files of ", Tone.MUTED),
        (cut_middle(detail.version.ref, max(8, width // 2)), Tone.TITLE if active else Tone.STRONG),
    )
    end: Line = () if against is None else ((f"against {cut_middle(against.version.label, 24)}", Tone.MUTED),)
    return rule(start, end, width)


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of the page."""

    line: Line
    path: str | None = None
    """Of the file that it is about; None when it is about none."""
    gone: bool = False
    """Whether the file is one of the other version only."""

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return self.path or ""


def files_rows(detail: VersionDetail, against: VersionDetail | None, width: int) -> list[FileRow]:
    """The rows of the page.

    Args:
        detail: the version.
        against: the one that is live; None when nothing is, or it is this one.
        width: cells there are.
    """
    rows = _files(detail, against, width)
    return rows + [FileRow(line) for line in _architecture(detail, against, width)]


def _architecture(detail: VersionDetail, against: VersionDetail | None, width: int) -> list[Line]:
    architecture = detail.architecture
    lines: list[Line] = []
    if architecture is None:
        return lines
    parameters = "" if architecture.parameters is None else f"{number(architecture.parameters)} parameters"
    lines.extend(((), (("architecture", Tone.HEAD),)))
    lines.append(
        (
            (one_line(architecture.kind), Tone.TEXT),
            ("  " + parameters if parameters else "", Tone.STRONG),
            (f"  {short_digest(architecture.digest)}", Tone.MUTED),
            ("  " + _structure(detail, against), Tone.MUTED),
        )
    )
    for name, value in sorted(architecture.metadata.items()):
        lines.append(((left(cut_middle(name, 20), 20) + "  ", Tone.MUTED), (cut_middle(value, width - 22), Tone.TEXT)))
    if architecture.tensors or (against and against.architecture and against.architecture.tensors):
        lines.extend(_tensors(detail, against, width))
    return lines


def _structure(detail: VersionDetail, against: VersionDetail | None) -> str:
    if against is None or against.architecture is None or detail.architecture is None:
        return ""
    same = against.architecture.digest == detail.architecture.digest
    return f"the same as {one_line(against.version.label)}" if same else f"other than {one_line(against.version.label)}"


def _files(detail: VersionDetail, against: VersionDetail | None, width: int) -> list[FileRow]:
    artifact = detail.artifact
    if artifact is None:
        return [FileRow((("registered without files", Tone.MUTED),))]
    other = {} if against is None or against.artifact is None else {file.path: file for file in against.artifact.files}
    here = {file.path for file in artifact.files}
    is_purged = detail.retirement is not None and detail.retirement.purged_at is not None
    rows: list[tuple[FileEntry, str]] = []
    for file in artifact.files:
        before = other.get(file.path)
        change = "" if against is None else "added" if before is None else _same(before.digest == file.digest)
        rows.append((file, change))
    rows.extend((file, "removed") for path, file in other.items() if path not in here)
    path_width = min(max(width_of(one_line(file.path)) for file, _ in rows), max(12, width - 46)) if rows else 12
    lines: list[Line] = [
        (
            (counted(len(artifact.files), "file"), Tone.STRONG),
            (f"  {size(artifact.size)}  {short_digest(artifact.digest)}", Tone.MUTED),
            ("  purged: only digests and sizes are left" if is_purged else "", Tone.CHANGED),
        ),
        (),
        ((f"{left('FILE', path_width)}  {'FORMAT':11}  {'SIZE':>10}  {'DIGEST':12}", Tone.HEAD),),
    ]
    shown = [FileRow(line) for line in lines]
    for file, change in rows:
        gone = change == "removed"
        line: Line = (
            (left(cut_middle(file.path, path_width), path_width), Tone.MUTED if gone else Tone.TEXT),
            ("  " + left(file.format, 11), Tone.MUTED),
            ("  " + right(size(file.size), 10), Tone.MUTED if gone else Tone.TEXT),
            ("  " + short_digest(file.digest), Tone.MUTED),
            ("  ", Tone.TEXT),
            _CHANGES[change],
        )
        shown.append(FileRow(line, file.path, gone=gone))
    return shown


def _same(same: bool) -> str:
    return "same" if same else "changed"


def _tensors(detail: VersionDetail, against: VersionDetail | None, width: int) -> list[Line]:
    tensors = detail.architecture.tensors if detail.architecture else ()
    others = against.architecture.tensors if against is not None and against.architecture else ()
    other = {tensor.name: tensor for tensor in others}
    here = {tensor.name for tensor in tensors}
    rows = [
        (tensor, "" if against is None or not others else _change(tensor, other.get(tensor.name))) for tensor in tensors
    ]
    rows.extend((tensor, "removed") for tensor in others if tensor.name not in here)
    names = max((width_of(one_line(tensor.name)) for tensor, _ in rows), default=8)
    shapes = max((width_of(_shape(tensor)) for tensor, _ in rows), default=5)
    shape_width = min(max(5, shapes), 24)
    name_width = max(8, min(names, width - shape_width - 36))
    changed = sum(change not in {"", "same"} for _, change in rows)
    remark = f"  {changed} of {number(len(rows))} changed" if others else ""
    lines: list[Line] = [
        (),
        ((counted(len(tensors), "tensor"), Tone.STRONG), (remark, Tone.MUTED)),
        (),
        ((f"{left('TENSOR', name_width)}  {'TYPE':6}  {left('SHAPE', shape_width)}  {'NUMBERS':>12}", Tone.HEAD),),
    ]
    for tensor, change in rows:
        tone = Tone.MUTED if change == "removed" else Tone.TEXT
        spans: list[Span] = [
            (left(cut_middle(tensor.name, name_width), name_width), tone),
            ("  " + left(tensor.dtype, 6), Tone.MUTED),
            ("  " + left(_shape(tensor), shape_width), tone),
            ("  " + right(number(math.prod(tensor.shape)), 12), Tone.MUTED),
            ("  ", Tone.TEXT),
            _CHANGES[change],
        ]
        lines.append(tuple(spans))
    return lines


def _shape(tensor: Tensor) -> str:
    return _TIMES.join(str(length) for length in tensor.shape) or "scalar"


def _change(tensor: Tensor, before: Tensor | None) -> str:
    if before is None:
        return "added"
    if before.shape != tensor.shape:
        return "other shape"
    if before.dtype != tensor.dtype:
        return "other type"
    if before.digest is None or tensor.digest is None:
        return ""
    return "same" if before.digest == tensor.digest else "other values"
