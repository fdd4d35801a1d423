"""The one thing of the demo that is simulated: a year of dates that ends today, for what is trained in a minute."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from lineal.records.base import Micros

MONTHS = 12
"""How many months the story covers."""
LAST_DAY = 18
"""The last day of a month, from 0, on which something happens; in the last month it is yesterday."""

_LONGEST_FIRST_DAY = 28


@dataclass(frozen=True, slots=True, order=True)
class When:
    """A moment of the story."""

    month: int
    """From 0; months are counted from the day on which data arrives."""
    day: int
    """Days since that one, from 0 to `LAST_DAY`."""
    hour: int = 9
    """UTC."""
    minute: int = 0


class Calendar:
    """A clock that is set to the moments of the story and runs at the usual pace between them; it never runs back."""

    def __init__(self, today: datetime) -> None:
        """Make the last month's `LAST_DAY` the day before `today`."""
        self._today = today.astimezone(UTC)
        self._last_start = (self._today - timedelta(days=LAST_DAY + 1)).date()
        self._set_to = self.moment(When(0, 0, 0))
        self._set_at = time.monotonic_ns()

    def __call__(self) -> Micros:
        """The moment that it shows."""
        return Micros(self._set_to + (time.monotonic_ns() - self._set_at) // 1000)

    def set(self, when: When) -> None:
        """Go to a moment; later than it already, it stays."""
        self._set_to = max(self(), self.moment(when))
        self._set_at = time.monotonic_ns()

    def start_of(self, month: int) -> date:
        """The day on which a month's data arrives."""
        months = self._last_start.year * 12 + self._last_start.month - 1 - (MONTHS - 1 - month)
        return date(months // 12, months % 12 + 1, min(self._last_start.day, _LONGEST_FIRST_DAY))

    def label(self, month: int) -> str:
        """What a month's state of the data is called: the day it arrived."""
        return self.start_of(month).isoformat()

    def moment(self, when: When) -> Micros:
        """The real point in time that a moment of the story stands for."""
        day = self.start_of(when.month) + timedelta(days=when.day)
        moment = datetime(day.year, day.month, day.day, when.hour, when.minute, tzinfo=UTC)
        return Micros(int(moment.timestamp()) * 1_000_000)
