"""The one screen: keys come in, the registry is asked, panes show the answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lineal.records.comparison import Way
from lineal_tui.places import SORTED, WITH_DATA, WITH_RUN, WITHOUT_MODEL, View
from lineal_tui.screens.asking import Phase
from lineal_tui.screens.marking import Marking
from lineal_tui.screens.showing import ORDERS
from lineal_tui.screens.watching import POLL
from lineal_tui.view.drawing.lines import Line, Tone, fit
from lineal_tui.view.staging.history import HistoryItem
from lineal_tui.view.versioning.tree import TreeItem

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.events import Key, Resize

    from lineal.records.base import Micros
    from lineal.registry import Registry
    from lineal_tui.keys import Table
    from lineal_tui.widgets.lines import Lines


class Workspace(Marking):
    """Dispatch, and what each binding does."""

    def __init__(self, registry: Registry, clock: Callable[[], Micros], table: Table | None = None) -> None:
        """Look at a registry; ages are counted from what `clock` says, and keys are bound as in `table`."""
        super().__init__(registry, clock, table)
        self._prefix: str | None = None
        self._too_early: list[Key] = []
        """Keys that were pressed before there was anything to press them on."""
        self._handlers: dict[str, Callable[[], object]] = {
            "promote": self.ask_promote,
            "roll_back": self.ask_roll_back,
            "undo": self.ask_undo,
            "mark_bad": self.ask_mark,
            "retire": self.ask_retire,
            "approve": self.ask_decide,
            "decide": self.ask_decide,
            "view_policy": self.open_policy,
            "view_inbox": self.open_inbox,
            "open": self.open,
            "toggle_mark": self.toggle_mark,
            "mark_range": self.mark_range,
            "diff": self.diff_versions,
            "diff_runs": self.diff_runs,
            "register": self.ask_register,
            "values": self.toggle_values,
            "columns": self.choose_columns,
            "sort_runs": self.sort_runs,
            "differing": self.toggle_differing,
            "table_right": partial(self.move_column, 1),
            "table_left": partial(self.move_column, -1),
            "wider": partial(self.resize_column, 1),
            "narrower": partial(self.resize_column, -1),
            "toggle_column": self.toggle_column,
            "column_down": partial(self.move_shown, 1),
            "column_up": partial(self.move_shown, -1),
            "usual_columns": self.use_usual_columns,
            "open_section": partial(self.open_section, is_open=True),
            "fold_section": partial(self.open_section, is_open=False),
            "experiments": partial(self.go_to, View.EXPERIMENTS),
            "curves": self.open_curves,
            "next_metric": partial(self.turn_metric, 1),
            "previous_metric": partial(self.turn_metric, -1),
            "turn_axis": self.turn_axis,
            "smooth": self.turn_smoothing,
            "logarithmic": self.toggle_logarithmic,
            "zoom_in": partial(self.zoom, 2.0),
            "zoom_out": partial(self.zoom, 0.5),
            "whole": self.show_whole,
            "place_right": partial(self.move_cursor, 1),
            "place_left": partial(self.move_cursor, -1),
            "across": self.toggle_across,
            "enter_experiment": self.open_experiment,
            "next_column": partial(self.turn_column, 1),
            "previous_column": partial(self.turn_column, -1),
            "choose_baseline": self.choose_baseline,
            "unfold": self.unfold,
            "fold_all": self.fold_all,
            "view_runs": partial(self.go_to, View.RUNS),
            "view_files": partial(self.go_to, View.FILES),
            "view_stages": partial(self.go_to, View.STAGES),
            "view_findings": self.open_findings,
            "view_alerts": self.open_alerts,
            "remove_alert": self.ask_remove_alert,
            "view_automations": partial(self.go_to, View.AUTOMATIONS),
            "open_deliveries": self.open_deliveries,
            "switch_automation": self.ask_switch,
            "remove_automation": self.ask_remove,
            "deliver_again": self.ask_again,
            "view_audit": self.open_audit,
            "view_events": self.open_events,
            "only_actor": partial(self.only, "actor"),
            "only_action": partial(self.only, "action"),
            "only_about": partial(self.only, "about"),
            "cancel_pipeline": self.ask_cancel,
            "toggle_equal": self.toggle_equal,
            "lineage": self.open_lineage,
            "towards_results": partial(self.turn_lineage, Way.DOWN),
            "towards_origins": partial(self.turn_lineage, Way.UP),
            "fold_lineage": self.fold_lineage,
            "unfold_lineage": self.unfold_lineage,
            "open_thing": self.open_thing,
            "unfold_data": partial(self.fold_data, is_open=True),
            "fold_data": partial(self.fold_data, is_open=False),
            "view_datasets": partial(self.go_to, View.DATASETS),
            "history": self.open_history,
            "next_stage": partial(self.turn_stage, 1),
            "previous_stage": partial(self.turn_stage, -1),
            "enter_model": self.open,
            "sort": self.sort,
            "down": lambda: self.lines.move(1),
            "up": lambda: self.lines.move(-1),
            "top": lambda: self.lines.move_to(0),
            "bottom": self.go_to_end,
            "half_down": lambda: self.lines.move_half(1),
            "half_up": lambda: self.lines.move_half(-1),
            "page_down": lambda: self.lines.move_page(1),
            "page_up": lambda: self.lines.move_page(-1),
            "next_pane": partial(self.next_pane, 1),
            "previous_pane": partial(self.next_pane, -1),
            "view_models": partial(self.go_to, View.MODELS),
            "view_tree": partial(self.go_to, View.TREE),
            "view_diff": partial(self.diff_versions, beside=True),
            "view_lineage": partial(self.go_to, View.LINEAGE),
            "view_history": partial(self.go_to, View.HISTORY),
            "view_version": partial(self.open_view, View.VERSION),
            "copy_id": lambda: self.copy(self.subject()[0], "id"),
            "copy_address": lambda: self.copy(self.subject()[1], "address"),
            "copy_json": self.copy_json,
            "copy_command": lambda: self.copy(self.last_command, "command"),
            "step_out": self.step_out,
            "cancel": self.cancel,
            "filter": self.ask_filter,
            "next_match": partial(self.next_match, 1),
            "previous_match": partial(self.next_match, -1),
            "command": self.ask_command,
            "suspend": self.suspend,
            "help": partial(self.open_view, View.HELP),
        }

    # polling

    def on_mount(self) -> None:
        """Open where one was last, and look for changes from then on."""
        self.begin()
        self.set_interval(POLL, self.poll)
        self.set_interval(POLL, self.watch_terminal)
        self.examine_now_and_then()

    def hide_question(self) -> None:
        """An open question has to be painted again before it can be answered."""
        self.asking.hide()
        self.draw_status()

    def on_resize(self, event: Resize) -> None:
        """Lay everything out for the new size; a question has to be seen there before it can be answered."""
        if event.size != self.app.size:
            # what the terminal was meanwhile: laid out for, it would come back once more, and with it what came after
            event.stop()
            event.prevent_default()
            return
        was_widest = self.has_class("-widest")
        self.hide_question()
        self.lay_out()
        if self.scene is not None:
            # terminals move, cut or wrap what they show, and several changes of size may arrive as one, or as none
            self.call_after_refresh(self.refresh)
        if self.is_widest is not was_widest and self.scene is not None:
            self.call_after_refresh(self.show_models)
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)
        event.stop()

    # messages from the lists

    def on_lines_cursor_moved(self, message: Lines.CursorMoved) -> None:
        """Let the panes beside the tree follow."""
        message.stop()
        for view, pane in self.panes.items():
            if message.lines is pane.lines and self.follows(view):
                self.follow()

    def on_lines_fetch_failed(self, message: Lines.FetchFailed) -> None:
        """Say why rows are missing."""
        message.stop()
        self.failed(message.error, "rows")

    # keys

    def on_key(self, event: Key) -> None:
        """Send a key to the question, or to what it is bound to in the pane that has the keys."""
        event.stop()
        event.prevent_default()
        if self.asking.busy and not (self.asking.phase is Phase.RUNNING and event.key == "ctrl+c"):
            self.answer(event)
            return
        if self.prompt is not None:
            self.prompt_key(event)
            return
        if self.has_class("-small") and event.key not in ("q", "escape", "ctrl+c"):
            return
        if self.message is not None:
            was_wrong, self.message, self.is_wrong = self.is_wrong, None, False
            self.draw_status()
            if was_wrong and event.key == "escape":
                # it takes away what went wrong, perhaps a filter, and not the place that one was at when it did
                self.clear_filter(self.active)
                return
        key = event.key
        if key == "escape" and self._prefix is None and self.clear_filter(self.active):
            return
        if self._prefix is not None:
            key, self._prefix = f"{self._prefix} {key}", None
            self.draw_status()
        elif self.table.begins(self.active, key):
            self._prefix = key
            self.draw_status()
            return
        binding = self.table.find(self.active, key)
        if binding is None:
            self.say_where(key)
            return
        if self.scene is None and binding.id not in ("step_out", "cancel"):
            # the picture is there, and what it is drawn from is not yet
            self._too_early.append(event)
            return
        if self.refuses(binding):
            return
        if binding.id in ("diff", "view_diff", "diff_runs"):
            self.pinned, self.baseline = (), None
        if binding.id != "step_out":
            self.left_from = None
        if binding.id != "cancel":
            self._cancelled = False
        self._escapes = event.key == "escape"
        self._handlers[binding.id]()

    def scene_shown(self) -> None:
        """Do what was asked for too early; an answer among it is none, as its question was not painted then."""
        super().scene_shown()
        waiting, self._too_early = self._too_early, []
        for event in waiting:
            self.call_after_refresh(self.on_key, event)

    def hints(self, width: int) -> Line:
        """What the hint row offers: after a first key, what may follow it."""
        if self._prefix is None:
            return super().hints(width)
        spans: list[tuple[str, Tone]] = [(f"{self._prefix} copies …  ", Tone.STRONG)]
        for key, does in self.table.after(self.active, self._prefix):
            spans.extend(((f" {key}", Tone.KEY), (f" {does} ", Tone.MUTED)))
        return fit(tuple(spans), width)

    # what the bindings do

    def open(self) -> None:
        """Open what is under the cursor."""
        row = self.lines.current
        if self.active is View.EXPERIMENTS:
            self.open_experiment()
        elif self.active is View.RUNS:
            self.visited = ()
            self.open_view(View.RUN)
        elif self.active is View.COLUMNS:
            self.column_open()
        elif self.active is View.RUN:
            self.open_item()
        elif self.active is View.LINEAGE:
            self.follow_node()
        elif self.active is View.FILES:
            self.open_file()
        elif self.active is View.DATASETS:
            self.open_view(View.DATASET)
        elif self.active is View.STAGES:
            self.open_view(View.STAGE)
        elif self.active is View.ALERTS:
            self.open_alert()
        elif self.active is View.AUTOMATIONS:
            self.open_deliveries()
        elif self.active is View.DELIVERIES:
            self.open_delivery()
        elif self.active is View.AUDIT:
            self.open_view(View.EVENT)
        elif self.active is View.EVENT:
            self.follow_link(row)
        elif self.active is View.INBOX:
            self.open_waiting(row)
        elif self.active is View.MODELS and isinstance(row, tuple):
            model, stage = row
            if model.name == self.model and stage in (None, self.stage):
                self.give_screen_to(View.TREE)
            else:
                self.look_at(model.name, stage or (self.stage if self.stage in dict(model.stages) else None))
                self.give_screen_to(View.TREE)
        elif isinstance(row, TreeItem):
            self.open_view(View.VERSION)
        elif isinstance(row, HistoryItem) and row.transition.to_version is not None:
            self.give_screen_to(View.TREE)
            self.find_version(row.transition.to_version)

    def go_to_end(self) -> None:
        """Go to the last row; where rows are still being read, to the last of those, once they are here."""
        self.lines.move_to_end()

    def go_to(self, view: View) -> None:
        """Give the keys to a pane, and the screen if it is not on it."""
        if self.scene is not None and self.scene.model is not None and view in self.visible_panes():
            self.give_keys_to(view)
        else:
            self.open_view(view)

    def open_view(self, view: View) -> None:
        """Give the screen, or on a wide one the keys, to a view."""
        if self.scene is not None and self.scene.model is None and view not in WITHOUT_MODEL:
            self.say("not now: the registry has no models yet", tone=Tone.MUTED)
            return
        if view is View.HELP:
            self.draw_help()
        self.give_screen_to(view)
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)

    def look_at(self, model: str, stage: str | None) -> None:
        """Look at another model, or another stage of it."""
        self.read(model, stage)

    def turn_stage(self, direction: int) -> None:
        """Look at the stage after this one, or before it."""
        scene = self.scene
        if scene is None or scene.model is None or len(scene.stages) < 2:
            return
        model, stage = self.wanted  # of several keys at once, each goes on from where the one before it leads
        if model != scene.model.name or stage not in scene.stages:
            stage = scene.stage
        at = scene.stages.index(stage) if stage in scene.stages else 0
        self.look_at(scene.model.name, scene.stages[(at + direction) % len(scene.stages)])

    def subject(self) -> tuple[str | None, str | None]:
        """Id and address of what is looked at."""
        if self.active in WITH_RUN:
            run = self.run_detail
            return (run.run.id, f"run:{run.run.id}") if run is not None else (None, None)
        if self.active is View.LINEAGE:
            return self.node_under_cursor()
        if self.active in WITH_DATA:
            return self.data_under_cursor()
        version = self.version
        return (version.uid, version.ref) if version is not None else (None, None)

    def open_findings(self) -> None:
        """Look again whether the registry and the disk agree, and show what does not."""
        self.examine()
        self.go_to(View.FINDINGS)

    def sort(self) -> None:
        """Sort the list that has the keys by the next order; the models where it has a way of its own."""
        view = self.active if self.active in SORTED else View.MODELS
        orders = ORDERS[view]
        self.orders[view] = orders[(orders.index(self.order_of(view)) + 1) % len(orders)]
        self.refilter(view)
        self.say(f"sorted by {self.orders[view]}", tone=Tone.MUTED)

    def step_out(self) -> None:
        """Go out by one layer; at the root `q` leaves, and escape, which nobody counts, does not."""
        if self.scene is None or not self.step_back():
            if self._escapes and self.scene is not None and not self.has_class("-small"):
                self.say("q quits", tone=Tone.MUTED)
            else:
                self.app.exit()
            return
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)

    _escapes = False
    """Whether the last key was escape."""
    _cancelled = False

    def cancel(self) -> None:
        """Let go of what runs; with nothing to let go of, leave on the second time."""
        if self.let_go():
            return
        if self._cancelled:
            self.app.exit()
            return
        self._cancelled = True
        running = self.asking.phase is Phase.RUNNING
        self.say(f"{'a change is being made' if running else 'nothing runs'}; ctrl+c once more quits", tone=Tone.MUTED)

    def suspend(self) -> None:
        """Go to the background; what comes back is painted anew, so that a question has to be, too."""
        self.app.action_suspend_process()
