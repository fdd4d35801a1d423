"""Says in our own words what is wrong with a command line, and what would do instead."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from lineal.errors import LinealError, StageWanted
from lineal_tui.cli.app import session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal_tui.cli.app import Session

_ELSEWHERE = {
    "add": "`lineal register` adds a version, `lineal dataset add` data",
    "alias": "`lineal promote REF --to STAGE` makes a version live at a stage",
    "archive": "`lineal retire` ends a version",
    "check": "`lineal doctor` compares registry and disk, `lineal verify` reads every byte",
    "compare": "`lineal diff` puts versions, or runs, side by side",
    "config": "`lineal stage set` and `lineal set` settle what the registry keeps, `lineal guide reference` the rest",
    "current": "`lineal live MODEL@STAGE` tells what is live",
    "delete": "`lineal retire` ends a version and keeps its record; --purge drops its bytes",
    "deploy": "`lineal promote REF --to STAGE` makes a version live at a stage",
    "describe": "`lineal show` tells everything about one thing, `lineal set` describes it",
    "download": "`lineal export REF --to files` writes a version's files",
    "find": "`lineal runs --where EXPR` and `lineal versions MODEL --where EXPR` search",
    "info": "`lineal show` tells everything about one thing",
    "list": "`lineal models`, `lineal versions MODEL`, `lineal runs` and `lineal datasets` list",
    "login": "there are no accounts: you are who the system says; `lineal roles --me` tells what you may do",
    "ls": "`lineal models`, `lineal versions MODEL`, `lineal runs` and `lineal datasets` list",
    "metrics": "`lineal runs --columns` lists figures, `lineal curve` draws them",
    "open": "`lineal` alone opens the application",
    "prune": "`lineal gc --dry-run` names what can go",
    "purge": "`lineal retire REF --purge` drops the bytes of a version",
    "release": "`lineal promote REF --to STAGE` makes a version live at a stage",
    "remove": "`lineal retire` ends a version and keeps its record; --purge drops its bytes",
    "revert": "`lineal rollback` puts back what was live before, `lineal undo` takes the last transition back",
    "rm": "`lineal retire` ends a version and keeps its record; --purge drops its bytes",
    "search": "`lineal runs --where EXPR` and `lineal versions MODEL --where EXPR` search",
    "serve": "lineal needs no server; `lineal` alone opens the application",
    "server": "lineal needs no server; `lineal` alone opens the application",
    "stages": "`lineal stage show MODEL` lists its stages",
    "status": "`lineal models` tells what is live where, `lineal doctor` whether all is well",
    "tag": "`lineal set REF tag.NAME=VALUE` tags",
    "tui": "`lineal` alone opens the application",
    "ui": "`lineal` alone opens the application",
    "version": "`lineal --version`; `lineal show REF` tells everything about one version",
    "whoami": "`lineal roles --me` tells who you are here, and what you may do",
}
"""What commands of other programs are called here."""

_OTHER_OPTIONS = {
    "--dry-run": ("--plan", "--dry-run"),
    "-n": ("--plan", "--dry-run", "--limit"),
    "--plan": ("--dry-run",),
    "--message": ("--reason", "--purpose"),
    "-m": ("--reason", "--purpose"),
    "--comment": ("--reason",),
    "--stage": ("--to", "--for"),
    "--to": ("--stage",),
    "--relation": ("--parent",),
    "--filter": ("--where",),
    "--query": ("--where",),
    "--order-by": ("--sort",),
    "-o": ("--output",),
    "--notes": ("--purpose",),
}
"""What options are called by other programs, or by other commands of ours; the first that the command has is named."""

_SOURCES = (
    "there are mlflow (2 and 3), trackio, and bundle for versions of another registry; in Python lineal.start_run and "
    "run.log_metric record what any other program exported"
)
"""What can be imported, and what to do about the rest."""

_INSTEAD = {
    ("lineal runs", "--experiment"): "name it after the command, as in `lineal runs exp:churn`",
    ("lineal curve", "--experiment"): "name it after the command, as in `lineal curve exp:churn`",
    ("lineal policy apply", "--plan"): "`lineal policy check FILE` tells what would change",
    ("lineal policy apply", "--dry-run"): "`lineal policy check FILE` tells what would change",
}
"""What to do instead of an option that a command does not have, though others do."""

_FEW = 12
"""Commands of a group that are named when another one is asked for."""
_STAGES = 6
"""Stages that are named when one is wanted."""


class NoCommand(click.UsageError):
    """A command that there is not."""

    def __init__(self, words: Sequence[str], group: click.Group, context: click.Context) -> None:
        """Look for what was meant by the first of some words."""
        from lineal.rules.refs import nearest  # noqa: PLC0415  only mistakes need it

        name, following = words[0], "".join(words[1:2])
        known = group.list_commands(context)
        meant = _ELSEWHERE.get(name.lower()) if context.parent is None else None
        near = () if meant else nearest(name, known)
        is_address = context.parent is None and bool(set(name) & set("@:"))
        is_swapped = context.parent is None and following in known
        swapped = _swapped(words, group, context) if is_swapped else None
        if swapped is not None:
            meant, near = f"the command comes first: `{context.command_path} {swapped}`", ()
        elif name + following in known:
            meant, near = f"it is one word: `{context.command_path} {name}{following}`", ()
        elif is_address or (following in known and not near and not meant):
            verb = following if following in known else "show"
            meant, near = f"the command comes first: `{context.command_path} {verb} {name}`", ()
        more = f"; did you mean {' or '.join(near)}?" if near else ""
        if context.info_name == "import":
            super().__init__(f"nothing can be imported from {name!r}{more}", context)
            self.hint: str | None = _SOURCES
            return
        super().__init__(f"no command {name!r}{more}", context)
        self.hint = meant or (f"there are {', '.join(known)}" if len(known) <= _FEW else None)


def _swapped(words: Sequence[str], group: click.Group, context: click.Context) -> str | None:
    """What was typed with the command before what it is about; None where the registry has nothing of that name."""
    from shlex import quote  # noqa: PLC0415  only mistakes need it

    name, verb, *rest = words
    asked = session(context)
    places = [each for each in stages(asked) if name in (each, *each.split("@"))]
    if not places and name not in _models(asked):
        return None
    command = group.get_command(context, verb)
    wants_stage = any("@STAGE" in str(each.metavar) for each in getattr(command, "params", ()))
    # a command that moves a stage would ask for one next; which, is plain only of a model
    is_model = all(each.split("@")[0] == name for each in places)
    subject = places[0] if places and wants_stage and (is_model or len(places) == 1) else name
    return " ".join([verb, *map(quote, [subject, *rest])])


def told(error: click.UsageError, root: click.Context | None) -> tuple[str, str]:
    """The message and the hint for a command line that makes no sense; `root` is what was understood of it."""
    context = error.ctx
    path = context.command_path if context else f"lineal {(root and root.invoked_subcommand) or ''}".rstrip()
    see = f"see `{path} --help`"
    if isinstance(error, NoCommand):
        return error.format_message(), error.hint or see
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return _missing(error.param, context, see)
    if isinstance(error, click.NoSuchOption):
        instead = _INSTEAD.get((path, error.option_name))
        if instead is not None:
            return f"no option {error.option_name!r}", f"{instead}; {see}"
        if context is not None and context.parent is None:
            return f"no option {error.option_name!r}", f"the options of a command stand after its name; {see}"
        near = _options(error)
        return f"no option {error.option_name!r}", f"did you mean {' or '.join(near)}? {see}" if near else see
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _bad(error, error.param, see)
    if isinstance(error, click.BadOptionUsage) and error.message.endswith("requires an argument."):
        return f"{error.option_name} needs a value after it", see
    extra = re.fullmatch(r"Got unexpected extra arguments? \((.*)\)", error.message, re.DOTALL)
    if extra and context is not None:
        return f"{extra[1]!r} is too much", f"{_meant(extra[1], context)}; {see}"
    return _plain(error.format_message()), see


def _plain(message: str) -> str:
    """A sentence of the toolkit's as we write them: no capital at its beginning, no full stop at its end."""
    lowered = message[:1].lower() + message[1:] if message[1:2].islower() else message
    return lowered.removesuffix(".")


def _name(param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return str(param.metavar or (param.name or "").upper())


def _bad(error: click.BadParameter, param: click.Parameter, see: str) -> tuple[str, str]:
    """A value that cannot be one."""
    value, _, _ = error.message.partition(" is not ")
    if isinstance(param.type, click.Choice):
        from lineal.rules.refs import nearest  # noqa: PLC0415  as above

        known = list(map(str, param.type.choices))
        near = nearest(value.strip("'"), known)
        hint = f"did you mean {' or '.join(near)}? {see}" if near else see
        return f"{_name(param)}: {value} is not one of {', '.join(known)}", hint
    plain = re.sub(r" is not a valid integer( range)?$", " is no whole number", _plain(error.message))
    return f"{_name(param)}: {re.sub(r' is not a valid float( range)?$', ' is no number', plain)}", see


def _missing(param: click.Parameter, context: click.Context | None, see: str) -> tuple[str, str]:
    name = _name(param)
    if isinstance(param, click.Option):
        name = f"{name} {param.metavar}" if param.metavar else name
    message = f"{name} is missing"
    if isinstance(param.type, click.Choice):
        message += f"; one of {', '.join(map(str, param.type.choices))}"
    if context is None:
        return message, see
    if name.startswith("MODEL@STAGE") and context.info_name != "add":
        known = stages(session(context))
        if known:
            return message, f"{_listed(known)}; {see}"
    example = _example(context.command)
    return message, f"such as `{example}`; {see}" if example else see


def _example(command: click.Command) -> str | None:
    _, _, examples = (command.help or "").partition("Examples:\n")
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    return lines[0] if lines else None


def _options(error: click.NoSuchOption) -> list[str]:
    known = [name for each in error.ctx.command.params for name in each.opts] if error.ctx else []
    meant = [name for name in _OTHER_OPTIONS.get(error.option_name, ()) if name in known]
    return meant[:1] or [str(each) for each in error.possibilities or ()][:3]


def _meant(extra: str, context: click.Context) -> str:
    """What a word that is too much may have been meant for."""
    options = {name for each in context.command.params for name in each.opts}
    if f"--{extra}" in options:
        return f"did you mean --{extra}"
    for param in context.command.params:
        given = context.params.get(param.name or "")
        is_stage = isinstance(param, click.Argument) and "@STAGE" in str(param.metavar)
        if is_stage and isinstance(given, str) and "@" not in given and " " not in extra:
            return f"did you mean {given}@{extra}"
    taken = [_name(each) for each in context.command.params if isinstance(each, click.Argument)]
    return f"it takes {' '.join(taken)}" if taken else "it takes options only"


def stage_hint(error: StageWanted, asked: Session) -> str | None:
    """Which stage may have been meant; None when that cannot be told."""
    words = set(re.split(r"[@:~#]", str(error.data["text"]))) - {""}
    known = stages(asked)
    for wanted in (2, 1):
        near = [each for each in known if len(words & set(each.split("@"))) >= wanted]
        if near:
            return f"did you mean {' or '.join(near[:_STAGES])}?"
    return _listed(known) if known else None


def _listed(known: Sequence[str]) -> str:
    more = ", ..." if len(known) > _STAGES else ""
    return f"there are {', '.join(known[:_STAGES])}{more}" if len(known) > 1 else f"there is {known[0]}"


def _models(asked: Session) -> list[str]:
    try:
        with replace(asked, read_only=True, narrates=False).open() as registry:
            return [model.name for model in registry.models()]
    except (LinealError, OSError):
        return []  # as below


def stages(asked: Session) -> list[str]:
    """Addresses of the stages of the registry that is meant, those with something live first."""
    looking = replace(asked, read_only=True, narrates=False)
    try:
        with looking.open() as registry:
            found = [(model.name, stage, label) for model in registry.models() for stage, label in model.stages[::-1]]
    except (LinealError, OSError):
        return []  # what is wrong with the registry is told by the command, once it is typed well
    return [f"{model}@{stage}" for model, stage, _ in sorted(found, key=lambda each: each[2] is None)]
