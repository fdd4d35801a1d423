"""Writes the reference from the code, so that it cannot tell anything else: `python -m lineal_tui.guides.generate`."""

from __future__ import annotations

import sys
from dataclasses import fields
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineal.errors import ExitCode
from lineal_tui.cli.app import lineal
from lineal_tui.keys import BINDINGS, shown, where
from lineal_tui.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TARGET = Path(__file__).with_name("reference.md")
WIDTH = 76
"""Cells of what stands as code, so that it fits on a terminal of 80."""

_COMMON = frozenset({"registry", "claim", "read_only"})
"""The options that every command takes."""

_EXITS = {
    ExitCode.DONE: "done; also a pipe's reader that has seen enough",
    ExitCode.BUG: "a mistake of lineal's own; `LINEAL_DEBUG=1` shows where",
    ExitCode.USAGE: "the command makes no sense as it stands: an option, an address, a value, a configuration",
    ExitCode.NOT_FOUND: "no such model, version, stage, run, data, file or registry; nothing live; more than one fits",
    ExitCode.REFUSED: "a rule forbids it: your role, a gate, a version that is bad, nowhere to roll back to",
    ExitCode.CONFLICT: "somebody was faster: something else is live, a name is taken, locked, a pipeline runs, or "
    "a comparison with this machine found differences",
    ExitCode.RELEASE_FAILED: "the release failed: it was taken back, or is live and unhealthy; what was printed tells",
    ExitCode.DAMAGED: "damaged or foreign data, or a registry of a newer lineal; nothing was changed",
    ExitCode.MACHINE: "the machine refuses: disk full, no permission, input or output",
    ExitCode.CANCELLED: "cancelled by a person",
}

_VARIABLES = {
    "LINEAL_REGISTRY": "the registry's directory, unless `--registry` names one",
    "LINEAL_RUN": "set by `lineal run` for its command: the run that `lineal log` and `lineal.start_run` belong to",
    "LINEAL_REPRODUCES": "set while a version is trained again: what its command registers is a retraining of this one",
    "LINEAL_DEBUG": "set to anything, errors show where they came from",
    "LINEAL_MODEL": "set for hooks, health checks and automations: the model",
    "LINEAL_STAGE": "as above: the stage",
    "LINEAL_ACTION": "set for hooks and health checks: promote, rollback, undo, clear, or revert",
    "LINEAL_FROM": "as above: the label of what was live; empty for nothing",
    "LINEAL_TO": "as above: the label of what is live now; empty for nothing",
    "LINEAL_ACTOR": "as above: the user who ordered it",
    "LINEAL_REASON": "as above: the reason given; may be empty",
    "LINEAL_RELEASE": "as above: the directory of the release; empty for nothing",
    "LINEAL_EVENT": "set for automations: what happened; `LINEAL_MODEL` and `LINEAL_STAGE` tell where",
    "LINEAL_REF": "as above: the version that it is about",
    "LINEAL_ON_DEPTH": "as above: how many deliveries led to this one, one through another",
    "_LINEAL_COMPLETE": "set by the scripts of `lineal completion`",
    "COMP_LINE": "set by bash while it completes: the line as typed",
    "COMP_BREAKS": "as above: the letters at which bash breaks words",
    "NO_COLOR": "set to anything, no colours",
    "TERM": "`dumb` for no colours and no application",
    "COLORTERM": "`truecolor` or `24bit` where the terminal has all colours",
    "COLORFGBG": "set by some terminals: whether the ground is light",
    "SSH_CONNECTION": "set by sshd: the application then uses the terminal's own colours and no mouse",
    "TMUX": "set by tmux",
    "STY": "set by screen",
    "LC_ALL": "the locale; one with another encoding than UTF-8 has the application draw in ASCII",
    "LC_CTYPE": "as above, after `LC_ALL`",
    "LANG": "as above, after `LC_CTYPE`",
    "SUDO_USER": "set by sudo: recorded beside the actor as a claim",
    "SUDO_UID": "set by sudo: whom `lineal shell --trust-sudo` serves",
    "SSH_ORIGINAL_COMMAND": "set by sshd for a forced command: what `lineal shell --user` is asked for",
    "XDG_DATA_HOME": "where the user's own registry is: `lineal/registry` below it, `~/.local/share` unless set",
    "XDG_CONFIG_HOME": "where the configuration is: `lineal/` below it, `~/.config` unless set",
    "XDG_STATE_HOME": "where the application keeps what was looked at: `lineal/` below it, `~/.local/state` unless set",
    "TEXTUAL_ANIMATIONS": "of the toolkit: `none` unless set",
    "ESCDELAY": "of the toolkit: milliseconds until a lone `esc` counts as one; 25 unless set, 50 over SSH",
}

_SETTINGS = {
    "read_only": "true refuses every change made in the application",
    "theme": "`dark`, `light`, `ansi` (the terminal's own sixteen colours) or `plain` (none)",
    "ascii": "whether everything is drawn in ASCII",
    "mouse": "whether the application listens to the mouse",
    "keymap": "a file of keys, seen from the configuration's folder; `keymap.toml` beside it unless set",
}

_FILES = {
    ".lineal/": "a registry in a folder, found from every folder below",
    "~/.local/share/lineal/registry/": "the registry of a user who has no other",
    "~/.config/lineal/config.toml": "the configuration of the application",
    "~/.config/lineal/keymap.toml": "a person's own keys",
    "~/.local/state/lineal/": "what the application showed last",
}


def reference() -> str:
    """The whole reference as Markdown."""
    return "\n\n".join(_sections()) + "\n"


def _sections() -> Iterator[str]:
    yield "# Reference: exit codes, configuration, keys, commands"
    yield "Made from the code by `python -m lineal_tui.guides.generate`."
    yield "## Exit codes"
    yield _table(("code", "means"), [(str(int(code)), _EXITS[code]) for code in ExitCode])
    yield "`lineal run` exits as its command does, or with 128 and the number of the signal that ended it."
    yield "## Which registry"
    yield "`--registry DIR`, else `LINEAL_REGISTRY`, else the nearest `.lineal` upwards, else the user's own."
    yield "## Environment variables"
    yield _table(("variable", "means"), [(f"`{name}`", words) for name, words in _VARIABLES.items()])
    yield "## Files"
    yield _table(("file", "holds"), [(f"`{name}`", words) for name, words in _FILES.items()])
    yield "On macOS these folders are in `~/Library/Application Support`."
    yield "## Configuration of the application"
    yield "In `config.toml`, in the section `[tui]`. What is not set, the terminal decides; `lineal doctor` tells how."
    yield _table(("setting", "means"), [(f"`{each.name}`", _SETTINGS[each.name]) for each in fields(Settings)])
    yield '```text\n[tui]\ntheme = "dark"\nread_only = false\n```'
    yield "A file of keys has a line for each binding that is changed, by its id; an empty text takes its keys away."
    yield '```text\npromote = "P"\nhalf_down = "ctrl+d, J"\n```'
    yield "## Keys"
    yield _table(
        ("keys", "where", "do", "id"),
        [(_keys(each.keys), where(each), each.does, f"`{each.id}`") for each in BINDINGS],
    )
    yield "## Commands"
    root = click.Context(lineal, info_name="lineal")
    common = [each for each in lineal.params if each.name in _COMMON]
    yield "These options may stand before or after any command:"
    yield _options(common, root)
    yield "`-h` or `--help` after a command tells about it; `--` ends options."
    yield "### lineal"
    yield "Without a command, the application opens."
    yield _options([each for each in lineal.params if each.name not in _COMMON], root)
    for context in commands(root):
        yield from _command(context)


def commands(context: click.Context) -> Iterator[click.Context]:
    """All commands below one, in order, each with a context that knows its whole name."""
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is not None:
                below = click.Context(command, info_name=name, parent=context)
                yield below
                yield from commands(below)


def _command(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f"### {context.command_path}"
    text = cleandoc(command.help or "").replace("\b\n", "")
    words, _, examples = text.partition("\n\nExamples:\n")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)]).replace(" [OPTIONS]", "")
    yield f"```text\n{usage}\n```"
    yield words
    own = [each for each in command.params if isinstance(each, click.Option) and each.name not in _COMMON]
    if own:
        yield _options(own, context)
    if examples:
        yield f"Examples:\n\n```text\n{cleandoc(examples)}\n```"


def _options(options: Sequence[click.Parameter], context: click.Context) -> str:
    rows = [record for option in options if (record := option.get_help_record(context)) is not None]
    formatter = click.HelpFormatter(width=WIDTH)
    formatter.write_dl(rows, col_max=26)
    return f"```text\n{formatter.getvalue().rstrip()}\n```"


def _keys(keys: tuple[str, ...]) -> str:
    return " ".join(f"`{shown(key)}`" for key in keys)


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET}\n")
