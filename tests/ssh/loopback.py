"""A real sshd on this machine's loopback, with a host key, a user key and a configuration of its own."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitUserEnvironment no
StrictModes no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
"""

FAST = ("-o", "KexAlgorithms=curve25519-sha256")
"""A connection costs a sixth of what it does with keys that quantum computers do not break, which nobody needs here."""


@dataclass(frozen=True)
class Loopback:
    """A running sshd."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path, *, more: str = "") -> Self:
        """Start it in an empty folder, with `more` in its configuration.

        Raises:
            RuntimeError: there is no sshd here, or it does not start.
        """
        program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if program is None or shutil.which("ssh") is None:
            raise RuntimeError("no sshd and ssh on this machine, which these tests need: install openssh-server")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where root's sshd wants to be without privileges
        for name in ("host", "user"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(words, check=True, timeout=20)
        shutil.copy(folder / "user.pub", folder / "authorized")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        configuration = folder / "sshd_config"
        configuration.write_text(_CONFIGURATION.format(port=port, folder=folder) + more)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([program, "-D", "-e", "-f", str(configuration)], stderr=log)
        started = cls(folder, port, process)
        started._wait()
        return started

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    log = (self.folder / "log").read_text(errors="replace")
                    raise RuntimeError(f"sshd does not start: {log}") from error
                time.sleep(0.02)
            else:
                return

    def words(self, *command: object, terminal: bool = False) -> list[str]:
        """The command line that runs `lineal` with these words over a new connection."""
        remote = [sys.executable, "-m", "lineal_tui.main", *map(str, command)]
        state = f"XDG_STATE_HOME={self.folder / 'state'}"
        return [
            *("ssh", "-F", "none", "-e", "none", "-p", str(self.port), "-i", str(self.folder / "user")),
            *("-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"),
            *("-o", f"UserKnownHostsFile={self.folder / 'known'}", "-o", "LogLevel=ERROR", *FAST),
            *(["-tt"] if terminal else ["-T"]),
            f"{getpass.getuser()}@127.0.0.1",
            shlex.join(["env", state, *remote]),
        ]

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        """Run `lineal` with these words over a new connection, to its end."""
        return subprocess.run(self.words(*command), capture_output=True, text=True, check=False, timeout=30)

    def cut(self) -> None:
        """End every connection as a dead network does: the processes that serve them are killed."""
        for pid in _descendants(self.process.pid):
            with suppress(FileNotFoundError, ProcessLookupError):  # it served a connection that was closed already
                if (Path("/proc") / str(pid) / "comm").read_text().startswith("sshd"):
                    os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=10)


def _descendants(pid: int) -> list[int]:
    """The children of a process and theirs, the oldest first."""
    found = []
    for children in (Path("/proc") / str(pid) / "task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            for child in children.read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found
