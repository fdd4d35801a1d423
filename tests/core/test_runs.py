"""What a run keeps of what a training program logs, whatever becomes of the program."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineal.errors import BadName, BadValue, Conflict, Locked
from lineal.machine.locks import exclusive
from lineal.records.base import Micros
from lineal.records.runs import RunStatus
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import Script, Weights

    from lineal.records.base import Scalar
    from lineal.records.runs import MetricSeries
    from lineal.registry import Registry
    from lineal.training.recording import RunHandle

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)


def test_points_that_threads_log_at_once_are_steps_of_their_own(registry: Registry) -> None:
    run = registry.start_run("e")

    def log(thread: int) -> None:
        for number in range(1_000):
            run.log_metric("loss", thread + number / 1_000)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(log, range(4)))
    finally:
        sys.setswitchinterval(before)
    assert (_series(registry, run, "loss").count, _series(registry, run, "loss").last_step) == (4_000, 3_999)
    run.finish()


def test_figures_that_are_logged_at_once_are_steps_of_their_own(registry: Registry) -> None:
    run = registry.start_run("e")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda value: registry.log_figures(run.ref, {"loss": value}), [float(n) for n in range(64)]))
    assert [point.step for point in registry.points(registry.run(run.ref), "loss")] == list(range(64))
    run.finish()


def _series(registry: Registry, run: RunHandle, name: str) -> MetricSeries:
    run.flush()
    return next(series for series in registry.run_detail(run.ref).metrics if series.name == name)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(SCALARS, max_size=6))
def test_params_come_back_as_they_were(values: list[Scalar], registry: Registry) -> None:
    params = {f"p{number}": value for number, value in enumerate(values)}
    with registry.start_run("e", params=params) as run:
        pass
    found = registry.run_detail(run.ref).params
    assert {name: (type(value), repr(value)) for name, value in found.items()} == {
        name: (type(value), repr(value)) for name, value in params.items()
    }


def test_params_of_odd_values_come_back(registry: Registry) -> None:
    params: dict[str, Scalar] = {
        "big": 10**400,
        "negative": -(2**64),
        "nan": math.nan,
        "inf": -math.inf,
        "tiny": 5e-324,
        "zero": -0.0,
        "true": True,
        "one": 1,
        "none": None,
        "empty": "",
        "ünïcode 学习率": "λ\n\t🙂",
    }
    run = registry.start_run("e", params=params)
    run.finish()
    found = registry.run_detail(run.ref).params
    assert {name: repr(value) for name, value in found.items()} == {name: repr(v) for name, v in params.items()}
    assert registry.verify_events().broken_at is None


def test_numbers_of_a_library_are_kept_as_plain_ones(registry: Registry) -> None:
    numpy = import_module("numpy")
    with registry.start_run("e", params={"lr": numpy.float64(0.1)}) as run:
        run.log_metric("loss", numpy.float32(0.5), step=numpy.int64(3))
    assert repr(registry.run_detail(run.ref).params["lr"]) == "0.1"
    assert registry.points(run.ref, "loss")[0].step == 3
    assert registry.points(run.ref, "loss")[0].value == 0.5


@pytest.mark.parametrize(
    "value",
    [[object()], {"a": b"bytes"}, object(), b"bytes", 1j, 1 << 20_000],
    ids=["list", "dict", "object", "bytes", "complex", "huge"],
)
def test_a_param_that_cannot_be_kept_is_refused(value: Scalar, registry: Registry) -> None:
    run = registry.start_run("e")
    with pytest.raises(BadValue):
        run.log_params({"fine": 1, "odd": value})
    assert registry.run_detail(run.ref).params == {}
    with pytest.raises(BadValue):
        registry.start_run("other", params={"odd": value})
    run.finish()
    assert [each.name for each in registry.experiments()] == ["e"]


@pytest.mark.parametrize("name", ["", "x" * 251, "a\nb", "a\x1b[31m", "\ud800", " a"])
def test_names_that_cannot_be_shown_are_refused(name: str, registry: Registry) -> None:
    run = registry.start_run("e")
    for attempt in (
        lambda: run.log_param(name, 1),
        lambda: run.log_metric(name, 1),
        lambda: run.set_tag(name, "x"),
        lambda: registry.start_run(name),
    ):
        with pytest.raises(BadName):
            attempt()
    run.finish()


def test_a_param_keeps_its_first_value(registry: Registry) -> None:
    run = registry.start_run("e", params={"lr": 0.1})
    run.log_param("lr", 0.1)
    with pytest.raises(Conflict, match="lr") as caught:
        run.log_params({"new": 1, "lr": 0.2})
    assert caught.value.exit_code == 5
    assert registry.run_detail(run.ref).params == {"lr": 0.1}
    run.finish()


def test_a_series_sums_up_its_points(registry: Registry) -> None:
    with registry.start_run("e") as run:
        for value in (3.0, math.nan, 1.0, math.inf, 2.0):
            run.log_metric("loss", value)
        run.log_metric("odd", math.nan)
    series = _series(registry, run, "loss")
    assert (series.count, series.last, series.last_step) == (5, 2.0, 4)
    assert (series.min, series.max, series.best) == (1.0, math.inf, 1.0)
    assert [repr(point.value) for point in registry.points(run.ref, "loss")] == ["3.0", "nan", "1.0", "inf", "2.0"]
    odd = _series(registry, run, "odd")
    assert math.isnan(odd.last)
    assert (odd.min, odd.max, odd.best) == (None, None, None)


def test_the_last_value_is_that_of_the_highest_step_whenever_it_came(registry: Registry) -> None:
    run = registry.start_run("e")
    for step, value in ((5, 0.5), (9, 0.9), (1, 0.1)):
        run.log_metric("auc", value, step=step)
    assert (_series(registry, run, "auc").last, _series(registry, run, "auc").last_step) == (0.9, 9)
    run.log_metric("auc", 0.2, step=2)
    assert _series(registry, run, "auc").last == 0.9
    run.log_metric("auc", 0.95)
    assert (_series(registry, run, "auc").last, _series(registry, run, "auc").last_step) == (0.95, 10)
    run.finish()
    assert [point.step for point in registry.points(run.ref, "auc")] == [1, 2, 5, 9, 10]


@pytest.mark.parametrize("flushes", [True, False])
def test_of_points_of_one_step_and_time_all_are_kept_and_the_last_one_counts(flushes: bool, registry: Registry) -> None:
    with registry.start_run("e") as run:
        for value in (1.0, 2.0, 3.0):
            run.log_metric("loss", value, step=7, at=Micros(1_000_000))
            if flushes:
                run.flush()
    assert [point.value for point in registry.points(run.ref, "loss")] == [1.0, 2.0, 3.0]
    series = _series(registry, run, "loss")
    assert (series.count, series.last) == (3, 3.0)


@pytest.mark.parametrize("wrong", ["abc", None, [1], {}])
def test_a_metric_that_is_no_number_is_refused(wrong: float, registry: Registry) -> None:
    with registry.start_run("e") as run, pytest.raises(BadValue, match="no number"):
        run.log_metric("loss", wrong)
    assert registry.run_detail(run.ref).metrics == ()


@pytest.mark.parametrize("step", [1.5, 2**63, -(2**63) - 1, "one", math.nan])
def test_a_step_that_is_no_whole_number_is_refused(step: int, registry: Registry) -> None:
    with registry.start_run("e") as run, pytest.raises(BadValue, match="whole number"):
        run.log_metric("loss", 1, step=step)


def test_no_step_follows_the_greatest_and_the_rest_is_recorded(registry: Registry) -> None:
    with registry.start_run("e") as run:
        run.log_metric("loss", 1.0, step=2**63 - 1)
        with pytest.raises(BadValue, match="loss has the greatest step that there is"):
            run.log_metric("loss", 2.0)
        with pytest.raises(BadValue, match="no whole number of 64 bits"):
            run.log_metric("loss", 2.0, at=Micros(2**63))
        run.log_metric("auc", 0.5)
    assert [point.value for point in registry.points(run.ref, "auc")] == [0.5]
    with pytest.raises(BadValue, match="loss has the greatest step that there is"):
        registry.log_figures(run.ref, {"loss": 2.0, "auc": 0.6})
    assert registry.run(run.ref).status == "finished"
    assert len(registry.points(run.ref, "auc")) == 1


@pytest.mark.parametrize("step", [2**63, -(2**63) - 1, 1.5, "x"])
def test_figures_have_whole_steps_of_64_bits(registry: Registry, step: int) -> None:
    with registry.start_run("e") as run:
        pass
    with pytest.raises(BadValue, match="no whole number"):
        registry.log_figures(run.ref, {"loss": 1.0}, step=step)


def test_a_direction_said_later_finds_the_best_anew(registry: Registry) -> None:
    with registry.start_run("e") as run, registry.start_run("other") as other:
        for value in (1.0, 3.0, 2.0):
            run.log_metric("wobble", value)
            other.log_metric("wobble", value)
    assert _series(registry, run, "wobble").best is None
    registry.set("exp:e", {"metric.wobble.direction": "lower"})
    assert _series(registry, run, "wobble").best == 1.0
    assert _series(registry, other, "wobble").best is None
    registry.set("exp:e", {"metric.wobble.direction": "higher"})
    assert _series(registry, run, "wobble").best == 3.0
    with registry.start_run("e") as later:
        later.log_metric("wobble", 9.0)
    assert _series(registry, later, "wobble").best == 9.0
    registry.set("exp:e", {"metric.wobble.direction": "unknown"})
    assert _series(registry, run, "wobble").best is None


def test_one_metric_of_a_run_is_measured_on_one_dataset_version(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("a\n2\n")
    first = registry.add_dataset("d", tmp_path / "a.csv")
    second = registry.add_dataset("d", tmp_path / "b.csv")
    run = registry.start_run("e")
    run.log_metric("auc", 0.9, dataset=first)
    run.log_metric("auc", 0.8)
    run.log_metric("other", 0.1)
    run.log_metric("auc", 0.7, dataset=second)
    with pytest.raises(BadValue, match="another dataset version"):
        run.flush()
    run.finish()
    series = _series(registry, run, "auc")
    assert (series.count, series.dataset) == (2, first.ref)
    assert _series(registry, run, "other").count == 1


def test_what_the_writing_thread_had_to_refuse_is_told(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    data = registry.add_dataset("d", tmp_path / "a.csv")
    run = registry.start_run("e")
    run.log_metric("auc", 0.9)
    run.flush()
    run.log_metric("auc", 0.8, dataset=data)
    deadline = time.monotonic() + 5
    while run._failure is None and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(BadValue, match="another dataset version"):
        run.finish()
    assert registry.run(run.ref).status is RunStatus.FINISHED


def test_points_that_could_not_be_written_are_kept_for_the_next_try(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = registry.start_run("e")
    monkeypatch.setattr("lineal.storage.db.BUSY_SECONDS", 0.05)
    with exclusive(registry.root / "registry.lock", holder="somebody", seconds=1):
        run.log_metric("loss", 1.0)
        run.log_metric("loss", 2.0)
        with pytest.raises(Locked, match="somebody"):
            run.flush()
    run.log_metric("loss", 3.0)
    run.finish()
    assert [point.value for point in registry.points(run.ref, "loss")] == [1.0, 2.0, 3.0]


def test_no_point_is_lost_between_a_thread_that_logs_and_one_that_writes(root: Path) -> None:
    run: RunHandle | None = None

    def now() -> Micros:
        if run is not None and threading.current_thread() is threading.main_thread():
            writer = threading.Thread(target=run.flush)
            writer.start()
            writer.join()
        return Micros(1_767_225_600_000_000)

    with open_registry(root, clock=now) as registry:
        run = registry.start_run("e")
        for value in range(5):
            run.log_metric("loss", value)
        run.finish()
        assert [point.value for point in registry.points(run.ref, "loss")] == [0, 1, 2, 3, 4]


def test_threads_log_to_one_run_at_once(registry: Registry) -> None:
    with registry.start_run("e") as run:

        def log(number: int) -> None:
            for step in range(2_000):
                run.log_metric(f"m{number % 2}", number, step=step)

        threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            run.flush()
        for thread in threads:
            thread.join()
    for name in ("m0", "m1"):
        assert _series(registry, run, name).count == 4_000
        assert len(registry.points(run.ref, name)) == 4_000


def test_a_failure_is_recorded_with_its_traceback_and_goes_on(registry: Registry) -> None:
    run = registry.start_run("e")

    def train() -> None:
        with run:
            run.log_metric("loss", 1.0)
            message = "the loss exploded"
            raise FloatingPointError(message)

    with pytest.raises(FloatingPointError, match="exploded"):
        train()
    detail = registry.run_detail(run.ref)
    assert detail.run.status is RunStatus.FAILED
    assert detail.run.ended_at is not None
    assert "the loss exploded" in str(detail.error)
    assert "in train" in str(detail.error)
    assert detail.metrics[0].count == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_run_was_killed(interruption: type[BaseException], registry: Registry) -> None:
    run = registry.start_run("e")
    with pytest.raises(interruption), run:
        raise interruption
    assert registry.run(run.ref).status is RunStatus.KILLED


def test_a_registry_that_cannot_be_written_does_not_hide_why_the_training_failed(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = registry.start_run("e")
    monkeypatch.setattr("lineal.storage.db.BUSY_SECONDS", 0.05)
    with (
        exclusive(registry.root / "registry.lock", holder="somebody", seconds=1),
        pytest.raises(ZeroDivisionError) as caught,
        run,
    ):
        _ = 1 / 0
    assert "could not be ended" in caught.value.__notes__[0]
    run.finish(RunStatus.FAILED)
    assert registry.run(run.ref).status is RunStatus.FAILED


def test_a_run_that_ended_takes_no_more_points_and_ends_once(registry: Registry) -> None:
    run = registry.start_run("e")
    run.finish()
    ended = registry.run(run.ref)
    with pytest.raises(BadValue, match="ended"):
        run.log_metric("loss", 1)
    run.finish(RunStatus.FAILED)
    assert registry.run(run.ref) == ended


def test_points_of_the_last_second_survive_a_kill(root: Path, script: Script) -> None:
    process = script(
        """
import sys, time
from lineal.registry import open_registry
run = open_registry(sys.argv[1]).start_run("e")
for step in range(100):
    run.log_metric("loss", step, step=step)
print("logged", flush=True)
time.sleep(60)
""",
        root,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "logged\n"
    time.sleep(1.0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with open_registry(root) as registry:
        run = registry.runs()[0]
        assert run.status is RunStatus.RUNNING
        assert len(registry.points(run, "loss")) == 100
        assert registry.verify_events().broken_at is None


ENDINGS = {
    "pass": ("finished", None),
    "raise ValueError('went wrong')": ("failed", "went wrong"),
    "raise KeyboardInterrupt": ("killed", "KeyboardInterrupt"),
    "sys.exit(3)": ("finished", None),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_that_forgets_its_run_ends_it_all_the_same(ending: str, root: Path, script: Script) -> None:
    process = script(
        f"""
import sys
from lineal.registry import open_registry
registry = open_registry(sys.argv[1])
def train():
    registry.start_run("dropped")
    registry.start_run("logging").log_metric("loss", 1.0)
train()
{ending}
""",
        root,
    )
    process.communicate(timeout=20)
    status, error = ENDINGS[ending]
    with open_registry(root) as registry:
        for run in registry.run_details(registry.runs()):
            assert run.run.status == status
            assert (error is None and run.error is None) or str(error) in str(run.error)
        assert len(registry.points(registry.runs("logging")[0], "loss")) == 1


def test_a_forked_child_logs_on_and_leaves_the_end_to_its_parent(root: Path, script: Script) -> None:
    process = script(
        """
import os, sys
from lineal.registry import open_registry
run = open_registry(sys.argv[1]).start_run("e")
run.log_metric("loss", 0.0, step=0)
if os.fork() == 0:
    run.log_metric("loss", 1.0, step=1)
    run.finish()
    os._exit(0)
assert os.wait()[1] == 0
run.log_metric("loss", 2.0, step=2)
run.finish()
""",
        root,
    )
    assert process.communicate(timeout=20) == ("", "")
    with open_registry(root) as registry:
        run = registry.runs()[0]
        assert [point.value for point in registry.points(run, "loss")] == [0.0, 1.0, 2.0]
        assert [event.action for event in registry.events()] == ["run_finished", "run_started"]


def test_a_run_remembers_where_it_came_from(registry: Registry) -> None:
    with registry.start_run("e", name="sweep", tags={"team": "risk"}, seed=7) as parent:
        child = registry.start_run("e", kind="evaluate", parent=parent)
        child.finish()
        parent.set_tag("team", None)
        parent.set_tags({"note": "größer"})
    detail = registry.run_detail(parent.ref)
    assert (detail.run.name, detail.seed, detail.tags) == ("sweep", 7, {"note": "größer"})
    assert detail.children == (child.id,)
    assert detail.environment is not None
    assert detail.command is not None
    assert registry.run_detail(child.ref).parent == parent.id
    assert registry.run_detail(child.ref).environment == detail.environment
    with pytest.raises(BadValue, match="known are train"):
        registry.start_run("e", kind="dance")


def test_unwritten_points_count_when_a_version_is_registered(registry: Registry, weights: Weights) -> None:
    with registry.start_run("e") as run:
        run.log_metric("auc", 0.75)
        version = registry.register("m", weights(), run=run)
    assert version.primary == 0.75
    assert registry.run_detail(run.ref).outputs == (version.ref,)


def test_a_metric_has_one_name_however_it_is_composed(registry: Registry) -> None:
    with registry.start_run("e") as run:
        run.log_metric("pr\u00e9cision", 0.1)
        run.log_metric("pre\u0301cision", 0.2)
    assert [point.value for point in registry.points(run.ref, "pr\u00e9cision")] == [0.1, 0.2]
