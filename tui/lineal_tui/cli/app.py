"""The root of the command line: a lazy list of commands, and the options that every one of them takes."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, NoReturn

import click

from lineal_tui.cli.listed import COMMANDS, GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from lineal.errors import ExitCode
    from lineal.registry import Registry


@dataclass(slots=True)
class Session:
    """What the global options said."""

    registry: Path | None = None
    """The registry's directory; None to look for one."""
    claim: str | None = None
    """A name used on a shared account."""
    vouched: str | None = None
    """The person whom `lineal shell` serves; None outside of it."""
    read_only: bool = False
    narrates: bool = True
    """Whether stderr is free for words; not where the application draws."""

    def open(self) -> Registry:
        """Open the registry that is meant."""
        from lineal.registry import open_registry  # noqa: PLC0415  help and mistakes need no registry

        waiting = _tell_waiting if self.narrates else lambda _: None
        opened = open_registry(
            self.registry, actor_claim=self.claim, vouched=self.vouched, read_only=self.read_only, waiting=waiting
        )
        if self.vouched is not None:
            _check_known(opened)
        return opened


def _check_known(registry: Registry) -> None:
    """Refuse whoever has no role: under a service account reading goes through here, too."""
    standing = registry.standing()
    if not standing.is_open and not standing.bindings:
        from lineal.errors import Refused  # noqa: PLC0415  only mistakes need it

        registry.close()
        hint = f"an admin gives one with `lineal grant {standing.user} viewer`"
        raise Refused(what="this registry", why=f"{standing.user} has no role in it", hint=hint)


def _tell_waiting(holder: str) -> None:
    from lineal_tui.cli.output import narrate  # noqa: PLC0415  few changes wait

    narrate(f"waiting for {holder}")


def session(context: click.Context) -> Session:
    """The global options of the command line that a context belongs to."""
    found: Session = context.find_root().ensure_object(Session)
    return found


def _keep(field: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            from pathlib import Path  # noqa: PLC0415  start-up is measured

            asked = session(context)
            if asked.vouched is not None and field == "registry":
                from lineal.errors import Refused  # noqa: PLC0415  only mistakes need it

                raise Refused(
                    what="--registry", why="`lineal shell` serves one registry, which is chosen on the server"
                )
            setattr(asked, field, Path(value) if field == "registry" else value)

    return keep


def _global_options(*, in_full: bool = False) -> list[click.Parameter]:
    """The options that stand before or after any command. Made anew for each: click's parameters know their place.

    Args:
        in_full: whether to explain them; after a command their names remind of what `lineal --help` tells.
    """
    return [
        click.Option(
            ["--registry"],
            metavar="DIR",
            expose_value=False,
            is_eager=True,
            callback=_keep("registry"),
            type=click.Path(),
            help="The registry's directory; else LINEAL_REGISTRY, the nearest .lineal upwards, the user's own."
            if in_full
            else "The registry, if not the one that is found from here.",
        ),
        click.Option(
            ["--as", "claim"],
            metavar="NAME",
            expose_value=False,
            is_eager=True,
            callback=_keep("claim"),
            help="Your name on a shared account; recorded as a claim beside the real user."
            if in_full
            else "Your name on a shared account, as a claim.",
        ),
        click.Option(
            ["--read-only"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_keep("read_only"),
            help="Refuse every change.",
        ),
    ]


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _settled(settings: dict[str, Any]) -> dict[str, Any]:
    """A command's own settings with ours, and its examples left as they stand, line by line."""
    text = settings.get("help")
    return {
        **settings,
        "context_settings": {**_SETTINGS, **(settings.get("context_settings") or {})},
        "help": text and cleandoc(text).replace("\n\nExamples:\n", "\n\n\b\nExamples:\n"),
    }


def _check_served(context: click.Context) -> None:
    if session(context).vouched is not None:
        from lineal_tui.cli.shell import check_served  # noqa: PLC0415  only a service account serves

        check_served(context)


class Command(click.Command):
    """A command that takes the global options after its name, too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As click's own."""
        super().__init__(*args, **_settled(kwargs))
        self.params += _global_options()

    def invoke(self, ctx: click.Context) -> Any:
        """As click's own, unless `lineal shell` does not serve it."""
        _check_served(ctx)
        return super().invoke(ctx)


class Sectioned(Command):
    """A command with so many options that they are listed by what they are about."""

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        """As `Command`; `sections` are titles with the names of parameters, all others are listed last."""
        super().__init__(*args, **kwargs)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One list for each section."""
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        records = {each.name: record for each in options if (record := each.get_help_record(ctx)) is not None}
        widest = max(len(record[0]) for record in records.values())
        named = {name for names in self.sections.values() for name in names}
        rest = [name for name in records if name not in named]
        for title, names in {**self.sections, "Options": rest}.items():
            with formatter.section(title):
                formatter.write_dl([(records[name][0].ljust(widest), records[name][1]) for name in names])


class Group(click.Group):
    """A command with commands below it."""

    command_class = Command
    explains = False
    """Whether its help tells in full of the options that every command takes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As click's own."""
        super().__init__(*args, **_settled(kwargs))
        self.params += _global_options(in_full=self.explains)

    def invoke(self, ctx: click.Context) -> Any:
        """As click's own, unless `lineal shell` does not serve it."""
        if self.invoke_without_command:
            _check_served(ctx)
        return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click's own, but with whole sentences."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(200)) for name, each in found if each is not None])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's own, but with the nearest names of a command that is none."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from lineal_tui.cli.mistakes import NoCommand  # noqa: PLC0415  only mistakes need it

            raise NoCommand(args, self, ctx)
        return super().resolve_command(ctx, args)


class Lazy(Group):
    """The root group, which imports the module of a command when it is asked for."""

    explains = True

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"lineal_tui.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them, by what one wants to do."""
        del ctx
        widest = max(map(len, COMMANDS))
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(widest), words) for name, (_, words) in commands.items()])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands before options: they are what somebody looks for."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Addresses and exit codes, each in lines of its own."""
        del ctx
        with formatter.section("Addresses"):
            formatter.write_dl(list(_ADDRESSES))
        with formatter.section("Exit codes"):
            formatter.write_text(_EXITS)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names of commands, without importing them."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell asks

        found = [
            CompletionItem(name, help=words) for name, (_, words) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


def _print_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from lineal import __version__  # noqa: PLC0415  as above

        click.echo(f"lineal {__version__}")
        context.exit()


_ADDRESSES = (
    ("fraud:2.1.0  fraud:#17", "a version, by label or by number"),
    ("fraud@production", "what is live there; fraud@production~1 what a rollback would put back"),
    ("data:NAME[:LABEL]", "a dataset, a state of it"),
    ("run:ID  exp:NAME", "a run by any beginning of its id, an experiment"),
    ("sha256:DIGEST", "whatever has these bytes"),
)
_EXITS = (
    "0 done, 1 a bug (LINEAL_DEBUG=1 shows where), 2 usage, 3 not found, 4 refused, 5 conflict, 6 release failed, "
    "7 damaged, 8 the machine, 130 cancelled."
)


@click.command(cls=Lazy, invoke_without_command=True)
@click.option(
    "--version",
    "-V",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Print the version.",
)
@click.option("--ascii", "in_ascii", is_flag=True, help="Draw the application in ASCII.")
@click.pass_context
def lineal(context: click.Context, in_ascii: bool) -> int | None:
    """Versions of models: what they are, how they were trained, where they are live.

    Examples:
      lineal                              open the application
      lineal models                       what there is, and what is live where
      lineal rollback fraud@production    put back what was live before
      lineal guide                        how things are done, by topic
    """
    if context.invoked_subcommand is not None:
        return None
    from dataclasses import replace  # noqa: PLC0415  start-up is measured

    from lineal_tui.settings import config_file, settings_of  # noqa: PLC0415  as above
    from lineal_tui.terminal import here  # noqa: PLC0415  as above

    settings = settings_of(config_file())
    if in_ascii:
        settings = replace(settings, ascii=True)
    refusal = here(settings).refusal
    if refusal is not None:
        raise click.UsageError(refusal, context)
    from lineal_tui.launch import launch  # noqa: PLC0415  the toolkit takes a third of a second

    asked = session(context)
    asked.read_only = asked.read_only or settings.read_only
    asked.narrates = False
    with asked.open() as registry:
        return launch(registry, settings=settings)


def stop(code: ExitCode) -> NoReturn:
    """End the command with a code that is not an error's."""
    raise click.exceptions.Exit(int(code))
