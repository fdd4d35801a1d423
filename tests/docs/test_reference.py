"""Nothing that a person can type, press, set or get back is missing from the reference."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from lineal.errors import ExitCode
from lineal_tui.cli.app import lineal
from lineal_tui.guides import generate
from lineal_tui.keys import BINDINGS, shown
from lineal_tui.view.guidance import guide

if TYPE_CHECKING:
    from tests.docs.reading import WRITTEN
else:
    from reading import WRITTEN

TOP = Path(__file__).parents[2]
ROOT = click.Context(lineal, info_name="lineal")
COMMANDS = list(generate.commands(ROOT))


def test_the_reference_is_what_the_code_makes() -> None:
    assert guide.source("reference") == generate.reference(), "run `python -m lineal_tui.guides.generate`"


@pytest.mark.parametrize("context", COMMANDS, ids=lambda context: context.command_path)
def test_every_command_and_option_is_documented(context: click.Context) -> None:
    section = guide.source("reference").partition(f"\n### {context.command_path}\n")[2].partition("\n### ")[0]
    command = context.command
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            assert parameter.help, parameter.name
            text = section if parameter.name not in {"registry", "claim", "read_only"} else guide.source("reference")
            assert max(parameter.opts, key=len) in text


@pytest.mark.parametrize("context", [each for each in COMMANDS if each.parent is ROOT], ids=lambda each: each.info_name)
def test_every_command_has_its_place_in_a_guide(context: click.Context) -> None:
    assert any(re.search(rf"\blineal (--\w+ \S+ )?{context.info_name}\b", guide.source(topic)) for topic in WRITTEN)


def test_every_exit_code_is_documented() -> None:
    section = guide.source("reference").partition("## Exit codes")[2].partition("## ")[0]
    assert re.findall(r"^\| (\d+) \|", section, re.MULTILINE) == [str(int(code)) for code in ExitCode]


def test_every_key_is_documented() -> None:
    section = guide.source("reference").partition("## Keys")[2].partition("## ")[0]
    for binding in BINDINGS:
        row = next(row for row in section.splitlines() if row.endswith(f"| `{binding.id}` |"))
        for key in binding.keys:
            assert f"`{shown(key)}`" in row.replace("\\|", "|")


def variables_of(source: str) -> set[str]:
    """Environment variables that some Python reads or hands on."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"_?LINEAL_[A-Z_]+", node.value)
        ):
            found.add(node.value)
        named: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            whose = ast.unparse(node.func.value)
            if node.func.attr in {"get", "setdefault", "pop"} and whose.endswith(("environ", "environment")):
                named = node.args[:1]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            named = [node.slice]
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]).endswith(("environ", "environment")):
            named = [node.left]
        found |= {name.value for name in named if isinstance(name, ast.Constant) and isinstance(name.value, str)}
    return found


def test_every_environment_variable_is_documented() -> None:
    section = guide.source("reference").partition("## Environment variables")[2].partition("## ")[0]
    used = {
        name
        for folder in ("core", "tui")
        for path in (TOP / folder).rglob("*.py")
        for name in variables_of(path.read_text())
    }
    assert {"LINEAL_REGISTRY", "LINEAL_RELEASE", "NO_COLOR", "SSH_CONNECTION", "ESCDELAY"} <= used
    missing = {name for name in used if f"| `{name}` |" not in section}
    assert not missing
