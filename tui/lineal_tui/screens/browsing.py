"""Files that open, and datasets with their versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from lineal.machine.lazily import Later
from lineal_tui.places import WITH_DATA, WITH_RUN, View
from lineal_tui.screens.exploring import Exploring
from lineal_tui.view.drawing.lines import GUTTER, Line, Tone
from lineal_tui.view.drawing.matching import in_line
from lineal_tui.view.drawing.pages import Listed

if TYPE_CHECKING:
    from lineal.records.contents import FileContent
    from lineal.records.data import DataUse
    from lineal_tui.view.training import data as data_page
    from lineal_tui.view.training.data import DataRow
    from lineal_tui.view.versioning import contents as file_page
    from lineal_tui.view.versioning import files as files_page
    from lineal_tui.view.versioning.files import FileRow
else:
    # none of it is on the first screen; each module costs that some milliseconds
    file_page = Later("lineal_tui.view.versioning.contents")
    data_page = Later("lineal_tui.view.training.data")
    files_page = Later("lineal_tui.view.versioning.files")


@dataclass
class FileOpened(Message):
    """A file of a version was read."""

    content: FileContent


@dataclass
class DataRead(Message):
    """The datasets were read, with their versions and who used them."""

    uses: tuple[DataUse, ...]


class Browsing(Exploring):
    """A version's files, and data."""

    _files_state: tuple[object, ...] = ()
    _data: tuple[DataUse, ...] | None = None
    _data_open = frozenset[str]()
    """Datasets whose versions are listed."""

    def follow_now(self) -> None:
        """Show what belongs to the row under the cursor, in every pane that is visible."""
        super().follow_now()
        if self.scene is None or self.asking.question is not None:
            return
        visible = self.visible_panes()
        if View.DATASETS in visible and self._must_read(View.DATASETS, has=self._data is not None):
            self._read_data()
        if View.DATASET in visible:
            self._show_dataset()

    def follows(self, view: View) -> bool:
        """Whether other panes follow the cursor of this one."""
        return view is View.DATASETS or super().follows(view)

    def redraw_page(self, view: View, *, anew: bool = False) -> None:
        """Draw a page for the width that its pane has now; `anew` also when it was drawn for that."""
        if view is View.FILES:
            self._draw_files(anew=anew)
        elif view is View.DATASETS:
            self._draw_data()
        else:
            super().redraw_page(view, anew=anew)

    def traceable(self) -> str | None:
        """The address of what is under the cursor, if it is no version of the tree."""
        if self.active in WITH_RUN:
            detail = self.run_detail
            return None if detail is None else f"run:{detail.run.id}"
        if self.active in WITH_DATA:
            use = self._data_use
            return None if use is None else use.version.ref
        if self.active in (View.STAGES, View.STAGE):
            return self.address()
        return super().traceable()

    # files

    def _draw_files(self, *, anew: bool) -> None:
        pane, match, found = self.panes[View.FILES], self.matcher(View.FILES), self._files
        room = pane.size.width - GUTTER
        if room <= 0 or found is None:
            pane.redraw()
            return
        state = (found, room, match)
        if anew or state != self._files_state:
            self._files_state = state
            pane.add_class("-plain")
            rows = files_page.files_rows(*found, room)
            if match:
                rows = [row for row in rows if in_line(match, row.line)]
            version = found[0].version.id
            first = pane.lines.current is None
            pane.lines.show(Listed(rows, [(version, row.key, place) for place, row in enumerate(rows)]), _line_of)
            if first:
                pane.lines.move_to(next((place for place, row in enumerate(rows) if row.path is not None), 0))
        pane.redraw()

    def open_file(self) -> None:
        """Open the file under the cursor: its text, or what its bytes tell."""
        row = self.panes[View.FILES].lines.current
        if self._files is None or not isinstance(row, files_page.FileRow) or row.path is None:
            self.say("no file is under the cursor", tone=Tone.MUTED)
            return
        if row.gone:
            self.say(f"{row.path} is a file of what is live, not of this version", tone=Tone.MUTED)
            return
        registry, ref, path = self.registry, self._files[0].version.ref, row.path
        self.work(lambda: FileOpened(registry.open_file(ref, path)), "file")

    def on_file_opened(self, message: FileOpened) -> None:
        """Show a file."""
        content = message.content
        self.give_screen_to(View.FILE)
        pane = self.panes[View.FILE]
        pane.draw_title = lambda width, active: file_page.content_title(content, width, active=active)
        self.show_page(View.FILE, lambda width: file_page.content_lines(content, width))
        pane.lines.move_to(0)
        self.call_after_refresh(self.redraw_all)

    # data

    def _read_data(self) -> None:
        registry = self.registry
        self.work(lambda: DataRead(tuple(registry.data_uses())), "datasets")

    def on_data_read(self, message: DataRead) -> None:
        """Show the datasets; the cursor stays on its row."""
        self._data = message.uses
        self._draw_data()
        self._show_dataset()

    def _draw_data(self) -> None:
        if self._data is None or View.DATASETS not in self.panes:
            return
        pane, match = self.panes[View.DATASETS], self.matcher(View.DATASETS)
        rows = data_page.data_rows(self._data, self._data_open)
        look = data_page.data_look(rows, self.clock())
        if match:
            rows = [row for row in rows if in_line(match, data_page.data_line(row, look, 10_000))]
        count = sum(row.is_head for row in rows)
        pane.draw_title = lambda width, active: data_page.data_title(count, width, active=active)
        pane.draw_heads = lambda width: data_page.data_head(look, width)

        def paint(row: DataRow, width: int) -> Line:
            return data_page.data_line(row, look, width)

        pane.lines.show(Listed(rows, [row.key for row in rows]), paint)
        pane.redraw()

    @property
    def _data_use(self) -> DataUse | None:
        """The version of a dataset under the cursor: of a dataset alone its newest."""
        if View.DATASETS not in self.panes:
            return None
        row = self.panes[View.DATASETS].lines.current
        return row.use if isinstance(row, data_page.DataRow) else None

    def fold_data(self, *, is_open: bool) -> None:
        """List the versions of the dataset under the cursor, or do not."""
        use = self._data_use
        if use is None:
            return
        name = use.version.dataset
        if not is_open:
            self.panes[View.DATASETS].lines.find(("data", name))
        self._data_open = self._data_open | {name} if is_open else self._data_open - {name}
        self._draw_data()

    def _show_dataset(self) -> None:
        use = self._data_use
        pane = self.panes[View.DATASET]
        if use is None:
            nothing = (
                "no data yet; `lineal dataset add NAME PATH` records some" if not self._data else "nothing matches"
            )
            self.show_page(View.DATASET, lambda _width: [((nothing, Tone.MUTED),)])
            return
        found = use
        pane.draw_title = lambda width, active: data_page.dataset_title(found, width, active=active)
        self.show_page(View.DATASET, lambda width: data_page.dataset_lines(found, self.clock(), width))

    def data_under_cursor(self) -> tuple[str | None, str | None]:
        """Digest and address of the version of a dataset under the cursor."""
        use = self._data_use
        return (use.version.digest, use.version.ref) if use is not None else (None, None)


def _line_of(row: FileRow, _width: int) -> Line:
    return row.line
