"""Entries of the audit log: as rows, as sentences, and with the addresses of what they changed."""

from __future__ import annotations

import json as standard_json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import clean, one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Span, Tone, broken, cut, cut_middle, rule, width_of
from lineal_tui.view.drawing.text import cells_of, table
from lineal_tui.view.drawing.words import (
    age,
    counted,
    local_time,
    number,
    utc_time,
    vouched_and_claimed,
    when,
    who_short,
)
from lineal_tui.view.drawing.words import who as person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Micros
    from lineal.records.stages import Event

_GOOD = frozenset({"promoted", "undone", "marked_active"})
_GRAVE = frozenset(
    {"rolled_back", "cleared", "marked_bad", "version_retired", "version_purged", "run_killed", "run_failed"}
)
_SILENT = frozenset({"uid", "digest", "seq", "source", "from", "to", "reason", "outcome", "pipeline", "imported"})
"""What a sentence leaves out, or says in its own words; the entry's page has all of it."""
_LONGEST = 160
_AS_MEANT = frozenset({"healthy", "unchecked"})


def who(event: Event) -> str:
    """The real user, and what was only claimed, shown as a claim."""
    return person(event.actor.user, event.actor.claim)


def said(event: Event) -> str:
    """What an entry's data say, in one line of words."""
    data, parts = event.data, []
    if "to" in data or "from" in data:
        parts.append(f"{data.get('from') or '-'} → {data.get('to') or '-'}")
    outcome = data.get("outcome")
    if isinstance(outcome, str) and outcome not in _AS_MEANT:
        parts.append(outcome)
    if data.get("reason"):
        parts.append(f"“{data['reason']}”")
    parts += [
        f"{name} {_value(value)}" for name, value in data.items() if name not in _SILENT and value not in _NOTHING
    ]
    return one_line(" · ".join(parts))[:_LONGEST]


_NOTHING: tuple[object, ...] = (None, "", [], {})


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={_value(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)
    if isinstance(value, bool) or value is None:
        return standard_json.dumps(value)
    return str(value)


def _tone(event: Event) -> Tone:
    if event.action in _GRAVE or event.action.endswith(("_reverted", "_failed", "_cancelled")):
        return Tone.FAILED
    return Tone.BETTER if event.action in _GOOD else Tone.STRONG


# for the shell


def table_of(found: Sequence[Event], width: int | None) -> list[Line]:
    """Entries under their titles."""
    rows = [
        (
            (str(each.seq), Tone.MUTED),
            (local_time(each.at), Tone.MUTED),
            (who(each), Tone.TEXT),
            (each.action, _tone(each)),
            (each.ref, Tone.TEXT),
            (said(each), Tone.MUTED),
        )
        for each in found
    ]
    titles = ("SEQ", "AT", "BY", "ACTION", "REF", "WHAT")
    is_narrow = width is not None and cells_of(titles, rows, (0, 1, 3, 4)) > width
    return table(titles, rows, width=width, numbers=(0,), below=(4, 2, 5) if is_narrow else (2, 5), whole=(4,))


def told(event: Event, width: int | None) -> Line:
    """One entry as a line of its own, for whoever follows the log."""
    spans: tuple[Span, ...] = (
        (f"{event.seq:>7} ", Tone.MUTED),
        (f"{local_time(event.at)}  ", Tone.MUTED),
        (one_line(who(event)) + "  ", Tone.TEXT),
        (one_line(event.action) + "  ", _tone(event)),
        (one_line(event.ref), Tone.TEXT),
    )
    used = sum(width_of(text) for text, _ in spans)
    words = said(event)
    if width is not None:
        words = cut(words, max(1, width - used - 2)) if width > used + 10 else ""
    return (*spans, ("  " + words, Tone.MUTED)) if words else spans


# for the application


@dataclass(frozen=True, slots=True)
class AuditLook:
    """What all rows of the log have in common."""

    now: Micros
    seq_width: int
    who_width: int = 6
    action_width: int = 12
    ref_width: int = 12


def measured(look: AuditLook, found: Sequence[Event]) -> AuditLook:
    """The same look with columns wide enough for these entries, too."""
    return AuditLook(
        look.now,
        max([look.seq_width, *(len(str(each.seq)) for each in found)]),
        min(14, max([look.who_width, *(width_of(one_line(_short(each))) for each in found)])),
        min(20, max([look.action_width, *(width_of(one_line(each.action)) for each in found)])),
        min(32, max([look.ref_width, *(width_of(one_line(_ref(each))) for each in found)])),
    )


def _short(event: Event) -> str:
    return who_short(event.actor.user, event.actor.claim)


def _ref(event: Event) -> str:
    """An address as a list shows it: a run's id as people type it."""
    return event.ref[:16] if event.ref.startswith("run:") else event.ref


@lru_cache(maxsize=8)
def audit_columns(look: AuditLook, width: int) -> tuple[Column, ...]:
    """The columns that fit, the words taking what is left."""
    return arrange(
        [
            Column("seq", "SEQ", max(3, look.seq_width), right=True, rank=5),
            Column("at", "AT", 16, rank=6),
            Column("age", "AGE", 4, right=True, rank=2),
            Column("who", "BY", look.who_width, rank=3),
            Column("action", "ACTION", look.action_width),
            Column("ref", "REF", max(12, min(look.ref_width, width // 3 - 10))),
            Column("what", "WHAT", 16, grows=True, rank=1),
        ],
        width,
    )


def audit_head(look: AuditLook, width: int) -> Line:
    """The titles of the columns."""
    return head(audit_columns(look, width))


def audit_line(event: Event, look: AuditLook, width: int) -> Line:
    """One entry."""
    columns = audit_columns(look, width)
    room = next((column.width for column in columns if column.id == "ref"), look.ref_width)
    return row(
        columns,
        {
            "seq": ((str(event.seq), Tone.MUTED),),
            "at": ((local_time(event.at), Tone.MUTED),),
            "age": ((age(event.at, look.now), Tone.MUTED),),
            "who": ((_short(event), Tone.CHANGED if vouched_and_claimed(event.actor.claim)[1] else Tone.TEXT),),
            "action": ((event.action, _tone(event)),),
            "ref": ((cut_middle(one_line(_ref(event)), room), Tone.TEXT),),
            "what": ((said(event), Tone.MUTED),),
        },
    )


def audit_title(count: int, total: int, width: int, *, active: bool, searching: bool) -> Line:
    """The rule above the log."""
    some = number(count) + ("+" if searching else "")
    words = counted(total, "entry", "entries")
    return rule(
        (("audit log", Tone.TITLE if active else Tone.STRONG),),
        ((words if count == total and not searching else f"{some} of {words}", Tone.MUTED),),
        width,
    )


# one entry


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of an entry's page."""

    line: Line
    leads_to: str | None = None
    """The address that enter follows from here; None where it leads nowhere."""


def links(event: Event) -> list[tuple[str, str]]:
    """What an entry changed, and what that has to do with: (word, address)."""
    found = [("changed", event.ref)] if _is_address(event.ref) else []
    model, at, _ = event.ref.partition("@")
    data = event.data
    if at:
        found += [(word, f"{model}:{label}") for word in ("to", "from") if isinstance(label := data.get(word), str)]
    for name, word in (("dataset", "dataset"), ("measured_on", "measured on"), ("run", "run")):
        value = data.get(name)
        if isinstance(value, str) and value:
            found.append((word, value if ":" in value or name != "run" else f"run:{value}"))
    parents = data.get("parents")
    for parent in parents if isinstance(parents, list) else []:
        if isinstance(parent, str):
            found.append(("parent", parent.rpartition("=")[0] or parent))
    return list(dict.fromkeys(found))


def narrowest(event: Event) -> str:
    """Who it was, as a filter names them: by the claim where there is one, since the account is then shared."""
    claimed = vouched_and_claimed(event.actor.claim)[1]
    return claimed.rpartition(",")[2] if claimed else event.actor.user


def subject(event: Event) -> str | None:
    """The model, dataset, run or experiment that an entry is about; None for none of them."""
    if not _is_address(event.ref):
        return None
    if event.ref.startswith(("run:", "exp:")):
        return event.ref
    if event.ref.startswith("data:"):
        return "data:" + event.ref.removeprefix("data:").partition(":")[0]
    return event.ref.partition("@")[0].partition(":")[0]


def _is_address(ref: str) -> bool:
    from lineal.errors import BadAddress  # noqa: PLC0415  start-up is measured
    from lineal.rules.refs import parse  # noqa: PLC0415  as above

    try:
        parse(ref)
    except BadAddress:
        return False
    return ref != "objects" and "/" not in ref.partition(":")[0]


def event_rows(event: Event, now: Micros, width: int) -> list[EventRow]:
    """The page of an entry: what happened in words, where it leads, its data as JSON, its hash."""
    vouching, claimed = vouched_and_claimed(event.actor.claim)
    claims = f"claims {claimed}, which nobody checked" if claimed else ""
    by = f"{event.actor.user} (uid {event.actor.uid})" + (f", for whom {vouching} vouches" if vouching else "")
    rows = [
        EventRow(((one_line(event.action), _tone(event)), ("  ", Tone.TEXT), (one_line(event.ref), Tone.STRONG))),
        EventRow(((one_line(said(event)) or "no more is recorded of it", Tone.TEXT),)),
        _field("at", f"{when(event.at, now)}  {utc_time(event.at)}"),
        EventRow(
            (
                ("by".ljust(9), Tone.MUTED),
                (one_line(by), Tone.TEXT),
                (one_line(claims) and "  " + one_line(claims), Tone.CHANGED),
            )
        ),
    ]
    for word, ref in links(event):
        span = (cut_middle(one_line(ref), max(12, width - 20)), Tone.KEY)
        rows.append(EventRow(((word.ljust(12), Tone.MUTED), ("→ ", Tone.KEY), span), ref))
    rows += [EventRow(()), _field("hash", event.hash), _field("prev", event.prev), EventRow(())]
    text = standard_json.dumps(event.data, indent=2, ensure_ascii=False, allow_nan=True)
    for line in map(clean, text.splitlines()):
        rows += [EventRow(((piece, Tone.TEXT),)) for piece in broken(line, max(20, width - 2))]
    return rows


def _field(name: str, value: str) -> EventRow:
    return EventRow(((name.ljust(9), Tone.MUTED), (one_line(value), Tone.TEXT)))


def event_title(event: Event, width: int, *, active: bool) -> Line:
    """The rule above an entry."""
    return rule((("entry ", Tone.MUTED), (str(event.seq), Tone.TITLE if active else Tone.STRONG)), (), width)
