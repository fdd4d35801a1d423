"""A command line while it is typed: edited, recalled, and completed from the verbs and from the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.screens.prompting import Prompt
from lineal_tui.view.drawing.lines import Span, Tone, cut_middle
from lineal_tui.view.drawing.prompt import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.registry import Registry
    from lineal_tui.screens.commanding import Commanding
    from lineal_tui.view.guidance import commands
    from lineal_tui.view.guidance.commands import Wanted
else:
    # nobody types a command before the first paint
    commands = Later("lineal_tui.view.guidance.commands")

_OFFERED = 50


class CommandPrompt(Prompt):
    """A command line while it is typed."""

    sign = ":"

    def __init__(self, screen: Commanding) -> None:
        """Begin empty, with what was typed before at hand."""
        super().__init__()
        self._screen = screen
        self._before = screen.spoken
        self._at = len(self._before)
        self.offers: tuple[str, ...] = ()
        """What tab turns over; empty before it was pressed."""
        self._offer = -1
        self._stem = ""
        self.remark = commands.HOW

    def changed(self) -> None:
        """What was offered fits no more."""
        self.offers, self._offer, self.remark = (), -1, () if self.draft.text else commands.HOW

    def accepted(self) -> None:
        """Do it."""
        self._screen.speak(self.draft.text)

    def special(self, key: str) -> bool:
        """Complete, or go through what was typed before."""
        if key in ("tab", "shift+tab"):
            if self.offers:
                self._turn(1 if key == "tab" else -1)
            else:
                self._screen.complete(self)
            return True
        if key in ("up", "down", "ctrl+p", "ctrl+n"):
            self._recall(-1 if key in ("up", "ctrl+p") else 1)
            return True
        return False

    def offer(self, begun: str, words: Sequence[str], *, may_go_on: bool) -> None:
        """Complete what is typed by one of these words, or by what all begin with; a name may go on as an address."""
        self._stem = self.draft.text[: len(self.draft.text) - len(begun)] if begun else self.draft.text
        if not words:
            self.remark = (("nothing begins so", Tone.MUTED),)
        elif len(words) == 1:
            # a model's name alone may go on with a version or a stage
            is_option = words[0].startswith("-")
            is_begun = may_go_on and bool(self._stem.strip()) and not is_option
            is_name = is_begun and not any(sign in words[0] for sign in ":@")
            goes_on = is_name or words[0].endswith((":", "@"))
            self._put(words[0] + ("" if goes_on else " "))
            self.remark = ()
        else:
            self._put(max(commands.common(words), begun, key=len))
            self.offers = tuple(words)
            self._offer = -1
            self._show_offers()

    def _turn(self, direction: int) -> None:
        self._offer = (self._offer + direction) % len(self.offers) if self._offer >= 0 or direction > 0 else -1
        self._put(self.offers[self._offer])
        self._show_offers()

    def _show_offers(self) -> None:
        first = max(0, self._offer)
        spans: list[Span] = []
        for place, word in enumerate(self.offers[first : first + 12], start=first):
            spans.append((cut_middle(word, 30), Tone.STRONG if place == self._offer else Tone.MUTED))
            spans.append(("  ", Tone.TEXT))
        self.remark = tuple(spans[:-1])

    def _put(self, word: str) -> None:
        text = self._stem + word
        self.draft = Draft(text, len(text))

    def _recall(self, direction: int) -> None:
        self._at = max(0, min(len(self._before), self._at + direction))
        text = self._before[self._at] if self._at < len(self._before) else ""
        self.draft = Draft(text, len(text))
        self.changed()


def offers(registry: Registry, sought: Wanted, model: str | None, stages: Sequence[str] | None) -> tuple[str, ...]:
    """What may stand next, from what is known without a registry and from what it has."""
    found = list(sought.words)
    if sought.kind == "ref":
        found.extend(registry.complete(sought.begun, _OFFERED))
        if sought.begun and sought.begun in found:
            # a name that is whole already goes on with what it has: its versions and stages
            found.extend(registry.complete(f"{sought.begun}:", _OFFERED) if ":" not in sought.begun else ())
            found.extend(registry.complete(f"{sought.begun}@", _OFFERED) if "@" not in sought.begun else ())
    elif sought.kind == "automation":
        found.extend(each.name for each in registry.automations() if each.name.startswith(sought.begun))
    elif sought.kind == "stage" and model is not None:
        names = stages if stages is not None else [stage.name for stage in registry.stages(model)]
        found.extend(name for name in names if name.startswith(sought.begun))
    return tuple(dict.fromkeys(found))
