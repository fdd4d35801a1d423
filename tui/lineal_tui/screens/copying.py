"""What is put on the terminal's clipboard, and shown, for terminals that have none."""

from __future__ import annotations

from lineal_tui.clipboard import LARGEST
from lineal_tui.screens.messages import JsonMade
from lineal_tui.screens.registering import Registering
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Tone
from lineal_tui.view.drawing.words import size


class Copying(Registering):
    """Copies."""

    def copy(self, text: str | None, what: str) -> None:
        """Put a text on the terminal's clipboard, and show it."""
        if text is None:
            self.say(f"there is no {what} to copy yet", tone=Tone.MUTED)
            return
        length = len(text.encode(errors="replace"))
        if length > LARGEST:
            self.say(f"{what} is {size(length)}, and terminals take {size(LARGEST)}: nothing was copied")
            return
        self.app.copy_to_clipboard(text)
        self.say(f"copied {what}: {one_line(text)}", tone=Tone.CHANGED)

    def copy_json(self) -> None:
        """Copy the version under the cursor as JSON, as the shell's commands give it."""
        version = self.version
        if version is None:
            return
        import json  # noqa: PLC0415  not before somebody copies

        from lineal_tui.view.as_json.json import version as as_json  # noqa: PLC0415  as above

        self.work(lambda: JsonMade(json.dumps(as_json(self.registry.detail(version)))), "copy")

    def on_json_made(self, message: JsonMade) -> None:
        """Copy what was made."""
        self.copy(message.text, "JSON")
