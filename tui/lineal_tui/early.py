"""What is live is on the screen before the toolkit is: it takes longer to import than the registry takes to read."""

from __future__ import annotations

import os
import signal
import sys
import termios
from typing import TYPE_CHECKING, Any, Self

from lineal.errors import LinealError
from lineal_tui.keys import Table
from lineal_tui.places import View
from lineal_tui.view.drawing.ascii import to_ascii
from lineal_tui.view.drawing.bars import access_words, header_line, hint_line
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.colours import ground_of, sequence_of
from lineal_tui.view.drawing.pages import Pages
from lineal_tui.view.versioning.first_picture import first_row, picture, tree_pane

if TYPE_CHECKING:
    from types import TracebackType

    from lineal.registry import Registry
    from lineal_tui.keys import Binding
    from lineal_tui.screens.scene import Scene
    from lineal_tui.terminal import Terminal
    from lineal_tui.view.versioning.first_picture import Placed

ENTER = "\x1b[?1049h"
"""Goes to the terminal's other screen."""
_LEAVE = "\x1b[0m\x1b[?1049l\x1b[?25h"


class Early:
    """A terminal that shows the first picture; whoever takes it over gets it as it was found, to give it back."""

    def __init__(self) -> None:
        """Nothing is shown yet."""
        self.found: list[Any] | None = None
        """The terminal's attributes before the picture; None when there is no picture, or it was taken over."""
        self.told: int | None = None
        """The signal to end that came after the terminal was taken over, and before anybody listened; None: none."""
        self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back when nobody took it over."""
        self._give_back()

    def _give_back(self) -> None:
        if self.found is None:
            return
        found = self.take()
        try:
            _write(_LEAVE)
            termios.tcsetattr(self._fd, termios.TCSANOW, found)
        except (OSError, termios.error):
            return  # the terminal went away: there is nothing to give back

    def take(self) -> list[Any]:
        """Hand the terminal over: its attributes as they were found."""
        found = self.found
        if found is None:
            msg = "there is nothing to take over"
            raise AssertionError(msg)
        self.found = None
        return found

    def _told_to_end(self, number: int, _frame: object) -> None:
        if self.found is None:
            self.told = number  # whoever took the terminal gives it back
            return
        self._give_back()
        # What is raised while modules are imported may be lost in one of the import's own callbacks. Nothing is open
        # but a registry that is only read.
        os._exit(128 + number)

    def show(
        self,
        scene: Scene,
        registry: Registry,
        terminal: Terminal,
        bindings: tuple[Binding, ...],
        *,
        version: int | None = None,
    ) -> None:
        """Show a state of the registry, where the terminal and the state allow it; keys wait for the application.

        Args:
            scene: The state.
            registry: Where it is from.
            terminal: Where it is shown.
            bindings: The keys.
            version: The row number of the version that the cursor is on; None: what is live.
        """
        if terminal.size is None or terminal.is_small or not os.isatty(2):
            return
        try:
            lines = _lines(scene, registry, terminal.size, bindings, version)
        except LinealError:
            return  # the application meets it again, and has a place to say it
        if not lines:
            return
        fd = sys.stdin.fileno()
        try:
            found = termios.tcgetattr(fd)
            quiet = [*found]
            # what is typed now is neither shown nor taken for a signal: it is the application's
            quiet[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.IXOFF)
            quiet[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
            termios.tcsetattr(fd, termios.TCSANOW, quiet)
        except termios.error:
            return
        self.found, self._fd = found, fd
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._told_to_end)
        _write(_painted(lines, terminal))


def _lines(
    scene: Scene, registry: Registry, size: tuple[int, int], bindings: tuple[Binding, ...], version: int | None
) -> list[Placed]:
    source, model = scene.tree, scene.model
    if source is None or model is None or not source.count():
        return []
    pane, count = tree_pane(*size), source.count()
    cursor = source.position(version) if version is not None else None
    if cursor is None:
        cursor = (source.position(scene.live.version.id) or 0) if scene.live is not None else 0
    first = first_row(cursor, pane, count)
    pages = Pages(source)
    visible = [pages.row(place) for place in range(first, min(count, first + pane.rows))]
    return picture(
        size,
        [item for item in visible if item is not None],
        source.look,
        header=header_line(
            registry.root,
            size[0],
            access=access_words(scene.standing, (model.name, scene.stage), read_only=registry.read_only, brief=True),
            model=model,
            view=str(View.TREE),
            stage=scene.stage,
            marked=0,
        ),
        hints=hint_line(Table(bindings).hints(View.TREE, read_only=registry.read_only), size[0]),
        model=one_line(model.name),
        count=count,
        first=first,
        cursor=cursor,
    )


def _painted(lines: list[Placed], terminal: Terminal) -> str:
    look, exact = terminal.look, terminal.colours > 256
    blank = ground_of(look, exact=exact)
    known = ""
    written = [ENTER, "\x1b[?25l", blank, "\x1b[2J"]
    for placed in lines:
        written.append(f"\x1b[{placed.row + 1};{placed.column + 1}H")
        for text, tone in placed.line:
            sequence = sequence_of(look, tone, exact=exact)
            if sequence != known and not text.isspace():
                written.append(sequence)
                known = sequence
            written.append(to_ascii(text) if terminal.is_ascii else text)
    # what is written next may say what is bold, and not what is no longer dim
    return "".join([*written, blank])


def _write(text: str) -> None:
    stream = sys.__stderr__
    if stream is None:
        return
    # past the stream's buffer, which a signal's handler could not write into while it is written
    left = text.encode(stream.encoding, "replace")
    while left:
        left = left[os.write(stream.fileno(), left) :]
