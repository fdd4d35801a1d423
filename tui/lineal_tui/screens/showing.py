"""A state of the registry becomes the content of the panes; where one was is kept for the next time."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from lineal.records.models import Model
from lineal_tui.first_look import FirstLook
from lineal_tui.places import WITHOUT_MODEL, View
from lineal_tui.remembered import Place, Unreadable, remember, state_file
from lineal_tui.screens.messages import FiguresRead, LanesKnown, SceneRead
from lineal_tui.screens.scene import read_figures, read_scene
from lineal_tui.screens.transitions import Transitions
from lineal_tui.view.drawing.lines import Line, Tone, rule
from lineal_tui.view.drawing.matching import in_model, in_transition
from lineal_tui.view.drawing.pages import Listed, Pages
from lineal_tui.view.drawing.words import counted
from lineal_tui.view.staging.history import (
    HistoryItem,
    history_head,
    history_items,
    history_line,
    history_look,
    history_title,
)
from lineal_tui.view.versioning.models import (
    ModelItem,
    Standing,
    model_stage_line,
    models_head,
    models_line,
    models_look,
)
from lineal_tui.view.versioning.tree import TreeItem, tree_head, tree_line, tree_title
from lineal_tui.widgets.painting import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lineal.records.base import Micros
    from lineal.registry import Registry
    from lineal_tui.keys import Table
    from lineal_tui.screens.lanes import Checkpoints
    from lineal_tui.screens.scene import Scene, TreeSource

_PATIENCE = 0.3
"""Seconds after which an empty screen is better than none."""

ORDERS: Mapping[View, tuple[str, ...]] = {
    View.MODELS: ("changed", "name", "versions"),
    View.ALERTS: ("state", "stage"),
    View.AUTOMATIONS: ("added", "name", "trouble", "last run"),
    View.DELIVERIES: ("newest", "trouble", "longest"),
}
"""What lists are sorted by, as they come first."""

ModelRow = tuple[Model, str | None]
"""A model, or under it one of its stages."""


class Showing(Transitions):
    """From the registry to the panes."""

    is_arranged = False
    """Whether the cursor of the tree was put where it was."""
    first_look: FirstLook | None = None
    """A state of the registry that is being read since before there was a screen; None: it is read from here."""

    def __init__(self, registry: Registry, clock: Callable[[], Micros], table: Table | None = None) -> None:
        """Look at a registry; ages are counted from what `clock` says, and keys are bound as in `table`."""
        super().__init__(registry, clock, table)
        self.forget_previews()
        self.orders: dict[View, str] = {}
        """What lists are sorted by, where that is not as they come."""
        self._figures: dict[str, Standing] = {}
        self._lanes: Checkpoints | None = None
        self._state_file = state_file(registry.uid, registry.root, registry.actor.claim)
        self._remembered = Place()
        self._hold = ExitStack()
        """Holds the first paint until there is something to show."""

    # starting and ending

    def begin(self) -> None:
        """Open where one was last."""
        first = self.first_look or FirstLook(self.registry, self.clock)
        place = self._remembered = first.place
        if first.trouble is not None:
            self.say(str(first.trouble), "nothing is lost; it opens on the model that changed last", tone=Tone.CHANGED)
        self.restore(place)
        self._hold.enter_context(self.app.batch_update())
        self.set_timer(_PATIENCE, self._hold.close)
        self.lay_out()
        if first.seen is None:
            self.read(place.model, place.stage)
            return
        registry, clock = self.registry, self.clock
        self.wanted, self.seen = (place.model, place.stage), first.seen
        self.work(lambda: SceneRead(first.scene() or read_scene(registry, place.model, place.stage, clock)), "scene")

    def on_unmount(self) -> None:
        """Keep where one was."""
        if self.scene is not None:
            try:
                remember(self._state_file, self.place)
            except Unreadable:
                # it was said when it first failed; there is no screen left to say it on
                return

    def restore(self, place: Place) -> None:
        """Arrange everything as it was."""
        known = dict(place.orders)
        self.orders = {view: known[view] for view, orders in ORDERS.items() if known.get(view) in orders}

    @property
    def place(self) -> Place:
        """Where one is, and how it is arranged."""
        orders = tuple((view.value, order) for view, order in self.orders.items())
        return Place(self.model, self.stage if self.model is not None else None, orders=orders)

    def order_of(self, view: View) -> str:
        """What a list is sorted by."""
        return self.orders.get(view, ORDERS[view][0])

    # the scene

    def on_scene_read(self, message: SceneRead) -> None:
        """Show a state of the registry; the cursors stay on their items."""
        if self.scene is None:
            # laying the panes out paints all rows; a repainting of the whole screen would send them twice, so that only
            # the bars, which were drawn while nothing was sent, are painted again
            self._repaint_required = False
            self._hold.close()
            for bar in self.query(Bar):
                bar.refresh()
        scene = message.scene
        name = scene.model.name if scene.model is not None else None
        if self.wanted[0] not in (None, name) and any(known.name == self.wanted[0] for known in scene.models):
            return
        first = self.scene is None
        switched = not first and self.model != name
        other = first or switched or self.stage != scene.stage
        self.scene = scene
        self.wanted = (name, scene.stage if scene.model else None)
        self.forget_previews()
        if scene.model is None:
            self._show_without_models()
            return
        self.root = None
        if first and self.shown is View.HELP:
            self.shown = self.active = View.TREE
        for view in (View.MODELS, View.TREE, View.HISTORY):
            if view in self.panes:
                self.furnish(view)
        if switched:
            self._stand_on_live(scene)
        self.notice(scene.running)
        if first:
            self._begin(scene)
        self.lay_out()
        if other and not first:
            self._remember()
        self.call_after_refresh(self.follow_now)
        self.scene_shown()
        self.work(lambda: FiguresRead(read_figures(self.registry, scene.models)), "figures")

    def scene_shown(self) -> None:
        """The panes show a state of the registry now."""

    def furnish(self, view: View) -> None:
        """Fill a list from the scene."""
        scene = self.scene
        if scene is None or scene.model is None:
            return
        if view is View.MODELS:
            self.show_models()
        elif view is View.TREE:
            self._show_tree(scene)
        elif view is View.HISTORY:
            self._show_history(scene)

    def _begin(self, scene: Scene) -> None:
        self._remembered = Place(scene.model.name if scene.model else None, scene.stage)
        lines = self.panes[View.TREE].lines
        if scene.live is not None and (not self.is_arranged or lines.awaits):
            lines.find(scene.live.version.id)

    def _stand_on_live(self, scene: Scene) -> None:
        """Begin another model on what is live, and not on the row that the cursor happened to be on in the last one."""
        lines = self.panes[View.TREE].lines
        if scene.live is None or not lines.find(scene.live.version.id):
            lines.move_to(0)

    def _show_without_models(self) -> None:
        """Show the runs, as long as there is nothing but runs; without any, say how to begin."""
        self.root = View.RUNS if self.registry.runs(limit=1) else View.HELP
        if self.root is View.HELP and self.shown not in WITHOUT_MODEL:
            self._greet()
        elif self.root is View.RUNS and not self.trail and self.shown in (View.HELP, View.TREE, View.MODELS):
            self.shown = self.active = View.RUNS
            self.lay_out()
        self.call_after_refresh(self.follow_now)

    def _greet(self) -> None:
        self.shown = self.active = View.HELP
        self.lay_out()
        words: list[Line] = [
            (("This registry has no models yet.", Tone.STRONG),),
            (),
            (("A model is created by its first version:", Tone.TEXT),),
            (("    lineal register MODEL PATH --metric auc=0.93", Tone.KEY),),
            (),
            (("or from the script that trains it:", Tone.TEXT),),
            (('    with lineal.start_run("churn") as run:', Tone.KEY),),
            (('        run.register("churn", "model.safetensors")', Tone.KEY),),
            (),
            (("or bring what MLflow or Trackio recorded:", Tone.TEXT),),
            (("    lineal import mlflow|trackio SOURCE", Tone.KEY),),
            (),
            (("To look around with real models, leave with q and run:", Tone.TEXT),),
            (("    lineal demo", Tone.KEY),),
        ]
        pane = self.panes[View.HELP]
        pane.draw_title = lambda width, _active: rule((("welcome", Tone.STRONG),), (), width)
        self.show_page(View.HELP, lambda _width: words)
        self.call_after_refresh(self.redraw_all)

    def _show_tree(self, scene: Scene) -> None:
        source = scene.tree
        if source is None:
            return
        pane = self.panes[View.TREE]

        def paint(item: TreeItem, width: int) -> Line:
            return tree_line(item, source.look, width)

        source.on_wider = pane.rows_changed
        if self._lanes is not None and self._lanes.model == source.lanes.model:
            source.lanes = self._lanes
        self._lanes = source.lanes
        name = scene.model.name if scene.model else ""
        pane.draw_title = lambda width, active: tree_title(name, source.count(), width, active=active)
        pane.draw_heads = lambda width: tree_head(source.look, width)
        pages = Pages[TreeItem](source)
        pane.lines.show(pages, paint)
        pane.lines.marks = frozenset(self.marked)
        pane.redraw()
        self._fill_lanes(source, pages)

    def _fill_lanes(self, source: TreeSource, pages: Pages[TreeItem]) -> None:
        if source.lanes.is_filled(source.newest):
            return

        def fill() -> LanesKnown:
            worker = get_current_worker()
            source.lanes.fill(source.newest, lambda: not worker.is_cancelled)
            return LanesKnown(source, pages)

        self.call_after_refresh(lambda: self.work(fill, "lanes"))

    def on_lanes_known(self, message: LanesKnown) -> None:
        """Draw the lanes of rows that were shown without them."""
        if message.source.plain and message.source.lanes.is_filled(message.source.newest):
            message.source.plain = False
            message.pages.forget()
            self.panes[View.TREE].lines.repaint()

    def _show_history(self, scene: Scene) -> None:
        match = self.matcher(View.HISTORY)
        items = [item for item in history_items(scene.history) if in_transition(match, item.transition)]
        timeline = self.timeline
        look = history_look(items, self.clock(), timeline.metric if timeline is not None else None)
        values = timeline.values if timeline is not None else {}
        pane = self.panes[View.HISTORY]
        pane.draw_above = self.draw_timeline
        pane.draw_title = lambda width, active: history_title(self.model or "", scene.stage, width, active=active)
        pane.draw_heads = lambda width: history_head(look, width)

        def paint(item: HistoryItem, width: int) -> Line:
            return history_line(item, look, width, values.get(item.transition.to_version or 0))

        pane.lines.show(Listed(items, [item.transition.id for item in items]), paint)
        pane.redraw()

    def show_models(self) -> None:
        """Show the models: as a table, or with their stages under them where they stand at the left."""
        scene = self.scene
        if scene is None or scene.model is None:
            return
        match = self.matcher(View.MODELS)
        models = [model for model in self._sorted(scene.models) if in_model(match, model)]
        items = [ModelItem(model, self._figures.get(model.name, Standing())) for model in models]
        look = models_look(items, self.clock())
        pane = self.panes[View.MODELS]
        pane.draw_title = lambda width, active: rule(
            (("models", Tone.TITLE if active else Tone.STRONG),),
            ((f"by {self.order_of(View.MODELS)}", Tone.MUTED),),
            width,
        )
        wide = self.is_widest
        rows: list[ModelRow] = [(model, None) for model in models]
        if wide:
            rows = [
                row for model in models for row in ((model, None), *((model, name) for name, _ in model.stages[::-1]))
            ]
            pane.draw_heads = lambda _width: ((f"{counted(len(models), 'model')}", Tone.HEAD),)
        else:
            pane.draw_heads = lambda width: models_head(look, width)

        def paint(row: ModelRow, width: int) -> Line:
            model, stage = row
            if wide:
                return model_stage_line(ModelItem(model, self._figures.get(model.name, Standing())), stage, width)
            return models_line(ModelItem(model, self._figures.get(model.name, Standing())), look, width)

        pane.lines.show(Listed(rows, [(model.id, stage) for model, stage in rows]), paint)
        if self.active is not View.MODELS and pane.lines.current is not None:
            pane.lines.find((scene.model.id, None))
        pane.redraw()

    def _sorted(self, models: tuple[Model, ...]) -> list[Model]:
        order = self.order_of(View.MODELS)
        if order == "name":
            return sorted(models, key=lambda model: model.name)
        if order == "versions":
            return sorted(models, key=lambda model: (-model.versions, model.name))
        return sorted(models, key=lambda model: (-model.updated_at, model.name))

    def on_figures_read(self, message: FiguresRead) -> None:
        """Show how good is what is live."""
        if message.figures != self._figures:
            self._figures = message.figures
            if View.MODELS in self.panes:
                self.show_models()

    def _remember(self) -> None:
        place = Place(self.model, self.stage)
        if place != self._remembered and self.model is not None:
            self._remembered = place
            try:
                remember(self._state_file, self.place)
            except Unreadable as error:
                self.say(str(error), tone=Tone.CHANGED)
