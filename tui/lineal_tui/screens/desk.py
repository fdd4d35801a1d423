"""What every part of the screen works on: the panes, the scene they show, workers, and the row that speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container
from textual.screen import Screen
from textual.worker import Worker, WorkerState, get_current_worker

from lineal.errors import LinealError
from lineal_tui.keys import Table
from lineal_tui.places import LISTS, WITHOUT_MODEL, View
from lineal_tui.screens.asking import Asking
from lineal_tui.screens.messages import SceneRead
from lineal_tui.screens.scene import Scene, read_scene
from lineal_tui.view.drawing.bars import access_words, header_line, hint_line, message_lines
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Tone
from lineal_tui.view.drawing.matching import Matcher, in_line, matcher
from lineal_tui.view.drawing.pages import Listed
from lineal_tui.view.staging.questions import question_lines
from lineal_tui.view.versioning.first_picture import WIDE, WIDEST
from lineal_tui.view.versioning.tree import TreeItem
from lineal_tui.widgets.painting import Bar, Still
from lineal_tui.widgets.pane import Pane
from lineal_tui.widgets.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from textual.app import ComposeResult
    from textual.message import Message

    from lineal.records.base import Micros
    from lineal.records.models import Version
    from lineal.records.upkeep import Finding
    from lineal.registry import Registry

SMALLEST = (60, 15)
_OLDER = (View.TREE, View.HISTORY, View.RUNS, View.AUDIT, View.DELIVERIES)
_OF_NO_MODEL = (WITHOUT_MODEL - {View.DIFF, View.LINEAGE, View.HELP}) | {View.MODELS}
"""Views that are about no model, also where there is one."""


class Body(Still, Container):
    """Where the panes are."""


class Panes(dict[View, Pane]):
    """Panes by view, each made when it is first asked for."""

    def __init__(self, make: Callable[[View], Pane]) -> None:
        """Begin without any."""
        super().__init__()
        self._make = make

    def __missing__(self, view: View) -> Pane:
        pane = self._make(view)
        self[view] = pane
        return pane


class Desk(Still, Screen[None], inherit_bindings=False):
    """The panes and what they show."""

    AUTO_FOCUS: ClassVar[str | None] = ""

    is_wrong = False
    """Whether the message tells of something that went wrong, or otherwise than was asked for."""

    def __init__(self, registry: Registry, clock: Callable[[], Micros], table: Table | None = None) -> None:
        """Look at a registry; ages are counted from what `clock` says, and keys are bound as in `table`."""
        super().__init__()
        self.registry = registry
        self.clock = clock
        self.table = table or Table()
        self.asking = Asking()
        self.scene: Scene | None = None
        self.shown = View.TREE
        """The view that the screen is given to."""
        self.active = View.TREE
        """The pane that keys go to."""
        self.marks: dict[str, dict[int, str]] = {}
        """Marked versions by model: row number to address, in the order in which they were marked."""
        self.filters: dict[View, str] = {}
        """What the views are filtered by."""
        self.expected: dict[View, Hashable] = {}
        """The rows that had the cursors when one left last, for lists that are yet to be made."""
        self.message: Callable[[int], tuple[Line, ...]] | None = None
        """What the last row says until the next key, for a width; None: it shows hints, or a question."""
        self.wanted: tuple[str | None, str | None] = (None, None)
        """The model and stage that are looked at, or will be once they are read; None: the one that changed last."""
        self.seen = 0
        """The registry's data version when it was read last."""
        self.findings: tuple[Finding, ...] = ()
        """What did not agree between the registry and the disk when it was last examined."""
        self.last_command: str | None = None
        """The shell's command for the last action; None before the first."""
        self._changes: ThreadPoolExecutor | None = None
        self.header = Bar(id="header")
        self.status = Status()
        self.body = Body(id="body")
        self.panes = Panes(self._new_pane)
        self.small = Bar(id="small")
        self._pages: dict[View, tuple[int, Callable[[int], Sequence[Line]]]] = {}

    def compose(self) -> ComposeResult:
        """Put the header, the panes and the last row under one another."""
        yield self.small
        yield self.header
        with self.body:
            yield from (self.panes[view] for view in self.first_views())
        yield self.status

    def first_views(self) -> tuple[View, ...]:
        """The panes that the first paint needs; every other one is made when it is first looked at."""
        return (View.TREE, View.DIFF)

    def _new_pane(self, view: View) -> Pane:
        older = "older" if view in _OLDER else "more"
        pane = Pane(view.value, has_cursor=view in LISTS, older=older)
        pane.filter = self.filters.get(view)
        if view in self.expected:
            pane.lines.expect(self.expected.pop(view))
        if self.body.is_attached and self.body.is_mounted:
            pane.display = False
            order = list(View)
            after = next((known for known in order[order.index(view) + 1 :] if known in self.panes), None)
            self.body.mount(pane, before=self.panes[after] if after is not None else None)
        return pane

    # what is there

    @property
    def is_wide(self) -> bool:
        """Whether there is room for panes beside one another."""
        return self.size.width >= WIDE

    @property
    def is_widest(self) -> bool:
        """Whether there is room for the models beside them, too."""
        return self.size.width >= WIDEST

    @property
    def read_only(self) -> str | None:
        """Why nothing can be changed; None when it can."""
        if not self.registry.read_only:
            return None
        return one_line(self.registry.read_only_reason or "the registry is open for reading only")

    @property
    def model(self) -> str | None:
        """The name of the model that is looked at; None without models."""
        return self.scene.model.name if self.scene is not None and self.scene.model is not None else None

    @property
    def stage(self) -> str:
        """The stage that versions are held against."""
        return self.scene.stage if self.scene is not None else "production"

    @property
    def version(self) -> Version | None:
        """The version under the cursor of the tree; None in an empty one."""
        item = self.panes[View.TREE].lines.current
        return item.version if isinstance(item, TreeItem) else None

    @property
    def marked(self) -> dict[int, str]:
        """The marked versions of this model."""
        return self.marks.setdefault(self.model, {}) if self.model is not None else {}

    def count_marks(self, _view: View) -> int:
        """How many rows are marked in a view."""
        return len(self.marked)

    def address(self, stage: str | None = None) -> str:
        """The address of a stage of the model that is looked at."""
        return f"{self.model}@{stage or self.stage}"

    # pages

    def show_page(self, view: View, draw: Callable[[int], Sequence[Line]]) -> None:
        """Show lines that depend on the width, and draw them again when that changes."""
        self._pages[view] = (0, draw)
        self.redraw_page(view)

    def matcher(self, view: View) -> Matcher:
        """What a view lets through now."""
        return matcher(self.filters.get(view, ""))

    def redraw_page(self, view: View, *, anew: bool = False) -> None:
        """Draw a page for the width that its pane has now; `anew` also when it was drawn for that."""
        pane = self.panes[view]
        width = pane.size.width
        if view in self._pages and width:
            drawn_for, draw = self._pages[view]
            if width != drawn_for or anew:
                self._pages[view] = (width, draw)
                lines, match = draw(width - 2), self.matcher(view)
                if match:
                    lines = [line for line in lines if in_line(match, line)]
                pane.lines.show(Listed[object](lines), _indented)
        pane.redraw()

    def redraw_all(self) -> None:
        """Draw what depends on the width."""
        for view in self.panes:
            self.redraw_page(view)
        self.draw_header()
        self.draw_status()

    def on_pane_resized(self, message: Pane.Resized) -> None:
        """Draw a page again whose lines depend on the width."""
        message.stop()
        for view, pane in self.panes.items():
            if pane is message.pane:
                self.redraw_page(view)

    # workers

    def work(self, job: Callable[[], Message], group: str) -> None:
        """Read in a thread and post the answer; what goes wrong arrives in `on_worker_state_changed`.

        An answer is not told once its group was asked anew: what is newer may be on the screen already.
        """

        def answer() -> None:
            worker, message = get_current_worker(), job()
            if not worker.is_cancelled:
                self.post_message(message)

        self.run_worker(answer, group=group, thread=True, exclusive=True, exit_on_error=False)

    def change(self, job: Callable[[], Message]) -> None:
        """Change the registry in a thread, in the order in which changes are asked for, and post the answer.

        Unlike what is read, no change is given up for another, and how each ended is told.
        """
        if self._changes is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  nothing changes before the first paint

            self._changes = ThreadPoolExecutor(1, "change")
        done = self._changes.submit(job)
        self.run_worker(lambda: self.post_message(done.result()), group="change", thread=True, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Turn an error in a worker into a message."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.failed(event.worker.error, event.worker.group)

    def failed(self, error: BaseException, group: str) -> None:
        """Say what went wrong; a question that it belonged to is over."""
        if group in {"question", "change"}:
            self.asking.end()
            self.read()
        if isinstance(error, LinealError):
            self.say(str(error), error.hint)
        else:
            self.say(
                f"unexpected: {type(error).__name__}: {error}", "this is a bug in lineal; the registry is as it was"
            )

    def read(self, model: str | None = None, stage: str | None = None) -> None:
        """Read the registry again, seen from where one is or from another model and stage."""
        registry, clock = self.registry, self.clock
        if model is None:
            model, stage = self.wanted
        self.wanted = (model, stage)
        try:
            # a connection's own number, so it is asked for here and not in the worker; and asked for first, so that a
            # write that comes in between is one more change, never a missed one
            self.seen = registry.data_version()
        except LinealError as error:
            self.failed(error, "poll")
            return
        self.work(lambda: SceneRead(read_scene(registry, model, stage, clock)), "scene")

    # the last row

    def say(self, text: str, hint: str | None = None, *, tone: Tone = Tone.FAILED) -> None:
        """Show a message until the next key."""
        self.is_wrong = tone in (Tone.FAILED, Tone.CHANGED)
        words, advice = one_line(text), one_line(hint) if hint else None
        self.message = lambda width: message_lines(words, advice, width, tone=tone)
        self.draw_status()

    def draw_status(self) -> None:
        """Draw the question, else the message, else the hints."""
        width = self.size.width
        if not width:
            return
        if self.asking.question is not None:
            self.status.ask(self.asking.turn, question_lines(self.asking.question, width))
        elif self.message is not None:
            self.status.tell(self.message(width))
        else:
            self.status.tell(self.usual_lines(width))

    def usual_lines(self, width: int) -> tuple[Line, ...]:
        """What the last row says when there is neither a question nor a message."""
        return (self.hints(width),)

    def hints(self, width: int) -> Line:
        """What the hint row offers."""
        back = self.way_back()
        read_only = self.read_only is not None
        offered = self.table.hints(self.active, read_only=read_only, without=self.not_permitted(), back=back)
        return hint_line(offered, width, kept=1 if back is None else 2)

    def not_permitted(self) -> frozenset[str]:
        """Ids of the bindings that the person's role leaves without an effect."""
        return frozenset()

    def way_back(self) -> str | None:
        """What stepping out does here, in a word; None where it does nothing, or what everybody knows."""
        return None

    def is_about_model(self, view: View) -> bool:
        """Whether what a view shows belongs to the model that is looked at."""
        return view not in _OF_NO_MODEL or (view is View.MODELS and self.is_widest)

    def draw_header(self) -> None:
        """Draw the first row."""
        if self.size.width and self.scene is not None:
            view = self.active
            self.header.lines = (
                header_line(
                    self.registry.root,
                    self.size.width,
                    access=access_words(
                        self.scene.standing,
                        (self.model if self.is_about_model(view) else None, self.stage),
                        read_only=self.read_only is not None,
                        brief=self.is_about_model(view),
                    ),
                    model=self.scene.model if self.is_about_model(view) else None,
                    view=str(view),
                    stage=self.stage,
                    marked=self.count_marks(view),
                    findings=len(self.findings),
                ),
            )


def _indented(line: Line, _width: int) -> Line:
    return ((" ", Tone.TEXT), *line)
