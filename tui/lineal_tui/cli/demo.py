"""The demo: real models in a sample registry."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from lineal.errors import LinealError
from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import narrate, on_terminal, say, warn


@click.command("demo", cls=Command)
@click.argument("directory", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--no-open", is_flag=True, help="Only train; do not open the application.")
@click.pass_context
def demo_command(context: click.Context, *, directory: Path | None, no_open: bool) -> None:
    """Train real models into a sample registry, then open it beside a small server that answers with what is live.

    It takes about a minute. The models, their data and their figures are real; only the calendar, the people and their
    reasons are made up. DIR is the registry itself; without it, lineal-demo in this folder. A demo that was trained
    before is opened again. The server listens on this machine only, and ends with the demo.

    Examples:
      lineal demo
      lineal demo /tmp/sample --no-open
    """
    target = directory or session(context).registry or Path("lineal-demo")
    is_to_open = not no_open and sys.stdin.isatty() and on_terminal()
    if not (is_to_open and _is_whole(target)):
        _build(target)
    if not is_to_open:
        narrate(f"open it with `lineal demo {target}`, which also starts its server, or `lineal --registry {target}`")
        return
    code = _open(target)
    if code:
        raise click.exceptions.Exit(code)


def _is_whole(target: Path) -> bool:
    """Whether there is a demo already that was built to its end."""
    from lineal.registry import open_registry  # noqa: PLC0415  start-up is measured
    from lineal_tui.demo.serving import drill  # noqa: PLC0415  as above

    if not (target / "registry.db").exists():
        return False
    with open_registry(target, read_only=True) as registry:
        return drill(registry) is not None


def _build(target: Path) -> None:
    from lineal_tui import demo  # noqa: PLC0415  as above

    narrate("training three models on scikit-learn's own data; only the calendar is simulated")
    bar = _Bar()
    try:
        built = demo.build(target, progress=bar.advance)
    finally:
        bar.end()
    say(str(target))
    narrate(built.sentence)


def _open(target: Path) -> int:
    from lineal.registry import open_registry  # noqa: PLC0415  as above
    from lineal_tui.demo.serving import MODEL, PLACE, STAGE, Served, serve  # noqa: PLC0415  as above
    from lineal_tui.launch import launch  # noqa: PLC0415  as above
    from lineal_tui.remembered import Place, Unreadable, remember, state_file  # noqa: PLC0415  as above

    with open_registry(target) as registry, ExitStack() as stack:
        try:
            served: Served = stack.enter_context(serve(registry))
        except (LinealError, OSError) as error:
            warn(f"the demo opens without its server: {error}")
        else:
            try:
                remember(state_file(registry.uid, registry.root, registry.actor.claim), Place(MODEL, STAGE))
            except Unreadable as error:
                warn(str(error))
            narrate(f"{PLACE} is served while the demo is open; in another terminal, ask who answers, and what:")
            narrate(f"$ curl {served.url}/predict/example")
            narrate(
                "then press r y in the application and ask again; what this promotes is bad, and takes itself back:"
            )
            narrate(f"$ lineal --registry {target} promote {served.drill} --to {STAGE}")
        return launch(registry)


class _Bar:
    """A progress bar on stderr; where stderr is no terminal, a line for every tenth."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._tenths = 0
        self._drawn = False

    def advance(self, done: int, total: int, what: str) -> None:
        """Show that `done` of `total` things are done."""
        from lineal_tui.view.drawing.lines import cut  # noqa: PLC0415  as above

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
