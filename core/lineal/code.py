"""Asks git for the state of the source that runs, without letting the repository run anything of its own."""

from __future__ import annotations

import os
import re
import subprocess
import time
from typing import TYPE_CHECKING, Final

from lineal.records.runs import CodeState

if TYPE_CHECKING:
    from pathlib import Path

SECONDS: Final = 5.0
"""How long each call of git may take."""

# The monitor and hooks are programs that a repository names; the locks would disturb a person's own git.
_CONFIG = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_REDIRECTING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
_WEB_LOGIN = re.compile(r"(?i)\b((?:https?|ftps?)://)[^/\s]*@")
_PASSWORD = re.compile(r"(://[^/:@\s]*):[^/\s]*@")


RECENT_SECONDS: Final = 10.0
"""A search that starts a run each second need not ask git each time."""

_recent: dict[Path, tuple[float, CodeState | None]] = {}


def capture_recent(cwd: Path) -> CodeState | None:
    """As `capture`, but what it found within the last `RECENT_SECONDS` in this process serves again."""
    at, state = _recent.get(cwd, (0.0, None))
    if at and time.monotonic() - at < RECENT_SECONDS:
        return state
    state = capture(cwd)
    _recent[cwd] = (time.monotonic(), state)
    return state


def capture(cwd: Path) -> CodeState | None:
    """The commit, branch and cleanliness of the work tree that `cwd` is in.

    Changes inside submodules do not count; that a submodule is at another commit does.

    Returns:
        None where git or a repository is missing, nothing is committed yet, or git does not answer in time.
    """
    status = _git(
        cwd, "status", "--porcelain=v2", "--branch", "--no-ahead-behind", "--untracked-files=no",
        "--ignore-submodules=dirty", "--no-renames",
    )  # fmt: skip
    if status is None:
        return None
    commit = branch = None
    dirty = False
    for line in status.splitlines():
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ")
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ")
        elif not line.startswith("#"):
            dirty = True
    if commit is None or commit == "(initial)":
        return None
    remote = _git(cwd, "config", "--get", "remote.origin.url")
    return CodeState(
        commit=commit,
        branch=None if branch == "(detached)" else branch,
        dirty=dirty,
        repository=_git(cwd, "rev-parse", "--show-toplevel"),
        remote=without_credentials(remote) if remote else None,
    )


def without_credentials(url: str) -> str:
    """Take user, password and query out of a web address, and the password out of any other."""
    if re.match(r"(?i)(?:[\w.+-]+::)?(?:https?|ftps?)://", url):
        url = re.split(r"[?#]", url, maxsplit=1)[0]
    return _PASSWORD.sub(r"\1@", _WEB_LOGIN.sub(r"\1", url))


def _git(cwd: Path, *arguments: str) -> str | None:
    environment = {name: value for name, value in os.environ.items() if name not in _REDIRECTING}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        answer = subprocess.run(  # noqa: S603
            ["git", *_CONFIG, "-C", os.fspath(cwd), *arguments],  # noqa: S607
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        # A run is worth recording without its code; None says that it is unknown.
        return None
    return answer.stdout.decode(errors="replace").rstrip("\n") if answer.returncode == 0 else None
