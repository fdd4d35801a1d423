"""Row 16: what runs automations is killed at random; no event runs a command twice, and none is forgotten."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import guards
import trial
from trial import Report

from lineal.operations import delivering
from lineal.registry import open_registry

if TYPE_CHECKING:
    from lineal.records.automation import Delivery
    from lineal.registry import Registry

NAMES = ("first", "second")
_LONGEST = 0.25
"""Seconds from an event to the kill: a worker takes about half of that to begin."""
_AT_WORK = 0.6
"""How often the kill waits until a command was begun."""
_WORK = 0.04
"""Seconds from then to the kill: a command takes about half of that."""


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Cause events for two automations, and kill what runs them."""
    dice = random.Random(seed)  # noqa: S311  no secret
    report = Report()
    if without is not None:
        guards.GUARDS[without].take_out()
    root = trial.make_registry(folder)
    ran = folder / "ran"
    script = folder / "script"
    # the number of the event is the first thing that it reads: {"seq": 12, "at": ...
    script.write_text(f'#!/bin/sh\nread -r line\nline=${{line%%,*}}\necho "$1 ${{line##* }}" >> {ran}\nsleep 0.02\n')
    script.chmod(0o755)
    with open_registry(root) as registry:
        for name in NAMES:
            registry.add_automation("moved", "m", [str(script), name], name=name)
        labels = [version.label for version in registry.versions("m")]
        for number in range(trials):
            report.trials += 1
            for _ in range(dice.randint(1, 3)):
                live = dict(registry.model("m").stages)["staging"]
                registry.promote(f"m:{dice.choice([each for each in labels if each != live])}", "staging")
            if dice.random() < _AT_WORK:
                _wait_for_work(registry)
                time.sleep(dice.random() * _WORK)
            else:
                time.sleep(dice.random() * _LONGEST)
            killed = _kill(root)
            report.struck += bool(killed)
            if without is not None and number % 10 == 9:
                registry.settle_automations()
                if _judge(registry, ran, Report()):
                    break
        registry.settle_automations()
        found = registry.deliveries()
        for each in found:
            report.note(each.state.value)
        report.broken += _judge(registry, ran, report)
        report.broken += trial.what_is_broken(registry)
        if {each.kind for each in registry.examine()} - {"delivery_lost"}:
            report.broken.append("doctor finds more than what was lost")
        for mended in registry.repair():
            if mended.done is None:
                report.broken.append(f"not mended: {mended.finding.problem}")
        if registry.examine():
            report.broken.append("doctor still finds something after mending")
    return report


def _wait_for_work(registry: Registry) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        states = {each.state.value for each in registry.deliveries(limit=20)}
        if "running" in states or "waiting" not in states:
            return
        time.sleep(0.002)


def _kill(root: Path) -> list[int]:
    """Kill what runs the automations of a registry; returns the processes that it hit."""
    hit = []
    for each in Path("/proc").iterdir():
        if not each.name.isdigit():
            continue
        try:
            words = (each / "cmdline").read_bytes().split(b"\0")
            if b"lineal.processes.worker" in words and os.fsencode(root.absolute()) in words:
                os.kill(int(each.name), signal.SIGKILL)
                hit.append(int(each.name))
        except (OSError, ProcessLookupError):
            continue  # it ended meanwhile
    return hit


def _judge(registry: Registry, ran: Path, report: Report) -> list[str]:
    broken = []
    events = [each.seq for each in registry.events()[::-1] if each.action == "promoted" and each.ref == "m@staging"]
    times = Counter(ran.read_text().split("\n")) if ran.exists() else Counter[str]()
    del times[""]
    for name in NAMES:
        mine = registry.deliveries(name)[::-1]
        if [each.seq for each in mine] != events[-delivering._KEPT :]:  # the log has the last ones
            broken.append(f"{name}: delivered {len(mine)} of {len(events)} events, or in another order")
        for each in mine:
            count, lost = times[f"{name} {each.seq}"], each.state == "lost"
            if each.state not in {"done", "lost"} or count > 1 or (count == 0 and not lost):
                broken.append(f"{name}: event {each.seq} ran the command {count} times and is {each.state}")
            if lost and count:
                report.note("lost after the command had run")
        broken += _out_of_order(name, mine)
    return broken


def _out_of_order(name: str, mine: list[Delivery]) -> list[str]:
    over = [each for each in mine if each.started_at is not None and each.ended_at is not None]
    return [
        f"{name}: event {after.seq} began before event {before.seq} was over"
        for before, after in pairwise(over)
        if (after.started_at or 0) < (before.ended_at or 0)
    ]
