from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lineal.registry import create_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tui.pty_session import PtySession

    from lineal.registry import Registry
else:
    from pty_session import PtySession

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is missing")

ADDRESS = "fraud:1.0.0"
WRITTEN = re.compile(rb"\x1b\]52;c?;" + base64.b64encode(ADDRESS.encode()))
"""What puts the address on the clipboard of the terminal that tmux itself runs in."""


@pytest.fixture
def one_version(tmp_path: Path) -> Iterator[Registry]:
    with create_registry(tmp_path / "registry") as registry:
        weights = tmp_path / "weights.bin"
        weights.write_bytes(b"weights")
        registry.register("fraud", weights, label="1.0.0")
        yield registry


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param("set -g set-clipboard on\n", id="tmux takes copies"),
        pytest.param("set -g set-clipboard off\nset -g allow-passthrough on\n", id="tmux lets them through"),
    ],
)
def test_a_copy_reaches_the_terminal_around_tmux(one_version: Registry, tmp_path: Path, settings: str) -> None:
    # the terminal around it is one that says it has a clipboard
    config = tmp_path / "tmux.conf"
    config.write_text(settings + 'set -s escape-time 0\nset -as terminal-features ",xterm*:clipboard"\n')
    socket = tmp_path / "socket"
    tmux = ["tmux", "-S", str(socket), "-f", str(config)]
    program = [sys.executable, "-m", "lineal_tui.main", "--registry", str(one_version.root)]
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "LANG": "C.UTF-8"}
    with PtySession([*tmux, "new-session", *program], environment=environment) as session:
        try:
            session.wait_for("? help")
            session.wait_for(lambda session: "─" in session.text)
            session.send("yu")
            session.wait_for(f"copied address: {ADDRESS}")
            session.wait_for(lambda session: WRITTEN.search(session.output) is not None, seconds=20)
            shown = subprocess.run([*tmux, "show-buffer"], capture_output=True, text=True, check=False)
            assert (shown.stdout == ADDRESS) == ("set-clipboard on" in settings)
        finally:
            subprocess.run([*tmux, "kill-server"], check=False, env=dict(os.environ))
