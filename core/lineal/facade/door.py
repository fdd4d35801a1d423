"""A registry's identity: where it is, who uses it, whether it may be changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from lineal.records.base import Actor
    from lineal.write_path.context import Context

StrPath = str | os.PathLike[str]
"""A path in any form that Python takes."""


class Named(Protocol):
    """Something that has an address: a version, a dataset version, a run that is going on."""

    @property
    def ref(self) -> str:
        """Its full address."""
        ...


Address = str | Named
"""An address, or something that has one."""


def address_of(thing: Address) -> str:
    """The address that is meant."""
    return thing if isinstance(thing, str) else thing.ref


class Door:
    """A registry that was opened. Safe to share between threads, and after a fork."""

    def __init__(self, context: Context) -> None:
        """Made by `open_registry`."""
        self._context = context

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<lineal.Registry {self.root}{', read-only' if self.read_only else ''}>"

    def close(self) -> None:
        """Close its connections."""
        self._context.db.close()

    @property
    def context(self) -> Context:
        """What its use cases work with."""
        return self._context

    @property
    def root(self) -> Path:
        """Its directory."""
        return self._context.root

    @property
    def actor(self) -> Actor:
        """Who uses it."""
        return self._context.actor

    @property
    def read_only(self) -> bool:
        """Whether changes are refused."""
        return self._context.db.read_only_reason is not None

    @property
    def read_only_reason(self) -> str | None:
        """Why changes are refused; None when they are not."""
        return self._context.db.read_only_reason

    @property
    def uid(self) -> str:
        """Its identifier, which stays when it is moved."""
        from lineal.queries.registry import uid  # noqa: PLC0415  few commands ask

        with self._context.read() as connection:
            return uid(connection)

    def data_version(self) -> int:
        """A number that changes when somebody else changed the registry."""
        return self._context.db.data_version()
