"""Measures everything in one run: `python tests/bench/table.py --at DIR [--only NAME]...`.

One benchmark after the other. Large registries are made in DIR where they are not there yet; removing them makes them
anew. What the benchmarks say goes to standard error as it comes; at the end a table of all figures in Markdown, each
below its command, to standard output. The exit code is 1 when a budget was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.figures import KEPT
else:
    from figures import KEPT

HERE = Path(__file__).parent
REGISTRIES = {
    "50k": ("--versions", "10000", "--runs", "50000", "--points", "500000", "--metrics", "10"),
    "1m": ("--versions", "100000", "--runs", "1000000", "--points", "10000000"),
    "1m-metrics": ("--versions", "10000", "--runs", "1000000", "--points", "10000000", "--metrics", "10"),
}
"""What `generate.py` is told, by the name of the registry."""


@dataclass(frozen=True, slots=True)
class Step:
    """A benchmark; an argument that names a registry stands for its directory."""

    name: str
    words: tuple[str, ...]


STEPS = (
    Step("core", ("core.py",)),
    Step("releases", ("releases.py",)),
    Step("imports", ("imports.py",)),
    Step("auditing", ("auditing.py",)),
    Step("observing", ("observing.py",)),
    Step("curves", ("curves.py",)),
    Step("diffing", ("diffing.py", "--pty")),
    Step("searching", ("searching.py", "50k", "--no-hand")),
    Step("searching-1m", ("searching.py", "1m-metrics", "--no-hand")),
    Step("application", ("run.py", "--registry", "1m")),
)


class Broken(Exception):
    """A benchmark that did not come to its end."""


def made(at: Path, name: str) -> str:
    """The directory of a registry, which is made where it is not there yet."""
    root = at / name
    if not root.exists():
        unfinished = root.with_name(name + ".unfinished")
        subprocess.run([sys.executable, HERE / "generate.py", unfinished, *REGISTRIES[name]], check=True, stdout=2)
        unfinished.rename(root)
    return str(root)


def figures(step: Step, at: Path) -> Iterator[dict[str, object]]:
    """Run a benchmark; yields what it measured.

    Raises:
        Broken: it did not come to its end.
    """
    kept = at / f"{step.name}.jsonl"
    kept.unlink(missing_ok=True)
    words = [made(at, word) if word in REGISTRIES else word for word in step.words[1:]]
    done = subprocess.run(
        [sys.executable, HERE / step.words[0], *words], check=False, stdout=2, env={**os.environ, KEPT: str(kept)}
    )
    if done.returncode not in {0, 1} or not kept.exists():
        raise Broken(f"ended with {done.returncode}, without its figures")
    yield from map(json.loads, kept.read_text(encoding="utf-8").splitlines())


def main() -> int:
    """Measure all; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at", type=Path, required=True, metavar="DIR", help="where registries and figures are kept")
    parser.add_argument("--only", action="append", choices=[step.name for step in STEPS], help="some benchmarks only")
    options = parser.parse_args()
    options.at.mkdir(parents=True, exist_ok=True)
    rows = ["| figure | | budget | |", "|---|---|---|---|"]
    missed = False
    for step in STEPS:
        if options.only and step.name not in options.only:
            continue
        rows.append(f"| `python tests/bench/{' '.join(step.words)}` | | | |")
        try:
            for each in figures(step, options.at):
                figure, budget = each["figure"], each["budget"]
                over = isinstance(figure, float | int) and isinstance(budget, float | int) and figure > budget
                missed |= over
                told = f"**{figure:,.2f} {each['unit']}**, missed" if over else f"{figure:,.2f} {each['unit']}"
                rows.append(f"| {each['what']} | {told} | {'' if budget is None else f'{budget:g}'} | {each['note']} |")
        except Broken as error:
            rows.append(f"| {error} | | | |")
            missed = True
    print("\n".join(rows))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
