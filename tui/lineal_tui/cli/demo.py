"""The demo: real models in a sample registry."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import narrate, on_terminal, say


@click.command("demo", cls=Command)
@click.argument("directory", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--no-open", is_flag=True, help="Only train; do not open the application.")
@click.pass_context
def demo_command(context: click.Context, *, directory: Path | None, no_open: bool) -> None:
    """Train real models into a sample registry, then open it.

    It takes about a minute. The models, their data and their figures are real; only the calendar, the people and their
    reasons are made up. DIR is the registry itself; without it, lineal-demo in this folder.

    Examples:
      lineal demo
      lineal demo /tmp/sample --no-open
    """
    from lineal_tui import demo  # noqa: PLC0415  start-up is measured

    target = directory or session(context).registry or Path("lineal-demo")
    narrate("training three models on scikit-learn's own data; only the calendar is simulated")
    bar = _Bar()
    try:
        built = demo.build(target, progress=bar.advance)
    finally:
        bar.end()
    say(str(target))
    narrate(built.sentence)
    if no_open or not (sys.stdin.isatty() and on_terminal()):
        narrate(f"open it with `lineal --registry {target}`")
        return
    from lineal.registry import open_registry  # noqa: PLC0415  as above
    from lineal_tui.launch import launch  # noqa: PLC0415  as above

    with open_registry(target) as registry:
        code = launch(registry)
    if code:
        raise click.exceptions.Exit(code)


class _Bar:
    """A progress bar on stderr; where stderr is no terminal, a line for every tenth."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._tenths = 0
        self._drawn = False

    def advance(self, done: int, total: int, what: str) -> None:
        """Show that `done` of `total` things are done."""
        from lineal_tui.view.lines import cut  # noqa: PLC0415  as above

        if self._terminal:
            filled = round(30 * done / max(total, 1))
            bar = "█" * filled + "░" * (30 - filled)
            sys.stderr.write(f"\r\x1b[2K{bar} {done}/{total} {cut(what, 36)}")
            sys.stderr.flush()
            self._drawn = True
        elif 10 * done // max(total, 1) > self._tenths:
            self._tenths = 10 * done // max(total, 1)
            narrate(f"{done}/{total} {what}")

    def end(self) -> None:
        """Leave the bar's line."""
        if self._drawn:
            sys.stderr.write("\n")
