"""The one place where errors become words and exit codes for whoever typed the command."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from lineal.errors import BadFilter, ExitCode, LinealError, StageWanted
from lineal_tui.cli.app import lineal, session
from lineal_tui.cli.output import complain

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPLETE = "_LINEAL_COMPLETE"
"""Set by a shell that wants a command line completed."""
DEBUG = "LINEAL_DEBUG"
"""Set to anything, it shows where an error came from."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line; returns its exit code."""
    is_heard = sys.stdout is not None
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  as long as the process
    if not is_heard:
        complain("standard output is closed; nothing was done", "send it to /dev/null to do without")
        return ExitCode.MACHINE
    for stream in (sys.stdout, sys.stderr):
        # A terminal in another encoding gets question marks for what it cannot show, not an error.
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # what is no stream of text has none
    code: int = ExitCode.DONE
    try:
        code = _command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_the_rest()
    except OSError as error:
        _drop_the_rest()
        return _machine(error)
    return code


def _drop_the_rest() -> None:
    # The reader has seen enough, or has no room. What is left in the buffer must not fail again when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _command(arguments: Sequence[str]) -> int:
    root: click.Context | None = None
    try:
        if COMPLETE in os.environ and list(arguments[:1]) != ["shell"]:  # there, nobody's word is taken for anything
            from lineal_tui.cli.completion import complete  # noqa: PLC0415  only a shell asks

            return complete(COMPLETE, os.environ[COMPLETE])
        with lineal.make_context("lineal", list(arguments)) as root:
            result = lineal.invoke(root)
    except click.exceptions.Exit as end:
        return end.exit_code
    except LinealError as error:
        _trace()
        complain(str(error), _hint(error, root), pointer=error.pointer if isinstance(error, BadFilter) else ())
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stderr.write(error.format_message() + "\n")
        return ExitCode.USAGE
    except click.UsageError as error:
        from lineal_tui.cli.mistakes import told  # noqa: PLC0415  only mistakes need it

        complain(*told(error, root))
        return ExitCode.USAGE
    except click.ClickException as error:
        complain(error.format_message(), None)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        if sys.stderr.isatty():
            sys.stderr.write("\n")  # below the ^C
        complain("cancelled", None)
        return ExitCode.CANCELLED
    except OSError as error:
        if error.filename is None:  # of standard output, which has to be told of once
            raise
        return _machine(error)
    except Exception as error:  # noqa: BLE001  the last resort: a person never meets a traceback unasked
        return _unexpected(error)
    return result if isinstance(result, int) else ExitCode.DONE


def _hint(error: LinealError, root: click.Context | None) -> str | None:
    # whoever is served by `lineal shell` is told what their own session says, and nothing by this one
    if isinstance(error, StageWanted) and root is not None and root.invoked_subcommand != "shell":
        from lineal_tui.cli.mistakes import stage_hint  # noqa: PLC0415  only mistakes need it

        return error.hint or stage_hint(error, session(root))
    return error.hint


def _machine(error: OSError) -> int:
    _trace()
    name = os.fsdecode(error.filename) if error.filename else "output"
    complain(f"{name}: {error.strerror or error}", None)
    return ExitCode.MACHINE


def _unexpected(error: Exception) -> int:
    _trace()
    import sqlite3  # noqa: PLC0415  imported already by whatever can raise its errors

    if isinstance(error, sqlite3.Error):
        from pathlib import Path  # noqa: PLC0415  as above

        from lineal.storage.db import translate  # noqa: PLC0415  as above

        known = translate(error, Path("registry.db"))
        complain(str(known), known.hint)
        return known.exit_code
    complain(
        f"a mistake of lineal's own: {type(error).__name__}: {error}",
        f"report it, with what the same command prints when {DEBUG}=1 is set",
    )
    return ExitCode.BUG


def _trace() -> None:
    if os.environ.get(DEBUG):
        import traceback  # noqa: PLC0415  rarely needed

        traceback.print_exc()
