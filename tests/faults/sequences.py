"""Row 15: any sequence of use cases leaves the registry as a plain Python program says it must be."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import expected
import guards
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from trial import Report, what_is_broken

from lineal.errors import LinealError, Refused
from lineal.records.base import Micros
from lineal.registry import create_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lineal.registry import Registry

MEMORY = Path("/dev/shm")  # noqa: S108  where syncing costs nothing, as no sequence is about a power cut
STEPS = 30
CONTENTS = ("alpha", "beta", "gamma")
STAGES = st.sampled_from(("staging", "production"))
DICE = st.integers(0, 10**6)


class Sequences(RuleBasedStateMachine):
    """Does the same to a registry and to the program."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="lineal-sequence-", dir=MEMORY if MEMORY.is_dir() else None)
        where = Path(self.folder.name)
        self.files = {name: where / f"{name}.bin" for name in CONTENTS}
        for name, path in self.files.items():
            path.write_text(name)
        self.times = itertools.count(1_800_000_000_000_000, 1_000_000)
        self.registry: Registry = create_registry(where / "registry", clock=lambda: Micros(next(self.times)))
        self.expected = expected.Registry()

    def teardown(self) -> None:
        """A registry that is whole, whatever was done to it."""
        try:
            assert what_is_broken(self.registry) == []
            self.registry.gc()
            here = {path.name for path in (self.registry.root / "objects").rglob("*") if len(path.name) == 62}
            assert len(here) == len(self.expected.contents())
        finally:
            self.registry.close()
            self.folder.cleanup()

    def pick(self, dice: int) -> str:
        """One of the labels."""
        labels = list(self.expected.versions)
        return labels[dice % len(labels)]

    @contextmanager
    def same(self, does: Callable[[], object]) -> Iterator[None]:
        """The program does it, and the registry does or refuses what it does or refuses."""
        try:
            does()
        except expected.No:
            try:
                yield
            except Refused:
                return
            raise AssertionError("it should have been refused") from None
        yield

    @initialize(content=st.sampled_from(CONTENTS))
    def begin(self, content: str) -> None:
        self.register(content, owned=True)

    @rule(content=st.sampled_from(CONTENTS), owned=st.booleans())
    def register(self, content: str, owned: bool) -> None:
        owner = "ana" if owned else None
        label = f"v{len(self.expected.versions) + 1}"
        self.registry.register("m", self.files[content], label=label, scheme="manual", owner=owner)
        self.expected.register(label, content, owner)

    @rule(dice=DICE, stage=STAGES, force=st.booleans())
    def promote(self, dice: int, stage: str, force: bool) -> None:
        label = self.pick(dice)
        with self.same(lambda: self.expected.promote(label, stage, force=force)):
            self.registry.promote(f"m:{label}", stage, reason="because", force=force)

    @rule(stage=STAGES, bad=st.booleans())
    def rollback(self, stage: str, bad: bool) -> None:
        with self.same(lambda: self.expected.rollback(stage, bad=bad)):
            self.registry.rollback(f"m@{stage}", bad=bad)

    @rule(dice=DICE, stage=STAGES)
    def rollback_to(self, dice: int, stage: str) -> None:
        label = self.pick(dice)
        with self.same(lambda: self.expected.rollback_to(stage, label)):
            self.registry.rollback(f"m@{stage}", to=f"m:{label}")

    @rule(stage=STAGES)
    def undo(self, stage: str) -> None:
        with self.same(lambda: self.expected.undo(stage)):
            self.registry.undo(f"m@{stage}")

    @rule(stage=STAGES)
    def clear(self, stage: str) -> None:
        if self.expected.stages[stage].live is None:
            try:
                self.registry.clear(f"m@{stage}")
            except LinealError:
                return
            raise AssertionError("there was nothing to clear")
        self.expected.clear(stage)
        self.registry.clear(f"m@{stage}")

    @rule(dice=DICE, status=st.sampled_from(("bad", "active")))
    def mark(self, dice: int, status: str) -> None:
        label = self.pick(dice)
        with self.same(lambda: self.expected.mark(label, status)):
            self.registry.mark(f"m:{label}", status)

    @rule(dice=DICE, purge=st.booleans())
    def retire(self, dice: int, purge: bool) -> None:
        label = self.pick(dice)
        with self.same(lambda: self.expected.retire(label, purge=purge)):
            self.registry.retire(f"m:{label}", reason="it is time", purge=purge)

    @rule(dice=DICE, on=st.booleans())
    def deprecate(self, dice: int, on: bool) -> None:
        label = self.pick(dice)
        with self.same(lambda: self.expected.deprecate(label, on=on)):
            self.registry.deprecate(f"m:{label}", until=Micros(1_900_000_000_000_000) if on else None)

    @rule(stage=STAGES, needs_owner=st.booleans(), approvals=st.sampled_from((0, 0, 1)), after=st.booleans())
    def demand(self, stage: str, needs_owner: bool, approvals: int, after: bool) -> None:
        wanted = self.expected.stages[stage]
        wanted.needs_owner, wanted.approvals = needs_owner, approvals
        wanted.after = "staging" if after and stage == "production" else None
        self.registry.set_gates(
            f"m@{stage}", require=("owner",) if needs_owner else (), approvals=approvals, after=wanted.after
        )

    @rule(dice=DICE, stage=STAGES)
    def approve_of_ones_own(self, dice: int, stage: str) -> None:
        try:
            self.registry.approve(f"m:{self.pick(dice)}", stage)
        except Refused:
            return
        raise AssertionError("one's own version was approved of")

    @rule(keep_last=st.integers(1, 4), keep_live=st.booleans())
    def expire(self, keep_last: int, keep_live: bool) -> None:
        self.registry.set_retention("m", keep_last=keep_last, keep_live=keep_live)
        wanted = self.expected.expired(keep_last, keep_live=keep_live)
        assert [each.ref for each in self.registry.expired()] == [f"m:{label}" for label in wanted]
        ended, kept = self.registry.expire()
        assert ([each.ref for each in ended], kept) == ([f"m:{label}" for label in wanted], [])
        for label in wanted:
            self.expected.retire(label, purge=True)

    @rule()
    def collect(self) -> None:
        self.registry.gc()

    @rule()
    def come_back(self) -> None:
        self.registry.close()

    @precondition(lambda self: self.expected.versions)
    @invariant()
    def agrees(self) -> None:
        """What is read is what the program says."""
        model = self.registry.model("m")
        assert dict(model.stages) == {name: stage.live for name, stage in self.expected.stages.items()}
        for name, stage in self.expected.stages.items():
            history = [
                (each.action.value, each.from_label, each.to_label, each.forced)
                for each in reversed(self.registry.history("m", name))
            ]
            assert history == [(each.action, each.before, each.to, each.forced) for each in stage.history]
            chain = [label for label, _ in self.expected.chain(stage)]
            assert [hold.why for hold in self.registry.holds(f"m:{stage.live}")] if stage.live else True
            if chain:
                assert self.registry.version(f"m@{name}~{len(chain)}").label == chain[-1]
        for version in self.registry.versions("m", include_retired=True):
            wanted = self.expected.versions[version.label]
            assert version.status.value == wanted.status
            assert (version.deprecated_until is not None) is wanted.deprecated
            assert (version.owner, sorted(version.stages)) == (
                wanted.owner,
                sorted(name for name, stage in self.expected.stages.items() if stage.live == version.label),
            )


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Run sequences; the shortest one that breaks a promise is told."""
    del folder
    if without is not None:
        guards.GUARDS[without].take_out()
    report = Report(trials=trials, struck=trials)

    @seeded(seed)
    class Seeded(Sequences):
        pass

    try:
        run_state_machine_as_test(
            Seeded,
            settings=settings(
                max_examples=trials,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                print_blob=False,
                report_multiple_bugs=False,
                phases=(Phase.generate, Phase.shrink) if without is None else (Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )
    except Exception as error:  # noqa: BLE001  whatever breaks is what is looked for
        report.broken.append(f"{type(error).__name__}: {error}\n" + "\n".join(getattr(error, "__notes__", [])))
    return report
