"""A file of a version as a page: its text, or what its bytes tell and what loading it would do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lineal.records.contents import Concern
from lineal_tui.view.drawing.clean import clean, one_line
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, left, right, rule, width_of
from lineal_tui.view.drawing.words import counted, number, short_digest, size

if TYPE_CHECKING:
    from lineal.records.contents import Contents, FileContent, Import, Pickled
    from lineal.records.models import Tensor
    from lineal_tui.view.as_json.values import Object

_MOST_LINES = 50_000
_MEMBERS = 200
_TENSORS = 1_000
_IMPORTS = 200
_TIMES = "\N{MULTIPLICATION SIGN}"
_TONES = {Concern.DANGEROUS: Tone.FAILED, Concern.UNKNOWN: Tone.WORSE, Concern.USUAL: Tone.MUTED}


def content_title(found: FileContent, width: int, *, active: bool) -> Line:
    """The rule above a file."""
    return rule(
        (
            (cut_middle(found.entry.path, max(8, width // 2)), Tone.TITLE if active else Tone.STRONG),
            (f" of {cut_middle(found.ref, max(8, width // 4))}", Tone.MUTED),
        ),
        ((f"{one_line(found.entry.format)}  {size(found.entry.size)}", Tone.MUTED),),
        width,
    )


def content_lines(found: FileContent, width: int | None) -> list[Line]:
    """The lines of a file's page; `width` is the cells there are, None to cut nothing."""
    if found.text is not None:
        return _text(found, width)
    contents = found.contents
    room = 10_000 if width is None else width
    lines: list[Line] = []
    if contents is None:
        return lines
    lines.extend(_warnings(contents))
    lines.append((("digest  ", Tone.MUTED), (short_digest(found.entry.digest), Tone.TEXT)))
    if contents.pickled is not None and contents.pickled.root is not None:
        lines.append((("holds   ", Tone.MUTED), (one_line(contents.pickled.root), Tone.STRONG)))
    if contents.facts:
        names = min(24, max(width_of(one_line(name)) for name, _ in contents.facts))
        lines.extend(((), (("it says", Tone.HEAD),)))
        lines.extend(
            (
                (left(cut_middle(name, names), names) + "  ", Tone.MUTED),
                (cut_middle(value, room - names - 2), Tone.TEXT),
            )
            for name, value in contents.facts
        )
    if contents.pickled is not None:
        lines.extend(_imports(contents.pickled, room))
    if contents.tensors:
        lines.extend(_tensors(contents.tensors, room))
    if contents.members:
        lines.extend(_members(contents.members, room))
    if not (contents.facts or contents.tensors or contents.members or contents.pickled):
        lines.extend(((), (("nothing more can be told of it without loading it", Tone.MUTED),)))
    return lines


def warning(contents: Contents) -> str | None:
    """What loading a file would do, in one sentence; None where it runs no code."""
    if not contents.executes:
        return None
    dangerous = [
        each for each in (contents.pickled.imports if contents.pickled else ()) if each.concern is Concern.DANGEROUS
    ]
    if dangerous:
        return f"loading it runs code: it calls for {', '.join(one_line(each.name) for each in dangerous[:4])}"
    return "loading it runs whatever code it names"


def _warnings(contents: Contents) -> list[Line]:
    lines: list[Line] = []
    told = warning(contents)
    if told is not None:
        is_dangerous = contents.pickled is not None and any(
            each.concern is Concern.DANGEROUS for each in contents.pickled.imports
        )
        lines.append(((f"✗ {told}", Tone.FAILED if is_dangerous else Tone.WORSE),))
        lines.append((("  read without loading it; no proof of what is not listed", Tone.MUTED),))
    if contents.trouble is not None:
        lines.append(((f"✗ {one_line(contents.trouble)}", Tone.WORSE),))
    return [*lines, ()] if lines else lines


def _imports(pickled: Pickled, room: int) -> list[Line]:
    lines: list[Line] = [
        (),
        (
            (counted(len(pickled.imports), "import"), Tone.HEAD),
            (f"  pickle protocol {pickled.protocol}", Tone.MUTED),
        ),
    ]
    lines.extend(
        (
            (left(_word(each), 10) + " ", _TONES[each.concern]),
            (cut_middle(each.name, max(8, room - 11)), Tone.TEXT if each.concern is Concern.USUAL else Tone.STRONG),
        )
        for each in pickled.imports[:_IMPORTS]
    )
    return lines + _rest(len(pickled.imports), _IMPORTS)


def _word(each: Import) -> str:
    return {Concern.DANGEROUS: "DANGEROUS", Concern.UNKNOWN: "unknown"}.get(each.concern, "")


def _tensors(tensors: tuple[Tensor, ...], room: int) -> list[Line]:
    shown = tensors[:_TENSORS]
    shapes = [_TIMES.join(str(length) for length in tensor.shape) or "scalar" for tensor in shown]
    shape_width = min(24, max(5, *(width_of(shape) for shape in shapes)))
    name_width = max(8, min(max(width_of(one_line(tensor.name)) for tensor in shown), room - shape_width - 28))
    numbers = sum(math.prod(tensor.shape) for tensor in tensors)
    lines: list[Line] = [
        (),
        ((counted(len(tensors), "tensor"), Tone.HEAD), (f"  {number(numbers)} numbers", Tone.MUTED)),
    ]
    for tensor, shape in zip(shown, shapes, strict=True):
        lines.append(
            (
                (left(cut_middle(tensor.name, name_width), name_width), Tone.TEXT),
                ("  " + left(tensor.dtype, 10), Tone.MUTED),
                ("  " + left(shape, shape_width), Tone.TEXT),
                ("  " + right(number(math.prod(tensor.shape)), 12), Tone.MUTED),
            )
        )
    return lines + _rest(len(tensors), _TENSORS)


def _members(members: tuple[tuple[str, int], ...], room: int) -> list[Line]:
    shown = members[:_MEMBERS]
    names = max(8, min(max(width_of(one_line(name)) for name, _ in shown), room - 12))
    lines: list[Line] = [(), ((counted(len(members), "member"), Tone.HEAD),)]
    lines.extend(
        ((left(cut_middle(name, names), names), Tone.TEXT), ("  " + right(size(count), 10), Tone.MUTED))
        for name, count in shown
    )
    return lines + _rest(len(members), _MEMBERS)


def _rest(count: int, shown: int) -> list[Line]:
    return [((f"⋯ and {number(count - shown)} more", Tone.MUTED),)] if count > shown else []


def _text(found: FileContent, width: int | None) -> list[Line]:
    lines = clean(found.text or "", keep_newlines=True).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    shown: list[Line] = []
    for line in lines[:_MOST_LINES]:
        text = line
        while width is not None and width_of(text) > width and len(shown) < _MOST_LINES:
            head = text[: max(1, width)] if text.isascii() else _fitting(text, width)
            shown.append(((head, Tone.TEXT),))
            text = text[len(head) :]
        shown.append(((text, Tone.TEXT),))
    if not found.whole or len(lines) > _MOST_LINES:
        shown.append((("⋯ the rest is not shown", Tone.MUTED),))
    return shown


def _fitting(text: str, width: int) -> str:
    used = 0
    for place, letter in enumerate(text):
        used += width_of(letter)
        if used > width:
            return text[: max(1, place)]
    return text


def content_json(found: FileContent) -> Object:
    """A file as JSON."""
    contents = found.contents
    told: Object = {
        "ref": found.ref,
        "path": found.entry.path,
        "digest": found.entry.digest,
        "size": found.entry.size,
        "format": found.entry.format,
    }
    if found.text is not None:
        return {**told, "text": found.text, "whole": found.whole}
    if contents is None:
        return told
    pickled = contents.pickled
    return {
        **told,
        "executes_code": contents.executes,
        "facts": dict(contents.facts),
        "protocol": None if pickled is None else pickled.protocol,
        "holds": None if pickled is None else pickled.root,
        "imports": []
        if pickled is None
        else [{"name": each.name, "concern": each.concern.value} for each in pickled.imports],
        "tensors": [
            {"name": tensor.name, "dtype": tensor.dtype, "shape": list(tensor.shape)} for tensor in contents.tensors
        ],
        "members": [{"name": name, "size": count} for name, count in contents.members],
        "trouble": contents.trouble,
    }
