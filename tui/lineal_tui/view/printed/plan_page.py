"""What a transition would do, as a page of the command line: its checks with their figures, its steps, its changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Tone
from lineal_tui.view.drawing.text import heading
from lineal_tui.view.drawing.words import deprecated
from lineal_tui.view.governance.gates import checks

if TYPE_CHECKING:
    from lineal.records.base import Micros
    from lineal.records.releases import StageSettings
    from lineal.records.stages import Plan


def plan(found: Plan, width: int | None, bound: StageSettings | None = None, *, now: Micros) -> list[Line]:
    """What a transition would do; `bound` is how its stage is, None for a pointer only."""
    place = f"{found.model}@{found.stage}"
    source = "nothing" if found.source is None else found.source.ref
    target = "nothing" if found.target is None else found.target.ref
    lines: list[Line] = [
        (
            (f"{found.action} {place}", Tone.STRONG),
            (f"  {one_line(source)} → {one_line(target)}", Tone.TEXT),
        )
    ]
    if found.changes_nothing:
        lines.append(((f"  {one_line(target)} is live there already; nothing would change", Tone.MUTED),))
    if found.target is not None and found.target.deprecated_until is not None:
        told = deprecated(found.target.deprecated_until, now)
        lines.append(((f"  {one_line(target)} is {told}", Tone.WORSE),))
    for label, why in found.skipped:
        lines.append(((one_line(f"  passes over {label}, which {why}"), Tone.WORSE),))
    if found.checks:
        lines += [(), heading("Checks"), *checks(found.checks, width)]
    if bound is None:
        lines += [(), heading("Steps"), ((f"  {one_line(', '.join(found.steps))}", Tone.TEXT),)]
    else:
        from lineal_tui.view.staging.stage_page import plan_steps  # noqa: PLC0415  most stages are pointers only

        lines += plan_steps(found, bound)
    if found.diff is not None:
        from lineal_tui.view.printed.texts import diff  # noqa: PLC0415  as above

        lines += [(), heading("Changes"), *diff(found.diff, width)]
    return lines
