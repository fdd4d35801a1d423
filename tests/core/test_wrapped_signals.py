"""Signals to end that a wrapped command never gets."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.core.conftest import Script


WRAPS = """
import os, sys
from pathlib import Path
import lineal
from lineal.training.wrapped import run_command

def wrap(name, *words):
    registry = lineal.create_registry(Path(sys.argv[2]) / name)
    run = registry.start_run("e")
    code = run_command(run, words, root=str(registry.root), output=sys.stdout.buffer, environment={})
    return code, registry.run_detail(run.ref).run.status.value

wrap("first", "/bin/true")  # while the standard library may be read
os.chdir(sys.argv[2])
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
print(*wrap("second", sys.argv[1], "--reuid=12345", "sh", "-c", "echo ready; sleep 1.5; exit 4"))
"""


def test_a_signal_that_a_command_may_not_be_sent_leaves_its_end_to_be_recorded(
    shared_folder: Path, script: Script
) -> None:
    setpriv = shutil.which("setpriv")
    if os.geteuid() or setpriv is None:
        pytest.skip("only root becomes others")
    become = Path(shutil.copy(setpriv, shared_folder / "become"))
    become.chmod(0o4755)
    home = shared_folder / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    process = script(WRAPS, become, home)
    assert process.stdout is not None
    first = process.stdout.readline()
    if first != "ready\n":
        pytest.fail(process.communicate(timeout=20)[1])
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "4 failed\n"), err
