"""Causes faults and counts what they break: `python tests/faults/run.py [--row N]... [--trials N] [--without GUARD]`.

Without `--row`, all rows with the trials that are promised for them. The exit code is 1 when a promise did not hold.
`--without` takes out what keeps the promise; then the exit code is 1 when nothing was found, for such a test could not
fail.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import guards

if TYPE_CHECKING:
    from collections.abc import Callable

    from trial import Report


@dataclass(frozen=True, slots=True)
class Row:
    """A fault."""

    what: str
    trials: int | None
    """None for every call there is."""
    module: str
    """Where it is caused; imported when it is asked for."""


ROWS = {
    1: Row("kill -9 at every system call", None, "strikes"),
    2: Row("kill -9 at random", 1_000, "kills"),
    3: Row("the power goes, on ext4 and on XFS", 200, "power"),
    4: Row("a call fails: EIO, ENOSPC, EDQUOT", None, "calls"),
    5: Row("a full disk, a file that may not grow", 50, "disks"),
    6: Row("fsync fails", None, "calls"),
    7: Row("a flipped bit, a cut file", 500, "bits"),
    8: Row("promote, roll back, register and collect at once", 10_000, "crowds"),
    9: Row("hooks and health checks that misbehave", 200, "hooks"),
    10: Row("the terminal goes", 200, "hangups"),
    11: Row("the clock jumps", 20, "clocks"),
    12: Row("the audit log is edited, cut, reordered, written anew", 400, "logs"),
    13: Row("hostile names, paths, links, escapes and markup", 10_000, "evil"),
    14: Row("malformed databases, model files, stores, bundles and backups", 2_000, "mutants"),
    15: Row("any sequence of use cases", 5_000, "sequences"),
    16: Row("kill -9 of what runs automations", 500, "deliveries"),
}


def cause(row: int, folder: Path, trials: int | None, seed: int, without: str | None) -> Report:
    """Run the trials of a row."""
    run: Callable[..., Report] = importlib.import_module(ROWS[row].module).run
    if row in {4, 6}:
        return run(folder, trials=trials, only_syncs=row == 6, without=without, offset=seed)
    if row != 1 and trials is None:
        trials = 50
    return run(folder, trials=trials, seed=seed, without=without)


def main() -> int:
    """Take the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Cause faults and count what they break.")
    parser.add_argument("--row", type=int, action="append", choices=sorted(ROWS), help="which fault; all unless given")
    parser.add_argument("--trials", type=int, help="instead of the number that is promised")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", choices=sorted(guards.GUARDS), help="take out what guards against the fault")
    given = parser.parse_args()
    rows = given.row or sorted(ROWS)
    if given.without:
        rows = [guards.GUARDS[given.without].row]
        sys.stdout.write(f"without: {guards.GUARDS[given.without].what}\n")
    worst = 0
    for row in rows:
        trials = given.trials if given.trials is not None else ROWS[row].trials
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lineal-faults-") as folder:
            report = cause(row, Path(folder), trials, given.seed, given.without)
        sys.stdout.write(
            f"row {row}: {ROWS[row].what}: {report.trials} trials, {report.struck} struck, "
            f"{len(report.broken)} promises broken, {time.monotonic() - began:.0f} s\n"
        )
        for what, count in sorted(report.notes.items()):
            sys.stdout.write(f"    {count} {what}\n")
        for broken in report.broken[:20]:
            sys.stdout.write(f"  ! {broken}\n")
        sys.stdout.flush()
        worst |= bool(report.broken) is (given.without is None)
    return int(worst)


if __name__ == "__main__":
    sys.exit(main())
