"""The models of a registry as columns: what is live where, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.alarms import alarm
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Tone, cut, width_of
from lineal_tui.view.drawing.words import age, figure, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Micros
    from lineal.records.models import Model


_LEAST_STAGE = 4
"""Cells that the name of a stage keeps beside what is live there."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How good what is live of a model is, and what waits to become live."""

    primary: float | None = None
    """The primary metric of the version live at its last stage; None when there is none."""
    waits: tuple[tuple[str, str, Micros], ...] = ()
    """(stage, label, since when) of what is live at an earlier stage and newer than what is live at the last."""


@dataclass(frozen=True, slots=True)
class ModelItem:
    """One model and how it stands."""

    model: Model
    standing: Standing


@dataclass(frozen=True, slots=True)
class ModelsLook:
    """What all rows of the list of models have in common."""

    stages: tuple[str, ...]
    """Every stage that a model has, in order, the last (production) first on screen."""
    name_width: int
    live_width: int
    now: Micros
    waits_width: int = 5


def models_look(items: Sequence[ModelItem], now: Micros) -> ModelsLook:
    """Measure the models."""
    stages: dict[str, None] = {}
    for item in items:
        stages.update(dict.fromkeys(reversed([name for name, _ in item.model.stages])))
    name = max([5, *(width_of(cut(item.model.name, 28)) for item in items)])
    live = max([8, *(width_of(_live(item.model, name)) for item in items for name, _ in item.model.stages)])
    waits = max([5, *(width_of(_waits(item, now)) for item in items)])
    return ModelsLook(tuple(stages), name, live, now, min(waits, 30))


def models_columns(look: ModelsLook, width: int) -> tuple[Column, ...]:
    """The columns that fit: the stages nearest to production stay longest."""
    columns = [Column("name", "MODEL", look.name_width)]
    columns.extend(
        Column(f"stage:{name}", cut(name, 14).upper(), max(look.live_width, width_of(cut(name, 14))), rank=2 + 2 * n)
        for n, name in enumerate(look.stages)
    )
    columns.append(Column("metric", "METRIC", 16, rank=3))
    columns.append(Column("waits", "WAITS", look.waits_width, rank=4))
    columns.append(Column("versions", "VERSIONS", 8, right=True, rank=5))
    columns.append(Column("age", "CHANGED", 7, right=True, rank=7))
    columns.append(Column("owner", "OWNER", 10, rank=9))
    columns.append(Column("purpose", "PURPOSE", 12, grows=True, rank=20))
    return arrange(columns, width)


def models_head(look: ModelsLook, width: int) -> Line:
    """The titles of the columns."""
    return head(models_columns(look, width))


def models_line(item: ModelItem, look: ModelsLook, width: int) -> Line:
    """One model."""
    model = item.model
    live = dict(model.stages)
    last = model.stages[-1][0] if model.stages else None
    primary = f"{cut(model.primary_metric, 8)} {figure(item.standing.primary)}" if model.primary_metric else "-"
    cells: dict[str, Line] = {
        "name": ((model.name, Tone.STRONG),),
        "metric": ((primary, Tone.TEXT if item.standing.primary is not None else Tone.MUTED),),
        "waits": ((_waits(item, look.now), Tone.STAGED),),
        "versions": ((number(model.versions), Tone.MUTED),),
        "age": ((age(model.updated_at, look.now), Tone.MUTED),),
        "owner": ((model.owner or "-", Tone.MUTED),),
        "purpose": ((model.purpose or model.notes or "", Tone.MUTED),),
    }
    for name in look.stages:
        label = live.get(name)
        tone = Tone.MUTED if label is None else Tone.LIVE if name == last else Tone.STAGED
        cells[f"stage:{name}"] = ((_live(model, name), Tone.FAILED if alarm(model, name) else tone),)
    return row(models_columns(look, width), cells)


def _live(model: Model, stage: str) -> str:
    """What is live at a stage; what is wrong with it is said first, so that it is never cut off."""
    label = dict(model.stages).get(stage)
    if label is None:
        return "-"
    return f"{alarm(model, stage)} {cut(label, 18)}".lstrip()


def _waits(item: ModelItem, now: Micros) -> str:
    return ", ".join(f"{cut(label, 16)} {age(since, now)}" for _, label, since in item.standing.waits)


def model_stage_line(item: ModelItem, stage: str | None, width: int) -> Line:
    """A model, or under it one of its stages with what is live there, for the narrow pane at the left.

    What waits at a stage, newer than what is live at the last one, has an arrow up.
    """
    width -= 1
    model = item.model
    if stage is None:
        name = cut(model.name, width)
        return ((name, Tone.STRONG),)
    label = dict(model.stages).get(stage)
    waits = any(name == stage for name, _, _ in item.standing.waits)
    text = cut(("↑ " if waits else "") + _live(model, stage), max(0, width - _LEAST_STAGE - 3))
    # the name of a stage is known from its place; what is live there, and that something is wrong with it, is not
    lead = "  " + cut(stage, max(1, width - width_of(text) - 3))
    tone = (
        Tone.FAILED
        if alarm(model, stage)
        else Tone.MUTED
        if label is None
        else Tone.LIVE
        if stage == model.stages[-1][0]
        else Tone.STAGED
    )
    return ((lead, Tone.MUTED), (" " * (width - width_of(lead) - width_of(text)), Tone.TEXT), (text, tone))
