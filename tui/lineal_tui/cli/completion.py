"""Scripts that complete commands, options and addresses in a shell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    BashComplete,
    add_completion_class,
    get_completion_class,
    shell_complete,
    split_arg_string,
)

from lineal_tui.cli.app import Command, lineal

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class _Bash(BashComplete):
    """Completion for a bash that breaks words at `:` and `@`, which addresses are full of."""

    source_template = """\
%(complete_func)s() {
    local line="${COMP_LINE:0:$COMP_POINT}" kind value
    while IFS=, read -r kind value; do
        if [[ $kind == dir ]]; then COMPREPLY=(); compopt -o dirnames; return
        elif [[ $kind == file ]]; then COMPREPLY=(); compopt -o default; return
        elif [[ $kind == plain ]]; then COMPREPLY+=("$value"); [[ $value == *: ]] && compopt -o nospace; fi
    done < <(env COMP_LINE="$line" COMP_BREAKS="$COMP_WORDBREAKS" %(complete_var)s=bash_complete "$1")
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def source(self) -> str:
        """The script; any bash since 4.4 reads it."""
        return self.source_template % self.source_vars()

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one at the cursor, and that one."""
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)[1:]
        incomplete = "" if not words or line[-1:].isspace() else words.pop()
        return words, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Only the part after the last character at which bash breaks the word."""
        _, incomplete = self.get_completion_args()
        breaks = os.environ.get("COMP_BREAKS", "")
        begun = max((incomplete.rfind(mark) for mark in ":@=" if mark in breaks), default=-1) + 1
        return f"{item.type},{item.value[begun:]}"


add_completion_class(_Bash, "bash")


def complete(variable: str, instruction: str) -> int:
    """Answer a shell that completes a command line; returns the exit code.

    Args:
        variable: the environment variable by which it asked.
        instruction: what it asked for, such as `bash_complete`.
    """
    return shell_complete(lineal, {}, "lineal", variable, instruction)


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print the script that completes commands and addresses in a shell.

    Examples:
      eval "$(lineal completion bash)"
      lineal completion fish > ~/.config/fish/completions/lineal.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(lineal, {}, "lineal", "_LINEAL_COMPLETE").source())
