"""Places in which the guides are followed: a folder, a registry with a past, a server that answers."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import struct
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Place:
    """Where a guide is followed."""

    folder: Path
    port: int

    def here(self, text: str) -> str:
        """A text of a guide with this place's folders and port instead of a server's."""
        for name in ("/srv", "/backups"):
            text = text.replace(name, str(self.folder / name.strip("/")))
        return text.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")


class _Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"well")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a server that is always well."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Healthy)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> Place:
    """An empty place with the programs that a guide takes for granted."""
    for name in ("srv", "backups", "bin", "home"):
        (tmp_path / name).mkdir()
    _program(tmp_path / "bin" / "lineal", f'exec {sys.executable} -m lineal_tui.main "$@"')
    _program(tmp_path / "bin" / "python", f'exec {sys.executable} "$@"')
    _program(tmp_path / "bin" / "systemctl", "exit 0")
    for name in ("LINEAL_REGISTRY", "LINEAL_RUN", "LINEAL_DEBUG", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "train.csv").write_text("age,amount\n31,10.5\n44,7\n")
    (folder / "december.csv").write_text("age,amount\n31,10.5\n44,7\n28,3\n")
    weights(folder / "model.safetensors", 1.0)
    return Place(tmp_path, port)


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def weights(path: Path, value: float) -> None:
    """Write a model of one number."""
    head = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + struct.pack("<f", value))


def prepare(topic: str, place: Place) -> None:
    """Put there what a guide begins with: three versions of churn, two of which were live."""
    if topic == "track":
        return
    if topic == "import":
        shutil.copytree(DATA / "mlflow-3-sqlite", ".", dirs_exist_ok=True)
        shutil.copytree(DATA / "mlflow-2-files", "old")
        shutil.copy(DATA / "trackio" / "digits.db", "digits.db")
    root = Path("other" if topic == "import" else ".lineal")
    create_registry(root).close()
    with open_registry(root) as registry:
        registry.add_dataset("customers", "train.csv", label="2026-11")
        if topic == "import":
            registry.register("churn", "model.safetensors", label="1.0.0")
            return
        parent = None
        for number, label in enumerate(("2.2.0", "2.3.0", "2.4.0")):
            weights(Path("model.safetensors"), float(number))
            with registry.start_run("churn", params={"lr": 0.01}) as run:
                run.use_dataset("data:customers:2026-11")
                run.log_metric("auc", 0.9 + number / 100)
                version = run.register(
                    "churn",
                    "model.safetensors",
                    label=label,
                    owner="ana",
                    purpose="monthly retrain",
                    parents=[] if parent is None else [parent],
                )
            parent = version.ref
            if label != "2.4.0":
                registry.promote(version.ref, "production", reason="better")
        registry.set("churn", {"metric.auc.direction": "higher", "primary_metric": "auc"})
        if topic == "release":
            # the first thing that guide shows is a rollback; what it shows next is done with three versions again
            registry.promote("churn:2.4.0", "production")
    if topic == "ci":
        Path("train.py").write_text("print('trained')\n")
        Path("auc.txt").write_text("0.95\n")
        shutil.copytree(".lineal", place.folder / "srv" / "models")
