"""Asks git for the state of the source that runs, without letting the repository run anything of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from lineal.data.fingerprint import digest_bytes
from lineal.records.runs import CodeState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS: Final = 5.0
"""How long each call of git may take."""

MOST_PATCH: Final = 16 << 20
"""Bytes of uncommitted changes that are kept; of more only that there are some."""

MOST_UNTRACKED: Final = 100
_MOST_NAMES = 64 << 10
# A folder in which everything is ignored, such as a registry, counts as empty.
_UNTRACKED = ("ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z")

# The monitor and hooks are programs that a repository names; the locks would disturb a person's own git.
CONFIG: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_REDIRECTING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
_WEB_LOGIN = re.compile(r"(?i)\b((?:https?|ftps?)://)[^/\s]*@")
_PASSWORD = re.compile(r"(://[^/:@\s]*):[^/\s]*@")
_DIFF = (
    "diff", "--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=dirty",
    "--src-prefix=a/", "--dst-prefix=b/", "HEAD",
)  # fmt: skip


RECENT_SECONDS: Final = 10.0
"""A search that starts a run each second need not ask git each time."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source that runs."""

    state: CodeState
    patch: bytes | None = None
    """What `state.patch` is the digest of; None when that is None."""


_recent: dict[Path, tuple[float, Source | None]] = {}


def capture_recent(cwd: Path) -> Source | None:
    """As `capture_source`, but what it found within the last `RECENT_SECONDS` in this process serves again."""
    at, source = _recent.get(cwd, (0.0, None))
    if at and time.monotonic() - at < RECENT_SECONDS:
        return source
    source = capture_source(cwd)
    _recent[cwd] = (time.monotonic(), source)
    return source


def capture_source(cwd: Path) -> Source | None:
    """As `capture`, with the changes that are not committed and the names of what git does not track.

    The changes are `git diff --binary HEAD`, which `git apply` puts onto a checkout of the commit.
    """
    state = capture(cwd)
    if state is None or state.repository is None:
        return None if state is None else Source(state)
    top = cwd.__class__(state.repository)
    names = bounded_git(top, *_UNTRACKED, limit=_MOST_NAMES)
    listed = [] if names is None else names.decode(errors="replace").split("\0")[:-1]
    state = replace(state, untracked=tuple(listed[:MOST_UNTRACKED]))
    if not state.dirty:
        return Source(state)
    patch = bounded_git(top, *_DIFF, limit=MOST_PATCH)
    if patch is None:
        return Source(replace(state, patch_missing="git did not tell them"))
    if len(patch) > MOST_PATCH:
        return Source(replace(state, patch_missing=f"they are more than {MOST_PATCH >> 20} MiB"))
    return Source(replace(state, patch=digest_bytes(patch)), patch)


def capture(cwd: Path) -> CodeState | None:
    """The commit, branch and cleanliness of the work tree that `cwd` is in.

    Changes inside submodules do not count; that a submodule is at another commit does.

    Returns:
        None where git or a repository is missing, nothing is committed yet, or git does not answer in time.
    """
    status = git(
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
    remote = git(cwd, "config", "--get", "remote.origin.url")
    top, _, folder = (git(cwd, "rev-parse", "--show-toplevel", "--show-prefix") or "").partition("\n")
    return CodeState(
        commit=commit,
        branch=None if branch == "(detached)" else branch,
        dirty=dirty,
        repository=top or None,
        remote=without_credentials(remote) if remote else None,
        folder=folder.rstrip("/"),
    )


def without_credentials(url: str) -> str:
    """Take user, password and query out of a web address, and the password out of any other."""
    if re.match(r"(?i)(?:[\w.+-]+::)?(?:https?|ftps?)://", url):
        url = re.split(r"[?#]", url, maxsplit=1)[0]
    return _PASSWORD.sub(r"\1@", _WEB_LOGIN.sub(r"\1", url))


def surroundings(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a call of git: nothing in it leads to another repository, and nothing is asked of a person."""
    kept = {name: value for name, value in os.environ.items() if name not in _REDIRECTING}
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"} | dict(more or {})


def git(cwd: Path, *arguments: str, more: Mapping[str, str] | None = None) -> str | None:
    """What git answers in a folder; None when it fails, is missing, or takes longer than `SECONDS`.

    Args:
        cwd: the folder.
        arguments: of git.
        more: of its environment.
    """
    try:
        answer = subprocess.run(  # noqa: S603
            ["git", *CONFIG, "-C", os.fspath(cwd), *arguments],  # noqa: S607
            env=surroundings(more),
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


def bounded_git(cwd: Path, *arguments: str, limit: int, more: Mapping[str, str] | None = None) -> bytes | None:
    """At most `limit` bytes and one more of what git answers; None as for `git`, whose arguments the others are."""
    try:
        process = subprocess.Popen(  # noqa: S603
            ["git", *CONFIG, "-C", os.fspath(cwd), *arguments],  # noqa: S607
            env=surroundings(more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None  # as above
    timer = threading.Timer(SECONDS, _end, (process,))
    timer.start()
    try:
        answer = process.stdout.read(limit + 1) if process.stdout is not None else b""
        if len(answer) > limit:
            process.kill()
        else:
            process.wait()
    finally:
        timer.cancel()
        process.kill()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()
    return answer if process.returncode == 0 or len(answer) > limit else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and whatever it started, which would hold its output open."""
    with contextlib.suppress(ProcessLookupError):  # it and all it started have ended
        os.killpg(process.pid, signal.SIGKILL)
