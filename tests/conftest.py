"""However the tests are started, they and what they start find the same world around them."""

from __future__ import annotations

import gc
import locale
import os
import shutil
import signal
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import FrameType

    from tests.scheduling import Together, place_in_order
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling
else:
    from scheduling import Together, place_in_order

_GONE = (
    *("LINEAL_", "XDG_", "SSH_", "GIT_", "LC_", "LANGUAGE", "PYTHON", "CLICOLOR", "COLOR", "NO_COLOR", "FORCE_COLOR"),
    *("COLUMNS", "LINES", "TMUX", "STY", "PAGER", "LESS", "EDITOR", "VISUAL", "TEXTUAL", "HF_", "MLFLOW_", "TRACKIO_"),
)
"""How the names of variables begin that would change what the programs under test say or do."""

_KEPT = ("PYTHONPATH", "PYTHONHOME", "PYTHONPYCACHEPREFIX", "PYTHONHASHSEED")
"""Where Python finds and leaves its modules is not for the tests to decide; that it compiles each but once is."""

_MEMORY = Path("/dev/shm")  # noqa: S108  a file system in memory, where there is one
_ROOM = 4 << 30
"""Bytes that have to be free there: tests leave little, and those that fail all they made."""

_NOBODY = 65_534
"""The user who may do only what everybody may."""

_home = pytest.StashKey[Path]()

# a machine may be as busy as it likes: how long an example takes says nothing about what it shows
settings.register_profile("lineal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lineal")


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is collected: what is imported may look at its environment once and for all."""
    home = Path(tempfile.mkdtemp(prefix="lineal-home-"))
    config.stash[_home] = home
    for name in [name for name in os.environ if name.startswith(_GONE) and name not in _KEPT]:
        del os.environ[name]
    os.environ |= {"HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        os.environ[f"XDG_{kind}_HOME"] = str(home / kind.lower())
    locale.setlocale(locale.LC_ALL, "")
    os.umask(0o022)
    _hear_signals()
    if _has_room(_MEMORY):  # syncing costs nothing there, and whatever is about a power cut has a disk of its own
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    if _home in config.stash:
        with suppress(FileNotFoundError):
            shutil.rmtree(config.stash[_home])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Say what goes to which of several processes."""
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start what takes long before the rest."""
    items.sort(key=place_in_order)


def pytest_collection_finish() -> None:
    """Collect garbage as seldom as the program does, and never look for it in what was imported."""
    gc.set_threshold(50_000)
    gc.freeze()


def _has_room(folder: Path) -> bool:
    """Whether tests can keep their files in a folder, and run programs there."""
    if not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize > _ROOM and not found.f_flag & os.ST_NOEXEC


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="lineal-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _unprivileged() -> Iterator[None]:
    who = os.geteuid()
    if who == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(who)


@pytest.fixture
def unprivileged() -> Callable[[], AbstractContextManager[None]]:
    """A block in which also root may read only what everybody may."""
    return _unprivileged


def _hear_signals() -> None:
    """Undo what a shell that starts tests in the background has them ignore, and they would pass on to children."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _outlive)  # a program that is started has it back, the tests go on


def _outlive(_number: int, _frame: FrameType | None) -> None:
    """Hear of a hangup and go on, as whoever started the tests with `nohup` wants it."""
