"""Training a version again."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session, stop
from lineal_tui.cli.output import dump, narrate, say, show, warn, width
from lineal_tui.cli.parameters import ADDRESS, as_json

if TYPE_CHECKING:
    from lineal.records.reproduction import Compared, Prepared, Recipe, Reproduced
    from lineal.registry import Registry


@click.command("reproduce", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.option("--check", is_flag=True, help="Compare with this machine point by point; 5 when something differs.")
@click.option("--lock", "as_lock", is_flag=True, help="Print the packages as a requirements file for pip and uv.")
@click.option("--into", type=click.Path(), metavar="DIR", help="Prepare a new folder that is ready to run.")
@click.option("--run", "to_run", is_flag=True, help="Run it, and put what came out beside the original.")
@as_json
@click.pass_context
def reproduce_command(
    context: click.Context, *, ref: str, check: bool, as_lock: bool, into: str | None, to_run: bool, as_json: bool
) -> None:
    """Tell what to check out, install and run to train a version, or do a run, again.

    --into makes a folder with a checkout of the commit, the changes that were not committed, links to data whose
    bytes are still the same, requirements.lock, and run.sh. --run runs the command in it (without --into, in a
    temporary folder that stays) with this machine's Python, as `lineal run` does, and prints the difference to the
    original; the exit code is the command's. A version that the command registers without a parent is a retraining of
    the original. Run only what you trust: it is the code of whoever trained it.

    Examples:
      lineal reproduce churn@production --check
      lineal reproduce churn@production --lock > requirements.lock
      lineal reproduce churn:2.4.0 --into again --run
    """
    if sum((check, as_lock, into is not None or to_run)) > 1:
        raise click.UsageError("--check, --lock, and --into with --run exclude one another", context)
    from lineal.versioning.reproduction import lock_file  # noqa: PLC0415  start-up is measured
    from lineal_tui.view.versioning import reproduction as view  # noqa: PLC0415  as above

    with session(context).open() as registry:
        recipe = registry.recipe(ref)
        if check:
            _tell_compared(registry.compare_with_machine(recipe), as_json=as_json)
        elif as_lock:
            for line in lock_file(recipe.environment).splitlines():
                say(line)
        elif to_run:
            _run(registry, recipe, into, as_json=as_json)
        elif into is not None:
            _tell_prepared(registry.prepare(recipe, into), as_json=as_json)
        elif as_json:
            dump(view.recipe_json(recipe, lock_file(recipe.environment)))
        else:
            show(view.recipe(recipe))


def _tell_compared(points: list[Compared], *, as_json: bool) -> None:
    from lineal.errors import ExitCode  # noqa: PLC0415  as above
    from lineal_tui.view.versioning import reproduction as view  # noqa: PLC0415  as above

    if as_json:
        dump(view.compared_json(points))
    else:
        show(view.compared(points, width()))
    differing = sum(not each.holds for each in points)
    if differing:
        narrate(f"{differing} of {len(points)} points differ")
        stop(ExitCode.CONFLICT)
    narrate("nothing differs")


def _tell_prepared(prepared: Prepared, *, as_json: bool) -> None:
    from lineal_tui.view.versioning import reproduction as view  # noqa: PLC0415  as above

    for what in prepared.lacking:
        warn(f"not there: {what}")
    if as_json:
        dump(view.prepared_json(prepared))
    else:
        say(str(prepared.folder))
        narrate(f"run it with {prepared.folder}/run.sh, or with `lineal reproduce REF --run`")


def _run(registry: Registry, recipe: Recipe, into: str | None, *, as_json: bool) -> None:
    from lineal.rerunning import run_again  # noqa: PLC0415  as above

    if into is None:
        import tempfile  # noqa: PLC0415  as above

        into = tempfile.mkdtemp(prefix="lineal-reproduce-")
    prepared = registry.prepare(recipe, into)
    for what in prepared.lacking:
        warn(f"not there: {what}")
    narrate(f"running in {prepared.folder}")
    sys.stdout.flush()
    done = run_again(registry, recipe, prepared, output=sys.stderr.buffer, environment=os.environ)
    _tell_reproduced(done, prepared, as_json=as_json)
    if done.code:
        raise click.exceptions.Exit(done.code)


def _tell_reproduced(done: Reproduced, prepared: Prepared, *, as_json: bool) -> None:
    from lineal.records.comparison import Diff, Section, Verdict  # noqa: PLC0415  as above

    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

        dump(
            {
                "run": done.run,
                "version": done.version,
                "folder": str(prepared.folder),
                "exit_code": done.code,
                "diff": None if done.diff is None else json.diff(done.diff),
            }
        )
    elif done.diff is not None:
        from lineal_tui.view.printed import texts  # noqa: PLC0415  as above

        told = [row for row in done.diff.rows if row.section is Section.METRIC or row.verdict is not Verdict.SAME]
        show(texts.diff(Diff(done.diff.versions, tuple(told)), width(), equal=True))
    if done.diff is None:
        narrate(f"it failed with exit code {done.code}; see `lineal show {done.run}`")
        return
    metrics = [row for row in done.diff.rows if row.section is Section.METRIC]
    same = sum(row.verdict is Verdict.SAME for row in metrics)
    narrate(f"{done.version or done.run}: {same} of {len(metrics)} metrics are equal")
