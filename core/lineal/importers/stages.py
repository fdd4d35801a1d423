"""Lets what another program points at be live here, as long as nobody moved the stage here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import NotPermitted
from lineal.importers.mapping import fitting
from lineal.queries import gates as gate_rows
from lineal.queries import imports as rows
from lineal.queries import releases as release_rows
from lineal.queries import stages as stage_rows
from lineal.records.models import VersionStatus
from lineal.records.stages import Action, Outcome
from lineal.rules import naming
from lineal.write_path.policy import Permission, allowed

if TYPE_CHECKING:
    from collections.abc import Collection

    from lineal.importers.reading import Reader
    from lineal.importers.tally import Tally
    from lineal.records.imports import ForeignModel, ForeignPointer
    from lineal.records.models import Version
    from lineal.records.stages import Stage, Transition
    from lineal.write_path.context import Change, Context


class StageWriter:
    """Brings aliases and stages from one store; the other program keeps no history of them."""

    def __init__(self, context: Context, reader: Reader, source: int, tally: Tally) -> None:
        """Write what `reader` reads from the store in row `source`."""
        self._context = context
        self._reader = reader
        self._source = source
        self._tally = tally

    def bring(self, foreign: ForeignModel, model: int, name: str) -> None:
        """Move the stages of a model to where aliases and stages point there."""
        wanted = self._wanted(foreign, name)
        try:
            self._bring(foreign, model, name, wanted)
        except NotPermitted as error:
            if wanted:
                self._tally.lost("stage", name, f"its stages stay as they are: {error}")

    def _bring(self, foreign: ForeignModel, model: int, name: str, wanted: dict[str, ForeignPointer]) -> None:
        with self._context.change(Permission.PROMOTE, name) as change:
            for stage, pointer in wanted.items():
                self._tally.found("stage")
                here = self._stage(change, model, name, stage, wanted)
                if here is not None:
                    self._move(change, foreign, here, pointer)
            for other in stage_rows.stages_of(change.connection, model):
                if other.name not in wanted:
                    self._clear(change, other)

    def _wanted(self, foreign: ForeignModel, name: str) -> dict[str, ForeignPointer]:
        """Which pointer decides on which stage; aliases come first, and of versions the one that changed last."""
        wanted: dict[str, ForeignPointer] = {}
        for pointer in foreign.pointers:
            stage, why = fitting(naming.check_stage_name, pointer.name)
            if why is not None:
                self._tally.changed("stage", f"{name}@{pointer.name}", f"here it is {stage}: {why}")
            first = wanted.setdefault(stage, pointer)
            if first.number != pointer.number:
                than = "an alias of this name points at" if first.is_alias else "changed last there was"
                self._tally.lost(
                    "stage",
                    f"{name}@{stage}",
                    f"version {pointer.number} is there too, but one is live at a time, and {than} {first.number}",
                )
        return wanted

    def _stage(self, change: Change, model: int, name: str, stage: str, wanted: Collection[str]) -> Stage | None:
        """The stage of this name, added where it is new; None when this actor may add none, which is told."""
        found = stage_rows.stage(change.connection, model, stage)
        if found is None:
            place = f"{name}@{stage}"
            why = allowed(change.connection, change.actor, Permission.CONFIGURE, place)
            if why is not None:
                way = f"once somebody added it (`lineal stage add {place}`), import again"
                self._tally.lost("stage", place, f"there is no such stage here, and {why}; {way}")
                return None
            stages = stage_rows.stages_of(change.connection, model)
            last = stages[-1] if stages else None
            # what is in production there stays the last stage here; else an alias is what comes nearest to it
            position = last.position if last is not None and last.name in wanted else len(stages)
            stage_rows.insert_stage(change.connection, model, stage, position)
            change.record("stage_added", place, position=position, after=None)
            found = addresses.stage(change.connection, name, stage)[1]
        return found

    def _move(self, change: Change, foreign: ForeignModel, stage: Stage, pointer: ForeignPointer) -> None:
        connection = change.connection
        place = f"{stage.model}@{stage.name}"
        id_there = f"{foreign.id}/{pointer.number}"
        known = rows.known(connection, self._source, "version", [id_there]).get(id_there)
        if known is None:
            self._tally.lost("stage", place, f"version {pointer.number} is not there")
            return
        target = addresses.must_have(connection, known[0])
        live = stage_rows.live(connection, stage.id)
        if live is not None and live.to_version == target.id:
            return
        why = self._why_not(change, stage)
        if why is None and target.status is not VersionStatus.ACTIVE:
            why = f"{target.label} is {target.status} here"
        if why is not None:
            self._tally.lost("stage", place, f"it is at {target.label} there; {why}")
            return
        word = "alias" if pointer.is_alias else "stage"
        reason = f"where the {word} {pointer.name} was in {self._reader.store.program}"
        self._append(change, stage, live, target, reason)

    def _clear(self, change: Change, stage: Stage) -> None:
        """Nothing points there any more: what an import made live is no longer."""
        live = stage_rows.live(change.connection, stage.id)
        if live is None or live.to_version is None or live.action is not Action.IMPORT:
            return
        if rows.came_from(change.connection, self._source, "version", live.to_version) is None:
            return
        why = self._why_not(change, stage)
        if why is None:
            self._append(change, stage, live, None, f"nothing is there any more in {self._reader.store.program}")
        else:
            self._tally.lost("stage", f"{stage.model}@{stage.name}", f"nothing is there any more; {why}")

    def _why_not(self, change: Change, stage: Stage) -> str | None:
        """Why an import may not move a stage."""
        latest = stage_rows.history(change.connection, 0, stage.id, before=None, limit=1)
        if latest and latest[0].action is not Action.IMPORT:
            return f"the last transition here was a {latest[0].action}, so it stays"
        if release_rows.settings(change.connection, stage.id) is not None:
            return "here it is bound to a directory, and an import runs no release"
        if not gate_rows.gates_of(change.connection, stage.id).is_open:
            return "here it has gates, which an import does not meet; promote it"
        return None

    def _append(
        self, change: Change, stage: Stage, live: Transition | None, target: Version | None, reason: str
    ) -> None:
        before = None if live is None else live.id
        number = stage_rows.insert_transition(
            change.connection,
            stage.id,
            action=Action.IMPORT,
            from_version=None if live is None else live.to_version,
            to_version=None if target is None else target.id,
            actor=change.actor,
            reason=reason,
            began_at=change.at,
            switched_at=change.at,
            ended_at=change.at,
            outcome=Outcome.UNCHECKED,
            output=None,
            predecessor=before,
            replaced=before,
        )
        written = stage_rows.transition(change.connection, number)
        change.record(
            "stage_imported",
            f"{stage.model}@{stage.name}",
            seq=None if written is None else written.seq,
            reason=reason,
            outcome=Outcome.UNCHECKED,
            source=self._reader.store.uid,
            **{"from": None if live is None else live.to_label, "to": None if target is None else target.label},
        )
        if live is None:
            self._tally.added("stage")
        else:
            self._tally.updated("stage")
