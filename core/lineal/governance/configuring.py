"""Everything about a stage, changed in one transaction: what it demands, what it watches, how it is bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lineal import addresses
from lineal.governance import gating
from lineal.operations.alerts import setting
from lineal.queries import alerts as alert_rows
from lineal.queries import gates as gate_rows
from lineal.staging import bindings
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.alerts import AlertSetting
    from lineal.write_path.context import Change, Context


def configure(
    context: Context,
    address: str,
    *,
    gates: Mapping[str, Any] | None = None,
    no_alerts: Sequence[str] = (),
    alerts: Sequence[AlertSetting] = (),
    binding: Mapping[str, Any] | None = None,
) -> None:
    """Change a stage, all of it or nothing; each kind of change has its own event.

    Args:
        context: the registry.
        address: of the stage.
        gates: as `gating.set_gates`.
        no_alerts: texts of alerts that are taken away first, or `all`.
        alerts: what must hold of what is observed; one that is there already is said anew.
        binding: as `bindings.bind`.

    Raises:
        LinealError: as what it is made of; nothing was changed.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:  # before anything is laid out
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        if gates:
            gating.checked(connection, stage, gate_rows.gates_of(connection, stage.id), gates)
        setting.meant(alert_rows.rules(connection, stage.id), str(ref), no_alerts)
    for each in alerts:
        setting.checked([each.text], command=each.command, cool_down=each.cool_down)

    def change_rest(change: Change) -> None:
        _, stage = addresses.stage(change.connection, ref.model, ref.stage)  # it may have been removed meanwhile
        if gates:
            known = gate_rows.gates_of(change.connection, stage.id)
            gating.write(change, stage, gating.checked(change.connection, stage, known, gates))
        if no_alerts:
            setting.take(change, stage, no_alerts)
        for each in alerts:
            setting.put_one(change, stage, each)

    if binding:
        bindings.bind(context, address, binding, also=change_rest)
        return
    with context.change(Permission.CONFIGURE, str(ref)) as change:
        change_rest(change)
