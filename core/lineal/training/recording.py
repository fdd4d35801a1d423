"""A run as the code that trains sees it: logging costs microseconds, a thread of its own makes it durable."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import traceback
from collections import defaultdict, deque
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lineal.errors import BadValue, LinealError
from lineal.records.base import Micros
from lineal.records.runs import Point, Run, RunStatus
from lineal.rules import naming
from lineal.rules.values import after_step, as_number, as_step
from lineal.training import datasets, runs, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from lineal.records.base import RunId
    from lineal.records.data import DatasetVersion, Measured
    from lineal.records.models import Version
    from lineal.training.datasets import Frame
    from lineal.write_path.context import Context

FLUSH_SECONDS = 0.5
"""A crash loses at most what was logged since."""

ARRAYS = "model.safetensors"
"""The file that registered arrays become."""

_MOST_BUFFERED = 20_000

_unfinished: set[RunHandle] = set()


class RunHandle:
    """A run that is going on.

    Used as a context manager it ends as `finished`, or as `failed` with the traceback when an exception passes through
    (which goes on). It may be used from several threads. In a forked child it logs on to the same run; only the
    process that started the run ends it.
    """

    def __init__(self, context: Context, run: Run, register: Callable[..., Version]) -> None:
        """Made by `Registry.start_run`; `register` is the registry's own."""
        self._context = context
        self._run = run
        self._register = register
        # A deque takes points from any thread while another drains it, and is never swapped for another.
        self._buffer: deque[tuple[str, int | None, int, Micros, float]] = deque()
        self._next_step: dict[str, int] = {}
        self._counting = threading.Lock()
        self._writing = threading.RLock()
        self._wake = threading.Event()
        self._flusher: threading.Thread | None = None
        self._owner = os.getpid()
        self._ended = False
        self._failure: Exception | None = None
        _unfinished.add(self)

    @property
    def id(self) -> RunId:
        """The run's id."""
        return self._run.id

    @property
    def name(self) -> str:
        """What people call the run."""
        return self._run.name

    @property
    def ref(self) -> str:
        """The run's full address."""
        return f"run:{self._run.id}"

    def log_param(self, name: str, value: object) -> None:
        """Record a param; see `log_params`."""
        self.log_params({name: value})

    def log_params(self, params: Mapping[str, object]) -> None:
        """Record params; one keeps the value it was given first, and lists and mappings are kept as JSON.

        Raises:
            BadName, BadValue: a name or value cannot be recorded.
            Conflict: one has another value already.
        """
        runs.log_params(self._context, self._run, params)

    def set_tag(self, name: str, value: str | None) -> None:
        """Set a tag; None takes it away."""
        self.set_tags({name: value})

    def set_tags(self, tags: Mapping[str, str | None]) -> None:
        """Set tags; None takes one away."""
        runs.set_tags(self._context, self._run, tags)

    def log_metric(
        self,
        name: str,
        value: float,
        *,
        step: int | None = None,
        at: Micros | None = None,
        dataset: DatasetVersion | None = None,
    ) -> None:
        """Add a point to a metric's history; it is durable within a second, or after `flush`.

        Args:
            name: of the metric.
            value: a number; NaN and infinities are kept.
            step: for example the epoch; None for one more than the metric's highest so far.
            at: when it was measured; None for now.
            dataset: what it was measured on; one metric of a run is measured on one dataset version.

        Raises:
            BadName, BadValue: it cannot be recorded.
            LinealError: what was logged before could not be written.
        """
        if self._ended:
            raise BadValue(field="run", value=self.ref, why="it has ended; start another")
        if self._failure is not None:
            self.flush()
        if name not in self._next_step:
            name = naming.check_metric_name(name)
        number = value if type(value) is float else as_number(name, value)
        if step is not None and (type(step) is not int or not -(2**63) <= step < 2**63):
            step = as_step(step)
        at = self._context.clock() if at is None else Micros(as_step(at, "time"))
        with self._counting:
            following = self._next_step.get(name, 0)
            if step is None:
                step = following if following < 2**63 else after_step(name, following - 1)
            self._next_step[name] = max(following, step + 1)
        self._buffer.append((name, None if dataset is None else dataset.id, step, at, number))
        if self._flusher is None:
            self._start_flusher()
        elif len(self._buffer) >= _MOST_BUFFERED:
            self.flush()

    def log_metrics(
        self, metrics: Mapping[str, float], *, step: int | None = None, dataset: DatasetVersion | None = None
    ) -> None:
        """Add a point to each of several metrics; see `log_metric`."""
        at = self._context.clock()
        for name, value in metrics.items():
            self.log_metric(name, value, step=step, at=at, dataset=dataset)

    def use_dataset(
        self,
        dataset: str | DatasetVersion,
        path: str | os.PathLike[str] | Frame | None = None,
        *,
        role: str = "train",
        label: str | None = None,
        parents: Sequence[str] = (),
        measured: Measured | None = None,
    ) -> DatasetVersion:
        """Note that the run reads data.

        Args:
            dataset: a dataset version, an address, or with `path` the name of a dataset.
            path: the file or folder, which is read and recorded if it is new; or a pandas frame or a NumPy array, of
                which identity, size and columns are recorded (`lineal.data.frames`).
            role: what the run does with it: `train`, `test`, ...
            label: of a new dataset version; None for the next number.
            parents: addresses of the dataset versions that a new one was derived from.
            measured: digest and size of the data if they are known; it is not read then.

        Raises:
            LinealError: the data cannot be read, or does not exist.
        """
        return self._data(dataset, path, role, label, parents, measured, output=False)

    def output_dataset(
        self,
        name: str,
        path: str | os.PathLike[str] | Frame,
        *,
        label: str | None = None,
        parents: Sequence[str] = (),
        measured: Measured | None = None,
    ) -> DatasetVersion:
        """Record data that the run wrote; arguments and errors as `use_dataset`."""
        return self._data(name, path, "output", label, parents, measured, output=True)

    def _data(
        self,
        dataset: str | DatasetVersion,
        path: str | os.PathLike[str] | Frame | None,
        role: str,
        label: str | None,
        parents: Sequence[str],
        measured: Measured | None,
        *,
        output: bool,
    ) -> DatasetVersion:
        new: datasets.NewData | str
        if isinstance(dataset, str):
            if path is not None and not isinstance(path, str | os.PathLike):
                new = datasets.describe_frame(dataset, path, label=label, parents=parents)
            elif path is not None:
                new = datasets.describe_data(dataset, Path(path), label=label, parents=parents, measured=measured)
            else:
                new = dataset if dataset.startswith("data:") else f"data:{dataset}"
        else:
            new = dataset.ref
        return runs.read_dataset(self._context, self._run, new, role=role, output=output)

    def register(
        self,
        model: str,
        *paths: str | os.PathLike[str],
        arrays: Mapping[str, object] | None = None,
        **fields: object,
    ) -> Version:
        """Register files as a version of a model that this run produced.

        Args:
            model: its name.
            paths: files and folders.
            arrays: NumPy arrays or torch tensors by name, such as a state dict; they become `model.safetensors`.
            fields: as `Registry.register`.

        Within `lineal reproduce --run`, and without a parent, it is a retraining of the version that is reproduced.
        """
        self.flush()
        if not fields.get("parent") and not fields.get("parents"):
            fields["parent"] = surroundings.reproduced_version(self._context, model)
        if arrays is None:
            return self._register(model, *paths, run=self.ref, **fields)
        from tempfile import TemporaryDirectory  # noqa: PLC0415  few register arrays

        from lineal.formats.safetensors_writer import write  # noqa: PLC0415  as above

        with TemporaryDirectory(prefix="lineal-") as folder:
            path = Path(folder, ARRAYS)
            with path.open("xb") as stream:
                write(stream, arrays)
            return self._register(model, *paths, path, run=self.ref, **fields)

    def keep_output(self, output: str) -> None:
        """Keep what the run's command printed."""
        runs.keep_output(self._context, self._run, output)

    def flush(self) -> None:
        """Make everything logged so far durable.

        Raises:
            LinealError: it cannot be written, now or by the thread before; it is kept for the next try.
        """
        with self._writing:
            failure, self._failure = self._failure, None
            self._write()
            # What could not be written was kept, and is written now; what was refused is gone, and must be told.
            if failure is not None and (isinstance(failure, BadValue) or not isinstance(failure, LinealError)):
                raise failure

    def _write(self) -> None:
        with self._writing:
            taken = [self._buffer.popleft() for _ in range(len(self._buffer))]
            if not taken:
                return
            points: defaultdict[tuple[str, int | None], list[Point]] = defaultdict(list)
            for name, dataset, step, at, value in taken:
                points[name, dataset].append(Point(step, at, value))
            try:
                refused = runs.append_points(self._context, self._run, points)
            except BaseException:
                self._buffer.extendleft(reversed(taken))
                raise
            for name, why in refused.items():
                raise BadValue(field="metric", value=name, why=why)

    def _start_flusher(self) -> None:
        with self._writing:
            if self._flusher is None:
                self._flusher = threading.Thread(target=self._flush_often, name=f"lineal {self.ref}", daemon=True)
                self._flusher.start()

    def _flush_often(self) -> None:
        while not self._wake.wait(FLUSH_SECONDS):
            try:
                self._write()
            except Exception as error:  # noqa: BLE001  it belongs to the thread that logs, which raises it
                self._failure = error

    def finish(self, status: RunStatus | str = RunStatus.FINISHED, error: str | None = None) -> None:
        """Write what is left and end the run; ending it twice does nothing.

        Raises:
            LinealError: it cannot be written.
        """
        if self._ended:
            return
        self._wake.set()
        if self._flusher is not None and self._flusher is not threading.current_thread():
            self._flusher.join()
        refused: BadValue | None = None
        try:
            self.flush()
        except BadValue as failure:  # points that can never be written must not keep the run from ending
            refused = failure
        if self._owner == os.getpid():
            runs.finish(self._context, self._run, RunStatus(status), error)
        self._ended = True
        _unfinished.discard(self)
        if refused is not None:
            raise refused

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.end_with(error)
        except LinealError as failure:
            if error is None:
                raise
            error.add_note(f"{self.ref} could not be ended: {failure}")  # the block's own exception goes on

    def end_with(self, error: BaseException | None) -> None:
        """End the run as an exception, or None, tells."""
        if error is None:
            self.finish()
            return
        killed = isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
        told = "".join(traceback.format_exception(error))
        self.finish(RunStatus.KILLED if killed else RunStatus.FAILED, told)

    def forget_parent(self) -> None:
        """In a forked child: the parent's points and thread are the parent's."""
        self._buffer = deque()
        self._counting = threading.Lock()
        self._writing = threading.RLock()
        self._wake = threading.Event()
        self._flusher = None
        self._failure = None


def _finish_all() -> None:
    # The interpreter ends without an end to these runs: an uncaught exception tells how.
    failed = getattr(sys, "last_value", None)
    failures: list[Exception] = []
    for handle in list(_unfinished):
        try:
            handle.end_with(failed)
        except LinealError as failure:
            failures.append(failure)
    if failures:
        raise ExceptionGroup("runs could not be ended", failures)


def _forget_parents() -> None:
    for handle in list(_unfinished):
        handle.forget_parent()


def _finish_in_worker() -> None:
    # A worker of multiprocessing ends without atexit; its own finalizers run.
    util = sys.modules["multiprocessing.util"]
    util.Finalize(None, _finish_all, exitpriority=100)


_is_told_of_workers = False


def _before_fork() -> None:
    global _is_told_of_workers  # noqa: PLW0603  multiprocessing is told once, when it is there
    if not _is_told_of_workers and "multiprocessing.util" in sys.modules:
        util = sys.modules["multiprocessing.util"]
        util.register_after_fork(_finish_in_worker, lambda told: told())
        _is_told_of_workers = True


atexit.register(_finish_all)
os.register_at_fork(before=_before_fork, after_in_child=_forget_parents)
