"""What every measurement of the application shares: where it runs, how often, and how a figure stands to its budget."""

from __future__ import annotations

import math
import statistics
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal_tui.remembered import Place, remember, state_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.bench import figures
    from tests.bench.ptys import Burst, Link, Terminal

    from lineal.registry import Registry
else:
    import figures
    from ptys import Terminal

MODEL, STAGE = "fraud", "production"
USEFUL = "PRODUCTION"
"""Once this is written, a person sees the newest versions and what is live."""
WHOLE = "\x1b[?2026l"
"""Ends what the application paints at once; the first picture, which stands before the application does, has none."""
NO_BUDGET = figures.NO_BUDGET


class Report(figures.Report):
    """Figures of a terminal, too."""

    def times(self, what: str, bursts: Sequence[Burst], budget: float) -> None:
        """The time from a key to its last byte."""
        times = [burst.last * 1e3 for burst in bursts if burst.last is not None]
        silent = len(bursts) - len(times)
        size = statistics.median(burst.bytes for burst in bursts)
        note = f"median {statistics.median(times):.1f}, most {max(times):.1f}, {size:,.0f} bytes"
        self.line(what, p95(times), budget, "ms", note + (f", {silent} keys without a byte" if silent else ""))


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how often it is measured."""

    registry: Registry
    state: Path
    """Where the application keeps what it remembers."""
    report: Report
    tries: int
    """Starts, or keys divided by ten, for one figure."""
    pages: int
    """Pages that are scrolled before memory is looked at."""

    @contextmanager
    def application(self, *, size: tuple[int, int] = (120, 40), link: Link | None = None) -> Iterator[Terminal]:
        """The application, on the tree of the largest model, settled."""
        with self.start(size=size, link=link) as terminal:
            # a slow link answers too late whether it takes frames as wholes
            terminal.wait_for(WHOLE if link is None else "went into", 60)
            terminal.settle()
            yield terminal

    def start(self, *, size: tuple[int, int] = (120, 40), link: Link | None = None) -> Terminal:
        """The application, just started."""
        remember(self.state / "lineal" / state_name(self.registry.uid, self.registry.root), Place(MODEL, STAGE))
        command = [sys.executable, "-m", "lineal_tui.main", "--registry", str(self.registry.root)]
        environment = {"XDG_STATE_HOME": str(self.state)}
        if link is not None:
            environment["SSH_CONNECTION"] = "192.0.2.1 50000 192.0.2.2 22"
        return Terminal(command, size=size, link=link, environment=environment)


def p95(values: Sequence[float]) -> float:
    """The value that 95 of a hundred do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
