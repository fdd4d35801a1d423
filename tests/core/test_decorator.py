"""A decorated function's calls are runs: arguments are params, failures are recorded and go on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lineal
from lineal.errors import BadValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineal.registry import Registry
    from lineal.training.recording import RunHandle


def test_a_call_is_a_run_with_its_arguments_and_defaults_as_params(registry: Registry) -> None:
    @lineal.run("churn", registry=registry, tags={"team": "risk"})
    def train(lr: float, *more: int, depth: int = 3, data: Path = Path("a.csv"), **rest: object) -> str:
        """Trains."""
        return f"{lr} {depth} {data} {more} {rest}"

    assert train(0.1, 7, 8, warm=True) == "0.1 3 a.csv (7, 8) {'warm': True}"
    assert (train.__name__, train.__doc__) == ("train", "Trains.")
    (run,) = registry.runs("churn")
    detail = registry.run_detail(run)
    assert detail.params == {"lr": 0.1, "more": "[7,8]", "depth": 3, "data": "a.csv", "warm": True}
    assert (run.status, detail.tags) == ("finished", {"team": "risk"})


def test_a_function_that_wants_its_run_is_given_it(registry: Registry) -> None:
    @lineal.run(registry=registry)
    def evaluate(seed: int, run: RunHandle | None = None) -> None:
        assert run is not None
        run.log_metric("auc", seed / 8)

    evaluate(seed=4)
    (run,) = registry.runs("evaluate")
    detail = registry.run_detail(run)
    assert (detail.seed, detail.params, detail.metrics[0].last) == (4, {"seed": 4}, 0.5)


def test_a_failure_is_recorded_with_its_traceback_and_raised_again(registry: Registry) -> None:
    @lineal.run("churn", registry=registry)
    def train() -> None:
        raise ZeroDivisionError("lost")

    with pytest.raises(ZeroDivisionError, match="lost"):
        train()
    (run,) = registry.runs("churn")
    assert run.status == "failed"
    assert "in train" in (registry.run_detail(run).error or "")


def test_a_coroutine_is_a_run_until_it_ends(registry: Registry) -> None:
    @lineal.run("churn", registry=registry)
    async def train(lr: float) -> float:
        await asyncio.sleep(0)
        assert registry.runs("churn")[0].status == "running"
        return lr

    assert asyncio.run(train(0.5)) == 0.5
    assert registry.runs("churn")[0].status == "finished"


def test_a_method_is_one_without_its_object(registry: Registry) -> None:
    class Trainer:
        @lineal.run("churn", registry=registry)
        def fit(self, lr: float) -> float:
            return lr

    assert Trainer().fit(0.5) == 0.5
    assert registry.run_detail(registry.runs("churn")[0]).params == {"lr": 0.5}


def test_what_is_no_scalar_is_recorded_by_json_or_type(registry: Registry) -> None:
    numpy = import_module("numpy")

    @lineal.run("churn", registry=registry)
    def train(**_: object) -> None: ...

    train(shape=numpy.zeros((2, 3)), one=numpy.float64(0.5), layers=[1, 2], big=2**70, odd=object(), long="x" * 900)
    found = registry.run_detail(registry.runs("churn")[0]).params
    assert found["shape"] == "<numpy.ndarray (2, 3)>"
    assert (found["one"], found["layers"], found["big"]) == (0.5, "[1,2]", 2**70)
    assert found["odd"] == "<builtins.object>"
    assert len(str(found["long"])) == 501


def test_a_wrong_call_starts_no_run(registry: Registry) -> None:
    @lineal.run("churn", registry=registry)
    def train(lr: float) -> float:
        return lr

    with pytest.raises(TypeError):
        train()
    assert registry.runs() == []


def test_a_generator_has_no_end_that_could_be_recorded() -> None:
    def forever() -> Iterator[int]:
        yield 1

    with pytest.raises(BadValue, match="calls end"):
        lineal.run("churn")(forever)


WORKERS = """
import multiprocessing, sys
import lineal

def work(run, number):
    for step in range(50):
        run.log_metric(f"loss {number}", step, step=step)

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with lineal.open_registry(sys.argv[1]) as registry, registry.start_run("e") as run:
        run.log_metric("own", 1)
        workers = [context.Process(target=work, args=(run, number)) for number in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        with context.Pool(2) as pool:
            pool.close()
            pool.join()
"""


def test_workers_of_multiprocessing_lose_nothing_when_they_end(registry: Registry, tmp_path: Path) -> None:
    script = tmp_path / "workers.py"
    script.write_text(WORKERS)
    done = subprocess.run(
        [sys.executable, str(script), str(registry.root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (run,) = registry.runs()
    detail = registry.run_detail(run)
    assert {series.name: series.count for series in detail.metrics} == {
        "own": 1, "loss 0": 50, "loss 1": 50, "loss 2": 50,
    }  # fmt: skip
    assert run.status == "finished"


def test_a_notebook_shows_a_version_with_every_word_escaped(registry: Registry) -> None:
    evil = "<script>alert(1)</script>\x1b[31m\u202e&"
    registry.register("m", metrics={"auc": 0.5}, params={"note": evil, "lr": 0.1}, purpose=evil, owner="ana")
    version = registry.version("m:1.0.0")
    for shown in (version, registry.detail(version)):
        text = getattr(shown, "_repr_html_")()  # noqa: B009  given to the records by the facade
        assert "<script>" not in text
        assert not {"\x1b", "\u202e"} & set(text)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "m:1.0.0" in text
    assert "auc" in text
    assert "0.1" in text
