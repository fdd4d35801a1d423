"""A service account that owns a registry, two people with a key each, and an installation that all of them may read."""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import lineal
import lineal_tui

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.ssh.loopback import FAST, Loopback
else:
    from loopback import FAST, Loopback

ACCOUNT, DEPLOYER, VIEWER, STRANGER = "lineal-t-svc", "lineal-t-ana", "lineal-t-ben", "lineal-t-cyd"
_PEOPLE = (DEPLOYER, VIEWER, STRANGER)

_SSHD = """\
AcceptEnv LINEAL_* _LINEAL* PAGER EDITOR VISUAL TEXTUAL* PYTHON* XDG_* COMP_* LC_* HOME SHELL
Subsystem sftp internal-sftp
"""
"""Far more than any server accepts, so that what is tried arrives."""

_LOCKED = {1, 10}
"""How the programs end that change users, while another one does."""


@dataclass(frozen=True)
class Service:
    """All of it, running."""

    folder: Path
    """Everybody may enter it."""
    sshd: Loopback
    python: Path
    lock: BinaryIO
    """Locked, as the accounts exist once on a machine, whoever else runs these tests on it."""

    @property
    def registry(self) -> Path:
        """Of the service account alone."""
        return self.folder / "home" / "registry"

    @property
    def canary(self) -> Path:
        """A folder in which everybody may make files, and nothing that is refused ever does."""
        return self.folder / "canary"

    @classmethod
    def start(cls) -> Self:
        """Make the accounts, the installation and the registry, and start sshd.

        Raises:
            RuntimeError: this takes root.
        """
        if os.getuid() != 0:
            raise RuntimeError("these tests make users and a service account, which takes root: run them as root")
        lock = Path(tempfile.gettempdir(), "lineal-service.lock").open("wb")  # noqa: SIM115  it is closed by `stop`
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return cls._start(lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def _start(cls, lock: BinaryIO) -> Self:
        folder = Path(tempfile.mkdtemp(prefix="lineal-service-"))
        folder.chmod(0o755)
        for name in ("sshd", "keys", "canary"):
            (folder / name).mkdir()
        (folder / "canary").chmod(0o777)
        cls.remove_users()
        for name in (ACCOUNT, *_PEOPLE):
            shell = "/bin/sh" if name == ACCOUNT else "/usr/sbin/nologin"
            home = ["--create-home", "--home-dir", folder / "home"] if name == ACCOUNT else ["--no-create-home"]
            # no password fits, but the account is not locked, which an sshd without PAM would mind
            _change_users("useradd", *home, "--shell", shell, "--password", "*", name)
        (folder / "home").chmod(0o700)
        service = cls(folder, Loopback.start(folder / "sshd", more=_SSHD), _install(folder / "python"), lock)
        for name in (*_PEOPLE, "account"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "keys" / name)]
            subprocess.run(words, check=True, timeout=20)
        lines = [
            f'command="{service.lineal} shell --user {name} --registry {service.registry}",restrict,pty '
            + (folder / "keys" / f"{name}.pub").read_text()
            for name in _PEOPLE
        ]
        authorized = folder / "sshd" / "authorized"
        authorized.write_text("".join(lines))
        authorized.chmod(0o644)
        return service

    @property
    def lineal(self) -> str:
        """The installed program: no environment leads it elsewhere."""
        return f"{self.python} -I -m lineal_tui.main"

    def stop(self) -> None:
        """Leave nothing behind."""
        self.sshd.stop()
        self.remove_users()
        shutil.rmtree(self.folder)
        self.lock.close()

    @staticmethod
    def remove_users() -> None:
        """Remove the accounts, which a run that was killed may have left, with what still runs under them."""
        for name in (ACCOUNT, *_PEOPLE):
            with suppress(KeyError):
                uid = pwd.getpwnam(name).pw_uid
                _end_processes_of(uid)
                _change_users("userdel", "--force", name)

    def as_user(
        self, name: str, *words: object, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program under an account of this machine."""
        return subprocess.run(
            list(map(str, words)),
            user=name,
            group=pwd.getpwnam(name).pw_gid,
            extra_groups=(),
            cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def by_account(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run lineal as the account itself does."""
        return self.as_user(ACCOUNT, *self.lineal.split(), "--registry", self.registry, *words)

    def ssh(self, name: str, *options: str, terminal: bool = False) -> list[str]:
        """The command line of a connection by the key of somebody, up to the command."""
        return [
            *("ssh", "-F", "none", "-e", "none", "-p", str(self.sshd.port), "-i", str(self.folder / "keys" / name)),
            *("-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"),
            *("-o", f"UserKnownHostsFile={self.sshd.folder / 'known'}", "-o", "LogLevel=ERROR", *FAST),
            *options,
            *(["-tt"] if terminal else ["-T"]),
            f"{ACCOUNT}@127.0.0.1",
        ]

    def run(self, name: str, line: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Send a command line by the key of somebody, as it stands."""
        words = [*self.ssh(name, *options), "--", line]  # no option of the client, whatever it looks like
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)


def _change_users(*words: object) -> None:
    """Run a program that changes the users of this machine, again while another one does."""
    end = time.monotonic() + 90
    while True:
        done = subprocess.run(list(map(str, words)), check=False, timeout=20, capture_output=True, text=True)
        if done.returncode not in _LOCKED or time.monotonic() > end:
            break
        time.sleep(0.1)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))} exits with {done.returncode}: {done.stderr}")


def _end_processes_of(uid: int) -> None:
    """Kill what a user's connections have left, and wait until it is gone."""
    end = time.monotonic() + 10
    while left := list(_processes_of(uid)):
        if time.monotonic() > end:
            raise RuntimeError(f"processes of the user {uid} do not end: {left}")
        for pid in left:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _processes_of(uid: int) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # as above
            if folder.name.isdigit():
                told = (folder / "status").read_text()
                if re.search(rf"^Uid:\t{uid}\t", told, re.MULTILINE) and not re.search(
                    r"^State:\tZ", told, re.MULTILINE
                ):
                    yield int(folder.name)


def _install(prefix: Path) -> Path:
    """Copy the interpreter, lineal and what it needs to where every user may read it: a home is not such a place.

    What is compiled comes along, for whoever may not write there would compile it again with each command.
    """
    name = f"python3.{sys.version_info.minor}"
    (prefix / "bin").mkdir(parents=True)
    shutil.copy(Path(sys.executable).resolve(), prefix / "bin" / name)
    library = prefix / "lib" / name
    left = shutil.ignore_patterns(
        *("site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "config-*", "*.a"),
        *("turtledemo", "lib2to3", "*.opt-*.pyc"),
    )
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=left, copy_function=_bring)
    for package in (lineal, lineal_tui):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, library / source.name, copy_function=_bring)
    for file in _needed("lineal", set()):
        if not str(file).startswith(".."):
            target = library / file
            target.parent.mkdir(parents=True, exist_ok=True)
            _bring(str(file.locate()), str(target))
    for made, _, _ in os.walk(prefix):
        Path(made).chmod(0o755)
    python = prefix / "bin" / name
    for folder in (library / "lineal", library / "lineal_tui"):
        subprocess.run([python, "-I", "-m", "compileall", "-q", folder], check=True, timeout=120)
    return python


def _bring(source: str, target: str) -> None:
    """Put a file where every user may read it, with its time, by which Python knows what is compiled already."""
    Path(target).unlink(missing_ok=True)  # never written into, as it may be the source by another name
    with suppress(OSError):  # on another disk it is copied
        if Path(source).stat().st_mode & 0o444 == 0o444:
            os.link(source, target)
            return
    shutil.copy2(source, target)
    Path(target).chmod(0o644)


def _needed(name: str, seen: set[str]) -> list[metadata.PackagePath]:
    """The files of what a distribution needs to run, without those of its extras."""
    found: list[metadata.PackagePath] = []
    for requirement in metadata.requires(name) or []:
        needed = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        if "extra ==" in requirement or needed.lower() in seen:
            continue
        seen.add(needed.lower())
        try:
            found += [*(metadata.files(needed) or []), *_needed(needed, seen)]
        except metadata.PackageNotFoundError:
            continue  # for another system, or another Python
    return found
