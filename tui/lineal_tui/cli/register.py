"""Registering versions from a shell."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, say, warn
from lineal_tui.cli.parameters import ADDRESS, PAIR, as_json, scalar
from lineal_tui.view.guidance.typed import figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineal.registry import Registry


@click.command("register", cls=Command)
@click.argument("model", type=ADDRESS, metavar="MODEL")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--label", metavar="LABEL", help="The version's label; else the model's scheme gives one.")
@click.option(
    "--bump",
    type=click.Choice(["major", "minor", "patch"]),
    metavar="PART",
    help="major, minor or patch, instead of the one worked out.",
)
@click.option(
    "--scheme",
    type=click.Choice(["semver", "timestamp", "experiment", "sequence", "manual"]),
    metavar="SCHEME",
    help="How a new model's versions are labelled: semver (if not said), timestamp, experiment, sequence or manual.",
)
@click.option(
    "--parent",
    "parents",
    multiple=True,
    type=ADDRESS,
    metavar="REF[=RELATION]",
    help="What it came from: retrain, finetune, distill, quantize, prune or merge; may be repeated.",
)
@click.option("--run", type=ADDRESS, metavar="REF", help="The run that produced it; its params, metrics, data count.")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    type=ADDRESS,
    metavar="data:NAME[:LABEL][=ROLE]",
    help="What it was trained or tested on; may be repeated.",
)
@click.option("--measured-on", type=ADDRESS, metavar="REF", help="The dataset version that the metrics are of.")
@click.option(
    "--param", "params", multiple=True, type=PAIR, metavar="NAME=VALUE", help="A hyperparameter; may be repeated."
)
@click.option("--metric", "metrics", multiple=True, type=PAIR, metavar="NAME=VALUE", help="A figure; may be repeated.")
@click.option("--owner", metavar="NAME", help="Who to ask.")
@click.option("--purpose", metavar="TEXT", help="What it is for.")
@click.option("--notes", metavar="TEXT", help="Anything else.")
@click.option("--tag", "tags", multiple=True, type=PAIR, metavar="NAME=VALUE", help="A tag; may be repeated.")
@click.option("--file-name", metavar="NAME", help="What the file is called that comes from standard input, as -.")
@click.option("--move", is_flag=True, help="Take the files instead of copying them.")
@as_json
@click.pass_context
def register_command(
    context: click.Context,
    *,
    model: str,
    paths: tuple[Path, ...],
    label: str | None,
    bump: str | None,
    scheme: str | None,
    parents: tuple[str, ...],
    run: str | None,
    datasets: tuple[str, ...],
    measured_on: str | None,
    params: tuple[tuple[str, str], ...],
    metrics: tuple[tuple[str, str], ...],
    owner: str | None,
    purpose: str | None,
    notes: str | None,
    tags: tuple[tuple[str, str], ...],
    file_name: str | None,
    move: bool,
    as_json: bool,
) -> None:
    """Register files as a new version of a model.

    The files are copied into the registry. Values of --param are numbers, true, false or null where they look like it,
    else text.

    Examples:
      lineal register fraud model.safetensors --owner ana --purpose "card payments" --dataset data:payments:2026-11
      lineal register fraud - --file-name model.safetensors < model.safetensors
      lineal register fraud out/ --parent fraud@production=finetune --run run:3f9c --metric auc=0.94
    """
    if not paths:
        raise click.UsageError("name at least one file or folder", context)
    if (file_name is not None) is not (paths == (Path("-"),)):
        raise click.UsageError("- reads one file from standard input, and --file-name says what it is called", context)
    with session(context).open() as registry, ExitStack() as held:
        if file_name is not None:
            paths, move = (held.enter_context(_received(registry, model, file_name)),), True
        version = registry.register(
            model,
            *paths,
            label=label,
            bump=bump,
            scheme=scheme,
            parents=parents,
            run=run,
            datasets=datasets,
            measured_on=measured_on,
            params={name: scalar(text) for name, text in params},
            metrics=figures(metrics),
            owner=owner,
            purpose=purpose,
            notes=notes,
            tags=dict(tags),
            move=move,
        )
        detail = registry.detail(version)
        missing = list(registry.lacks(version).values())
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump(json.version(detail))
    else:
        say(version.ref)
        narrate(detail.label_reason)
    if missing:
        later = " and ".join(word for word in missing if word in {"owner", "purpose"})
        hint = f"; `lineal set` adds {later}" if later else "; --dataset records it with the next version"
        warn(f"{version.ref} has no {' and no '.join(missing)}{hint}")


@contextmanager
def _received(registry: Registry, model: str, name: str) -> Iterator[Path]:
    """A file of this name with what comes from standard input, for as long as it takes to register it.

    Raises:
        NotPermitted: the actor may not register it, which is asked before gigabytes are received.
        BadName: no file of a version can have the name.
    """
    import shutil  # noqa: PLC0415  few files come this way
    import tempfile  # noqa: PLC0415  as above

    from lineal.data.fingerprint import check_file_name  # noqa: PLC0415  as above
    from lineal.records.permissions import Permission  # noqa: PLC0415  as above

    check_file_name(name)
    if "/" in name:
        raise click.UsageError(f"--file-name {name!r}: one file has a name without folders")
    if sys.stdin.isatty():
        raise click.UsageError("standard input is this terminal: send a file there, as with < FILE")
    registry.context.check(Permission.REGISTER, model)
    with tempfile.TemporaryDirectory(prefix="lineal-received-") as folder:
        path = Path(folder) / name
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
        yield path
