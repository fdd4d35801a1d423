"""What the tests of pipelines have in common: scripts for stages, and looks at journals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.core.conftest import Served


LOGS = 'echo "$LINEAL_ACTION $LINEAL_FROM>$LINEAL_TO" >> "$F/log"'


GATE = 'touch "$F/there"; read line < "$F/gate"'
"""Says that it is there, and waits until somebody opens the gate."""

BAD_3 = 'case "$LINEAL_TO" in 3) echo "3 is bad"; exit 9;; esac'


def promote(served: Served, *labels: int) -> None:
    for label in labels:
        served.registry.promote(f"m:{label}", "production")


def steps(served: Served) -> dict[str, str]:
    return {step.name: step.state.value for step in served.registry.pipelines(served.place)[0].steps}
