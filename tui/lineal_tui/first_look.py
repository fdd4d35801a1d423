"""The first state of the registry is read before anything waits for it, and beside whatever takes long to import."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from lineal.errors import LinealError
from lineal_tui.remembered import Place, Unreadable, recall, state_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.base import Micros
    from lineal.registry import Registry
    from lineal_tui.screens.scene import Scene


class FirstLook:
    """A state of the registry on its way."""

    def __init__(self, registry: Registry, clock: Callable[[], Micros]) -> None:
        """Begin to read it, as seen from where a person was last."""
        self._registry, self._clock = registry, clock
        self._scene: Scene | None = None
        self.trouble: Unreadable | None = None
        """Why it is not known where that was; None when it is."""
        try:
            self.place = recall(state_file(registry.uid, registry.root, registry.actor.claim))
        except Unreadable as error:
            self.place, self.trouble = Place(), error
        self.seen: int | None = None
        """The registry's data version before it was read; None when that failed."""
        self._thread = Thread(target=self._read, daemon=True)
        try:
            self.seen = registry.data_version()
        except LinealError:
            return  # as below
        self._thread.start()

    def scene(self, within: float | None = None) -> Scene | None:
        """What was read, once it was; None when that failed, and who needs it has to read it, and meet the error.

        Args:
            within: Seconds to wait, after which it is None, too; None: as long as it takes.
        """
        if self.seen is not None:
            self._thread.join(within)
        return self._scene

    def _read(self) -> None:
        from lineal_tui.screens.scene import read_scene  # noqa: PLC0415  in this thread, while others are imported

        try:
            self._scene = read_scene(self._registry, self.place.model, self.place.stage, self._clock)
        except LinealError:
            # whoever asks for the scene reads it again, where an error can be shown
            self._scene = None
