"""Alerts on the screen: what must hold of what is observed, what fires, and the word for it wherever one is."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.places import WITH_ALERT, View
from lineal_tui.screens.asking import Subject
from lineal_tui.screens.automating import Automating
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, fit, line_width, rule
from lineal_tui.view.drawing.pages import Listed
from lineal_tui.view.staging.questions import question_of_alert

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.operations.alerts import terms
    from lineal.records.alerts import AlertState
    from lineal_tui.keys import Binding
    from lineal_tui.screens import operations as reading
    from lineal_tui.screens.operations import AlertsRead, AlertToRemove, Operated, WatchedAlert
    from lineal_tui.view.operations import alert_lines as drawing
else:
    # most registries have no alerts, and none of it is on the first screen
    terms = Later("lineal.operations.alerts.terms")
    reading = Later("lineal_tui.screens.operations")
    drawing = Later("lineal_tui.view.operations.alert_lines")


class Alarming(Automating):
    """Alerts."""

    _alerts: tuple[WatchedAlert, ...] | None = None
    _alerts_at: str | None = None
    """The stage whose alerts are wanted first."""

    # what fires, in the last row

    def hints(self, width: int) -> Line:
        """What the hint row offers, after what fires."""
        models = self.scene.models if self.scene is not None else ()
        places = [f"{model.name}@{stage}" for model in models for stage in model.alarmed]
        if not places or self.shown in WITH_ALERT:
            return super().hints(width)
        words = cut_middle(places[0], 30) if len(places) == 1 else f"at {len(places)} stages"
        begin: Line = ((f"ALERT {words}", Tone.FAILED), (" W", Tone.KEY), ("  ", Tone.TEXT))
        return fit((*begin, *super().hints(max(1, width - line_width(begin)))), width)

    # alerts

    @property
    def alert(self) -> WatchedAlert | None:
        """The alert under the cursor; None when there is none."""
        row = self.panes[View.ALERTS].lines.current if View.ALERTS in self.panes else None
        return row if isinstance(row, reading.WatchedAlert) else None

    def follow_now(self) -> None:
        """Show what belongs to the row under the cursor, in every pane that is visible."""
        super().follow_now()
        if self.scene is None or self.asking.question is not None:
            return
        visible = self.visible_panes()
        if View.ALERTS in visible and self._must_read(View.ALERTS, has=self._alerts is not None):
            registry = self.registry
            self.work(lambda: reading.read_alerts(registry), "alerts")
        if View.ALERT in visible:
            self._show_alert()

    def follows(self, view: View) -> bool:
        """Whether other panes follow the cursor of this one."""
        return view is View.ALERTS or super().follows(view)

    def refilter(self, view: View) -> None:
        """Show what a view's filter lets through."""
        super().refilter(view)
        if view is View.ALERTS:
            self._show_alerts()
            self._remark(self.panes[view].lines.count, is_whole=True)

    def on_alerts_read(self, message: AlertsRead) -> None:
        """Show the alerts, and the page of the one under the cursor, which stays on its own."""
        self._alerts = message.found
        self._show_alerts()
        self._show_alert()

    def _show_alerts(self) -> None:
        known, match = self._alerts, self.matcher(View.ALERTS)
        if known is None:
            return
        wanted = {drawing.key_of(each.state): each for each in known}
        states = drawing.sorted_alerts([each.state for each in known], self.order_of(View.ALERTS))
        found = [each for each in states if drawing.in_alert(match, each)]
        look, pane = drawing.alerts_look(found, self.clock()), self.panes[View.ALERTS]
        pane.draw_title = lambda width, active: drawing.alerts_title(found, len(known), width, active=active)
        pane.draw_heads = lambda width: drawing.alerts_head(look, width) if found else ()

        def paint(row: WatchedAlert | Line, width: int) -> Line:
            return row if isinstance(row, tuple) else drawing.alert_line(row.state, look, width)

        rows: list[WatchedAlert | Line] = [wanted[drawing.key_of(each)] for each in found]
        if not known:
            rows = [*drawing.HOW_TO_ADD]
        keys = [drawing.key_of(each) for each in found] if found else list(range(-len(rows), 0))
        pane.lines.show(Listed(rows, keys), paint)
        place, self._alerts_at = self._alerts_at, None
        if place is not None:
            pane.lines.find(next((drawing.key_of(each) for each in found if drawing.place_of(each) == place), None))
        pane.redraw()

    def _show_alert(self) -> None:
        found, pane = self.alert, self.panes[View.ALERT]
        if found is None:
            pane.draw_title = lambda width, _active: rule((), (), width)
            self.show_page(View.ALERT, lambda _width: [])
            return
        state, now = found.state, self.clock()
        pane.draw_title = lambda width, active: drawing.alert_title(state, width, active=active)
        self.show_page(
            View.ALERT,
            lambda width: drawing.alert_lines(state, found.episodes, found.observed, now, max(20, width)),
        )

    def open_alerts(self, place: str | None = None) -> None:
        """Show the alerts; with an address the cursor goes to the first of that stage."""
        self._alerts_at = place
        self.go_to(View.ALERTS)
        if place is not None and self._alerts is not None:
            self.call_after_refresh(self._show_alerts)
        self.call_after_refresh(self.follow_now)

    def open_alert(self) -> None:
        """Show the alert under the cursor; where there is none, say so and stay."""
        if self.alert is None:
            self.say("no alert is under the cursor", tone=Tone.MUTED)
        else:
            self.open_view(View.ALERT)

    # its stage

    def address(self, stage: str | None = None) -> str:
        """The address of a stage: of the alert under the cursor where alerts are listed, else as it is elsewhere."""
        if stage is None and self.active in WITH_ALERT and self.alert is not None:
            return drawing.place_of(self.alert.state)
        return super().address(stage)

    @property
    def watched_metric(self) -> str | None:
        """What the alert under the cursor watches, where alerts are listed."""
        if self.active not in WITH_ALERT or self.alert is None:
            return super().watched_metric
        return terms.first_observed(self.alert.state.rule.text)

    def open_history(self) -> None:
        """Show the history of the stage that is looked at, or of the alert under the cursor."""
        if self.active in WITH_ALERT and self.alert is not None:
            rule_ = self.alert.state.rule
            self._go(rule_.model, rule_.stage, None, View.HISTORY)
        elif self.active is View.MODELS:
            model, _, stage = self.address().partition("@")
            self._go(model, stage, None, View.HISTORY)
        else:
            self.open_view(View.HISTORY)

    # changing

    def place_of(self, binding: Binding) -> str | None:
        """The address of the model or stage that a binding would change; None for what belongs to all."""
        return self.address() if binding.views == WITH_ALERT and self.alert is not None else super().place_of(binding)

    def ask_remove_alert(self) -> None:
        """Ask whether to take the alert under the cursor away."""
        found = self.alert
        if found is None:
            self.say("no alert is under the cursor", tone=Tone.MUTED)
        elif self.may_write():
            self._ask_to_remove_alert(self.asking.prepare(), found.state)

    def on_alert_to_remove(self, message: AlertToRemove) -> None:
        """Ask whether to take an alert away that was named."""
        if message.turn == self.asking.turn:
            self._ask_to_remove_alert(message.turn, message.found)

    def _ask_to_remove_alert(self, turn: int, found: AlertState) -> None:
        registry, place, text = self.registry, drawing.place_of(found), found.rule.text

        def remove() -> Operated:
            registry.remove_alerts(place, text)
            command = f"lineal stage set {shlex.quote(place)} --no-alert {shlex.quote(text)}"
            return reading.Operated(f"{place} has no alert {text} any more", command)

        self._pose(turn, question_of_alert(place, text, fires=found.episode is not None), Subject(act=remove))

    # what the screen does and this only calls

    open_view: Callable[[View], None]
