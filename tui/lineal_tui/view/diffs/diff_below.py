"""What opens below a row of a difference: long values word by word, commits, patches, what each version has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lineal.diff.words import Part, word_diff
from lineal.records.comparison import Section, Verdict
from lineal_tui.view.diffs.verdicts import difference, judged, labels, remark, shown_value
from lineal_tui.view.drawing.clean import clean, one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, left, width_of
from lineal_tui.view.drawing.words import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lineal.records.comparison import CodeBetween, Commit, Diff, DiffRow

LONG = 60
"""Letters of a value that is told word by word."""
_FILES = 30
_MARKS = {Part.SAME: ("", "", Tone.TEXT), Part.REMOVED: ("[-", "-]", Tone.WORSE), Part.ADDED: ("{+", "+}", Tone.BETTER)}
"""As `git diff --word-diff` has them: what came and went is told by signs, too."""


def below(diff: Diff, row: DiffRow, place: int, width: int, *, most: int = 500) -> list[Line]:
    """The lines below a row that is open.

    Args:
        diff: What the row is of.
        row: One of its rows.
        place: Of the version that is held against the baseline; from 1.
        width: Cells there are.
        most: Lines of a patch.
    """
    lines: list[Line] = []
    first, other = row.values[0], row.values[place]
    if len(diff.versions) > 2:
        lines += _each(diff, row, width)
    if is_long(row, place):
        if isinstance(first, str) and isinstance(other, str) and first != other:
            lines += words(first, other, width)
        elif len(diff.versions) == 2:
            lines += wrapped((clean(str(other if first is None else first), keep_newlines=True), Tone.TEXT), width)
    elif len(diff.versions) == 2:
        lines += _pair(diff, row, place, width)
    if row.section is Section.CODE and row.field in ("commit", "uncommitted changes"):
        lines += code_lines(diff, row, place, width, most=most)
    return lines


def is_long(row: DiffRow, place: int) -> bool:
    """Whether a row's values say more than fits into a column."""
    return any(
        isinstance(value, str) and (len(value) > LONG or "\n" in value) for value in (row.values[0], row.values[place])
    )


def _pair(diff: Diff, row: DiffRow, place: int, width: int) -> list[Line]:
    names = labels(diff)
    found: list[Line] = []
    for n in (0, place):
        value = row.values[n]
        text = (
            "-"
            if value is None
            else one_line(str(value))
            if isinstance(value, str | float)
            else shown_value(row, value)
        )
        found += wrapped((text, Tone.TEXT), width, lead=left(cut_middle(names[n], 16), 18))
    return found


def _each(diff: Diff, row: DiffRow, width: int) -> list[Line]:
    names = labels(diff)
    name_width = min(24, max(width_of(name) for name in names))
    values = [shown_value(row, value) for value in row.values]
    value_width = min(max(width_of(value) for value in values), max(8, width - name_width - 30))
    lines: list[Line] = []
    for n, value in enumerate(values):
        spans: list[Span] = [
            (left(cut_middle(names[n], name_width), name_width) + "  ", Tone.MUTED),
            (left(cut_middle(value, value_width), value_width) + "  ", Tone.TEXT),
        ]
        if n == 0:
            spans.append(("baseline", Tone.MUTED))
        else:
            change = row.change(n)
            sign, word, tone = judged(change)
            less = difference(row, n)
            note = remark(change)
            spans.append((f"{less} " if less else "", Tone.TEXT))
            spans.append((f"{sign} {word}", tone))
            spans.append((f"  {note}" if note else "", Tone.MUTED))
        lines.append(tuple(spans))
    return lines


def words(old: str, new: str, width: int) -> list[Line]:
    """Two texts as one, with what was removed and what was added, in lines."""
    spans: list[Span] = []
    for piece in word_diff(clean(old, keep_newlines=True), clean(new, keep_newlines=True)):
        start, end, tone = _MARKS[piece.part]
        text = piece.text
        if piece.part is Part.SAME and len(text) > 400:
            text = f"{text[:160]} … {number(len(text) - 320)} letters alike … {text[-160:]}"
        spans.append((start + text + end, tone))
    return wrapped_spans(spans, width)


def wrapped(span: Span, width: int, *, lead: str = "") -> list[Line]:
    """A text of any length in lines, the first of them after a lead."""
    room = max(8, width - width_of(lead))
    lines = wrapped_spans([span], room) or [()]
    return [((lead if n == 0 else " " * width_of(lead), Tone.MUTED), *line) for n, line in enumerate(lines)]


def wrapped_spans(spans: Iterable[Span], width: int, most: int = 500) -> list[Line]:
    """Clean spans with newlines as lines that are no wider than there is room; letters wrap where the line ends."""
    width = max(8, width)
    lines: list[Line] = []
    line: list[Span] = []
    used = 0
    for text, tone in spans:
        for n, part in enumerate(text.split("\n")):
            if n:
                lines.append(tuple(line))
                line, used = [], 0
            rest = part
            while rest:
                piece = _head(rest, width - used)
                if not piece:
                    lines.append(tuple(line))
                    line, used = [], 0
                    continue
                line.append((piece, tone))
                used += width_of(piece)
                rest = rest[len(piece) :]
            if len(lines) >= most:
                return [*lines[:most], (("… there is more; JSON has it all", Tone.MUTED),)]
    if line:
        lines.append(tuple(line))
    return lines


def _head(text: str, room: int) -> str:
    if room <= 0:
        return ""
    piece = text[:room]
    while width_of(piece) > room:
        piece = piece[:-1]
    if not piece and room >= 8:
        return text[:1]
    return piece


# code


def code_lines(diff: Diff, row: DiffRow, place: int, width: int, *, most: int) -> list[Line]:
    """Commits, files and patch between two versions; or why they are not told."""
    if row.change(place).verdict in (Verdict.SAME, Verdict.ADDED, Verdict.REMOVED) and row.field == "commit":
        return []
    if not diff.code:
        return [(("git is asked …", Tone.MUTED),)]
    between = diff.code[place - 1]
    if between is None:
        return []
    if row.field == "commit":
        return commit_lines(between, width, most=most)
    names = labels(diff)
    lines: list[Line] = []
    for name, patch in ((names[0], between.uncommitted[0]), (names[place], between.uncommitted[1])):
        what = "nothing was kept of uncommitted changes" if patch is None else "had not committed"
        lines.append(((cut(f"{name}: {what}", width), Tone.HEAD),))
        lines += patch_lines(patch or "", width, most)
    return lines


def code_summary(between: CodeBetween) -> str:
    """`3 commits ahead, 1 behind, 5 files +120 -30`, or why that is not known; clean."""
    if between.missing is not None:
        return one_line(between.missing)
    parts = []
    if between.ahead_count or not between.behind_count:
        parts.append(f"{counted(between.ahead_count, 'commit')} ahead")
    if between.behind_count:
        parts.append(
            f"{counted(between.behind_count, 'commit')} behind" if not parts else f"{between.behind_count} behind"
        )
    if between.shallow:
        parts.append("of a history that is cut off")
    added = sum(file.added or 0 for file in between.files)
    removed = sum(file.removed or 0 for file in between.files)
    parts.append(f"{counted(len(between.files), 'file')} +{added:,} -{removed:,}")
    return ", ".join(parts)


def commit_lines(between: CodeBetween, width: int, *, most: int) -> list[Line]:
    """The commits of each side, the files they touch, and the patch."""
    lines: list[Line] = [((cut(code_summary(between), width), Tone.HEAD),)]
    if between.missing is not None or between.repository is None:
        return lines
    lines.append(((cut_middle(f"as {between.repository} has it", width), Tone.MUTED),))
    for sign, tone, commits, count in (
        ("+", Tone.BETTER, between.ahead, between.ahead_count),
        ("-", Tone.WORSE, between.behind, between.behind_count),
    ):
        lines += [_commit(sign, tone, commit, width) for commit in commits]
        if count > len(commits):
            lines.append(((f"{sign} … {number(count - len(commits))} older ones", Tone.MUTED),))
    shown = between.files[:_FILES]
    room = min(max(8, width - 20), max((width_of(one_line(file.path)) for file in shown), default=8))
    for file in shown:
        told = "not text" if file.added is None or file.removed is None else f"+{file.added:,} -{file.removed:,}"
        lines.append((("  " + left(cut_middle(file.path, room), room) + "  ", Tone.TEXT), (told, Tone.MUTED)))
    if len(between.files) > _FILES:
        lines.append(((f"  … {number(len(between.files) - _FILES)} more files", Tone.MUTED),))
    lines += patch_lines(between.patch or "", width, most, is_cut=between.patch_cut)
    return lines


def _commit(sign: str, tone: Tone, commit: Commit, width: int) -> Line:
    day = datetime.fromtimestamp(min(commit.at, 1 << 37), UTC).strftime("%Y-%m-%d")
    head = f"{sign} {commit.id[:8]} {day} "
    author = f" ({cut(commit.author, 20)})" if commit.author else ""
    return (
        (head, tone),
        (cut(commit.subject, max(8, width - len(head) - width_of(author))), Tone.TEXT),
        (author, Tone.MUTED),
    )


def patch_lines(patch: str, width: int, most: int, *, is_cut: bool = False) -> list[Line]:
    """A patch, its additions and removals with their signs as git writes them."""
    found = clean(patch, keep_newlines=True).split("\n")
    if found and not found[-1]:
        found.pop()
    lines: list[Line] = [((cut_plain(line, width), _tone(line)),) for line in found[:most]]
    if len(found) > most:
        lines.append(((f"… {number(len(found) - most)}{' or more' if is_cut else ''} more lines", Tone.MUTED),))
    elif is_cut:
        lines.append((("… it is longer than is told here", Tone.MUTED),))
    return lines


def cut_plain(line: str, width: int) -> str:
    """A clean line made to fit, its blanks as they are."""
    if width_of(line) <= width:
        return line
    piece = line[: max(0, width - 1)]
    while width_of(piece) > max(0, width - 1):
        piece = piece[:-1]
    return piece + "…"


def _tone(line: str) -> Tone:
    if line.startswith(("+++", "---", "diff ", "index ")):
        return Tone.STRONG
    if line.startswith("@@"):
        return Tone.HEAD
    return Tone.BETTER if line.startswith("+") else Tone.WORSE if line.startswith("-") else Tone.MUTED


def sum_lines(rows: Sequence[DiffRow], place: int, width: int, most: int) -> list[Line]:
    """The rows that another sums up, one line each."""
    shown = [row for row in rows if row.change(place).tells]
    told = []
    for row in shown[:most]:
        first, other = shown_value(row, row.values[0]), shown_value(row, row.values[place])
        told.append((f"{row.field}  {first}" + (f" → {other}" if first != other else ""), judged(row.change(place))))
    room = min(max(8, width - 22), max((width_of(one_line(text)) for text, _ in told), default=8))
    lines: list[Line] = [
        ((left(cut_middle(text, room), room) + "  ", Tone.TEXT), (f"{sign} {word}", tone))
        for text, (sign, word, tone) in told
    ]
    if len(shown) > most:
        lines.append(((f"… {number(len(shown) - most)} more", Tone.MUTED),))
    return lines
