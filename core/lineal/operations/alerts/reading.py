"""How alerts are, and when they fired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.operations.alerts.terms import OWN, PROMOTED, names
from lineal.queries import alerts as rows
from lineal.queries import observations as observed_rows
from lineal.search import written

if TYPE_CHECKING:
    from lineal.records.alerts import AlertState, Episode
    from lineal.write_path.context import Context


def states(context: Context, address: str | None = None) -> list[AlertState]:
    """How the alerts of a stage are, or all of them.

    Raises:
        NotFound: there is no such stage.
    """
    with context.read() as connection:
        if address is None:
            return rows.states(connection, rows.all_rules(connection))
        ref = addresses.stage_ref(address)
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        return rows.states(connection, rows.rules(connection, stage.id))


def unobserved(context: Context, address: str) -> tuple[str, ...]:
    """Metrics that alerts of a stage ask for, and that were never observed there.

    Raises:
        NotFound: there is no such stage.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        known = observed_rows.names_at(connection, stage.id)
        terms = [written.read(rows.term(connection, rule.id)) for rule in rows.rules(connection, stage.id)]
    asked = (name.removeprefix(PROMOTED) for term in terms for name in names(term) if not name.startswith(OWN))
    return tuple(dict.fromkeys(name for name in asked if name not in known))


def episodes(context: Context, address: str | None = None, *, limit: int = 50) -> list[Episode]:
    """When alerts fired, at a stage or anywhere, newest first.

    Raises:
        NotFound: there is no such stage.
    """
    with context.read() as connection:
        if address is None:
            return rows.episodes(connection, None, limit)
        ref = addresses.stage_ref(address)
        return rows.episodes(connection, addresses.stage(connection, ref.model, ref.stage)[1].id, limit)


def firing(context: Context) -> list[Episode]:
    """What fires now, the oldest first."""
    with context.read() as connection:
        return rows.firing(connection)
