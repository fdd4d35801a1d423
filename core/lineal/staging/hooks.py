"""What a stage runs around a switch: its hook, and its health check with its tries."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.machine import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lineal.records.releases import StageSettings

_PAUSE_SECONDS = 0.1
_MOST_SAID = 300


def run_for_stage(
    arguments: tuple[str, ...],
    settings: StageSettings,
    release: str | None,
    environment: Mapping[str, str],
    *,
    stop: Callable[[], bool] = lambda: False,
) -> commands.Finished:
    """Run a stage's hook or health command in its directory, told what happens and which release is meant."""
    directory = Path(settings.release)
    return commands.run(
        arguments,
        environment={**environment, "LINEAL_RELEASE": "" if release is None else str(directory / release)},
        folder=directory,
        seconds=settings.timeout,
        stop=stop,
    )


def ask_health(
    settings: StageSettings,
    release: str,
    environment: Mapping[str, str],
    *,
    stop: Callable[[], bool] = lambda: False,
) -> commands.Finished:
    """Ask a stage's health as often as its settings say, until it is well; the output tells of every try."""
    began = time.monotonic()
    kept = commands.Kept()
    finished = None
    for attempt in range(settings.tries):
        if attempt and not _pause(settings.interval, stop):
            break
        finished = _ask_once(settings, release, environment, stop)
        kept.add(f"try {attempt + 1} of {settings.tries}: {finished.output.strip() or 'ok'}\n".encode())
        if finished.succeeded or stop():
            break
    succeeded = finished is not None and finished.succeeded
    return commands.Finished(succeeded, kept.text(), time.monotonic() - began)


def _ask_once(
    settings: StageSettings, release: str, environment: Mapping[str, str], stop: Callable[[], bool]
) -> commands.Finished:
    if settings.health_url is not None:
        return commands.ask(
            settings.health_url,
            status=settings.health_status,
            text=settings.health_text,
            seconds=settings.timeout,
            stop=stop,
        )
    return run_for_stage(settings.health or (), settings, release, environment, stop=stop)


def _pause(seconds: float, stop: Callable[[], bool]) -> bool:
    """Wait; False when it was stopped."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _PAUSE_SECONDS))
        if stop():
            return False
    return True


def last_line(output: str) -> str:
    """What a command said last, and how it ended; bounded."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = lines[-1] if lines else "it printed nothing"
    if len(lines) > 1 and said.startswith("["):
        said = f"{lines[-2][-_MOST_SAID:]} {said}"
    return said[-2 * _MOST_SAID :]
