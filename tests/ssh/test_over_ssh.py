"""lineal over a real SSH connection: commands, the application, and what outlives a connection that breaks."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.bound_stage import Bound
    from tests.ssh.loopback import Loopback
    from tests.tui.pty_session import PtySession
else:
    from pty_session import PtySession


def test_commands_answer_over_ssh_as_they_do_here(sshd: Loopback, bound: Bound) -> None:
    live = sshd.run("live", "fraud@production", "--registry", bound.root)
    assert (live.returncode, live.stdout.splitlines()[0]) == (0, "fraud:1.1.0"), live.stderr
    assert sshd.run("live", "fraud@prod", "--registry", bound.root).returncode == 3
    doctor = sshd.run("doctor", "--registry", bound.root)
    assert doctor.returncode == 0, doctor
    with PtySession(sshd.words("doctor", "--registry", bound.root, terminal=True), size=(100, 40)) as terminal:
        terminal.wait_for("from 127.0.0.1")
        terminal.wait_for("without mouse")
        assert terminal.wait_for_end() == 0


def test_a_rollback_goes_on_when_its_connection_is_cut_and_the_next_login_sees_its_end(
    sshd: Loopback, bound: Bound
) -> None:
    bound.set_slow_hook()
    words = sshd.words("rollback", "fraud@production", "--registry", bound.root, terminal=True)
    with PtySession(words) as terminal:
        terminal.wait_for("switch    done")
        bound.wait_for_hook("rollback")
        sshd.cut()
        assert terminal.wait_for_end() == 255
    running = sshd.run("pipeline", "list", "--registry", bound.root)
    assert "rollback 1.1.0 → 1.0.0" in running.stdout, running.stderr
    assert "running" in running.stdout
    assert sshd.run("rollback", "fraud@production", "--registry", bound.root).returncode == 5

    bound.go()
    followed = sshd.run("pipeline", "follow", "fraud@production", "--registry", bound.root)
    assert (followed.returncode, followed.stdout) == (0, "fraud:1.0.0\n"), followed.stderr
    live = sshd.run("live", "fraud@production", "--registry", bound.root)
    assert live.stdout.splitlines()[0] == "fraud:1.0.0"
    assert bound.live == "1.0.0"
    assert sshd.run("doctor", "--registry", bound.root).returncode == 0


def test_an_interrupt_over_ssh_lets_go_and_the_pipeline_runs_on(sshd: Loopback, bound: Bound) -> None:
    bound.set_slow_hook()
    words = sshd.words("rollback", "fraud@production", "--registry", bound.root, terminal=True)
    with PtySession(words) as terminal:
        bound.wait_for_hook("rollback")
        terminal.wait_for("switch    done")
        terminal.send("\x03")
        terminal.wait_for("it runs on")
        assert terminal.wait_for_end() == 130
    bound.go()
    bound.wait_until_over()
    assert bound.live == "1.0.0"


def test_the_application_starts_over_ssh_without_a_mouse_and_rolls_back_with_two_keys(
    sshd: Loopback, bound: Bound
) -> None:
    with PtySession(sshd.words("--registry", bound.root, terminal=True)) as terminal:
        terminal.wait_for("◀ live")
        terminal.read(0.2)
        terminal.send("r")
        terminal.wait_for("Roll fraud@production back to 1.0.0")
        terminal.read(0.2)
        terminal.send("y")
        with open_registry(bound.root, read_only=True) as registry:
            terminal.wait_for(lambda _: registry.live("fraud@production").version.label == "1.0.0")
        assert bound.live == "1.0.0"
        terminal.wait_for("1.0.0 is live")
        for code in (b"\x1b[?1000h", b"\x1b[?1003h", b"38;2;", b"38;5;"):
            assert code not in terminal.output
        terminal.send("qq")
        assert terminal.wait_for_end() == 0


def test_a_version_travels_to_another_registry_through_a_pipe(sshd: Loopback, bound: Bound, tmp_path: Path) -> None:
    there = tmp_path / "there"
    create_registry(there).close()
    with open_registry(bound.root) as here, (tmp_path / "stream").open("w+b") as stream:
        version = here.version("fraud@production")
        here.export_bundle(version.ref, stream)
        stream.seek(0)
        brought = subprocess.run(
            sshd.words("import", "bundle", "-", "--registry", there), stdin=stream, capture_output=True, check=False
        )
    assert brought.returncode == 0, brought.stderr
    with open_registry(there) as other:
        arrived = other.version(version.ref)
        assert (arrived.uid, arrived.digest) == (version.uid, version.digest)
        assert other.verify().damage == ()
