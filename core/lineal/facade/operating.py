"""What happens to versions once they are live: observations, ends, and what runs by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.facade.door import address_of
from lineal.facade.governing import Governing
from lineal.lazily import Later

if TYPE_CHECKING:
    from lineal import endings, retention
    from lineal.facade.door import Address
    from lineal.records.base import Micros
    from lineal.records.endings import Ended, Expired, Hold, RetentionRule
    from lineal.records.models import Version
else:
    endings = Later("lineal.endings")
    retention = Later("lineal.retention")


class Operating(Governing):
    """What happens to versions once they are live: observations, ends, and what runs by itself."""

    def retire(
        self, ref: Address, *, reason: str | None = None, successor: Address | None = None, purge: bool = False
    ) -> Ended:
        """End a version, whose record stays; with `purge` its bytes go. See `lineal.endings.retire`."""
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
