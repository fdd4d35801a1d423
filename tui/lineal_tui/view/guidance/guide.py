"""Guides as lines: the Markdown they are written in, laid out for a terminal without a toolkit.

It knows what our own guides use and no more: headings, paragraphs, lists, fenced code, tables, and within a line code,
strong words and links. Everything else is shown as it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.errors import NotFound
from lineal.rules.refs import nearest
from lineal_tui.view.drawing.clean import clean
from lineal_tui.view.drawing.lines import Line, Span, Tone, line_width, width_of, wrap
from lineal_tui.view.guidance.topics import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_FOLDER = Path(__file__).parents[2] / "guides"

_HEADING = re.compile(r"(#{1,4}) +(.*)")
_ITEM = re.compile(r"( *)([-*]|\d+\.) +(.*)")
_FENCE = re.compile(r" *```")
_RULED = re.compile(r"\|[ :|-]+\|")
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)]+)\)")
_CELL = re.compile(r"(?<!\\)\|")

_INDENT = 2
"""Cells before code."""
_GAP = "  "
_LEAST = 8
"""Cells below which no column of a table is narrowed."""
_WIDEST = 100
"""Cells beyond which lines of prose are hard to follow."""
_USUAL = 80
"""Cells where nobody looks, such as in a pipe."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a guide is called, and what it is about."""

    name: str
    title: str


def topics() -> list[Topic]:
    """All guides."""
    return [Topic(name, source(name).partition("\n")[0].lstrip("# ")) for name in TOPICS]


def source(topic: str) -> str:
    """The Markdown of a guide.

    Raises:
        NotFound: there is none on this topic.
    """
    if topic not in TOPICS:
        near = tuple(f"lineal guide {name}" for name in nearest(topic, list(TOPICS)))
        hint = None if near else _telling_of(topic) or "`lineal guide` lists them all"
        raise NotFound(kind="guide", name=topic, nearest=near, hint=hint)
    return (_FOLDER / f"{topic}.md").read_text(encoding="utf-8")


def _telling_of(word: str) -> str | None:
    """Which guide tells most of something that is no topic; None when none does."""
    told = {name: source(name).lower().count(word.lower()) for name in TOPICS if name != "reference" and word}
    most = max(told, key=told.__getitem__, default=None)
    return f"`lineal guide {most}` tells of {word}" if most is not None and told[most] else None


def page(topic: str, width: int | None = None, *, about: str = "") -> list[Line]:
    """A guide laid out.

    Args:
        topic: one of `TOPICS`.
        width: cells there are; None where no person looks. Code is neither wrapped nor cut.
        about: only the sections with this in their headings, else those that tell of it; empty for all of it.

    Raises:
        NotFound: there is no guide on this topic, or nothing in it about that.
    """
    text = source(topic)
    return laid_out(_about(topic, text, about) if about else text, min(width or _USUAL, _WIDEST))


def contents(topic: str, width: int) -> list[Line]:
    """What a guide has, for whom all of it would be too much at once: its sections, with the parts that these have."""
    lines: list[Line] = []
    for section in _cut(source(topic), "## ")[1:]:
        heading, *parts = (each.partition("\n")[0].lstrip("# ") for each in _cut(section, "### "))
        lines.append(((heading, Tone.STRONG),))
        words = [
            ((part.removeprefix("lineal ") + ("," if n < len(parts) else ""), Tone.TEXT),)
            for n, part in enumerate(parts, 1)
        ]
        lines += [((" " * _INDENT, Tone.TEXT), *line) for line in wrap(words, width - _INDENT)]
    return lines


def _cut(text: str, mark: str) -> list[str]:
    """What stands before the first heading that begins with a mark, then each with what follows it."""
    before, *sections = re.split(f"^{mark}", text, flags=re.MULTILINE)
    return [before, *(mark + each for each in sections)]


def _about(topic: str, text: str, about: str) -> str:
    """The sections with these words in the heading, else what is of that command, else the parts with the words."""
    sections = _cut(text, "## ")[1:]
    parts = [each for section in sections for each in _cut(section, "### ")]
    wanted = about.lower().removeprefix("lineal ")
    found = [each for each in sections if wanted in _heading(each)]
    found = found or [each for each in parts if f"{_heading(each)} ".startswith(f"lineal {wanted} ")]
    found = found or [each for each in parts if wanted in each.lower()]
    if not found:
        headings = [each.partition("\n")[0].lstrip("# ") for each in sections]
        hint = f"its sections are {', '.join(headings)}"
        raise NotFound(kind="section about", name=about, where=f" in the guide {topic}", hint=hint)
    return "\n".join(found)


def _heading(section: str) -> str:
    return section.partition("\n")[0].lstrip("# ").lower()


def laid_out(markdown: str, width: int) -> list[Line]:
    """Markdown as lines of at most `width` cells, but for code and what cannot be broken."""
    lines: list[Line] = []
    for block in _blocks(clean(markdown, keep_newlines=True).split("\n")):
        drawn = _drawn(block, width)
        if lines and drawn:
            lines.append(())
        lines += drawn
    return lines


def _blocks(rows: Sequence[str]) -> Iterator[list[str]]:
    """The rows between empty ones; a heading stands alone, and code stays together."""
    block: list[str] = []
    is_code = False
    for row in rows:
        fence = _FENCE.match(row) is not None
        if not is_code and block and (fence or not row.strip() or _HEADING.match(row)):
            yield block
            block = []
        if is_code or row.strip():
            block.append(row)
        if fence:
            is_code = not is_code
        if block and not is_code and (fence or _HEADING.match(row)):
            yield block
            block = []
    if block:
        yield block


def _drawn(block: Sequence[str], width: int) -> list[Line]:
    if _FENCE.match(block[0]):
        return [_code(row) for row in block[1:] if not _FENCE.match(row)]
    heading = _HEADING.match(block[0])
    if heading:
        tone = Tone.TITLE if len(heading[1]) == 1 else Tone.STRONG
        rule: list[Line] = [(("─" * min(width, width_of(heading[2])), Tone.FAINT),)] if len(heading[1]) == 1 else []
        return [((heading[2], tone),), *rule]
    if block[0].startswith("|"):
        return _table([[cell.strip().replace("\\|", "|") for cell in _CELL.split(row)[1:-1]] for row in block], width)
    return [line for piece in _pieces(block) for line in _piece(piece, width)]


def _code(row: str) -> Line:
    tone = Tone.MUTED if row.lstrip().startswith("#") else Tone.TEXT
    return ((" " * _INDENT + row, tone),) if row.strip() else ()


def _pieces(block: Sequence[str]) -> Iterator[str]:
    """Items of a list, or one paragraph; rows that were broken in the file are joined."""
    piece = ""
    for row in block:
        if _ITEM.match(row) and piece:
            yield piece
            piece = row
        else:
            piece = f"{piece} {row.strip()}" if piece else row.rstrip()
    yield piece


def _piece(piece: str, width: int) -> list[Line]:
    item = _ITEM.match(piece)
    if item is None:
        return _wrapped(_words(piece), width)
    sign: Line = ((f"{item[1]}{'•' if item[2] in '-*' else item[2]} ", Tone.MUTED),)
    hang = width_of(sign[0][0])
    rest = _wrapped(_words(item[3]), max(width - hang, _LEAST))
    return [(*(sign if not n else ((" " * hang, Tone.TEXT),)), *line) for n, line in enumerate(rest)]


def _wrapped(words: Sequence[Line], width: int) -> list[Line]:
    """Words in lines; one that is too long for a line goes on in the next, for a name cut off is no name."""
    return wrap([piece for word in words for piece in _broken(word, width)], width)


def _broken(word: Line, width: int) -> Iterator[Line]:
    if line_width(word) <= width:
        yield word
        return
    letters = [(letter, tone) for text, tone in word for letter in text]
    for start in range(0, len(letters), width):
        yield tuple(letters[start : start + width])


def _words(text: str, tone: Tone = Tone.TEXT) -> list[Line]:
    """The words of a text with their tones; what touches stays one word."""
    words: list[list[Span]] = [[]]
    for part, its_tone in _parts(text, tone):
        first, *others = re.split(r"\s+", part)
        for n, word in enumerate((first, *others)):
            if n:
                words.append([])
            if word:
                words[-1].append((word, its_tone))
    return [tuple(word) for word in words if word]


def _parts(text: str, tone: Tone) -> Iterator[Span]:
    place = 0
    for match in _INLINE.finditer(text):
        yield text[place : match.start()], tone
        code, strong, link, address = match.groups()
        if link:
            yield f"{link} ({address})", tone
        elif strong:
            yield from _parts(strong, Tone.STRONG)
        else:
            yield code, Tone.KEY
        place = match.end()
    yield text[place:], tone


def _table(rows: Sequence[Sequence[str]], width: int) -> list[Line]:
    has_head = len(rows) > 1 and _RULED.fullmatch(f"|{'|'.join(rows[1])}|") is not None
    body = [row for n, row in enumerate(rows) if not (has_head and n == 1)]
    cells = [
        [_words(cell, Tone.HEAD if has_head and not n else Tone.TEXT) for cell in row] for n, row in enumerate(body)
    ]
    widths = [max(_length(row[n]) for row in cells if n < len(row)) for n in range(len(cells[0]))]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width and max(widths) > _LEAST:
        widths[widths.index(max(widths))] -= 1
    return [line for row in cells for line in _row(row, widths)]


def _length(words: Sequence[Line]) -> int:
    return sum(line_width(word) for word in words) + max(len(words) - 1, 0)


def _row(row: Sequence[Sequence[Line]], widths: Sequence[int]) -> list[Line]:
    cells = [_wrapped(words, room) for words, room in zip(row, widths, strict=False)]
    lines: list[Line] = []
    for n in range(max(len(cell) for cell in cells)):
        spans: list[Span] = []
        for place, (cell, room) in enumerate(zip(cells, widths, strict=False)):
            line = cell[n] if n < len(cell) else ()
            blanks = room - line_width(line) + len(_GAP)
            spans += [*line, *(((" " * blanks, Tone.TEXT),) if place < len(cells) - 1 else ())]
        lines.append(tuple(spans))
    return lines
