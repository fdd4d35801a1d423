"""A line of text that is being typed in the last row: edited by keys, drawn with its caret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone, fit, line_width, width_of

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 1000
"""Letters that a line may have; more is a paste gone wrong."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been typed so far."""

    text: str = ""
    at: int = 0
    """Where the next letter goes."""

    def typed(self, letters: str) -> Draft:
        """The same with letters put in; control characters come in as what stands for them."""
        letters = one_line(letters) if len(letters) > 1 else letters
        if len(self.text) + len(letters) > LONGEST:
            return self
        return Draft(self.text[: self.at] + letters + self.text[self.at :], self.at + len(letters))

    def edited(self, key: str) -> Draft | None:
        """The same after an editing key; None for a key that edits nothing."""
        edit = _EDITS.get(key)
        return None if edit is None else edit(self)

    def _word_back(self) -> Draft:
        kept = self.text[: self.at].rstrip()
        kept = kept[: kept.rfind(" ") + 1]
        return Draft(kept + self.text[self.at :], len(kept))


_EDITS: dict[str, Callable[[Draft], Draft]] = {
    "backspace": lambda draft: (
        Draft(draft.text[: draft.at - 1] + draft.text[draft.at :], draft.at - 1) if draft.at else draft
    ),
    "delete": lambda draft: Draft(draft.text[: draft.at] + draft.text[draft.at + 1 :], draft.at),
    "left": lambda draft: Draft(draft.text, max(0, draft.at - 1)),
    "right": lambda draft: Draft(draft.text, min(len(draft.text), draft.at + 1)),
    "home": lambda draft: Draft(draft.text, 0),
    "end": lambda draft: Draft(draft.text, len(draft.text)),
    "ctrl+e": lambda draft: Draft(draft.text, len(draft.text)),
    "ctrl+u": lambda draft: Draft(draft.text[draft.at :], 0),
    "ctrl+k": lambda draft: Draft(draft.text[: draft.at], draft.at),
    "ctrl+w": Draft._word_back,  # noqa: SLF001  the table is the class's own
}


def pointed_lines(sign: str, draft: Draft, words: str, advice: str | None, width: int) -> tuple[Line, ...]:
    """What is wrong with a text, under it, pointed at from where its caret is."""
    column = min(width_of(sign) + width_of(_before(sign, draft, width)), max(0, width - 1))
    told = one_line(words) + (f" · {one_line(advice)}" if advice else "")
    if column + 2 + width_of(told) <= width:
        return (((" " * column + "^ ", Tone.QUESTION), (told, Tone.FAILED)),)
    return (((" " * column + "^", Tone.QUESTION),), fit(((told, Tone.FAILED),), width))


def _before(sign: str, draft: Draft, width: int) -> str:
    """What of the text before the caret is in sight."""
    shown = max(1, width - width_of(sign) - 1)
    before = draft.text[: draft.at]
    while before and width_of(before) >= shown:
        before = before[1:]
    return before


def prompt_line(sign: str, draft: Draft, remark: Line, width: int) -> Line:
    """A sign, the text with its caret in sight, and a remark where there is room for it.

    Args:
        sign: What kind of line it is: `/` or `:`.
        draft: What was typed.
        remark: What is known of it so far.
        width: Cells there are.
    """
    before, after = _before(sign, draft, width), draft.text[draft.at :]
    spans: list[Span] = [(sign, Tone.QUESTION)]
    if before:
        spans.append((before, Tone.STRONG))
    spans.append((after[:1] or " ", Tone.CARET))
    if after[1:]:
        spans.append((after[1:], Tone.STRONG))
    used = line_width(spans)
    if remark and used + 2 + line_width(remark) <= width:
        spans.extend([("  ", Tone.TEXT), *remark])
    elif remark and used + 12 <= width:
        spans.extend([("  ", Tone.TEXT), *fit(remark, width - used - 2)])
    return fit(tuple(spans), width)
