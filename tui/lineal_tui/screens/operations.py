"""What is read of automations and alerts, and what became of them: nobody does before the first paint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.message import Message

from lineal.errors import NotFound
from lineal.rules.refs import nearest
from lineal_tui.view.operations.automation import truthful

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.alerts import AlertState, Episode
    from lineal.records.automation import Automation, AutomationState, Delivery
    from lineal.records.observations import ObservedSeries
    from lineal.registry import Registry

MOST = 2_000
"""Events of a log that are listed; of each automation the last 1,000 are kept, and those that wait."""


@dataclass
class AutomationsRead(Message):
    """The automations were read."""

    found: tuple[AutomationState, ...]


@dataclass
class DeliveriesRead(Message):
    """A log was read."""

    name: str | None
    """Of which automation; None: of all."""
    found: tuple[Delivery, ...]


@dataclass
class DeliveryRead(Message):
    """A delivery was read in full, with the other attempts at its event."""

    found: Delivery
    attempts: tuple[Delivery, ...]


@dataclass
class DeliveryGone(Message):
    """A delivery is not in the log any more."""

    number: int


@dataclass
class DeliveryFound(Message):
    """A delivery that was asked for by its number was looked up."""

    found: Delivery


@dataclass
class Operated(Message):
    """Something about automations, alerts or observations was changed."""

    words: str
    """What, in the past tense."""
    command: str
    """The shell's command that would have done it."""
    hint: str | None = None
    is_alarming: bool = False
    """Whether it set off an alert."""


@dataclass
class LogFound(Message):
    """A log that was asked for by name is there."""

    name: str | None


@dataclass
class AlertsFound(Message):
    """A stage that was asked for by name has alerts."""

    place: str
    """Its address."""


@dataclass
class ObservedFound(Message):
    """A stage whose observations were asked for is there."""

    place: str
    """Its address."""


@dataclass
class Settled(Message):
    """Nothing waits for automations any more, or nobody waits for that."""

    is_whole: bool


@dataclass
class ToRemove(Message):
    """An automation that shall be taken away was looked up."""

    turn: int
    """Which question it is for."""
    found: AutomationState


@dataclass
class AlertToRemove(Message):
    """An alert that shall be taken away was looked up."""

    turn: int
    found: AlertState


@dataclass(frozen=True, slots=True)
class WatchedAlert:
    """An alert, when it fired, and what it is judged by."""

    state: AlertState
    episodes: tuple[Episode, ...]
    """Newest first."""
    observed: tuple[tuple[ObservedSeries, ...], Mapping[int, Sequence[float]]]
    """What was observed of what is live at its stage, and the newest values of each by its row number."""


@dataclass
class AlertsRead(Message):
    """The alerts were read."""

    found: tuple[WatchedAlert, ...]


def read_automations(registry: Registry) -> AutomationsRead:
    """Read all automations and how each fared."""
    is_working = registry.runs_automations()
    found = registry.automation_states()
    return AutomationsRead(
        tuple(
            each if each.last is None else replace(each, last=truthful(each.last, is_working=is_working))
            for each in found
        )
    )


def read_log(registry: Registry, name: str | None) -> DeliveriesRead:
    """Read what was handed to an automation, or to all."""
    found = registry.delivered_events(name, limit=MOST)
    return DeliveriesRead(name, _as_they_are(registry, found))


def read_delivery(registry: Registry, number: int) -> DeliveryRead | DeliveryGone:
    """Read a delivery with all that was printed."""
    try:
        found = [registry.delivery(number), *registry.delivery_attempts(number)]
    except NotFound:
        return DeliveryGone(number)
    one, *attempts = _as_they_are(registry, found)
    return DeliveryRead(one, tuple(attempts))


def _as_they_are(registry: Registry, found: list[Delivery]) -> tuple[Delivery, ...]:
    is_working = registry.runs_automations()
    return tuple(truthful(each, is_working=is_working) for each in found)


def read_alerts(registry: Registry) -> AlertsRead:
    """Read all alerts, with when each fired."""
    found: list[WatchedAlert] = []
    known: dict[str, tuple[list[Episode], tuple[tuple[ObservedSeries, ...], Mapping[int, Sequence[float]]]]] = {}
    for state in registry.alerts():
        place = f"{state.rule.model}@{state.rule.stage}"
        if place not in known:
            series = tuple(registry.observed_at(place))
            latest = {each.id: registry.observed_latest(each) for each in series}
            known[place] = registry.alert_episodes(place), (series, latest)
        episodes, observed = known[place]
        own = tuple(each for each in episodes if each.alert == state.rule.text)
        found.append(WatchedAlert(state, own, observed))
    return AlertsRead(tuple(found))


def find_alert(registry: Registry, turn: int, place: str, text: str) -> AlertToRemove:
    """Look an alert up that shall be taken away.

    Raises:
        NotFound: there is no such stage, or alert.
    """
    found = registry.alerts(place)
    wanted = " ".join(text.split())
    for each in found:
        if " ".join(each.rule.text.split()) == wanted:
            return AlertToRemove(turn, each)
    near = tuple(nearest(text, [each.rule.text for each in found]))
    raise NotFound(kind="alert", name=text, where=f" at {place}", nearest=near, hint=None if found else "there is none")


def automation_named(registry: Registry, turn: int, name: str) -> ToRemove:
    """Look an automation up that shall be taken away.

    Raises:
        NotFound: there is none.
    """
    known = registry.automation(name)
    return ToRemove(turn, next(each for each in registry.automation_states() if each.automation.id == known.id))


def operated_again(new: Delivery, number: int) -> Operated:
    """What is said of a delivery that was asked for once more."""
    words = f"{new.automation} runs again on event {new.seq}, as delivery {new.id}"
    return Operated(words, f"lineal on again {number}")


def same_automation(registry: Registry, known: Automation) -> str:
    """The name of an automation that was shown, as long as it is the same one.

    Raises:
        NotFound: it was removed, and perhaps another has its name now.
    """
    if registry.automation(known.name).id != known.id:
        raise NotFound(kind="automation", name=known.name, hint="it was removed, and another has its name now")
    return known.name
