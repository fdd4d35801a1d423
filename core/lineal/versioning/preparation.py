"""A folder in which a run can be done again: the checkout with its changes, the lock file, the data, the command."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from lineal.data.fingerprint import measure
from lineal.errors import AlreadyExists, Conflict, LinealError, MachineError, Refused
from lineal.records.reproduction import Prepared
from lineal.training import code
from lineal.versioning.reproduction import COMMIT, is_python, lock_file, repository_of

if TYPE_CHECKING:
    from lineal.records.reproduction import Recipe, RecipeData
    from lineal.records.runs import CodeState
    from lineal.write_path.context import Context

SOURCE: Final = "source"
DATA: Final = "data"
LOCK: Final = "requirements.lock"
SCRIPT: Final = "run.sh"

_FETCH_SECONDS = 600.0
_PROTOCOLS = "file:git:http:https:ssh"


def prepare(context: Context, wanted: Recipe, into: Path, here: Path) -> Prepared:
    """Make a folder with everything that is to be had for a run to be done again.

    It has `source` (a checkout of the commit with the changes that were not committed), `requirements.lock`, `data`
    (a link to each dataset version whose bytes are still what they were; one that lay in the work tree also lies
    there in the checkout) and `run.sh`. It appears when it is complete, and replaces nothing.

    Args:
        context: the registry.
        wanted: what to prepare.
        into: the folder to make; it may exist if it is empty.
        here: a folder in the repository, for a run whose own work tree is not on this machine.

    Raises:
        AlreadyExists: there is something at `into`.
        Refused: nothing is known of the run's command.
        Conflict: the commit cannot be had, or the changes do not apply to it.
        MachineError: the folder cannot be made.
    """
    if not wanted.command:
        raise Refused(what=wanted.ref, why="the command of its run was not recorded")
    into = into.absolute()
    if os.path.lexists(into) and (into.is_symlink() or not into.is_dir() or any(into.iterdir())):
        raise AlreadyExists(kind="folder", name=str(into), hint="name a folder that is new or empty")
    partial = into.with_name(f".{into.name}-{secrets.token_hex(4)}")
    try:
        partial.mkdir(parents=True)
        try:
            lacking, placed = _fill(context, wanted, partial, here)
            working, command = _adapted(wanted, into)
            (partial / LOCK).write_text(lock_file(wanted.environment), encoding="utf-8")
            script = partial / SCRIPT
            script.write_text(_script(wanted, into, working, command), encoding="utf-8", errors="surrogateescape")
            script.chmod(0o755)
            partial.replace(into)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except OSError as error:
        raise MachineError(path=into, why=error.strerror or str(error)) from error
    source = into / SOURCE
    return Prepared(into, source if source.is_dir() else None, working, command, tuple(placed), tuple(lacking))


def _fill(context: Context, wanted: Recipe, folder: Path, here: Path) -> tuple[list[str], list[str]]:
    """Fill the folder; returns what is lacking, in words, and the addresses of the data that is there."""
    lacking = []
    state = wanted.code
    if state is None:
        (folder / SOURCE).mkdir()
        lacking.append("the code: it was in no git repository")
    else:
        _check_out(state, folder / SOURCE, here)
        if wanted.patch is not None:
            patch = context.objects.path(wanted.patch)
            context.objects.check(wanted.patch, patch.stat().st_size if patch.exists() else 0, content=True)
            if code.git(folder / SOURCE, "apply", "--whitespace=nowarn", "--", str(patch)) is None:
                raise Conflict(what=wanted.ref, why="its uncommitted changes do not apply to its commit")
        elif state.dirty:
            why = state.patch_missing or "they are not in this registry"
            lacking.append(f"the changes that were not committed: {why}")
        lacking += [f"{name}: git did not track it" for name in state.untracked]
    placed = []
    for each in wanted.data:
        missing = _place(each, folder, state)
        if missing is None:
            placed.append(each.ref)
        else:
            lacking.append(missing)
    if state is not None and state.folder and _is_plain(state.folder):
        _make_below(folder / SOURCE, folder / SOURCE / state.folder)
    return lacking, placed


def _check_out(state: CodeState, target: Path, here: Path) -> None:
    if not COMMIT.fullmatch(state.commit):
        raise Conflict(what="the code", why=f"{state.commit[:80]!r} is no commit")
    repository = repository_of(state, here)
    origin = state.remote if repository is None else code.git(repository, "rev-parse", "--absolute-git-dir")
    if origin is None:
        raise Conflict(
            what=f"commit {state.commit}",
            why="it is in no repository at hand, and no remote was recorded",
            hint="go to a clone of the repository and try again",
        )
    target.mkdir()
    _git(target, "init", "-q")
    _git(target, "fetch", "-q", "--no-tags", "--depth=1", "--", origin, state.commit)
    _git(target, "checkout", "-q", "--detach", state.commit)


def _git(folder: Path, *arguments: str) -> None:
    """Run git to its end.

    Raises:
        Conflict: it says no.
    """
    # A record from elsewhere names the remote: only what carries data may, nothing that starts a program of its own.
    try:
        answer = subprocess.run(  # noqa: S603
            ["git", *code.CONFIG, "-C", os.fspath(folder), *arguments],  # noqa: S607
            env=code.surroundings({"GIT_ALLOW_PROTOCOL": _PROTOCOLS}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Conflict(what="git " + arguments[0], why=str(error)) from error
    if answer.returncode:
        said = answer.stderr.decode(errors="replace").strip().splitlines()
        raise Conflict(what="git " + arguments[0], why=said[-1] if said else f"exit code {answer.returncode}")


def _place(data: RecipeData, folder: Path, state: CodeState | None) -> str | None:
    """Put data where the command may find it; returns why it is not there."""
    if data.uri is None:
        return f"{data.ref}: it was handed over in memory"
    path = Path(data.uri)
    if not path.exists():
        return f"{data.ref}: it is not at {data.uri}"
    try:
        if measure(path).digest != data.digest:
            return f"{data.ref}: there are other bytes at {data.uri}"
    except LinealError as error:
        return f"{data.ref}: {error}"
    # One folder for each, whatever its name: a label may be two dots.
    name = path.name if path.name.strip(".") else DATA
    link = folder / DATA / data.ref.removeprefix("data:").replace("/", "-") / name
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(path)
    inside = _below(data.uri, None if state is None else state.repository)
    if inside is not None:
        target = folder / SOURCE / inside
        # What git tracks is checked out already.
        if not os.path.lexists(target) and _make_below(folder / SOURCE, target.parent):
            target.symlink_to(path)
    return None


def _make_below(top: Path, folder: Path) -> bool:
    """Make a folder in a checkout; False where a link in it leads elsewhere."""
    existing = folder
    while not os.path.lexists(existing):
        existing = existing.parent
    if not existing.resolve().is_relative_to(top.resolve()):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    return True


def _below(path: str, top: str | None) -> str | None:
    """The part of a path below a folder; None when it is not below it, or not written plainly."""
    if not top or not path.startswith(top.rstrip("/") + "/"):
        return None
    part = path[len(top.rstrip("/")) + 1 :]
    return part if part and _is_plain(part) else None


def _is_plain(part: str) -> bool:
    pure = PurePosixPath(part)
    return not pure.is_absolute() and ".." not in pure.parts and "\0" not in part


def _adapted(wanted: Recipe, into: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder to run in, and the command with this machine's Python and the checkout in place of the run's own."""
    top = None if wanted.code is None else wanted.code.repository
    folder = "" if wanted.code is None else wanted.code.folder
    working = into / SOURCE
    if folder and _is_plain(folder):
        working /= folder
    words = []
    for place, word in enumerate(wanted.command or ()):
        inside = _below(word, top)
        if place == 0 and is_python(word):
            words.append(sys.executable)
        else:
            words.append(word if inside is None else str(into / SOURCE / inside))
    return working, tuple(words)


def _script(wanted: Recipe, into: Path, working: Path, command: tuple[str, ...]) -> str:
    words = [shlex.quote(word) for word in command]
    if wanted.command and is_python(wanted.command[0]):
        words[0] = f'"${{PYTHON:-{words[0]}}}"' if words[0] == command[0] else words[0]
    python = "" if wanted.environment is None else wanted.environment.python
    version = python if python.replace(".", "").isalnum() and python.isascii() else "3"
    below = working.relative_to(into)
    return (
        "#!/bin/sh\n"
        f"# The packages: uv venv --python {version} .venv && uv pip install --python .venv/bin/python -r {LOCK}\n"
        f"# or: python3 -m venv .venv && .venv/bin/pip install -r {LOCK}\n"
        f"# then: PYTHON=$PWD/.venv/bin/python ./{SCRIPT}\n"
        "set -eu\n"
        f'cd -- "$(dirname -- "$0")"/{shlex.quote(str(below))}\n'
        f"exec {' '.join(words)}\n"
    )
