"""How versions end, in words, for pages and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.gates import durations
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.words import deprecated, local_time, who

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineal.records.base import Micros
    from lineal.records.endings import RetentionRule
    from lineal.records.models import VersionDetail


def ending(detail: VersionDetail, now: Micros) -> Iterator[tuple[str, str, str]]:
    """(field, value, remark) of how a version ends, or ended."""
    said = detail.deprecation
    if said is not None:
        yield "deprecated", deprecated(said.until, now).removeprefix("deprecated, "), local_time(said.until)
        yield "", one_line(said.reason or ""), f"said by {said.actor}"
        yield "use instead", said.successor or "", ""
    over = detail.retirement
    if over is not None:
        by = who(over.actor, over.claim)
        yield "retired", local_time(over.at), f"by {by}"
        yield "", one_line(over.reason), ""
        yield "use instead", over.successor or "", ""
        if over.purged_at is not None:
            yield "purged", local_time(over.purged_at), f"by {over.purged_by}; digests and sizes are kept"


def keeps(rule: RetentionRule) -> str:
    """What a rule keeps, in words."""
    kept = []
    if rule.keep_last is not None:
        kept.append(f"the newest {rule.keep_last}")
    if rule.keep_younger is not None:
        kept.append(f"what is younger than {durations.text(rule.keep_younger)}")
    if rule.keep_live:
        kept.append("what was ever live")
    return ", ".join(kept)
