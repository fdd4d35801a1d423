"""Any command as a run, and logging to it from a script."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import narrate
from lineal_tui.cli.parameters import ADDRESS, PAIR, scalar
from lineal_tui.view.guidance.typed import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERPRETERS = re.compile(
    r"(python|pypy|sh|bash|dash|zsh|Rscript|julia|node|ruby|perl|uv|poetry|torchrun|accelerate|env|time|nice)[\d.]*"
)
"""Programs that run a script of another name."""


@click.command("run", cls=Command, context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND...", type=click.UNPROCESSED)
@click.option("--experiment", metavar="NAME", help="Its experiment; else the name of the script or command.")
@click.option("--name", metavar="NAME", help="For people; else a made-up one.")
@click.option(
    "--kind", type=click.Choice(["train", "evaluate", "transform", "import"]), default="train", help="What it does."
)
@click.option(
    "--param", "params", multiple=True, type=PAIR, metavar="NAME=VALUE", help="A hyperparameter; may be repeated."
)
@click.option("--tag", "tags", multiple=True, type=PAIR, metavar="NAME=VALUE", help="A tag; may be repeated.")
@click.option("--seed", type=int, metavar="N", help="Of its random numbers.")
@click.option(
    "--dataset", "datasets", multiple=True, type=ADDRESS, metavar="data:NAME[:LABEL][=ROLE]", help="What it reads."
)
@click.pass_context
def run_command(
    context: click.Context,
    *,
    command: tuple[str, ...],
    experiment: str | None,
    name: str | None,
    kind: str,
    params: tuple[tuple[str, str], ...],
    tags: tuple[tuple[str, str], ...],
    seed: int | None,
    datasets: tuple[str, ...],
) -> None:
    """Run any command as a run: its code, environment, output and end are recorded.

    The command finds its run in LINEAL_RUN; `lineal log` adds figures to it, and lineal.start_run makes children of
    it. The exit code is the command's, signals to end go to it, and what it leaves in the background is not waited for.

    Examples:
      lineal run --experiment churn --param lr=0.01 -- python train.py
      lineal run --experiment churn -- ./train.sh
    """
    from lineal.rules import refs  # noqa: PLC0415  start-up is measured
    from lineal.training.wrapped import run_command as run_wrapped  # noqa: PLC0415  as above

    with session(context).open() as registry:
        started = registry.start_run(
            experiment or experiment_of(command),
            name=name,
            kind=kind,
            params={key: scalar(text) for key, text in params},
            tags=dict(tags),
            seed=seed,
            command=command,
        )
        with started as run:
            for each in datasets:
                address, role = refs.split_role(each, "train")
                run.use_dataset(address, role=role)
            narrate(f"{run.ref} {run.name}")
            root = str(registry.root.absolute())
            code = run_wrapped(run, command, root=root, output=sys.stdout.buffer, environment=os.environ)
    context.exit(code)


def experiment_of(command: Sequence[str]) -> str:
    """What an experiment is called after: the command, or the script that an interpreter runs."""
    name = os.path.basename(command[0])  # noqa: PTH119  start-up is measured
    if _INTERPRETERS.fullmatch(name):
        scripts = (word for word in command[1:] if not word.startswith("-") and os.path.isfile(word))  # noqa: PTH113
        name = next((os.path.splitext(os.path.basename(each))[0] for each in scripts), name)  # noqa: PTH119, PTH122
    return name


@click.command("log", cls=Command)
@click.argument("values", nargs=-1, required=True, metavar="[RUN] NAME=VALUE...")
@click.option("--step", type=int, metavar="N", help="For example the epoch; else one more than so far.")
@click.option("--param", "as_params", is_flag=True, help="They are hyperparameters, not figures.")
@click.option("--tag", "as_tags", is_flag=True, help="They are tags, not figures.")
@click.pass_context
def log_command(
    context: click.Context, *, values: tuple[str, ...], step: int | None, as_params: bool, as_tags: bool
) -> None:
    """Add figures, hyperparameters or tags to a run from a script.

    Without RUN it is the one in LINEAL_RUN, which `lineal run` sets.

    Examples:
      lineal log loss=0.31 auc=0.9
      lineal log run:3f9c2a loss=0.31 --step 4
      lineal log --param lr=0.01 optimizer=adam
    """
    ref = os.environ.get("LINEAL_RUN")
    if "=" not in values[0]:
        ref, values = values[0], values[1:]
    if not ref:
        raise click.UsageError("name the run, or start the script with `lineal run`, which sets LINEAL_RUN")
    pairs = [PAIR.convert(value, None, context) for value in values]
    if not pairs:
        raise click.UsageError("nothing to log: give NAME=VALUE")
    with session(context).open() as registry:
        if as_params:
            registry.log_params(ref, {key: scalar(text) for key, text in pairs})
        elif as_tags:
            registry.log_tags(ref, dict(pairs))
        else:
            registry.log_figures(ref, figures(pairs), step=step)
