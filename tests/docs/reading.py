"""Takes guides apart into what a reader would type, and parses a command line without doing anything."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from lineal.rules import refs
from lineal_tui.cli.app import lineal
from lineal_tui.cli.parameters import Address
from lineal_tui.view.guidance import guide
from lineal_tui.view.guidance.topics import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITTEN = [topic for topic in TOPICS if topic != "reference"]
"""The guides that somebody wrote; the reference is made."""

_FENCE = re.compile(r"^```(\w*) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXPECTED = re.compile(r"\s+# exits with (\d+)$")
_COMMAND = re.compile(r"(?:^|[|$(;=]|\bssh \w+|--) *lineal ((?:'[^']*'|\"[^\"]*\"|[^'\"|>()#])*)")
_PLACEHOLDERS = re.compile(r"\b(MODEL@STAGE|TOPIC|COMMAND|REF|NAME)\b")


@dataclass(frozen=True)
class Block:
    """Fenced code of a guide."""

    language: str
    remark: str
    text: str

    @property
    def statements(self) -> list[str]:
        """What is typed at once: rows that end with a backslash go on in the next."""
        return [row for row in self.text.replace("\\\n", " ").split("\n") if row.strip()]


def blocks(topic: str) -> list[Block]:
    """All fenced code of a guide, in order."""
    return [Block(*found) for found in _FENCE.findall(guide.source(topic))]


def expected(statement: str) -> tuple[str, int]:
    """A statement without its remark, and the exit code that the remark promises."""
    found = _EXPECTED.search(statement)
    return (statement, 0) if found is None else (statement[: found.start()], int(found[1]))


def commands(statement: str) -> Iterator[list[str]]:
    """The words of every `lineal` in a statement, wherever it stands."""
    for found in _COMMAND.findall(statement):
        yield shlex.split(found.strip())


def parse(words: list[str]) -> None:
    """Parse a command line as the shell's would be, and its addresses; raises what a person would be told."""
    context = lineal.make_context("lineal", list(words))
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            if context.command.invoke_without_command:
                return
            raise click.UsageError("a command is missing", context)
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    for parameter in context.command.params:
        if isinstance(parameter.type, Address) and parameter.name is not None:
            value = context.params.get(parameter.name)
            for text in value if isinstance(value, tuple) else (value,):
                if text and text != "nothing":
                    refs.parse(str(text).partition("=")[0])


def mentions(topic: str) -> Iterator[str]:
    """Every `lineal ...` in the prose of a guide that is a whole command, without its placeholders."""
    prose = _FENCE.sub("", guide.source(topic))
    for code in re.findall(r"`(lineal [^`]+)`", prose):
        yield _PLACEHOLDERS.sub("", code)
