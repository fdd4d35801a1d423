"""The documentation, read where the tool is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command
from lineal_tui.cli.output import narrate, show, width

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class _TopicName(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """The name of a guide."""

    name = "topic"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The topics that begin so."""
        del ctx, param
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell asks

        from lineal_tui.view.guidance import guide  # noqa: PLC0415  as above

        return [
            CompletionItem(each.name, help=each.title) for each in guide.topics() if each.name.startswith(incomplete)
        ]


@click.command("guide", cls=Command)
@click.argument("topic", required=False, type=_TopicName())
@click.argument("words", nargs=-1, metavar="[WORDS...]")
def guide_command(*, topic: str | None, words: tuple[str, ...]) -> None:
    """Read how to do something; without a topic, list what there is to read.

    It prints all of it, or the sections that WORDS are the heading of, or stand in; of the reference, which is long, a
    terminal gets the names of its sections and commands. It starts no pager; `| less` is one.

    Examples:
      lineal guide
      lineal guide release
      lineal guide release roll back
      lineal guide reference promote
      lineal guide reference | less
    """
    from lineal_tui.view.guidance import guide  # noqa: PLC0415  start-up is measured

    if topic == "reference" and not words and (room := width()) is not None:
        show(guide.contents(topic, room))
        narrate("`lineal guide reference WORDS` prints a part, as in `lineal guide reference promote`;")
        narrate("`lineal guide reference | less` has all of it")
        return
    if topic is not None:
        show(guide.page(topic, width(), about=" ".join(words)))
        return
    from lineal_tui.view.drawing.lines import Tone  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.text import table  # noqa: PLC0415  as above

    show(table((), [((each.name, Tone.STRONG), (each.title, Tone.TEXT)) for each in guide.topics()], width=width()))
    narrate("read one with `lineal guide TOPIC`, a part of it with `lineal guide TOPIC WORDS`;")
    narrate("`lineal COMMAND --help` tells about one command")
