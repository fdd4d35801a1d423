"""A line that is typed in the last row: it takes the keys until it is accepted or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.screens.showing import Showing
from lineal_tui.view.drawing.lines import Line, Tone
from lineal_tui.view.drawing.prompt import Draft, pointed_lines, prompt_line
from lineal_tui.view.drawing.words import counted

if TYPE_CHECKING:
    from textual.events import Key, Paste


class Prompt:
    """What a line is typed for."""

    sign = ""
    """What it begins with on the screen."""

    def __init__(self, draft: Draft | None = None) -> None:
        """Begin with a text, or empty."""
        self.draft = draft or Draft()
        self.remark: Line = ()
        """What is known of it so far; shown beside it."""
        self.wrong: tuple[str, str | None] | None = None
        """What is wrong with it where the caret is, and what to do about it; shown under it until the text changes."""

    def changed(self) -> None:
        """The text is another one."""

    def accepted(self) -> None:
        """It was ended with enter; the line is gone from the screen."""

    def given_up(self) -> None:
        """It was ended with esc; the line is gone from the screen."""

    def special(self, key: str) -> bool:
        """Take a key that edits nothing; False when it means nothing here."""
        del key
        return False


class Prompting(Showing):
    """The line in the last row."""

    prompt: Prompt | None = None

    def begin_prompt(self, prompt: Prompt) -> None:
        """Let keys go to a line."""
        self.message = None
        self.prompt = prompt
        self.draw_status()

    def prompt_key(self, event: Key) -> None:
        """Take a key while a line is typed."""
        prompt = self.prompt
        if prompt is None:
            return
        key = event.key
        letter = event.character if event.is_printable else " " if key == "space" else None
        if key in ("escape", "ctrl+c") or (key == "backspace" and not prompt.draft.text):
            self.prompt = None
            prompt.given_up()
        elif key in ("enter", "ctrl+j"):
            self.prompt = None
            prompt.accepted()
        elif prompt.special(key):
            pass
        else:
            draft = prompt.draft.edited(key) if letter is None or key == "backspace" else prompt.draft.typed(letter)
            if draft is None or draft == prompt.draft:
                return
            is_other = draft.text != prompt.draft.text
            prompt.draft = draft
            if is_other:
                prompt.wrong = None
                prompt.changed()
        self.draw_status()

    def on_paste(self, event: Paste) -> None:
        """A paste is text for the line that is typed, and never a row of commands."""
        event.stop()
        if self.prompt is not None:
            self.prompt.wrong = None
            self.prompt.draft = self.prompt.draft.typed(event.text.strip() + " " * (len(event.text.strip()) == 1))
            self.prompt.changed()
            self.draw_status()
        elif not self.asking.busy:
            self.say(f"a paste of {counted(len(event.text), 'character')} does nothing here", tone=Tone.MUTED)

    def draw_status(self) -> None:
        """Draw the line that is typed, unless there is a question."""
        width = self.size.width
        if self.prompt is None or self.asking.question is not None or not width:
            super().draw_status()
            return
        sign, draft, wrong = self.prompt.sign, self.prompt.draft, self.prompt.wrong
        pointed = pointed_lines(sign, draft, *wrong, width) if wrong is not None else ()
        self.status.tell((prompt_line(sign, draft, self.prompt.remark, width), *pointed))
