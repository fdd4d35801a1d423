"""Serves a stage of the demo while it is open: a server of its own process, and the stage bound to it."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lineal.errors import Busy, MachineError, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lineal.records.releases import StageSettings
    from lineal.registry import Registry

MODEL = "tumour-classifier"
STAGE = "production"
PLACE = f"{MODEL}@{STAGE}"
HOST = "127.0.0.1"
FOLDER = "serve"
"""The stage's directory, in the registry's."""
LOG = "serve.log"
ROWS = "data/tumours-holdout.csv"
"""What the server measures health on, in the registry's directory."""
DRILL = "a drill: promoted to production, it fails the server's health check and is taken back"
"""Purpose of the version that is bad enough; the last sign that the demo was built to its end, too."""

_PREFERRED_PORT = 8517
_START_SECONDS = 30.0
_END_SECONDS = 5.0
_PIPELINE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Served:
    """The server as a person meets it."""

    url: str
    drill: str
    """Address of the version that takes itself back."""


def drill(registry: Registry) -> str | None:
    """The address of the version that takes itself back; None in a registry that is no whole demo."""
    try:
        versions = registry.versions(MODEL)
    except NotFound:
        return None
    return next((version.ref for version in versions if version.purpose == DRILL), None)


@contextmanager
def serve(registry: Registry) -> Iterator[Served]:
    """Run the server for the block, with the stage bound to it.

    Afterwards the stage stays bound to its directory, without hook and health: they would ask a server that is gone.

    Args:
        registry: the demo's.

    Raises:
        NotFound: it is not the demo's.
        Refused: somebody bound the stage to something else.
        Busy: a pipeline moves the stage.
        MachineError: the server does not start.
    """
    bad = drill(registry)
    if bad is None:
        raise NotFound(kind="demo", name=str(registry.root))
    known = registry.binding(PLACE)
    if known is not None and not _is_ours(known):
        raise Refused(what=f"serving {PLACE}", why=f"it is bound to {known.release} with checks of its own")
    with _listener(_PREFERRED_PORT if known is None else _port_of(known)) as listener:
        port: int = listener.getsockname()[1]
        settings = registry.bind_stage(
            PLACE,
            release=str(registry.root / FOLDER),
            hook=(sys.executable, "-P", "-m", "lineal_tui.demo.reload", str(port)),
            health_url=f"http://{HOST}:{port}/health",
            tries=3,
            interval=0.3,
            timeout=15.0,
        )
        try:
            with _running(registry.root, listener):
                try:
                    yield Served(f"http://{HOST}:{port}", bad)
                finally:
                    _let_go(registry, settings)
        except MachineError:
            _let_go(registry, settings)
            raise


def _is_ours(settings: StageSettings) -> bool:
    if settings.hook is None:
        return settings.health is None and settings.health_url is None
    return "lineal_tui.demo.reload" in settings.hook


def _port_of(settings: StageSettings) -> int:
    """The port of the last time, when the demo did not get to its end."""
    return (urlsplit(settings.health_url or "").port or _PREFERRED_PORT) if settings.hook else _PREFERRED_PORT


def _listener(preferred: int) -> socket.socket:
    """A socket for the server to take over, so that nobody else gets its port meanwhile."""
    for port in (preferred, 0):
        try:
            return socket.create_server((HOST, port))
        except OSError as error:
            if port == 0:
                raise MachineError(path=HOST, why=f"no port is free: {error}") from error
    raise AssertionError("the loop returns or raises")


@contextmanager
def _running(root: Path, listener: socket.socket) -> Iterator[None]:
    """The server's process; it ends with the block, and with this process however that ends."""
    log, descriptor = root / LOG, listener.fileno()
    command = [sys.executable, "-P", "-m", "lineal_tui.demo.server", "--tied", "--release", FOLDER]
    with log.open("ab") as errors:
        process = subprocess.Popen(  # noqa: S603  our own module
            [*command, "--socket", str(descriptor)],
            stdin=subprocess.PIPE,  # its end tells the server that this process is gone
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=root,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            pass_fds=(descriptor,),
            start_new_session=True,  # neither the terminal's hang-up nor its ctrl+c
        )
    listener.close()
    try:
        _wait_until_it_serves(process, log)
        yield
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_serves(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.stdout is None:
        raise AssertionError("the server's output is asked for")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(_START_SECONDS):
            raise MachineError(path=log, why=f"the demo's server did not start within {_START_SECONDS:g} s")
    if not process.stdout.readline():
        raise MachineError(path=log, why="the demo's server did not start", hint=f"see {log}")


def _let_go(registry: Registry, settings: StageSettings) -> None:
    """Take hook and health from the stage, unless somebody has bound it otherwise since."""
    until = time.monotonic() + _PIPELINE_SECONDS
    while (known := registry.binding(PLACE)) is not None and known.hook == settings.hook:
        try:
            registry.bind_stage(PLACE, hook=None, health_url=None)
        except Busy:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)  # a pipeline outlives the application, and asks the server at its end
