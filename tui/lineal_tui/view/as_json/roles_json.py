"""Roles as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.drawing.words import utc_time

if TYPE_CHECKING:
    from lineal.records.governance import Binding
    from lineal_tui.view.as_json.values import Object


def binding(found: Binding) -> Object:
    """A role of a subject; `ref`, `model` and `stage` are null where it holds for all models."""
    return {
        "ref": None if found.model is None else found.place,
        "subject": found.subject,
        "role": found.role.value,
        "model": found.model,
        "stage": found.stage,
        "granted_at": utc_time(found.granted_at),
        "granted_by": found.granted_by,
    }
