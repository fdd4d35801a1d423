"""Causes faults and counts what they break: `python tests/faults/run.py [--row N]... [--trials N] [--without GUARD]`.

Without `--row`, all rows with the trials that are promised for them. The exit code is 1 when a promise did not hold.
`--without` takes out what keeps the promise; then the exit code is 1 when nothing was found, for such a test could not
fail.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import bits
import calls
import clocks
import crowds
import deliveries
import disks
import evil
import guards
import hangups
import hooks
import kills
import logs
import mutants
import power
import sequences
import strikes

if TYPE_CHECKING:
    from trial import Report


@dataclass(frozen=True, slots=True)
class Row:
    """A fault."""

    what: str
    trials: int | None
    """None for every call there is."""


ROWS = {
    1: Row("kill -9 at every system call", None),
    2: Row("kill -9 at random", 1_000),
    3: Row("the power goes, on ext4 and on XFS", 200),
    4: Row("a call fails: EIO, ENOSPC, EDQUOT", None),
    5: Row("a full disk, a file that may not grow", 50),
    6: Row("fsync fails", None),
    7: Row("a flipped bit, a cut file", 500),
    8: Row("promote, roll back, register and collect at once", 10_000),
    9: Row("hooks and health checks that misbehave", 200),
    10: Row("the terminal goes", 200),
    11: Row("the clock jumps", 20),
    12: Row("the audit log is edited, cut, reordered, written anew", 400),
    13: Row("hostile names, paths, links, escapes and markup", 10_000),
    14: Row("malformed databases, model files, stores, bundles and backups", 2_000),
    15: Row("any sequence of use cases", 5_000),
    16: Row("kill -9 of what runs automations", 500),
}


_OF_STAGES = {
    3: power.run,
    8: crowds.run,
    9: hooks.run,
    10: hangups.run,
    11: clocks.run,
    12: logs.run,
    13: evil.run,
    14: mutants.run,
    15: sequences.run,
    16: deliveries.run,
}


def cause(row: int, folder: Path, trials: int | None, seed: int, without: str | None) -> Report:
    """Run the trials of a row."""
    if row in {4, 6}:
        return calls.run(folder, trials=trials, only_syncs=row == 6, without=without, offset=seed)
    if row == 1:
        return strikes.run(folder, trials=trials, seed=seed, without=without)
    several = 50 if trials is None else trials
    if row in _OF_STAGES:
        return _OF_STAGES[row](folder, trials=several, seed=seed, without=without)
    if row == 2:
        return kills.run(folder, trials=several, seed=seed, without=without)
    if row == 5:
        return disks.run(folder, trials=several, seed=seed, without=without)
    return bits.run(folder, trials=several, seed=seed, without=without)


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
