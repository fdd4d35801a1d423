"""The demo's server: loads the release that `current` points at and answers predictions, to show what a switch does."""

from __future__ import annotations

import argparse
import csv
import json
import socket
import sys
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lineal.errors import LinealError
from lineal_tui.demo.predict import Output, Weights, load, predict
from lineal_tui.demo.serving import HOST, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Answer = dict[str, Any]

FLOOR = 0.8
"""Share of the hold-out's malignant tumours that a healthy model finds; what production kept found 0.85 and more."""
EXAMPLE = 76
"""The hold-out's row, from 0, that `/predict/example` is about: a tumour on which the releases differ."""

_LONGEST_BODY = 1 << 20
_MOST_DISCARDED = 16 << 20
_IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows that no version was trained on, and what they are."""

    features: tuple[str, ...]
    rows: NDArray[np.float64]
    """(rows, features)."""
    is_positive: NDArray[np.bool_]
    """(rows,): whether the tumour was malignant."""

    @classmethod
    def read(cls, path: Path) -> Samples:
        """Read the hold-out's CSV file, whose last column is the answer."""
        with path.open(newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file)
        numbers = np.array(lines, dtype=np.float64)
        return cls(tuple(header[:-1]), numbers[:, :-1], numbers[:, -1] == 1)

    def for_model(self, weights: Weights) -> NDArray[np.float64]:
        """The columns that a model was trained on, in its order.

        Raises:
            ValueError: it wants one that is not there.
        """
        return self.rows[:, [self.features.index(name) for name in weights.features]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, and where it came from."""

    release: str
    """The release's folder, which `current` pointed at."""
    version: str
    """The version's address."""
    weights: Weights

    @classmethod
    def read(cls, directory: Path) -> Loaded | None:
        """Load what `current` points at, resolved once, so that files of two releases never mix.

        Returns:
            The model; None when `current` points at nothing.

        Raises:
            LinealError: the file is none of the demo's models.
            OSError: a file cannot be read.
            ValueError: the model answers another question.
        """
        current = directory / "current"
        if not current.is_symlink():
            return None
        release = current.readlink()
        about = json.loads((directory / release / "lineal.json").read_text(encoding="utf-8"))
        weights = load(directory / release / "model.safetensors")
        if weights.output is not Output.PROBABILITY:
            raise ValueError(f"{about['ref']} answers {weights.output}, not a probability")
        return cls(release.name, str(about["ref"]), weights)

    def says(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """How likely each tumour is malignant.

        Raises:
            ValueError: the answer is no number.
        """
        with np.errstate(all="ignore"):
            said = predict(self.weights, rows).astype(np.float64)
        if not np.isfinite(said).all():
            raise ValueError("the model's answer is no finite number")
        return said


class Server(ThreadingTCPServer):
    """Answers on loopback with the model that was loaded last."""

    daemon_threads = True

    def __init__(self, directory: Path, samples: Samples, listener: socket.socket) -> None:
        """Load what `current` points at, to answer whoever connects.

        Args:
            directory: the stage's, with `current` in it.
            samples: what health is measured on.
            listener: listens already; the server closes it.
        """
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.samples = samples
        self._directory = directory
        self._turn = threading.Lock()
        self.loaded: Loaded | None = None
        self.trouble: str | None = None
        self.reload()

    def reload(self) -> str | None:
        """Load what `current` points at now; a model that cannot be loaded leaves the one before in its place.

        Returns:
            Why it cannot be loaded; None when it was.
        """
        with self._turn:
            try:
                self.loaded = Loaded.read(self._directory)
                self.trouble = None
            except (LinealError, OSError, ValueError, KeyError, TypeError) as error:
                self.trouble = f"{self._points_at()} cannot be loaded: {error}"
            log(self.trouble or f"serving {self.loaded.version if self.loaded else 'nothing'}")
            return self.trouble

    def health(self) -> tuple[HTTPStatus, Answer]:
        """How the loaded model does now on rows that it was not trained on, and whether it is the right one."""
        loaded, problem = self.loaded, self.trouble
        if loaded is None:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"problem": problem or "nothing is live"}
        recall = None
        try:
            said = loaded.says(self.samples.for_model(loaded.weights))
            recall = float((said[self.samples.is_positive] >= 0.5).mean())
            if recall < FLOOR and problem is None:
                problem = f"finds {recall:.3f} of the malignant tumours; at least {FLOOR} is wanted"
        except (ValueError, KeyError) as error:
            problem = problem or f"it does not answer: {error}"
        current = self._points_at()
        if problem is None and current != loaded.release:
            problem = f"current points at {current}"
        answer = {
            "version": loaded.version,
            "release": loaded.release,
            "recall": recall,
            "rows": len(self.samples.rows),
        }
        if problem is None:
            return HTTPStatus.OK, answer
        return HTTPStatus.SERVICE_UNAVAILABLE, {**answer, "problem": problem}

    def example(self) -> tuple[HTTPStatus, Answer]:
        """What the loaded model says of one tumour, and what it was."""
        loaded = self.loaded
        if loaded is None:
            return _NOTHING_LIVE
        said = float(loaded.says(self.samples.for_model(loaded.weights)[EXAMPLE : EXAMPLE + 1])[0])
        return HTTPStatus.OK, {
            "version": loaded.version,
            "release": loaded.release,
            "says": _word(said >= 0.5),
            "probability": round(said, 6),
            "was": _word(bool(self.samples.is_positive[EXAMPLE])),
        }

    def predictions(self, body: bytes) -> tuple[HTTPStatus, Answer]:
        """What the loaded model says of the rows in a request.

        Raises:
            ValueError: the request is not as it must be.
        """
        loaded = self.loaded
        if loaded is None:
            return _NOTHING_LIVE
        said = loaded.says(_rows(body, loaded.weights.features))
        return HTTPStatus.OK, {"version": loaded.version, "release": loaded.release, "predictions": said.tolist()}

    def _points_at(self) -> str:
        current = self._directory / "current"
        return current.readlink().name if current.is_symlink() else "nothing"


_NOTHING_LIVE = HTTPStatus.SERVICE_UNAVAILABLE, {"problem": "nothing is live"}


def _word(is_malignant: bool) -> str:
    return "malignant" if is_malignant else "benign"


def _rows(body: bytes, features: tuple[str, ...]) -> NDArray[np.float64]:
    """(rows, features) out of `{"rows": [...]}`, each a list in the model's order or an object by feature name."""
    wanted = f'it is {{"rows": [...]}}, each row {len(features)} numbers or an object of them by name'
    try:
        rows = json.loads(body)["rows"]
        listed = [[row[name] for name in features] if isinstance(row, dict) else row for row in rows]
        numbers = np.array(listed, dtype=np.float64)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(wanted) from error
    except KeyError as error:
        raise ValueError(f"{error} is missing; {wanted}") from error
    if numbers.shape != (len(listed), len(features)) or not np.isfinite(numbers).all():
        raise ValueError(wanted)
    return numbers


class _Handler(BaseHTTPRequestHandler):
    timeout = _IDLE_SECONDS
    server_version = "lineal-demo"

    @property
    def _server(self) -> Server:
        return cast("Server", self.server)

    def do_GET(self) -> None:
        match self.path:
            case "/health":
                status, answer = self._server.health()
                if status is not HTTPStatus.OK:
                    log(f"health: {answer['problem']}")
                self._answer(status, answer)
            case "/predict/example":
                self._try(self._server.example)
            case _:
                self._unknown()

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"problem": f"a body has up to {_LONGEST_BODY} bytes"})
            self._discard()
            return
        body = self.rfile.read(int(length))
        match self.path:
            case "/predict":
                self._try(lambda: self._server.predictions(body))
            case "/reload":
                trouble = self._server.reload()
                loaded = self._server.loaded
                answer: Answer = {"release": loaded.release if loaded else None, "problem": trouble}
                self._answer(HTTPStatus.OK if trouble is None else HTTPStatus.INTERNAL_SERVER_ERROR, answer)
            case _:
                self._unknown()

    def _discard(self) -> None:
        """Take what the client still sends, within bounds: it reads no answer on a connection that was reset."""
        taken = 0
        while taken < _MOST_DISCARDED and (chunk := self.rfile.read1(1 << 16)):
            taken += len(chunk)

    def _try(self, ask: Callable[[], tuple[HTTPStatus, Answer]]) -> None:
        try:
            status, answer = ask()
        except ValueError as error:
            status, answer = HTTPStatus.BAD_REQUEST, {"problem": str(error)}
        self._answer(status, answer)

    def _unknown(self) -> None:
        known = "GET /health, GET /predict/example, POST /predict, POST /reload"
        self._answer(HTTPStatus.NOT_FOUND, {"problem": f"there are {known}"})

    def _answer(self, status: HTTPStatus, answer: Answer) -> None:
        content = json.dumps(answer).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a health check asks all day."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is http.server's
        log(format % args)


def log(text: str) -> None:
    """Write a line with the time to stderr, which the demo keeps as a file."""
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    sys.stderr.flush()


def _end_with_input(server: Server) -> None:
    sys.stdin.buffer.read()
    server.shutdown()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the process is ended, or, with `--tied`, until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m lineal_tui.demo.server", description=__doc__)
    parser.add_argument("--release", type=Path, required=True, metavar="DIR", help="the directory that `current` is in")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help=f"of {HOST}; 0 for any")
    where.add_argument("--socket", type=int, metavar="FD", help="a descriptor that listens already")
    parser.add_argument("--rows", type=Path, metavar="CSV", help="the hold-out; else the demo's, beside DIR")
    parser.add_argument("--tied", action="store_true", help="end when standard input ends, as a child does")
    given = parser.parse_args(arguments)
    samples = Samples.read(given.rows or given.release.absolute().parent / ROWS)
    listener = socket.create_server((HOST, given.port)) if given.socket is None else socket.socket(fileno=given.socket)
    with Server(given.release, samples, listener) as server:
        if given.tied:
            threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
        sys.stdout.write(f"{listener.getsockname()[1]}\n")  # whoever waits for it knows now that it serves
        sys.stdout.flush()
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
