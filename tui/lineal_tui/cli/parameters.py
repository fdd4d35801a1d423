"""Kinds of arguments that several commands take: addresses that complete from the registry, values, times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lineal_tui.cli.app import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from lineal.records.base import Micros, Scalar


class Address(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """An address, completed from the registry."""

    name = "ref"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The addresses that begin so; none where there is no registry to ask."""
        del param
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell asks

        from lineal.errors import LinealError  # noqa: PLC0415  as above

        asked = session(ctx)
        asked.read_only = True
        try:
            with asked.open() as registry:
                return [CompletionItem(address) for address in registry.complete(incomplete)]
        except LinealError:
            return []  # a shell has no place for an error while somebody types


class Pair(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """`NAME=VALUE`."""

    name = "k=v"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The name and the text after the first equals sign."""
        name, equals, text = str(value).partition("=")
        if not equals or not name:
            self.fail(f"{value!r} is not NAME=VALUE", param, ctx)
        return name, text


ADDRESS = Address()
PAIR = Pair()

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
limit = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Print at most N.")


where = click.option("--where", metavar="EXPR", help="Only what this lets through; see `lineal guide explore`.")
columns = click.option("--columns", metavar="LIST", help="Show these, such as name,metrics.auc,params.lr,tags.team.")


def sort(usual: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--sort`; `usual` says what the order is without it."""
    return click.option(
        "--sort",
        metavar="FIELD",
        help=f"A field, such as metrics.auc, params.lr or name, and ASC or DESC after it; else {usual}. Metrics are "
        "sorted the best first; a leading - turns it around.",
    )


def go_on() -> bool:
    """Whether a search is called off: ctrl+c is noticed when it asks."""
    return False


def reason(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--reason`."""
    return click.option("--reason", metavar="TEXT", help="Why; kept in the history.")(command)


def model_name(text: str) -> str:
    """The name in the address of a model.

    Raises:
        BadAddress: it is the address of something else, or none.
    """
    from lineal.errors import OtherAddress  # noqa: PLC0415  as above
    from lineal.rules import refs  # noqa: PLC0415  as above

    ref = refs.parse(text)
    if not isinstance(ref, refs.ModelRef):
        raise OtherAddress(text=text, why="a model is wanted here, such as fraud")
    return ref.name


def scalar(text: str) -> Scalar:
    """The value that a text is: a whole number, a number, true, false, null; else the text itself."""
    lowered = text.lower()
    if lowered in {"true", "false"}:
        return lowered == "true"
    if lowered in {"null", "none"}:
        return None
    digits = text[1:] if text[:1] in {"+", "-"} else text
    if digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0"):
        whole = int(text)
        return whole if -(2**63) <= whole < 2**63 else text
    if "_" in text or (digits[:1].isdigit() and digits.isdigit()):
        return text
    try:
        return float(text)
    except ValueError:
        return text


def with_offset(at: Micros) -> str:
    """A time in this machine's zone, with its offset: `2026-03-01 03:00:00+01:00`."""
    from datetime import UTC, datetime  # noqa: PLC0415  as above

    return datetime.fromtimestamp(at / 1_000_000, UTC).astimezone().isoformat(" ", "seconds")


def now() -> Micros:
    """This moment, to count ages from."""
    from lineal.write_path.context import now as clock  # noqa: PLC0415  as above

    return clock()
