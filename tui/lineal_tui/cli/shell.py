"""lineal as the only thing that people with a key may run under a service account, each under their own name."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineal.errors import Refused
from lineal_tui.cli.app import Command, Session, lineal, session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEPT = ("TERM", "COLORTERM", "COLORFGBG", "NO_COLOR", "LANG", "LANGUAGE", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
"""What may come from the other side: how its terminal is, and where it is. Everything else could lead elsewhere."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SERVED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            *("audit", "audit head", "audit log", "audit verify", "datasets", "diff", "doctor", "experiments", "gc"),
            *("grant", "guide", "history", "identify", "keys", "lineage", "live", "log", "mark", "models"),
            *("pipeline", "pipeline cancel", "pipeline follow", "pipeline list", "promote", "clear", "rollback"),
            *("undo", "register", "revoke", "roles", "runs", "set", "show", "stage add", "stage remove", "stage show"),
            *("stage unset", "verify", "versions", "import bundle", "approve", "reject", "review", "inbox", "retire"),
            *("deprecate", "retention", "curve", "du", "audit export", "policy show", "policy check", "policy apply"),
            *("observe", "observations", "alerts", "help", "tree"),
            *("on list", "on show", "on log", "on remove", "on enable", "on disable", "on again", "on run"),
        ),
        frozenset(),
    ),
    "audit verify": frozenset({"anchors"}),
    "export": frozenset({"output"}),
    "import bundle": frozenset({"file"}),
    "register": frozenset({"move"}),
    "reproduce": frozenset({"to_run"}),
    "stage set": frozenset({"release", "hook", "health", "alert_command"}),
}
"""Commands that are served, and their parameters that lead to files or programs; these take `-` only."""

NOT_SERVED: Mapping[str, str] = {
    "backup": "it writes a file on the server",
    "completion": "there is no shell to complete in",
    "dataset add": "it reads a path on the server; log data where it is",
    "demo": "it makes a registry on the server",
    "import mlflow": "it reads a path on the server",
    "import trackio": "it reads a path on the server",
    "init": "it makes a registry on the server",
    "on add": "it names a program of the server; an admin adds it there",
    "restore": "it makes a registry on the server",
    "run": "it starts a program on the server",
    "shell": "it is running already",
}
"""Commands that are not, and why."""


@click.command("shell", cls=Command)
@click.option("--user", metavar="NAME", help="Whose key it is; for the line of that key in authorized_keys.")
@click.option("--trust-sudo", is_flag=True, help="Serve whoever came by sudo; for a line in sudoers.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
@click.pass_context
def shell_command(context: click.Context, *, user: str | None, trust_sudo: bool, words: tuple[str, ...]) -> None:
    """Serve one person under a service account that owns the registry: its commands, or the application, nothing else.

    It is what sshd or sudo starts, not what people type. The account vouches for who it is: with --user the line of
    their key says so, with --trust-sudo sudo does. That counts only where the account owns the registry alone. The
    command comes from SSH_ORIGINAL_COMMAND or stands after --; without one the application opens. No shell takes part
    in it, and no command that leads to other files or programs of the account is served. See `lineal guide roles`.

    Examples:
      lineal shell --user ana --registry /srv/models
      lineal shell --trust-sudo --registry /srv/models -- promote fraud:2.4.0 --to production
    """
    if (user is None) is not trust_sudo:
        raise click.UsageError("either --user NAME or --trust-sudo says who is served", context)
    name = user if user is not None else _came_by_sudo(os.environ)
    asked = list(words) or (_split(os.environ.get("SSH_ORIGINAL_COMMAND", "")) if user is not None else [])
    if asked[:1] == ["lineal"]:
        asked = asked[1:]
    given = session(context)
    clean_environment(name)
    root = _absolute(given.registry)
    os.chdir("/")
    # a program that stopped would keep the connection and leave nobody to wake it up
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    served = Session(registry=root, claim=given.claim, read_only=given.read_only, vouched=name)
    with lineal.make_context("lineal", asked, obj=served) as inner:
        result = lineal.invoke(inner)
    if isinstance(result, int) and result:
        raise click.exceptions.Exit(result)


def _came_by_sudo(environment: Mapping[str, str]) -> str:
    from lineal.machine.actors import name_of  # noqa: PLC0415  start-up is measured

    number = environment.get("SUDO_UID", "")
    if not (number.isascii() and number.isdigit()) or int(number) == os.getuid():
        raise Refused(
            what="lineal shell --trust-sudo",
            why="nobody came by sudo",
            hint="it belongs into a line of sudoers; see `lineal guide roles`",
        )
    return name_of(int(number))


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise click.UsageError(f"a quote is left open in {line!r}") from error


def _absolute(given: Path | None) -> Path:
    from lineal.machine.locate import find_registry  # noqa: PLC0415  start-up is measured

    return Path(os.path.abspath(find_registry(given)))  # noqa: PTH100  links stay as they are named


def clean_environment(user: str) -> None:
    """Leave nothing in the environment that came from the other side but how its terminal is."""
    account = pwd.getpwuid(os.getuid())
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    home = Path(account.pw_dir)
    own = home / ".local" / "state" / "lineal-shell" / user.replace("/", "_")
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update({"HOME": str(home), "USER": account.pw_name, "LOGNAME": account.pw_name, "PATH": _PATH})
    # what the application remembers is each person's own, and how it looks is not another's to settle
    os.environ.update({"XDG_STATE_HOME": str(own / "state"), "XDG_CONFIG_HOME": str(own / "config")})


def check_served(context: click.Context) -> None:
    """Refuse a command that is not served, or an argument that leads to files or programs of the account.

    Raises:
        Refused: it is one.
    """
    if context.invoked_subcommand is not None:
        return
    name = _path(context)
    if not name:
        return  # the application
    if name not in SERVED:
        why = NOT_SERVED.get(name, "it is not among the commands that are")
        raise Refused(what=f"lineal {name}", why=f"not served here: {why}", hint="run it under the service account")
    for parameter in context.command.params:
        word = parameter.name or ""
        leads_out = isinstance(parameter.type, (click.Path, click.File)) or word in SERVED[name]
        if not leads_out or context.get_parameter_source(word) is click.core.ParameterSource.DEFAULT:
            continue
        value = context.params.get(word)
        for each in value if isinstance(value, tuple) else (value,):
            if not _is_harmless(name, word, each):
                shown = parameter.opts[0] if parameter.param_type_name == "option" else str(parameter.metavar or word)
                raise Refused(
                    what=f"lineal {name} {shown}",
                    why="not served here: it would lead to files or programs of the server",
                    hint="`-` stands for what comes and goes over the connection" if word in _STREAMS else None,
                )


_STREAMS = frozenset({"file", "output", "anchors"})


_PLAIN = {("identify", "what"): r"sha256:[0-9A-Fa-f]+", ("audit verify", "anchors"): r"[0-9]+:[0-9a-f]{64}"}
"""What those parameters may be beside a path."""


def _is_harmless(name: str, parameter: str, value: object) -> bool:
    if value is None or value == () or value is False:
        return True
    plain = _PLAIN.get((name, parameter))
    return str(value) == "-" or (plain is not None and re.fullmatch(plain, str(value)) is not None)


def _path(context: click.Context) -> str:
    names: list[str] = []
    while context.parent is not None:
        names.insert(0, context.info_name or "")
        context = context.parent
    return " ".join(names)


def leaves() -> Sequence[str]:
    """Every command there is, by its full name: each is served, or it is said why not."""
    found: list[str] = []

    def walk(command: click.Command, names: tuple[str, ...]) -> None:
        if isinstance(command, click.Group):
            if names and command.invoke_without_command:
                found.append(" ".join(names))
            context = click.Context(command)
            for word in command.list_commands(context):
                below = command.get_command(context, word)
                if below is not None:
                    walk(below, (*names, word))
        else:
            found.append(" ".join(names))

    walk(lineal, ())
    return found
