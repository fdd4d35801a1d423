"""The root of the command line: a lazy list of commands, and the options that every one of them takes."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from lineal.errors import ExitCode
    from lineal.registry import Registry

_COMMANDS = {
    "alerts": ("observe", "How the alerts over what is observed are."),
    "approve": ("approvals", "Approve of a version for a stage."),
    "audit": ("audit", "The log of every change, chained by hashes."),
    "backup": ("upkeep", "Write a backup while others write."),
    "clear": ("transitions", "Make nothing live at a stage."),
    "completion": ("completion", "Print the script that completes commands and addresses in a shell."),
    "curve": ("curve", "Draw a metric of runs over each other, or across a model's versions."),
    "dataset": ("datasets", "Record data."),
    "deprecate": ("endings", "Say until when a version may be used."),
    "datasets": ("datasets", "List the datasets."),
    "doctor": ("doctor", "Compare the registry with the disk, and mend it."),
    "demo": ("demo", "Train real models into a sample registry, then open it."),
    "diff": ("comparison", "Put versions, or runs, side by side."),
    "du": ("costs", "What models and their versions cost on disk."),
    "experiments": ("runs", "List the experiments."),
    "export": ("exports", "Write a version's files, model card, bill of materials, or a bundle of it."),
    "gc": ("upkeep", "Remove what no version refers to."),
    "grant": ("roles", "Give a user or a group a role."),
    "guide": ("guide", "Read how to do something."),
    "history": ("stages", "Who was live at a stage, and who moved it."),
    "identify": ("identify", "Tell which version, file or dataset some bytes are."),
    "import": ("imports", "Bring what MLflow or Trackio recorded, or a bundle."),
    "inbox": ("approvals", "What waits for your approval or review."),
    "init": ("init", "Make a new, empty registry."),
    "keys": ("keys", "The application's keys, by their ids."),
    "lineage": ("lineage", "What something came from, and what came from it."),
    "live": ("stages", "Tell which version is live at a stage, now or at a time."),
    "log": ("running", "Add figures, hyperparameters or tags to a run from a script."),
    "mark": ("versions", "Mark a version as bad, or as active again."),
    "models": ("models", "List the models with what is live where."),
    "observations": ("observe", "What was observed of what is live."),
    "observe": ("observe", "Record what was measured on what is live."),
    "on": ("automation", "Run commands when something happens."),
    "pipeline": ("pipelines", "List, follow or cancel what moves a stage now."),
    "policy": ("policy", "Gates, roles and what is kept, as a file that can live in git."),
    "promote": ("transitions", "Make a version live at a stage."),
    "register": ("register", "Register files as a new version of a model."),
    "reject": ("approvals", "Reject a version for a stage, or take your approval back."),
    "reproduce": ("reproduce", "What it takes to train a version again, and doing it."),
    "retention": ("endings", "Say which versions of a model keep their bytes."),
    "retire": ("endings", "End a version, and keep its record."),
    "restore": ("upkeep", "Make a registry from a backup."),
    "review": ("approvals", "Say that you have looked at what somebody forced."),
    "rollback": ("transitions", "Put back what was live at a stage before."),
    "revoke": ("roles", "Take a role away."),
    "roles": ("roles", "Who may do what, where."),
    "run": ("running", "Run any command as a run."),
    "runs": ("runs", "List runs, the latest first."),
    "set": ("describe", "Set owner, purpose, notes, tags, and how metrics are read."),
    "shell": ("shell", "Serve one person under a service account, and nothing else."),
    "show": ("show", "Everything about one thing."),
    "stage": ("stage", "Declare, bind and show the stages of a model."),
    "tree": ("models", "Draw the version tree of a model."),
    "undo": ("transitions", "Take the last transition of a stage back."),
    "verify": ("upkeep", "Check the database, the log and every object."),
    "versions": ("versions", "List the versions of a model, newest first."),
}
"""Command to the module it is in, and its line in the list: a listing imports none of them."""


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


def _global_options() -> list[click.Parameter]:
    """The options that stand before or after any command. Made anew for each: click's parameters know their place."""
    return [
        click.Option(
            ["--registry"],
            metavar="DIR",
            expose_value=False,
            is_eager=True,
            callback=_keep("registry"),
            type=click.Path(),
            help="The registry's directory; else LINEAL_REGISTRY, the nearest .lineal upwards, the user's own.",
        ),
        click.Option(
            ["--as", "claim"],
            metavar="NAME",
            expose_value=False,
            is_eager=True,
            callback=_keep("claim"),
            help="Your name on a shared account; recorded as a claim beside the real user.",
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


class Group(click.Group):
    """A command with commands below it."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As click's own."""
        super().__init__(*args, **_settled(kwargs))
        self.params += _global_options()

    def invoke(self, ctx: click.Context) -> Any:
        """As click's own, unless `lineal shell` does not serve it."""
        if self.invoke_without_command:
            _check_served(ctx)
        return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's own, but with the nearest names of a command that is none."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from lineal.rules.refs import nearest  # noqa: PLC0415  only mistakes need it

            near = nearest(args[0], self.list_commands(ctx))
            more = f"; did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"no command {args[0]!r}{more}", ctx)
        return super().resolve_command(ctx, args)


class Lazy(Group):
    """The root group, which imports the module of a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names of all commands."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name; None when there is none."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"lineal_tui.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in sorted(_COMMANDS.items())])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names of commands, without importing them."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell asks

        found = [
            CompletionItem(name, help=words) for name, (_, words) in _COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


def _print_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from lineal import __version__  # noqa: PLC0415  as above

        click.echo(f"lineal {__version__}")
        context.exit()


@click.command(
    cls=Lazy,
    invoke_without_command=True,
    epilog="Without a command, the application opens; `lineal guide` tells how things are done. "
    "Addresses: fraud  fraud:2.1.0  fraud:#17  fraud@production  "
    "fraud@production~1  data:NAME[:LABEL]  run:ID  exp:NAME  sha256:DIGEST. Exit codes: 0 done, 1 a bug "
    "(LINEAL_DEBUG=1 shows where), 2 usage, 3 not found, 4 refused, 5 conflict, 6 release failed, 7 damaged, "
    "8 the machine, 130 cancelled.",
)
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
    """Versions of models: what they are, how they were trained, where they are live."""
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
