"""What the tests of gates have in common: a stage, lengths of time, and what failed in a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.stages import Check, Plan


PLACE = "m@production"


HOUR = 3_600_000_000


def failed(plan: Plan) -> dict[str, Check]:
    return {check.name: check for check in plan.failed}
