"""The examples that run by themselves do: a unit whose server reloads, a line of cron, a workflow that a gate stops."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docs.places import Place, prepare
    from tests.docs.reading import blocks
else:
    from places import prepare
    from reading import blocks


def example(language: str) -> str:
    """The one block of the guide in a language."""
    (found,) = [block.text for block in blocks("automate") if block.language == language]
    return found


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def unit(place: Place, free_port: int) -> configparser.SectionProxy:
    """The service of the unit, with this place's folders, port and Python; its server's program lies where it says."""
    prepare("automate", place)
    (program,) = [block for block in blocks("automate") if block.language == "python"]
    (place.folder / "srv" / program.remark).write_text(program.text)
    text = place.here(example("ini")).replace("8090", str(free_port)).replace("/usr/bin/python3", sys.executable)
    read = configparser.RawConfigParser(interpolation=None)
    read.optionxform = str  # type: ignore[method-assign, assignment]  # names keep their letters
    read.read_string(text)
    return read["Service"]


@pytest.fixture
def answer(unit: configparser.SectionProxy, place: Place, free_port: int) -> Iterator[str]:
    """The address of the server, which runs as the unit says; `systemctl reload churn` reloads it."""
    with open_registry(".lineal") as registry:
        registry.bind_stage("churn@production", release=str(place.folder / "srv" / "churn"))
    server = subprocess.Popen(shlex.split(unit["ExecStart"]))
    reload = (
        unit["ExecReload"].replace("$MAINPID", str(server.pid)).replace("/bin/kill", shutil.which("kill") or "kill")
    )
    stand_in = place.folder / "bin" / "systemctl"
    stand_in.write_text(f'#!/bin/sh\ntest "$*" = "reload churn" && exec {reload}\n')
    address = f"http://127.0.0.1:{free_port}/"
    deadline = time.monotonic() + 30
    while True:
        try:
            said(address)
            break
        except OSError:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    yield address
    server.kill()
    server.wait()


def said(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as reply:  # noqa: S310  our own server
        text: str = reply.read().decode()
        return text


def test_the_unit_is_one_that_systemd_accepts(unit: configparser.SectionProxy, tmp_path: Path) -> None:
    assert unit["Restart"] == "on-failure"
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is missing")
    path = tmp_path / "churn.service"
    path.write_text(example("ini"))
    done = subprocess.run([program, "verify", str(path)], capture_output=True, text=True, check=False)
    complaints = [row for row in done.stderr.splitlines() if "churn.service" in row]
    assert complaints == [], done.stderr


def test_the_server_of_the_unit_reloads_with_every_promotion_and_rollback(
    answer: str, place: Place, free_port: int
) -> None:
    (words,) = [
        block.statements[0] for block in blocks("automate") if block.remark == "not-run" and "--hook" in block.text
    ]
    done = subprocess.run(
        ["bash", "-ec", place.here(words).replace("8090", str(free_port))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert said(answer) == "churn:2.3.0"
    with open_registry(".lineal") as registry:
        registry.promote("churn:2.4.0", "production")
        assert said(answer) == "churn:2.4.0"
        registry.rollback("churn@production")
        assert said(answer) == "churn:2.3.0"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing")
def test_the_line_of_cron_observes(answer: str, place: Place, free_port: int) -> None:
    shutil.copytree(".lineal", place.folder / "srv" / "models")
    line = example("cron").split()
    assert (line[:5], line[5], len(line)) == (["*"] * 5, "models", 7)
    (block,) = [block for block in blocks("automate") if block.language == "bash"]
    assert line[6] == f"/usr/local/bin/{block.remark}"
    program = place.folder / "bin" / block.remark
    program.write_text(place.here(block.text).replace("8090", str(free_port)))
    program.chmod(0o755)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with open_registry(place.folder / "srv" / "models") as registry:
        (found,) = registry.observed_at("churn@production")
    assert found.name == "seconds"
    assert said(answer)


def test_the_workflow_for_ci_ends_where_a_gate_says_no(place: Place) -> None:
    yaml = import_module("yaml")
    prepare("ci", place)
    with open_registry(place.folder / "srv" / "models") as registry:
        registry.set_gates("churn@production", expressions=("metrics.auc >= 0.99",))
        before = dict(registry.model("churn").stages)["production"]
    (written,) = [block.text for block in blocks("ci") if block.language == "yaml"]
    job = yaml.safe_load(place.here(written))["jobs"]["release"]
    environment = {**os.environ, **job["env"], "REASON": "it's better", "WHO": "ben"}
    told = {name: place.folder / name for name in ("GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
    codes = {}
    for step in (each for each in job["steps"] if "run" in each):
        for path in told.values():
            path.touch()
        environment |= {name: str(path) for name, path in told.items()}
        done = subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], env=environment, check=False)
        environment |= dict(row.split("=", 1) for row in told["GITHUB_ENV"].read_text().splitlines())
        codes[step["name"]] = done.returncode
        if done.returncode:
            break
    assert codes == {"Train": 0, "Register": 0, "Gate": 4}
    assert "FAIL" in told["GITHUB_STEP_SUMMARY"].read_text()
    with open_registry(place.folder / "srv" / "models") as registry:
        assert dict(registry.model("churn").stages)["production"] == before
