"""What happens to versions once they are live: observations, ends, and what runs by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.facade.door import address_of
from lineal.facade.governing import Governing
from lineal.machine.lazily import Later

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from lineal.facade.door import Address
    from lineal.operations import automation, delivering, observed_curves, observing, reacting
    from lineal.operations.alerts import reading as alert_reading
    from lineal.operations.alerts import setting as alert_setting
    from lineal.records.alerts import AlertRule, AlertState, Episode
    from lineal.records.automation import Automation, AutomationState, Delivery
    from lineal.records.base import Micros
    from lineal.records.curves import Curves
    from lineal.records.endings import Ended, Expired, Hold, RetentionRule
    from lineal.records.models import Version
    from lineal.records.observations import Observation, Observed, ObservedHour, ObservedSeries, ObservedValue
    from lineal.retirement import endings, retention
    from lineal.write_path import waking
else:
    alert_reading = Later("lineal.operations.alerts.reading")
    alert_setting = Later("lineal.operations.alerts.setting")
    automation = Later("lineal.operations.automation")
    delivering = Later("lineal.operations.delivering")
    endings = Later("lineal.retirement.endings")
    observed_curves = Later("lineal.operations.observed_curves")
    observing = Later("lineal.operations.observing")
    reacting = Later("lineal.operations.reacting")
    retention = Later("lineal.retirement.retention")
    waking = Later("lineal.write_path.waking")


class Operating(Governing):
    """What happens to versions once they are live: observations, ends, and what runs by itself."""

    def retire(
        self, ref: Address, *, reason: str | None = None, successor: Address | None = None, purge: bool = False
    ) -> Ended:
        """End a version, whose record stays; with `purge` its bytes go. See `lineal.retirement.endings.retire`."""
        heir = None if successor is None else address_of(successor)
        return endings.retire(self._context, address_of(ref), reason=reason, successor=heir, purge=purge)

    def holds(self, ref: Address) -> list[Hold]:
        """What keeps a version from being retired."""
        version = self.version(address_of(ref))
        with self._context.read() as connection:
            return endings.holds(connection, version)

    def deprecate(
        self, ref: Address, *, until: Micros | None, reason: str | None = None, successor: Address | None = None
    ) -> Version:
        """Say until when a version may be used; None takes that back."""
        heir = None if successor is None else address_of(successor)
        return endings.deprecate(self._context, address_of(ref), until=until, reason=reason, successor=heir)

    def overdue(self) -> list[Version]:
        """The versions whose deprecation's date is past, the longest overdue first."""
        return endings.overdue(self._context)

    def retention(self, model: str | None = None) -> list[RetentionRule]:
        """The rules that say which versions keep their bytes."""
        return retention.rules(self._context, model)

    def set_retention(
        self,
        model: str,
        *,
        keep_last: int | None = None,
        keep_live: bool = False,
        keep_younger: int | None = None,
    ) -> RetentionRule | None:
        """Say which versions of a model keep their bytes (`keep_younger` in seconds); with nothing, all do."""
        return retention.set_rule(
            self._context, model, keep_last=keep_last, keep_live=keep_live, keep_younger=keep_younger
        )

    def expired(self, model: str | None = None) -> list[Expired]:
        """The versions that no rule of their model keeps."""
        return retention.expired(self._context, model)

    def expire(self) -> tuple[list[Ended], list[tuple[str, str]]]:
        """Retire and purge every version that no rule keeps; returns what ended, and what could not with the reason."""
        return retention.expire(self._context)

    def observe(
        self,
        stage_ref: str,
        metrics: Mapping[str, float],
        *,
        at: datetime | Micros | None = None,
        version: Address | None = None,
    ) -> Observed:
        """Record what was measured on what is live at a stage.

        Args:
            stage_ref: address of the stage.
            metrics: name to value.
            at: when, as a `datetime` (local without a zone) or in microseconds since 1970; None for now.
            version: which version it is about; None for what was live at that time.
        """
        from lineal.records.observations import Observation  # noqa: PLC0415  most commands observe nothing

        moment = None if at is None else _micros(at)
        return self.observe_all(
            stage_ref, [Observation(name, value, moment) for name, value in metrics.items()], version=version
        )

    def observe_all(
        self, stage_ref: str, observations: Sequence[Observation], *, version: Address | None = None
    ) -> Observed:
        """Record observations, all or none, and do what firing alerts say. See `lineal.operations.observing`."""
        about = None if version is None else address_of(version)
        found = observing.observe(self._context, stage_ref, observations, version=about)
        return reacting.react(self._context, found) if found.fired else found

    def observed_at(self, stage_ref: str, *, version: Address | None = None) -> list[ObservedSeries]:
        """What was observed at a stage of what is live there, or of a version; the newest spell first."""
        about = None if version is None else address_of(version)
        return observing.observed_at(self._context, stage_ref, version=about)

    def observed_of(self, ref: Address) -> list[ObservedSeries]:
        """What was observed of a version, wherever it was live; the newest spell first."""
        return observing.observed_of(self._context, address_of(ref))

    def observed_hours(
        self, series: Sequence[ObservedSeries], *, since: Micros | None = None, until: Micros | None = None
    ) -> list[ObservedHour]:
        """What was observed hour by hour, which is kept for ever."""
        return observing.hours_of(self._context, series, since=since, until=until)

    def observed_values(
        self, series: Sequence[ObservedSeries], *, since: Micros | None = None, until: Micros | None = None
    ) -> list[ObservedValue]:
        """The single values of the last days."""
        return observing.values_of(self._context, series, since=since, until=until)

    def observed_latest(self, series: ObservedSeries, count: int = 240) -> list[float]:
        """The newest single values of a metric, oldest first."""
        return observing.latest_of(self._context, series, count)

    def observed_metrics(self, stage_ref: str, *, whole: bool = False) -> tuple[str, ...]:
        """The metrics observed of what is live at a stage, or of all that was: those that alerts ask for first."""
        return observed_curves.metrics_observed(self._context, stage_ref, whole=whole)

    def observed_curve(
        self,
        stage_ref: str,
        metric: str,
        *,
        whole: bool = False,
        columns: int = 1_000,
        first: float | None = None,
        last: float | None = None,
    ) -> Curves:
        """What was observed of one metric over time, with the lines that alerts draw and when they fired.

        Single values are drawn where all of an hour are kept; else the hour, with its least and greatest value and
        mean. See `lineal.operations.observed_curves`.

        Args:
            stage_ref: address of the stage.
            metric: its name.
            whole: of all versions that were live there; else of the one that is, since it is.
            columns: the most dots.
            first: where to begin, in microseconds since 1970; None for the first value.
            last: where to end; None for the last value.
        """
        return observed_curves.observed(
            self._context, stage_ref, metric, whole=whole, columns=columns, first=first, last=last
        )

    def set_alerts(
        self,
        stage_ref: str,
        *texts: str,
        command: Sequence[str] | None = None,
        rolls_back: bool = False,
        cool_down: int = 3_600,
    ) -> list[AlertRule]:
        """Say what must hold of what a stage observes: `latency_p99 < 80 for 10m`. See `lineal.operations.alerts`."""
        return alert_setting.set_alerts(
            self._context, stage_ref, texts, command=command, rolls_back=rolls_back, cool_down=cool_down
        )

    def remove_alerts(self, stage_ref: str, *texts: str) -> list[AlertRule]:
        """Take alerts of a stage away, or `all`; returns those that are left."""
        return alert_setting.remove_alerts(self._context, stage_ref, texts)

    def alerts(self, stage_ref: str | None = None) -> list[AlertState]:
        """How the alerts of a stage are, or all of them."""
        return alert_reading.states(self._context, stage_ref)

    def unobserved(self, stage_ref: str) -> tuple[str, ...]:
        """Metrics that alerts of a stage ask for, and that were never observed there."""
        return alert_reading.unobserved(self._context, stage_ref)

    def alert_episodes(self, stage_ref: str | None = None, *, limit: int = 50) -> list[Episode]:
        """When alerts fired, newest first."""
        return alert_reading.episodes(self._context, stage_ref, limit=limit)

    def firing(self) -> list[Episode]:
        """The alerts that fire now, the oldest first."""
        return alert_reading.firing(self._context)

    def automations(self) -> list[Automation]:
        """The commands that run when something happens, in the order in which they were added."""
        return automation.automations(self._context)

    def automation(self, name: str) -> Automation:
        """The automation of a name."""
        return automation.automation(self._context, name)

    def automation_states(self) -> list[AutomationState]:
        """All automations, and how what was handed to them fared."""
        return automation.states(self._context)

    def add_automation(
        self,
        event: str,
        place: str | None,
        command: Sequence[str],
        *,
        timeout: float = 30.0,
        name: str | None = None,
    ) -> Automation:
        """Run a command whenever something happens from now on. See `lineal.operations.automation.add`."""
        return automation.add(self._context, event, place, command, timeout=timeout, name=name)

    def remove_automation(self, name: str) -> Automation:
        """Take an automation away, with what waits for it; its log stays."""
        return automation.remove(self._context, name)

    def enable_automation(self, name: str, *, enabled: bool = True) -> Automation:
        """Let an automation run, or keep it from running."""
        return automation.enable(self._context, name, enabled=enabled)

    def deliveries(self, name: str | None = None, *, limit: int | None = None) -> list[Delivery]:
        """What was handed to automations, newest first."""
        return automation.deliveries(self._context, name, limit=limit)

    def delivered_events(self, name: str | None = None, *, limit: int = 1_000) -> list[Delivery]:
        """Of each event that was handed to automations the last attempt, newest first, with the end of its output."""
        return automation.delivered_events(self._context, name, limit=limit)

    def delivery_attempts(self, number: int) -> list[Delivery]:
        """All deliveries of the event of one to the same automation, the first attempt first."""
        return automation.attempts(self._context, number)

    def delivery(self, number: int) -> Delivery:
        """The delivery of a number."""
        return automation.delivery(self._context, number)

    def runs_automations(self) -> bool:
        """Whether a worker runs what waits; without one, a delivery that is said to run is lost."""
        return waking.is_working(self.root)

    def deliver_again(self, number: int) -> Delivery:
        """Hand the event of a delivery to its automation once more, as soon as may be."""
        return automation.again(self._context, number)

    def settle_automations(self, *, tick: Callable[[], None] = lambda: None) -> None:
        """Have what waits be run, and wait for it; `tick` may raise to wait no longer."""
        delivering.settle(self._context, tick=tick)


def _micros(at: datetime | Micros) -> Micros:
    from lineal.records.base import Micros  # noqa: PLC0415  as above

    return Micros(at) if isinstance(at, int) else Micros(round(at.timestamp() * 1_000_000))
