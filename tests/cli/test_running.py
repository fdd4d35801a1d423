"""Any command is a run: its exit code is passed on, its output shown and kept, and scripts log to it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Processed, Ran, Typed

    from lineal.records.runs import RunDetail

LINEAL = (sys.executable, "-m", "lineal_tui.main")


def latest(root: Path) -> RunDetail:
    with open_registry(root, read_only=True) as registry:
        return registry.run_detail(registry.runs()[0])


def script(folder: Path, body: str) -> Path:
    path = folder / "job.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def run(processed: Processed, registry: Path, *words: object) -> Ran:
    return processed("--registry", registry, "run", "--experiment", "wrapped", *words)


def test_what_a_command_prints_is_shown_and_kept(processed: Processed, registry: Path, tmp_path: Path) -> None:
    told = run(processed, registry, "--", script(tmp_path, "echo out; echo err >&2; printf 'no end'"))
    assert (told.code, told.out) == (0, "out\nerr\nno end")
    assert told.err.startswith("run:")
    detail = latest(registry)
    assert (detail.run.status, detail.output, detail.run.experiment) == ("finished", "out\nerr\nno end", "wrapped")
    assert detail.command == (str(tmp_path / "job.sh"),)


def test_its_exit_code_is_passed_on_and_recorded(processed: Processed, registry: Path, tmp_path: Path) -> None:
    assert run(processed, registry, "--", script(tmp_path, "exit 7")).code == 7
    assert (latest(registry).run.status, latest(registry).error) == ("failed", "exit code 7")


def test_a_signal_that_ends_it_is_told_as_shells_do(processed: Processed, registry: Path, tmp_path: Path) -> None:
    assert run(processed, registry, "--", script(tmp_path, "kill -TERM $$")).code == 128 + signal.SIGTERM
    assert (latest(registry).run.status, latest(registry).error) == ("killed", "ended by signal 15 (SIGTERM)")


def test_a_missing_command_is_not_found_and_the_run_failed(processed: Processed, registry: Path) -> None:
    assert run(processed, registry, "--", "/nowhere/train").code == 3
    assert latest(registry).run.status == "failed"


def test_what_cannot_be_run_is_the_machines_refusal_and_says_why(
    processed: Processed, registry: Path, tmp_path: Path
) -> None:
    (tmp_path / "job.sh").write_text("#!/bin/sh\n")
    told = run(processed, registry, "--", tmp_path / "job.sh")
    assert (told.code, told.err.splitlines()[-1]) == (
        8,
        f"error: {tmp_path / 'job.sh'}: cannot be run (Permission denied)",
    )
    assert latest(registry).run.status == "failed"


def test_a_signal_without_a_name_of_its_own_is_told_too(processed: Processed, registry: Path, tmp_path: Path) -> None:
    number = signal.SIGRTMIN + 6
    assert run(processed, registry, "--", script(tmp_path, f"kill -{number} $$")).code == 128 + number
    assert latest(registry).error == f"ended by signal {number} (Real-time signal 6)"


def test_data_that_is_not_there_fails_the_run_before_the_command(processed: Processed, registry: Path) -> None:
    told = run(processed, registry, "--dataset", "data:nowhere", "--", "echo", "no")
    assert (told.code, told.out) == (3, "")
    assert latest(registry).run.status == "failed"


@pytest.mark.parametrize("reader", ["head -n 1", "cat > /dev/full"])
def test_its_end_is_recorded_when_nobody_reads_its_output_any_more(reader: str, registry: Path, tmp_path: Path) -> None:
    job = script(tmp_path, "echo a\nsleep 0.2\nseq 20000\necho last\nexit 7")
    words = shlex.join([*LINEAL, "--registry", str(registry), "run", "--", str(job)])
    subprocess.run(["bash", "-c", f"{words} | {reader}"], capture_output=True, check=False, timeout=30)
    detail = latest(registry)
    assert (detail.run.status, detail.error) == ("failed", "exit code 7")
    assert str(detail.output).endswith("20000\nlast\n")


def test_a_full_disk_under_its_output_is_told_once_it_has_ended(registry: Path, tmp_path: Path) -> None:
    words = [*LINEAL, "--registry", str(registry), "run", "--", str(script(tmp_path, "echo a; exit 7"))]
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        told = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert (told.returncode, latest(registry).error) == (8, "exit code 7")
    assert "No space left" in told.stderr


@pytest.mark.parametrize("left", ["sleep 60", "yes"])
def test_what_it_leaves_in_the_background_is_not_waited_for(
    left: str, processed: Processed, registry: Path, tmp_path: Path
) -> None:
    began = time.monotonic()
    told = run(processed, registry, "--", script(tmp_path, f"{left} & echo $! > child\nexit 3"))
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)
    assert time.monotonic() - began < 10
    assert (told.code, latest(registry).error) == (3, "exit code 3")


def test_options_after_the_dashes_are_the_commands_own(processed: Processed, registry: Path) -> None:
    told = run(
        processed, registry, "--name", "mine", "--param", "lr=0.5", "--tag", "team=risk", "--seed", "4", "--dataset",
        "data:payments:2026-01=eval", "--kind", "evaluate", "--", "echo", "--seed", "-x", "$HOME; ls",
    )  # fmt: skip
    assert told.out == "--seed -x $HOME; ls\n"
    detail = latest(registry)
    assert (detail.run.name, detail.params, detail.tags) == ("mine", {"lr": 0.5}, {"team": "risk"})
    assert (detail.run.kind, detail.seed) == ("evaluate", 4)
    assert [(data.label, data.role) for data in detail.inputs] == [("2026-01", "eval")]


def test_a_script_logs_to_the_run_around_it(processed: Processed, registry: Path, tmp_path: Path) -> None:
    log = " ".join((*LINEAL, "log"))
    body = f"set -e\n{log} loss=0.5 auc=nan\n{log} loss=0.25\n{log} --param lr=0.1 kind=adam\n{log} --tag team=risk"
    told = run(processed, registry, "--", script(tmp_path, body))
    assert told.code == 0, told
    detail = latest(registry)
    assert (detail.params, detail.tags) == ({"lr": 0.1, "kind": "adam"}, {"team": "risk"})
    with open_registry(registry, read_only=True) as opened:
        assert [(point.step, point.value) for point in opened.points(detail.run, "loss")] == [(0, 0.5), (1, 0.25)]


def test_python_inside_it_makes_children_of_its_run(processed: Processed, registry: Path) -> None:
    code = "import lineal\nwith lineal.start_run('inner') as run: print(run.ref)"
    told = run(processed, registry, "--", sys.executable, "-c", code)
    assert told.code == 0, told
    child = latest(registry)
    assert f"run:{child.run.id}" == told.out.strip()
    with open_registry(registry, read_only=True) as opened:
        assert opened.run_detail(f"run:{child.parent}").run.experiment == "wrapped"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("log", "loss=0.5"), 2),
        (("log", "run:ffffffffffffffff", "loss=0.5"), 3),
        (("log", "loss"), 2),
        (("run",), 2),
        (("run", "--kind", "odd", "--", "true"), 2),
    ],
)
def test_what_makes_no_sense_is_refused(
    processed: Processed, registry: Path, words: tuple[str, ...], code: int
) -> None:
    assert processed("--registry", registry, *words).code == code


def test_a_figure_that_is_no_number_is_refused_and_nothing_logged(processed: Processed, registry: Path) -> None:
    with open_registry(registry) as opened, opened.start_run("e") as made:
        pass
    assert processed("--registry", registry, "log", made.ref, "a=1", "b=many").code == 2
    assert latest(registry).metrics == ()


def test_ctrl_c_goes_to_the_command_which_decides(registry: Path, tmp_path: Path) -> None:
    body = "trap 'echo stopping; exit 5' INT\ntouch ready\nwhile :; do sleep 0.05; done"
    words = [*LINEAL, "--registry", str(registry), "run", "--", str(script(tmp_path, body))]
    process = subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (5, "stopping\n")
    assert (latest(registry).run.status, latest(registry).output) == ("failed", "stopping\n")


@pytest.mark.parametrize(
    ("trap", "code", "error"),
    [("echo saving; exit 5", 5, "exit code 5"), ("-", 128 + signal.SIGTERM, "ended by signal 15 (SIGTERM)")],
)
def test_a_signal_to_end_goes_to_the_command_which_decides(
    trap: str, code: int, error: str, registry: Path, tmp_path: Path
) -> None:
    body = f"trap '{trap}' TERM\ntouch ready\nwhile :; do sleep 0.05; done"
    words = [*LINEAL, "--registry", str(registry), "run", "--", str(script(tmp_path, body))]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not (tmp_path / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.terminate()
    assert process.wait(timeout=20) == code
    assert latest(registry).error == error


def test_a_run_whose_process_is_gone_is_lost_in_lists_and_on_its_page(typed: Typed, registry: Path) -> None:
    code = "import os, sys, lineal; lineal.open_registry(sys.argv[1]).start_run('cut'); os._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(registry)], timeout=30, check=False)
    (found,) = typed("runs", "exp:cut", "--json", "--registry", registry).json
    assert found["status"] == "lost"
    assert " lost " in typed("runs", "exp:cut", "--registry", registry).out
    assert typed("show", found["ref"], "--json", "--registry", registry).json["status"] == "lost"
    assert " lost" in typed("show", found["ref"], "--registry", registry).out
