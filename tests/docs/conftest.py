"""Somewhere to follow the guides, with the programs and the server that they take for granted."""

from __future__ import annotations

import http.server
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docs.places import Place, weights
else:
    from places import Place, weights


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
