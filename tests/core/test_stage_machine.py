"""Any sequence of promote, rollback, undo, clear and mark, beside a model of it in plain Python."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lineal.errors import NotFound, NothingLive, NowhereToRollBack, Refused
from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.registry import Registry

VERSIONS = range(1, 5)
LABELS = st.sampled_from(list(VERSIONS))
PLACE = "m@production"


@dataclass(frozen=True)
class Moment:
    """What is live, and behind it, newest first, all that was live before it as rollbacks see it."""

    live: int | None
    behind: tuple[int | None, ...] = ()


def _rolled_back(moment: Moment, bad: set[int]) -> Moment | None:
    behind = moment.behind
    while behind:
        candidate, behind = behind[0], behind[1:]
        if candidate is not None and candidate != moment.live and candidate not in bad:
            return Moment(candidate, behind)
    return None


class Expected:
    """A stage as a stack of moments: nothing of the registry's links and rows."""

    def __init__(self) -> None:
        self.now: Moment | None = None
        self.before: Moment | None = None
        self.bad: set[int] = set()
        self.healthy: dict[int, Moment] = {}
        self.moves = 0

    def go(self, moment: Moment) -> None:
        self.before = self.now
        self.now = moment
        self.moves += 1
        if moment.live is not None:
            self.healthy[moment.live] = moment

    @property
    def live(self) -> int | None:
        return None if self.now is None else self.now.live

    def backs(self) -> list[int]:
        found: list[int] = []
        moment = self.now
        while moment is not None and (moment := _rolled_back(moment, self.bad)) is not None:
            assert moment.live is not None
            found.append(moment.live)
        return found


class StageMachine(RuleBasedStateMachine):
    template: Path

    def __init__(self) -> None:
        super().__init__()
        # Memory instead of a disk: durability is tested elsewhere, and each step commits.
        memory = "/dev/shm"  # noqa: S108  mkdtemp makes a folder of our own in it
        self.folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
        shutil.copytree(self.template, self.folder / "registry")
        self.registry: Registry = open_registry(self.folder / "registry")
        self.expected = Expected()

    def teardown(self) -> None:
        self._roll_back_to_the_end()
        assert self.registry.verify_events().broken_at is None
        self.registry.close()
        shutil.rmtree(self.folder)

    def _try(self, action: Callable[[], object], moment: Moment | None) -> None:
        """Do it; `moment` is what must be live then, None where it must be refused."""
        if moment is None:
            with pytest.raises((Refused, NothingLive)):
                action()
            return
        action()
        self.expected.go(moment)

    @rule(label=LABELS)
    def promote(self, label: int) -> None:
        now = self.expected.now
        if label in self.expected.bad:
            self._try(lambda: self.registry.promote(f"m:{label}", "production"), None)
        elif self.expected.live == label:
            assert self.registry.promote(f"m:{label}", "production") is None
        else:
            behind = () if now is None else (now.live, *now.behind)
            self._try(lambda: self.registry.promote(f"m:{label}", "production"), Moment(label, behind))

    @rule(marks=st.booleans())
    def roll_back(self, marks: bool) -> None:
        left = self.expected.live
        now = self.expected.now
        moment = None if now is None else _rolled_back(now, self.expected.bad)
        self._try(lambda: self.registry.rollback(PLACE, bad=marks), moment)
        if moment is not None and marks and left is not None:
            self.expected.bad.add(left)

    @rule(label=LABELS)
    def roll_back_to(self, label: int) -> None:
        now = self.expected.now
        moment = None
        if now is not None and label in self.expected.healthy and label not in self.expected.bad and now.live != label:
            moment = now
            while moment is not None and moment.live != label:
                moment = _rolled_back(moment, self.expected.bad)
            moment = moment or self.expected.healthy[label]
        self._try(lambda: self.registry.rollback(PLACE, to=f"m:{label}"), moment)

    @rule()
    def undo(self) -> None:
        if self.expected.now is None:
            self._try(lambda: self.registry.undo(PLACE), None)
            return
        moment = self.expected.before or Moment(None)
        self._try(lambda: self.registry.undo(PLACE), None if moment.live in self.expected.bad else moment)

    @precondition(lambda self: self.expected.now is not None)
    @rule(action=st.sampled_from(["promote", "roll_back", "clear"]), label=LABELS)
    def do_and_undo(self, action: str, label: int) -> None:
        moves, before = self.expected.moves, (self.expected.live, self.expected.backs())
        if action == "promote":
            self.promote(label)
        elif action == "roll_back":
            self.roll_back(marks=False)
        else:
            self.clear()
        if self.expected.moves > moves and before[0] not in self.expected.bad:
            self.registry.undo(PLACE)
            self.expected.go(self.expected.before or Moment(None))
            assert (self._live(), self._backs()) == before

    @rule()
    def clear(self) -> None:
        now = self.expected.now
        moment = None if now is None or now.live is None else Moment(None, (now.live, *now.behind))
        self._try(lambda: self.registry.clear(PLACE), moment)

    @rule(label=LABELS, bad=st.booleans())
    def mark(self, label: int, bad: bool) -> None:
        self.registry.mark(f"m:{label}", "bad" if bad else "active")
        (self.expected.bad.add if bad else self.expected.bad.discard)(label)

    def _live(self) -> int | None:
        label = dict(self.registry.model("m").stages)["production"]
        return None if label is None else int(label)

    def _backs(self) -> list[int]:
        return [int(version.label) for version, _ in self.registry.rollback_candidates(PLACE, 1_000)]

    @invariant()
    def the_registry_says_what_the_model_says(self) -> None:
        assert self._live() == self.expected.live
        assert self._backs() == self.expected.backs()
        for back, label in enumerate(self.expected.backs()[:2], start=1):
            assert self.registry.version(f"{PLACE}~{back}").label == str(label)

    @invariant()
    def the_history_only_grows(self) -> None:
        history = self.registry.history("m", "production")
        assert [each.seq for each in history] == list(range(self.expected.moves, 0, -1))

    def _roll_back_to_the_end(self) -> None:
        """Repeated rollbacks go to ever earlier transitions, to what `~N` said, and end."""
        said = self._backs()
        earlier: int | None = None
        for label in said:
            plan = self.registry.plan_rollback(PLACE, with_diff=False)
            assert plan.target_transition is not None
            assert earlier is None or plan.target_transition.id < earlier
            earlier = plan.target_transition.id
            self.registry.execute(plan)
            assert self._live() == label
        with pytest.raises((NowhereToRollBack, NothingLive, NotFound)):
            self.registry.rollback(PLACE)


def test_any_sequence_leads_where_the_model_says(tmp_path: Path) -> None:
    with create_registry(tmp_path / "registry") as registry:
        for _ in VERSIONS:
            registry.register("m", scheme="sequence")
    StageMachine.template = tmp_path / "registry"
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    StageMachine.TestCase.settings = settings(
        max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=checks
    )
    StageMachine.TestCase("runTest").runTest()
