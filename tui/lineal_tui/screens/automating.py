"""What runs by itself on the screen: automations, what each was handed, and how that ended."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.places import WITH_DELIVERY, View
from lineal_tui.screens.asking import Subject
from lineal_tui.screens.ending import Ending
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, rule
from lineal_tui.view.drawing.pages import Listed
from lineal_tui.view.staging.questions import question_of_delivery, question_of_removal, question_of_switching

if TYPE_CHECKING:
    from lineal.records import automation as records
    from lineal.records.automation import AutomationState, Delivery
    from lineal_tui.keys import Binding
    from lineal_tui.screens import operations as reading
    from lineal_tui.screens.operations import (
        AutomationsRead,
        DeliveriesRead,
        DeliveryFound,
        DeliveryGone,
        DeliveryRead,
        Operated,
        ToRemove,
    )
    from lineal_tui.view.operations import automation_lines as drawing
else:
    # nobody looks at them before the first paint
    records = Later("lineal.records.automation")
    reading = Later("lineal_tui.screens.operations")
    drawing = Later("lineal_tui.view.operations.automation_lines")


class Automating(Ending):
    """Automations and their logs."""

    _automations: tuple[AutomationState, ...] | None = None
    _log_of: str | None = None
    """The automation whose log is shown; None: that of all."""
    _log_read: DeliveriesRead | None = None
    _log_asked: tuple[str | None, ...] | None = None
    """What was asked for last; empty: nothing, as there is no automation; None: nothing yet."""
    _delivery: DeliveryRead | None = None
    _delivery_asked: int | None = None
    _delivery_goal: Delivery | None = None
    """The delivery that the cursor goes to once the log is on the screen."""

    # when to read

    def follow_now(self) -> None:
        """Show what belongs to the row under the cursor, in every pane that is visible."""
        super().follow_now()
        if self.scene is None or self.asking.question is not None:
            return
        visible = self.visible_panes()
        # a log and a delivery tell what their automation runs
        is_seen = any(view in visible for view in (View.AUTOMATIONS, *WITH_DELIVERY))
        if is_seen and self._must_read(View.AUTOMATIONS, has=self._automations is not None):
            registry = self.registry
            self.work(lambda: reading.read_automations(registry), "automations")
        if View.DELIVERIES in visible:
            self._follow_log()
        if View.DELIVERY in visible:
            self._follow_delivery()

    def follows(self, view: View) -> bool:
        """Whether other panes follow the cursor of this one."""
        return view in (View.AUTOMATIONS, View.DELIVERIES) or super().follows(view)

    def refilter(self, view: View) -> None:
        """Show what a view's filter lets through."""
        super().refilter(view)
        if view is View.AUTOMATIONS:
            self._show_automations()
        elif view is View.DELIVERIES:
            self._show_log_of()
        if view in (View.AUTOMATIONS, View.DELIVERIES):
            self._remark(self.panes[view].lines.count, is_whole=True)

    # automations

    @property
    def automation(self) -> AutomationState | None:
        """The automation under the cursor; None when there is none."""
        row = self.panes[View.AUTOMATIONS].lines.current if View.AUTOMATIONS in self.panes else None
        return row if isinstance(row, records.AutomationState) else None

    @property
    def _named(self) -> dict[str, AutomationState]:
        """The automations that were read, by name."""
        return {each.automation.name: each for each in self._automations or ()}

    def on_automations_read(self, message: AutomationsRead) -> None:
        """Show the automations; the cursor stays on its own."""
        is_first = self._automations is None
        self._automations = message.found
        self._show_automations()
        if is_first and self._log_read is not None:
            self._show_log_of()
        if is_first and self._delivery is not None:
            self.on_delivery_read(self._delivery)
        self.follow_now()

    def _show_automations(self) -> None:
        known, match = self._automations, self.matcher(View.AUTOMATIONS)
        if known is None:
            return
        order = self.order_of(View.AUTOMATIONS)
        found = [each for each in drawing.sorted_automations(known, order) if drawing.in_automation(match, each)]
        look, pane = drawing.automations_look(found, self.clock()), self.panes[View.AUTOMATIONS]
        count = len(found)
        pane.draw_title = lambda width, active: drawing.automations_title(
            count, len(known), order, width, active=active
        )
        pane.draw_heads = lambda width: drawing.automations_head(look, width) if count else ()

        def paint(row: AutomationState | Line, width: int) -> Line:
            return row if isinstance(row, tuple) else drawing.automation_line(row, look, width)

        rows: list[AutomationState | Line] = [*found]
        if not known:
            rows = [*drawing.HOW_TO_ADD]
        keys = [each.automation.id for each in found] if found else range(-len(rows), 0)
        pane.lines.show(Listed(rows, list(keys)), paint)
        pane.redraw()

    # a log

    def _follow_log(self) -> None:
        if self.shown is View.AUTOMATIONS:
            if self.automation is None:
                if self._log_asked != ():
                    self._log_read, self._log_asked = None, ()
                    self._show_log_of()
                return
            self._log_of = self.automation.automation.name
        if self._is_fresh(View.DELIVERIES) and self._log_asked == (self._log_of,):
            return
        self._log_asked = (self._log_of,)
        registry, name = self.registry, self._log_of
        self.work(lambda: reading.read_log(registry, name), "deliveries")

    def on_deliveries_read(self, message: DeliveriesRead) -> None:
        """Show a log, unless another is wanted by now; the cursor stays on its event."""
        if self._log_asked != (message.name,):
            return
        is_other = self._log_read is None or self._log_read.name != message.name
        self._log_read = message
        self._show_log_of()
        goal, self._delivery_goal = self._delivery_goal, None
        if goal is not None:
            self.panes[View.DELIVERIES].lines.find((goal.automation, goal.seq))
            last = self.delivery
            if last is not None and (last.automation, last.seq) == (goal.automation, goal.seq) and last.id != goal.id:
                words = f"delivery {goal.id} was made again; this is the last attempt, delivery {last.id}"
                self.say(words, f"`lineal on show {goal.id}` prints it", tone=Tone.MUTED)
        elif is_other:
            self.panes[View.DELIVERIES].lines.move_to(0)
        self.follow_now()

    def _show_log_of(self) -> None:
        log, pane = self._log_read, self.panes[View.DELIVERIES]
        if log is None:
            pane.draw_title = lambda _width, _active: rule((), (), _width)
            pane.draw_heads = lambda _width: ()
            pane.lines.show(Listed[object]([]), _as_it_is)
            pane.redraw()
            return
        match, order = self.matcher(View.DELIVERIES), self.order_of(View.DELIVERIES)
        found = [each for each in drawing.sorted_deliveries(log.found, order) if drawing.in_delivery(match, each)]
        look = drawing.deliveries_look(found, self.clock(), named=log.name is None)
        count, total, about = len(found), len(log.found), self._named.get(log.name or "", log.name)
        pane.draw_title = lambda width, active: drawing.deliveries_title(
            about, count, total, order, width, active=active
        )
        pane.draw_heads = lambda width: drawing.deliveries_head(look, width) if count else ()

        def paint(row: Delivery | Line, width: int) -> Line:
            return row if isinstance(row, tuple) else drawing.delivery_row(row, look, width)

        rows: list[Delivery | Line] = [*found]
        keys: list[tuple[str, int]] = [(each.automation, each.seq) for each in found]
        if not rows:
            words = "nothing matches; esc clears the filter" if total else "nothing happened yet that it waits for"
            rows, keys = [((words, Tone.MUTED),)], [("", 0)]
        pane.lines.show(Listed(rows, keys), paint)
        pane.redraw()

    def open_deliveries(self, name: str | None = None) -> None:
        """Show the log of an automation; None: of the one under the cursor."""
        if name is None:
            if self.automation is None:
                self.say("no automation is under the cursor", tone=Tone.MUTED)
                return
            name = self.automation.automation.name
        self.open_log(name)

    def open_log(self, name: str | None) -> None:
        """Show the log of an automation; None: of all."""
        self._log_of = name
        self.give_screen_to(View.DELIVERIES)
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)

    # a delivery

    @property
    def delivery(self) -> Delivery | None:
        """The delivery under the cursor; None when there is none."""
        row = self.panes[View.DELIVERIES].lines.current if View.DELIVERIES in self.panes else None
        return row if isinstance(row, records.Delivery) else None

    def open_delivery(self) -> None:
        """Show the delivery under the cursor; where there is none, say so and stay."""
        if self.delivery is not None:
            self.open_view(View.DELIVERY)
        elif self._log_read is not None and self._log_read.found:
            self.say("nothing that was run is under the cursor", tone=Tone.MUTED)
        else:
            name = self._log_of
            self.say("nothing ran yet" if name is None else f"{cut_middle(name, 40)} never ran yet", tone=Tone.MUTED)

    def _follow_delivery(self) -> None:
        row = self.delivery
        if row is None:
            self._delivery = self._delivery_asked = None
            self.panes[View.DELIVERY].draw_title = lambda width, _active: rule((), (), width)
            self.show_page(View.DELIVERY, lambda _width: [])
            return
        if self._is_fresh(View.DELIVERY) and self._delivery_asked == row.id:
            return
        self._delivery_asked = row.id
        registry, number = self.registry, row.id
        self.work(lambda: reading.read_delivery(registry, number), "delivery")

    def on_delivery_read(self, message: DeliveryRead) -> None:
        """Show a delivery, unless the cursor has gone on."""
        found = message.found
        if self._delivery_asked != found.id:
            return
        is_other = self._delivery is None or self._delivery.found.id != found.id
        self._delivery = message
        pane, attempts, owner = self.panes[View.DELIVERY], message.attempts, self._named.get(found.automation)
        pane.draw_title = lambda width, active: drawing.delivery_title(found, width, active=active)
        self.show_page(
            View.DELIVERY,
            lambda width: drawing.delivery_lines(found, owner, attempts, self.clock(), max(20, width)),
        )
        if is_other:
            pane.lines.move_to(0)

    def on_delivery_gone(self, message: DeliveryGone) -> None:
        """Say that it was forgotten meanwhile."""
        if self._delivery_asked == message.number:
            self.show_page(View.DELIVERY, lambda _width: [(("it is not in the log any more", Tone.MUTED),)])

    def on_delivery_found(self, message: DeliveryFound) -> None:
        """Go to a delivery that was asked for by its number."""
        found = message.found
        self._delivery_goal = found
        if self._log_read is not None and self._log_asked == (found.automation,):
            self._log_asked = None
        self.open_log(found.automation)

    # changing

    def place_of(self, binding: Binding) -> str | None:
        """The address of the model or stage that a binding would change; None for what belongs to all."""
        if binding.id in ("switch_automation", "remove_automation"):
            return None if self.automation is None else self.automation.automation.place
        if binding.views == WITH_DELIVERY:
            owner = self._named.get(self.delivery.automation) if self.delivery is not None else None
            return None if owner is None else owner.automation.place
        return super().place_of(binding)

    def ask_switch(self) -> None:
        """Ask whether to keep the automation under the cursor from running, or to let it run again."""
        found = self.automation
        if found is None or not self.may_write():
            self._say_none(found)
            return
        registry, known = self.registry, found.automation
        verb, told = ("disable", "off") if known.enabled else ("enable", "on")

        def switch() -> Operated:
            registry.enable_automation(reading.same_automation(registry, known), enabled=not known.enabled)
            return reading.Operated(f"{known.name} is {told}", f"lineal on {verb} {known.name}")

        question = question_of_switching(known.name, _what(found), found.waiting, enabled=known.enabled)
        self._pose(self.asking.prepare(), question, Subject(act=switch))

    def ask_remove(self) -> None:
        """Ask whether to take the automation under the cursor away."""
        found = self.automation
        if found is None or not self.may_write():
            self._say_none(found)
            return
        self._ask_to_remove(self.asking.prepare(), found)

    def on_to_remove(self, message: ToRemove) -> None:
        """Ask whether to take an automation away that was named."""
        if message.turn == self.asking.turn:
            self._ask_to_remove(message.turn, message.found)

    def _ask_to_remove(self, turn: int, found: AutomationState) -> None:
        registry, known = self.registry, found.automation

        def remove() -> Operated:
            registry.remove_automation(reading.same_automation(registry, known))
            return reading.Operated(f"{known.name} is removed; its log stays", f"lineal on remove {known.name}")

        self._pose(turn, question_of_removal(known.name, _what(found), found.waiting), Subject(act=remove))

    def _say_none(self, found: AutomationState | None) -> None:
        if found is None:
            self.say("no automation is under the cursor", tone=Tone.MUTED)

    def ask_again(self) -> None:
        """Ask whether to run the delivery under the cursor once more."""
        found, registry = self.delivery, self.registry
        if found is None:
            self.say("nothing that was run is under the cursor", tone=Tone.MUTED)
        elif not found.state.is_over:
            self.say(f"delivery {found.id} is {found.state} already", tone=Tone.MUTED)
        elif self.may_write():
            known = self._named.get(found.automation)
            command = shlex.join(known.automation.command) if known is not None else "the same command"
            event = f"event {found.seq}, {found.action} {cut_middle(found.ref, 40)}"

            def again() -> Operated:
                return reading.operated_again(registry.deliver_again(found.id), found.id)

            question = question_of_delivery(found.id, found.automation, event, command)
            self._pose(self.asking.prepare(), question, Subject(act=again))

    def on_operated(self, message: Operated) -> None:
        """Say what was done, and look again."""
        self.asking.end()
        self.last_command = message.command
        if message.is_alarming:
            self.say(message.words, message.hint)
        else:
            self.say(f"✓ {message.words}", message.hint, tone=Tone.BETTER)
        self.read()


def _what(found: AutomationState) -> str:
    each = found.automation
    return f"{shlex.join(each.command)} on {each.event.replace('_', ' ')} of {each.place or 'all models'}"


def _as_it_is(row: Line, _width: int) -> Line:
    return row
