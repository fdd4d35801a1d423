"""What happens to the registry, and to the terminal, while nobody presses a key."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from lineal.errors import LinealError
from lineal_tui.remembered import state_file
from lineal_tui.screens.asking import Phase
from lineal_tui.screens.remembering import Remembering
from lineal_tui.view.drawing.lines import Tone

if TYPE_CHECKING:
    from pathlib import Path

POLL = 0.5
"""Seconds between looks."""
_PATIENCE = 6
"""Looks for which a registry that was replaced waits for what still reads the old one."""


class Watching(Remembering):
    """Looks, twice a second, that cost some microseconds and send nothing."""

    _file: tuple[int, int] | None = None
    """Which file the registry is; None before it was looked at, and while it is gone."""
    _uid = ""
    _is_gone = False
    _poll_failed = False
    _waited = 0

    def begin(self) -> None:
        """Open where one was last, and note which registry it is."""
        self._file, self._uid = _file_at(self._path), self.registry.uid
        super().begin()

    @property
    def _path(self) -> Path:
        return self.registry.root / "registry.db"

    def poll(self) -> None:
        """Look whether somebody else changed the registry, took it away, or put another in its place."""
        if self.scene is None or self.asking.phase is Phase.RUNNING:
            return
        found = _file_at(self._path)
        if found is None:
            self._miss()
        elif found != self._file or self._is_gone or self._poll_failed:
            self._meet(found)
        elif not self.asking.busy:
            self._look()

    def _look(self) -> None:
        try:
            changed = self.registry.data_version() != self.seen
        except LinealError as error:
            self._poll_failed = True
            self.failed(error, "poll")
            return
        if changed:
            self.read()

    def _miss(self) -> None:
        was_gone, self._is_gone = self._is_gone, True
        if self.asking.busy:
            self.give_up()
        if self.message is None or not was_gone:
            self.say(
                f"the registry {self.registry.root} is gone", "what you see was read before; it is being looked for"
            )

    def _meet(self, found: tuple[int, int]) -> None:
        """Open what is there now, which may be the same as before, put back."""
        if self.asking.busy:
            self.give_up()
        self._waited += 1
        if any(not worker.is_finished for worker in self.app.workers) and self._waited < _PATIENCE:
            return
        self._waited = 0
        was_failing = self._poll_failed
        self.registry.close()
        try:
            uid = self.registry.uid
        except LinealError as error:
            if not was_failing:
                self._poll_failed = True
                self.failed(error, "poll")
            return
        self._poll_failed = self._is_gone = False
        self._file = found
        if uid == self._uid:
            self.say("the registry is back", tone=Tone.CHANGED)
        else:
            self._uid = uid
            self._state_file = state_file(uid, self.registry.root, self.registry.actor.claim)
            self.marks.clear()
            self.wanted = (None, None)
            self.say(f"another registry is at {self.registry.root} now", tone=Tone.CHANGED)
        self.forget_previews()
        self.read()

    def failed(self, error: BaseException, group: str) -> None:
        """Say what went wrong; without a registry that is all there is to say."""
        if _file_at(self._path) is None and self.asking.phase is not Phase.RUNNING:
            self._miss()
        else:
            super().failed(error, group)

    def watch_terminal(self) -> None:
        """Leave when the terminal is gone and nobody said so: who reads from it is told that it ended, for ever."""
        if not self.app.is_headless and sys.__stdin__ is not None and not os.isatty(sys.__stdin__.fileno()):
            self.app.exit(return_code=1)


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
