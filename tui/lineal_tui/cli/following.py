"""Following a pipeline that runs in a process of its own: its steps on stderr, and letting go of it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from lineal.errors import ExitCode
from lineal.records.releases import StepState
from lineal_tui.cli.app import stop
from lineal_tui.cli.output import complain, has_colours, narrate
from lineal_tui.view.staging.steps import output, words

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from types import TracebackType

    from lineal.records.releases import Pipeline, Step
    from lineal.records.stages import Transition
    from lineal.registry import Registry

CLEAR = "\r\x1b[2K"
"""Puts a terminal back to the beginning of its line, and empties it."""
_TICK_SECONDS = 0.25
_OVER = frozenset({StepState.DONE, StepState.FAILED})


class Steps:
    """Tells the steps of a pipeline: a line for each that is over, and on a terminal one for the step that runs."""

    def __init__(self) -> None:
        """Nothing told yet."""
        self._told: set[str] = set()
        self._running = ""
        self._ended: threading.Event | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended is not None:
            self._ended.set()
            self._running = ""
            sys.stderr.write(CLEAR)

    def changed(self, pipeline: Pipeline) -> None:
        """Take note of a pipeline's journal."""
        for step in pipeline.steps:
            is_left_out = step.state is StepState.SKIPPED and step.name == "health" and pipeline.order.skip_health
            if (step.state in _OVER or is_left_out) and step.name not in self._told:
                self._told.add(step.name)
                self._tell(step)
        self._running = pipeline.running_step or ""
        if self._running and self._ended is None and sys.stderr.isatty():
            self._tick()

    def _tell(self, step: Step) -> None:
        name, state, took = words(step)
        if has_colours(sys.stderr):
            state = f"\x1b[{'1;31' if step.state is StepState.FAILED else '32'}m{state}\x1b[0m"
        lines = [f"{name}{state}{took}", *(output(step.output) if step.state is StepState.FAILED else ())]
        sys.stderr.write("".join(f"{'' if self._ended is None else CLEAR}{line}\n" for line in lines))
        sys.stderr.flush()

    def _tick(self) -> None:
        """Show how long the running step takes; the one who waits is busy asking the registry."""
        import threading  # noqa: PLC0415  only a terminal needs it
        import time  # noqa: PLC0415  as above

        ended = self._ended = threading.Event()

        def tick() -> None:
            name, since = "", 0.0
            while not ended.wait(_TICK_SECONDS):
                now = time.monotonic()
                if name != self._running:
                    name, since = self._running, now
                if name:
                    sys.stderr.write(f"{CLEAR}  {name:<8}  … {now - since:.0f} s")
                    sys.stderr.flush()

        threading.Thread(target=tick, daemon=True).start()


def follow(registry: Registry, number: int, place: str) -> Transition:
    """Wait for a pipeline to end and tell its steps; `ctrl+c` lets go of it.

    Raises:
        LinealError: it did not go well.
    """
    with let_go_in(place, "it runs on"), Steps() as steps:
        return registry.follow(number, changed=steps.changed)


@contextmanager
def let_go_in(place: str, what: str) -> Iterator[None]:
    """A block in which `ctrl+c` ends the command but not the pipeline of a stage; `what` says so."""
    try:
        yield
    except KeyboardInterrupt:
        from shlex import quote  # noqa: PLC0415  rarely needed

        if sys.stderr.isatty():
            sys.stderr.write("\n")  # below the ^C
        stage = quote(place)
        complain(
            f"let go of what moves {place}; {what}",
            f"follow it with `lineal pipeline follow {stage}`, or stop it with `lineal pipeline cancel {stage}`",
        )
        stop(ExitCode.CANCELLED)


def settle_first(registry: Registry, place: str) -> int | None:
    """The pipeline of a stage that a dead process left unfinished, which whoever moves the stage settles first."""
    newest = registry.pipelines(place, limit=1)
    return newest[0].id if newest and newest[0].ended_at is None else None


def tell_settled(registry: Registry, place: str, number: int) -> None:
    """Tell what became of a pipeline that was left unfinished, if anything did."""
    found = next((each for each in registry.pipelines(place, limit=10) if each.id == number), None)
    if found is None or found.transition is None:
        return
    entry = next((each for each in registry.history(*place.split("@"), limit=10) if each.id == found.transition), None)
    outcome = "over" if entry is None else entry.outcome.value
    narrate(
        f"{place}: a {found.order.action} by {found.actor.user} was left unfinished; it is now recorded as {outcome}"
    )
