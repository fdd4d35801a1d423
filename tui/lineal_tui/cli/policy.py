"""The policy of a registry as a file that can live in git: shown, checked and applied."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Group, session, stop
from lineal_tui.cli.output import dump, narrate, show, warn, width
from lineal_tui.cli.parameters import as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.policies import PolicyChange

_FILE = click.Path(dir_okay=False, allow_dash=True)


@click.group("policy", cls=Group)
def policy_command() -> None:
    """Roles, gates, alerts, automations and what is kept, of the whole registry, as a TOML file.

    Examples:
      lineal policy show > policy.toml
      lineal policy check policy.toml
      lineal policy apply policy.toml
    """


@policy_command.command("show")
@as_json
@click.pass_context
def show_policy(context: click.Context, *, as_json: bool) -> None:
    """Print the policy as it is, as a file that `apply` reads.

    Examples:
      lineal policy show > policy.toml
    """
    with session(context).open() as registry:
        text = registry.policy()
    if as_json:
        import tomllib  # noqa: PLC0415  start-up is measured

        dump(tomllib.loads(text))
        return
    from lineal_tui.view.drawing.clean import clean  # noqa: PLC0415  as above

    sys.stdout.write(clean(text, keep_newlines=True))


@policy_command.command("check")
@click.argument("file", type=_FILE)
@click.option("--exit-code", "tells", is_flag=True, help="Exit with 5 when the registry differs.")
@as_json
@click.pass_context
def check(context: click.Context, *, file: str, tells: bool, as_json: bool) -> None:
    """Check a policy file, and print what applying it would change.

    A mistake in it is told with its line and the nearest key, and exits with 2.

    Examples:
      lineal policy check policy.toml
      lineal policy check policy.toml --exit-code
    """
    from lineal.errors import ExitCode  # noqa: PLC0415  start-up is measured

    text = _read(file)
    with session(context).open() as registry:
        found = registry.compare_policy(text, name=file)
    _tell(found, as_json=as_json)
    if not found:
        narrate("the registry is as the policy says")
    elif tells:
        stop(ExitCode.CONFLICT)


@policy_command.command("apply")
@click.argument("file", type=_FILE)
@as_json
@click.pass_context
def apply(context: click.Context, *, file: str, as_json: bool) -> None:
    """Make the registry's policy what a file says, all of it or nothing.

    What has no part in the file stays as it is; a part that is there, [[roles]], [stages], [retention] or
    [automations], is the whole of it: who is not named loses the role, a stage that is not named demands nothing and
    has no alerts any more, and an automation that is not named is removed.

    Examples:
      lineal policy apply policy.toml
    """
    text = _read(file)
    with session(context).open() as registry:
        # who came by `lineal shell` names no programs of the account that serves them
        made = registry.apply_policy(text, name=file, programs=session(context).vouched is None)
        standing = registry.standing()
    _tell(made, as_json=as_json)
    narrate(f"{sum(each.remark is None for each in made)} changed")
    if made and not standing.is_open and not standing.bindings:
        warn(f"you, {standing.user}, have no role any more")


def _read(file: str) -> str:
    from lineal.errors import BadPolicy, NoSource, NotReadable  # noqa: PLC0415  start-up is measured

    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode()
    except FileNotFoundError:
        raise NoSource(path=file) from None
    except OSError as error:
        raise NotReadable(path=file, why=error.strerror) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadPolicy(path=file, line=line, why="it is no text in UTF-8") from error


def _tell(found: Sequence[PolicyChange], *, as_json: bool) -> None:
    if as_json:
        from lineal_tui.view.as_json import gate_json  # noqa: PLC0415  start-up is measured

        dump([gate_json.policy_change(each) for each in found])
        return
    from lineal_tui.view.governance import gates  # noqa: PLC0415  as above

    show(gates.policy_changes(found, width()))
