"""Whoever comes second, and whoever cancels."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Busy, Cancelled, Conflict, OutOfDate
from lineal.registry import open_registry
from lineal.staging import pipelines
from lineal.staging.transitions import order_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from tests.core.conftest import Served
    from tests.core.pipelined import GATE, LOGS, promote
    from tests.core.waiting import until

    from lineal.records.stages import Transition
else:
    from pipelined import GATE, LOGS, promote
    from waiting import until


@contextmanager
def _held_at_gate(served: Served, act: Callable[[], Transition | None]) -> Iterator[Future[Transition | None]]:
    """Do something whose hook or health waits at the gate; at the end of the block the gate opens for good."""
    if not (served.folder / "gate").exists():
        os.mkfifo(served.folder / "gate")
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(act)
        try:
            until(lambda: (served.folder / "there").exists() or doing.done())
            yield doing
        finally:
            gate = os.open(served.folder / "gate", os.O_RDWR)
            while not doing.done():
                os.write(gate, b"\n")
                time.sleep(0.01)
            os.close(gate)


def test_a_plan_that_is_out_of_date_begins_nothing(served: Served) -> None:
    promote(served, 1, 2)
    plan = served.registry.plan_rollback(served.place)
    promote(served, 3)
    with pytest.raises(OutOfDate) as caught:
        served.registry.execute(plan)
    assert caught.value.exit_code == 5
    assert served.live() == "3"
    assert len(served.outcomes()) == 3


@pytest.mark.parametrize("step", ["hook", "health"])
def test_whoever_comes_second_learns_who_is_at_which_step(step: str, served: Served) -> None:
    promote(served, 1, 2)
    served.set(**{step: served.script("slow", GATE)})
    with _held_at_gate(served, lambda: served.registry.promote("m:3", "production")) as doing:
        state = served.registry.stage_state(served.place)
        assert state.is_running
        assert state.pipeline is not None
        assert state.pipeline.running_step == step
        assert [each.id for each in served.registry.running_pipelines()] == [state.pipeline.id]
        assert (served.directory / "current").readlink().name[0] == "3"
        assert state.live == "2"  # until it is over
        with open_registry(served.registry.root) as other, pytest.raises(Busy) as caught:
            other.promote("m:4", "production")
        assert caught.value.exit_code == 5
        assert served.registry.actor.user in str(caught.value)
        assert str(caught.value).endswith(f": {step}")
        with pytest.raises(Busy):
            served.registry.rollback(served.place)
        other_stage = served.registry.promote("m:3", "staging")  # is in nobody's way
        assert other_stage is not None
    assert doing.result() is not None
    assert served.live() == "3"
    assert not served.registry.stage_state(served.place).is_running


@pytest.mark.parametrize("action", ["promote", "rollback"])
@pytest.mark.parametrize("step", ["hook", "health"])
def test_cancelling_after_the_switch_takes_it_back(step: str, action: str, served: Served) -> None:
    promote(served, 1, 2)
    served.set(**{step: served.script("slow", f'{LOGS}; test "$LINEAL_ACTION" = revert || {{ {GATE}; }}')}, timeout=60)

    def act() -> Transition | None:
        if action == "promote":
            return served.registry.promote("m:3", "production")
        return served.registry.rollback(served.place)

    with _held_at_gate(served, act) as doing:
        assert served.registry.cancel_pipeline(served.place).cancelled_by == served.registry.actor.user
        with pytest.raises(Cancelled, match="taken back: 2-") as caught:
            doing.result(5)
        assert caught.value.exit_code == 130
    assert served.live() == "2"
    assert served.outcomes()[-1].endswith("reverted")
    assert served.log()[-1].startswith("revert")


def test_a_cancel_in_the_last_moment_counts(served: Served) -> None:
    promote(served, 1)
    served.set(health=served.script("slow", f'test "$LINEAL_ACTION" = revert || {{ {GATE}; }}'))
    with _held_at_gate(served, lambda: served.registry.promote("m:2", "production")) as doing:
        time.sleep(0.3)
        served.registry.cancel_pipeline(served.place)  # and the check succeeds before anybody looks again
    with pytest.raises(Cancelled):
        doing.result()
    assert served.live() == "1"


def test_cancelling_before_the_switch_moves_nothing(served: Served) -> None:
    promote(served, 1)
    served.set(hook=served.script("hook", LOGS))
    order = order_of(served.registry.plan_promote("m:2", "production"))
    with pytest.raises(Cancelled) as caught:
        pipelines.perform(
            served.registry.context, order, started=lambda _: (served.registry.cancel_pipeline(served.place), None)[1]
        )
    assert caught.value.exit_code == 130
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote 2 cancelled"
    assert not served.log()
    with pytest.raises(Conflict, match="no pipeline is running"):
        served.registry.cancel_pipeline(served.place)
