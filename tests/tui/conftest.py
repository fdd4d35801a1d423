"""A registry as people have them, and the application on it, driven by keys and read as text."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from textual.events import Key
from textual.worker import WorkerCancelled, WorkerFailed

from lineal.records.base import Micros
from lineal.registry import Registry, create_registry, open_registry
from lineal_tui.app import LinealApp
from lineal_tui.screens.previews import _REST as REST
from lineal_tui.screens.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    Opening = Callable[..., AbstractAsyncContextManager["Session"]]

NOW = 1_767_225_600_000_000
HOUR = 3_600_000_000


class Calendar:
    """A clock that goes on by an hour whenever it is asked."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> Micros:
        self.at += HOUR
        return Micros(self.at)

    def still(self) -> Micros:
        return Micros(self.at)


class Hurry:
    """The time of a loop, which goes on at once where nothing else is waited for."""

    def __init__(self, loop: Any) -> None:
        self.loop, self._time, self._ahead = loop, loop.time, 0.0
        loop.time = self

    def __call__(self) -> float:
        return float(self._time()) + self._ahead

    def go_on(self, seconds: float) -> None:
        self._ahead += seconds


class Session:
    """An application that runs: press keys, read the screen."""

    def __init__(self, app: LinealApp, pilot: Pilot[None], registry: Registry) -> None:
        self.app, self.pilot, self.registry = app, pilot, registry
        self._clock = Hurry(asyncio.get_running_loop())

    @property
    def workspace(self) -> Workspace:
        screen = self.app.screen
        assert isinstance(screen, Workspace)
        return screen

    @property
    def phase(self) -> str:
        return self.workspace.asking.phase.name

    @property
    def rows(self) -> list[str]:
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        return [strip.text[:width].rstrip() for strip in strips[:height]]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def last(self) -> str:
        return " ".join(row.strip() for row in self.rows[-self.workspace.status.size.height :])

    async def press(self, *keys: str) -> None:
        """Each key once what the one before it led to is on the screen."""
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else None))
            await self.settle()

    async def type_ahead(self, *keys: str) -> None:
        """All keys at once, faster than any screen."""
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else None))
        await self.settle()

    async def say(self, line: str) -> None:
        """Type a command, faster than any screen, and enter."""
        await self.type_ahead("colon", *("space" if letter == " " else letter for letter in line))
        await self.press("enter")

    async def settle(self) -> None:
        """Until nothing is on its way to the screen any more: neither a message, nor a thread's answer, nor a frame."""
        for _ in range(20_000):
            if self.app._exception is not None or not self.app.is_running:
                return
            if not await self._is_idle():
                continue
            screen = self.workspace
            if any(not worker.is_finished for worker in self.app.workers):
                with suppress(WorkerFailed, WorkerCancelled):  # the application says so itself, or has asked anew since
                    await self.app.workers.wait_for_complete()
            elif screen._callbacks or bool(screen._update_timer._active.is_set()):
                screen._on_timer_update()
            elif screen.waits:
                self._clock.go_on(REST if screen.scene is not None else 0.01)
            else:
                return
        raise AssertionError("the application does not come to rest")

    async def _is_idle(self) -> bool:
        """Whether whoever runs in this loop waits for a thread, a frame or a time."""
        ready = self._clock.loop._ready
        for _ in range(2):  # the first may have been before the loop looked what came from threads
            await asyncio.sleep(0)
            if ready:
                return False
        return True


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


class Shelf:
    """Registries as tests begin with them, each made once and copied for whoever begins with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends: dict[str, int] = {}

    @contextmanager
    def take(
        self, name: str, folder: Path, calendar: Calendar, fill: Callable[[Registry, Path], None]
    ) -> Iterator[Registry]:
        """Open a registry of one's own in `folder`, filled as it was when it was first asked for by this name."""
        kept = self._folder / name
        if name not in self._ends:
            kept.mkdir()
            with create_registry(kept / "registry", clock=calendar) as registry:
                fill(registry, kept)
            self._ends[name] = calendar.at
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        calendar.at = self._ends[name]
        with open_registry(folder / "registry", clock=calendar) as registry:
            yield registry


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def empty(tmp_path: Path, calendar: Calendar, shelf: Shelf) -> Iterator[Registry]:
    with shelf.take("empty", tmp_path, calendar, lambda _registry, _folder: None) as registry:
        yield registry


def add_versions(registry: Registry, folder: Path, model: str = "fraud", **fields: Any) -> None:
    """Five versions that branch; the third was in production before the fourth, the fifth is at staging."""
    weights = folder / "weights.json"
    for label, parent, auc in (
        ("1.0.0", None, 0.90),
        ("1.1.0", "1.0.0", 0.91),
        ("2.0.0", "1.1.0", 0.93),
        ("2.1.0", "2.0.0", 0.92),
        ("2.2.0", "2.0.0", 0.94),
    ):
        weights.write_text(f'{{"label": "{label}"}}')
        registry.register(
            model,
            weights,
            label=label,
            parents=[f"{model}:{parent}"] if parent else [],
            metrics={"auc": auc, "loss": 1 - auc},
            params={"lr": auc / 100},
            **{"owner": "dana", "purpose": "stop card fraud", "notes": f"note on {label}", **fields},
        )
    registry.promote(f"{model}:2.0.0", "production", reason="first that was good enough")
    registry.promote(f"{model}:2.1.0", "production", reason="newer data")
    registry.promote(f"{model}:2.2.0", "staging")


@pytest.fixture
def registry(tmp_path: Path, calendar: Calendar, shelf: Shelf) -> Iterator[Registry]:
    with shelf.take("five versions", tmp_path, calendar, add_versions) as registry:
        yield registry


@pytest.fixture
def grow(tmp_path: Path) -> Callable[..., None]:
    def growing(registry: Registry, **fields: Any) -> None:
        add_versions(registry, tmp_path, **fields)

    return growing


@pytest.fixture
def opened(calendar: Calendar) -> Opening:
    @asynccontextmanager
    async def opening(registry: Registry, size: tuple[int, int] = (80, 24), **options: Any) -> AsyncIterator[Session]:
        app = LinealApp(registry, calendar.still, **options)
        async with app.run_test(size=size) as pilot:
            session = Session(app, pilot, registry)
            await session.settle()
            yield session

    return opening
