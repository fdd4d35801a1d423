"""Training a version again: what it takes, whether this machine has it, and a folder that is ready to run."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.data.fingerprint import measure
from lineal.errors import LinealError, Refused
from lineal.queries import artifacts
from lineal.records.reproduction import Answer, Compared, Recipe, RecipeData, Subject
from lineal.rules import refs
from lineal.training import code, environment
from lineal.versioning import details

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineal.records.runs import CodeState, Environment
    from lineal.write_path.context import Context

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""What a commit id looks like; a record from elsewhere may hold anything, and options of git begin with a dash."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)
_VERSION = re.compile(r"[a-z0-9][a-z0-9.!+_-]*", re.IGNORECASE)


def recipe(context: Context, address: str) -> Recipe:
    """What it takes to train a version, or do a run, again.

    Raises:
        NotFound: there is no such version or run.
        Refused: the version came from no run that is known here.
    """
    with context.read() as connection:
        asked = refs.parse(address)
        version = None
        if isinstance(asked, refs.RunRef):
            run = addresses.run(connection, asked.prefix)
        else:
            version = addresses.version(connection, address)
            if version.run is None:
                raise Refused(
                    what=version.ref, why="no run is known that produced it", hint="see `lineal show` for its parents"
                )
            run = addresses.run(connection, version.run)
        detail = details.of_runs(connection, [run])[0]
        patch = None if detail.code is None else detail.code.patch
        data = []
        for used in detail.inputs:
            found = addresses.dataset_version(connection, used.name, used.label)
            data.append(RecipeData(found.ref, used.role, found.digest, found.uri, found.bytes))
        return Recipe(
            ref=f"run:{run.id}" if version is None else version.ref,
            version=None if version is None else version.ref,
            run=run.id,
            experiment=run.experiment,
            kind=run.kind,
            code=detail.code,
            patch=patch if patch is not None and artifacts.kept_object(connection, patch) is not None else None,
            data=tuple(data),
            environment=detail.environment,
            command=detail.command,
            seed=detail.seed,
            params=detail.params,
        )


def lock_file(found: Environment | None) -> str:
    """The packages of an environment as pip and uv read them: `name==version`, one a line.

    A name or version that no package index knows the form of is left out: it would be an option, or another line.
    """
    if found is None:
        return ""
    return "".join(
        f"{name}=={version}\n"
        for name, version in found.packages
        if _NAME.fullmatch(name) and _VERSION.fullmatch(version)
    )


def compare(context: Context, wanted: Recipe, here: Path) -> Iterator[Compared]:
    """Compare what a run had with this machine, point by point; nothing is changed, and nothing executed but git.

    Args:
        context: the registry, which has the uncommitted changes.
        wanted: what the run had.
        here: a folder in the repository, for a run whose own work tree is not on this machine.
    """
    yield _of_command(wanted)
    yield from _of_code(context, wanted, here)
    for each in wanted.data:
        yield _of_data(each)
    if wanted.environment is None:
        yield Compared(Subject.PYTHON, "python", "not recorded", _python(), Answer.UNKNOWN)
    else:
        yield from _of_environment(wanted.environment, environment.capture())


def _of_command(wanted: Recipe) -> Compared:
    if not wanted.command:
        return Compared(Subject.COMMAND, "command", "not recorded", "-", Answer.MISSING)
    program = "python" if is_python(wanted.command[0]) else wanted.command[0]
    if program == "python":
        return Compared(Subject.COMMAND, "command", program, sys.executable, Answer.SAME)
    from shutil import which  # noqa: PLC0415  only here

    known = wanted.code is not None and "/" in program  # it is looked for in the checkout
    found = which(program)
    if found is None and not known:
        return Compared(Subject.COMMAND, "command", program, "no such program", Answer.MISSING)
    return Compared(Subject.COMMAND, "command", program, found or "in the checkout", Answer.SAME)


def repository_of(state: CodeState, here: Path) -> Path | None:
    """A folder on this machine whose repository has the commit: the run's own work tree, or the one at hand."""
    if not COMMIT.fullmatch(state.commit):
        return None
    for folder in ([Path(state.repository)] if state.repository else []) + [here]:
        if folder.is_dir() and code.git(folder, "cat-file", "-e", f"{state.commit}^{{commit}}") is not None:
            return folder
    return None


def _of_code(context: Context, wanted: Recipe, here: Path) -> Iterator[Compared]:
    state = wanted.code
    if state is None:
        yield Compared(Subject.CODE, "commit", "not recorded", "-", Answer.UNKNOWN)
        return
    repository = repository_of(state, here)
    found = Answer.MISSING if repository is None else Answer.SAME
    yield Compared(
        Subject.CODE,
        "commit",
        state.commit,
        "in no repository at hand" if repository is None else str(repository),
        found,
    )
    if state.dirty:
        yield _of_changes(context, wanted, repository)
    if state.untracked:
        names = ", ".join(state.untracked)
        yield Compared(Subject.UNTRACKED, "untracked files", names, "their content was not kept", Answer.UNKNOWN)


def _of_changes(context: Context, wanted: Recipe, repository: Path | None) -> Compared:
    state = wanted.code
    name = "uncommitted changes"
    if state is None or state.patch is None:
        why = "they were not captured" if state is None or state.patch_missing is None else state.patch_missing
        return Compared(Subject.CHANGES, name, "not kept", why, Answer.MISSING)
    if wanted.patch is None:
        return Compared(Subject.CHANGES, name, state.patch, "not in this registry", Answer.MISSING)
    if repository is None:
        return Compared(Subject.CHANGES, name, state.patch, "kept here; no repository to apply them to", Answer.UNKNOWN)
    with tempfile.TemporaryDirectory(prefix="lineal-") as folder:
        more = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        patch = str(context.objects.path(wanted.patch))
        applies = (
            code.git(repository, "read-tree", state.commit, more=more) is not None
            and code.git(repository, "apply", "--cached", "--check", "--", patch, more=more) is not None
        )
    said, answer = ("they apply", Answer.SAME) if applies else ("they do not apply", Answer.DIFFERENT)
    return Compared(Subject.CHANGES, name, state.patch, said, answer)


def _of_data(wanted: RecipeData) -> Compared:
    def answer(found: str, how: Answer) -> Compared:
        return Compared(Subject.DATA, wanted.ref, wanted.digest, found, how)

    if wanted.uri is None:
        return answer("it was handed over in memory", Answer.UNKNOWN)
    path = Path(wanted.uri)
    if not path.exists():
        return answer(f"not at {wanted.uri}", Answer.MISSING)
    try:
        digest = measure(path).digest
    except LinealError as error:
        return answer(str(error), Answer.MISSING)
    if digest == wanted.digest:
        return answer(wanted.uri, Answer.SAME)
    return answer(f"other bytes at {wanted.uri} ({digest})", Answer.DIFFERENT)


def _of_environment(wanted: Environment, found: Environment) -> Iterator[Compared]:
    same = (wanted.implementation, wanted.python) == (found.implementation, found.python)
    python = f"{wanted.implementation} {wanted.python}"
    yield Compared(Subject.PYTHON, "python", python, _python(), Answer.SAME if same else Answer.DIFFERENT)
    here = dict(found.packages)
    others = [(name, version) for name, version in wanted.packages if here.get(name) != version]
    for name, version in others:
        installed = here.get(name)
        how = Answer.MISSING if installed is None else Answer.DIFFERENT
        yield Compared(Subject.PACKAGE, name, version, installed or "not installed", how)
    if not others:
        count = str(len(wanted.packages))
        yield Compared(Subject.PACKAGE, "packages", count, "all of these versions", Answer.SAME)
    if wanted.gpus or found.gpus:
        before, now = (", ".join(each.gpus) or "none" for each in (wanted, found))
        yield Compared(Subject.GPUS, "gpus", before, now, Answer.SAME if before == now else Answer.DIFFERENT)


def _python() -> str:
    found = environment.capture()
    return f"{found.implementation} {found.python}"


def is_python(program: str) -> bool:
    """Whether the first word of a command is a Python interpreter, by its name."""
    return re.fullmatch(r"python(\d+(\.\d+)?)?", os.path.basename(program)) is not None  # noqa: PTH119  a word, no path
