"""Every command, asked of a registry that somebody evil filled in."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from evil_registry import quoted
from evil_texts import unfit

from lineal.errors import ExitCode
from lineal_tui.cli.app import lineal
from lineal_tui.cli.listed import COMMANDS
from lineal_tui.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from evil_registry import Names

Lines = list[list[str]]

READING: dict[str, Callable[[Names], Lines]] = {
    "alerts": lambda names: [[], [names.place], ["--log"]],
    "audit": lambda _: [[]],
    "audit head": lambda _: [[]],
    "audit log": lambda names: [[], ["--model", names.place], ["--text", "a"], ["--action", "promoted"]],
    "audit verify": lambda _: [[]],
    "curve": lambda names: [
        [names.runs[0], names.runs[1], "--metric", names.metric],
        [names.model, "--metric", names.metric],
        [f"exp:{names.experiment}", "--csv", "--metric", names.metric],
        [names.runs[0], "--metric", names.metric, "--ascii"],
        [names.place, "--observed"],
        [names.place, "--observed", "--across", "--metric", names.metric, "--csv"],
    ],
    "datasets": lambda _: [[], ["--where", "rows > 0"], ["--columns", "name,bytes"]],
    "diff": lambda names: [
        [*names.versions[:2]],
        [*names.versions[:3], "--all"],
        [names.runs[0], names.runs[1], "--format", "markdown"],
        [*names.versions[:2], "--format", "csv"],
        [names.place, names.versions[3], "--section", "code"],
    ],
    "doctor": lambda _: [[]],
    "du": lambda names: [[], [names.model], [names.versions[1]]],
    "experiments": lambda _: [[]],
    "gc": lambda _: [["--dry-run"]],
    "history": lambda names: [[names.model], [names.place]],
    "identify": lambda names: [[str(names.root.parent / "files1" / "model.safetensors")]],
    "inbox": lambda _: [[]],
    "keys": lambda _: [[]],
    "lineage": lambda names: [
        [names.versions[1]],
        [names.versions[3], "--up", "9", "--down", "9"],
        [f"data:{names.dataset}", "--format", "dot"],
        [names.versions[2], "--format", "mermaid"],
        [names.runs[0]],
    ],
    "live": lambda names: [[names.place], [names.place, "--at", "2040-01-01"]],
    "models": lambda names: [
        [],
        ["--all"],
        ["--where", f"tags.task LIKE '%{len(names.labels)}%'"],
        ["--sort", "created"],
    ],
    "observations": lambda names: [[names.place], [names.place, "--csv"], [names.place, "--metric", names.metric]],
    "on list": lambda _: [[]],
    "on log": lambda names: [[], [names.automation]],
    "on show": lambda names: [[names.automation]],
    "pipeline": lambda _: [[]],
    "pipeline list": lambda names: [[], [names.place]],
    "policy show": lambda _: [[]],
    "reproduce": lambda names: [[names.versions[0]], [names.versions[1], "--lock"], [names.versions[0], "--check"]],
    "retention": lambda names: [[], [names.model]],
    "roles": lambda names: [[], [names.place]],
    "runs": lambda names: [
        [],
        [f"exp:{names.experiment}"],
        ["--where", "status = 'failed'"],
        ["--sort", "started", "--limit", "2"],
    ],
    "show": lambda names: [
        *([each] for each in (*names.versions, *names.runs, names.model, names.place)),
        [f"data:{names.dataset}"],
        [f"exp:{names.experiment}"],
    ],
    "stage show": lambda names: [[names.model], [names.place]],
    "tree": lambda names: [[names.model]],
    "verify": lambda _: [[]],
    "versions": lambda names: [[names.model], [names.model, "--all"], [names.model, "--sort", "created"]],
    "approve": lambda names: [[names.versions[2], "--for", names.stage, "--show"]],
    "promote": lambda names: [
        [names.versions[3], "--to", names.stage, "--plan"],
        [names.versions[4], "--to", "staging", "--plan"],
    ],
    "rollback": lambda names: [[names.place, "--plan"]],
    "undo": lambda names: [[names.place, "--plan"]],
    "clear": lambda names: [[names.place, "--plan"]],
    "export": lambda names: [[names.versions[0], "--to", "card"], [names.versions[1], "--to", "mlbom"]],
    "guide": lambda _: [[], ["release"], ["release", "roll", "back"]],
    "help": lambda _: [[], ["stage", "set"]],
    "completion": lambda _: [["bash"]],
    "audit export": lambda _: [["-"]],
}
"""What is asked of each command that reads, or plans."""

CHANGING = frozenset(
    {"backup", "dataset add", "demo", "deprecate", "grant", "import bundle", "import mlflow", "import trackio", "init"}
    | {"log", "mark", "observe", "on add", "on again", "on disable", "on enable", "on remove", "on run", "policy apply"}
    | {"policy check", "pipeline cancel", "pipeline follow", "register", "reject", "restore", "retire", "review"}
    | {"revoke", "run", "set", "shell", "stage add", "stage remove", "stage set", "stage unset"}
)
"""The others, which are given evil arguments."""

_NOT_GIVEN = frozenset({"demo", "shell", "run", "init", "restore", "backup", "audit export", "export", "policy apply"})
"""What would do as it is told with a folder, or a program, of any name."""

_GROUPS = frozenset({"audit", "pipeline"})
"""Groups that do something without a command below them."""


_PLANNING = frozenset({"--plan", "--show", "--check"})
"""Options with which the answer may be no."""

_MAY_FIND = frozenset({"doctor", "inbox"})
"""Commands whose exit code tells what they found."""

_FORMATS = frozenset({"--format", "--csv", "--lock"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered."""

    code: int
    out: bytes
    err: bytes


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def ask(words: Sequence[str], *, terminal: bool = False) -> Answer:
    """Type a command line in this process, and take the bytes that come out."""
    out, err = io.BytesIO(), io.BytesIO()
    kind = _Terminal if terminal else io.TextIOWrapper
    streams = [kind(each, encoding="utf-8", write_through=True) for each in (out, err)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        code = main([str(word) for word in words])
        for stream in streams:
            stream.flush()
    return Answer(code, out.getvalue(), err.getvalue())


def every_command() -> Iterator[str]:
    """The paths of all commands that do something."""
    context = click.Context(lineal)
    for name in sorted(COMMANDS):
        command = lineal.get_command(context, name)
        if isinstance(command, click.Group):
            if name in _GROUPS:
                yield name
            yield from (f"{name} {below}" for below in command.commands)
        else:
            yield name


def has_json(path: str) -> bool:
    """Whether a command takes `--json`."""
    command: click.Command | None = lineal
    for word in path.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    return any("--json" in parameter.opts for parameter in command.params)


@dataclass(frozen=True, slots=True)
class Line:
    """A command line."""

    words: list[str]
    is_json: bool = False
    must_work: bool = False
    """Whether everything that it asks for is there."""


def lines_of(names: Names, texts: Sequence[str]) -> Iterator[Line]:
    """All command lines."""
    root = ["--registry", str(names.root)]
    for path in every_command():
        for given in READING[path](names) if path in READING else []:
            words = [*root, *path.split(), *given]
            must_work = path not in _MAY_FIND and not _PLANNING & set(given)
            yield Line(words, must_work=must_work)
            if has_json(path) and not _FORMATS & set(given):
                yield Line([*words, "--json"], is_json=True, must_work=must_work)
        if path not in _NOT_GIVEN:
            for text in texts:
                yield Line([*root, *path.split(), text])
                yield Line([*root, *path.split(), "--", text, f"{names.model}:{text}", text])


def refuses_terminals(line: Line) -> bool:
    """Whether it prints bytes that a hash is over, which no terminal is sent."""
    return line.words[2:4] == ["audit", "export"]


def wrong(line: Line, *, terminal: bool) -> list[str]:
    """Ask, and say what must not be."""
    told = f"lineal {quoted(line.words[2:])}"
    try:
        answer = ask(line.words, terminal=terminal)
    except Exception as error:  # noqa: BLE001  what escapes is what is looked for
        return [f"{told}: {type(error).__name__}: {error}"]
    found = []
    if answer.code == ExitCode.BUG or b"Traceback" in answer.err or (line.must_work and answer.code):
        found.append(f"{told}: exits with {answer.code}: {answer.err.decode(errors='replace')[-300:]}")
    is_exact = refuses_terminals(line)
    for stream, content in (("stdout", answer.out), ("stderr", answer.err)):
        try:
            letters = unfit(content.decode(), coloured=terminal)
        except UnicodeDecodeError as error:
            found.append(f"{told}: {stream}: {error}")
            continue
        if letters and not is_exact:
            found.append(f"{told}: {stream} has {sorted(letters)!a}")
    if line.is_json and answer.code == 0:
        try:
            json.loads(answer.out)
        except ValueError as error:
            found.append(f"{told}: no JSON: {error}")
    return found


@contextlib.contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """Work in a folder, with nothing on standard input."""
    before, stdin = Path.cwd(), sys.stdin
    os.chdir(folder)
    sys.stdin = io.StringIO()
    try:
        yield
    finally:
        sys.stdin = stdin
        os.chdir(before)
