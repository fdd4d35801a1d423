"""Finding what an address names, and saying what comes near when it names nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import Ambiguous, Damaged, NotFound, NothingLive, OtherAddress, StageWanted
from lineal.machine.lazily import Later
from lineal.queries import models, stages, versions
from lineal.records.stages import LiveVersion
from lineal.rules import refs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from lineal.queries import datasets, runs
    from lineal.records.base import Digest
    from lineal.records.data import Dataset, DatasetVersion
    from lineal.records.models import Model, Version
    from lineal.records.runs import Experiment, Run
    from lineal.records.stages import Stage, Transition

    Found = Model | Version | LiveVersion | Dataset | DatasetVersion | Run | Experiment | tuple["Identified", ...]
else:
    datasets = Later("lineal.queries.datasets")
    runs = Later("lineal.queries.runs")


@dataclass(frozen=True, slots=True)
class Identified:
    """Something that has given bytes."""

    digest: Digest
    kind: str
    """`version` (its artifact), `file` (of a version) or `dataset`."""
    ref: str
    """Full address of the version or dataset version."""
    path: str | None
    """The file's path within the version; None for the others."""


def find(connection: sqlite3.Connection, text: str) -> Found:
    """Whatever an address names.

    Raises:
        BadAddress: the text is no address.
        NotFound, Ambiguous, NothingLive: it names nothing, or more than one thing.
    """
    ref = refs.parse(text)
    match ref:
        case refs.ModelRef(name):
            return model(connection, name)
        case refs.LabelRef() | refs.SeqRef():
            return _version(connection, ref)
        case refs.StageRef():
            return live_version(connection, ref)
        case refs.DatasetRef(name):
            return dataset(connection, name)
        case refs.DatasetVersionRef(name, label):
            return dataset_version(connection, name, label)
        case refs.RunRef(prefix):
            return run(connection, prefix)
        case refs.ExperimentRef(name):
            return experiment(connection, name)
        case refs.DigestRef():
            return identified(connection, str(ref))


def model(connection: sqlite3.Connection, name: str) -> Model:
    """The model of this name.

    Raises:
        NotFound: there is none.
    """
    found = models.model(connection, name)
    if found is None:
        raise _no_model(connection, name)
    return found


def _no_model(connection: sqlite3.Connection, name: str) -> NotFound:
    """That there is no such model, with what may have been meant: another model, or a version by its label alone."""
    known = models.names(connection)
    near = refs.nearest(name, known)
    if not near and versions.label_is_known(connection, name):
        return NotFound(kind="model", name=name, hint=f"a version's label stands after its model, as in MODEL:{name}")
    hint = None if near else "`lineal models` lists them" if known else "there are none yet"
    return NotFound(kind="model", name=name, nearest=near, hint=hint)


def version(connection: sqlite3.Connection, text: str) -> Version:
    """The one version that an address names, by label, number, or stage.

    Raises:
        BadAddress: it is no address of a version.
        NotFound, NothingLive: it names none.
    """
    ref = refs.parse(text)
    if isinstance(ref, refs.ModelRef):
        found = model(connection, ref.name)
        known = ", ".join(versions.labels(connection, found.id, limit=3)) or "none yet"
        raise OtherAddress(
            text=text, why=f"it names a model; add :LABEL (newest: {known}) or @STAGE", hint=f"see `lineal tree {text}`"
        )
    if not isinstance(ref, refs.LabelRef | refs.SeqRef | refs.StageRef):
        raise OtherAddress(text=text, why="a version is wanted here, such as fraud:2.1.0 or fraud@production")
    return _version(connection, ref)


def _version(connection: sqlite3.Connection, ref: refs.LabelRef | refs.SeqRef | refs.StageRef) -> Version:
    if isinstance(ref, refs.StageRef):
        return live_version(connection, ref).version
    owner = model(connection, ref.model)
    if isinstance(ref, refs.SeqRef):
        found = versions.by_seq(connection, owner.id, ref.seq)
        if found is None:
            last = versions.next_seq(connection, owner.id) - 1
            raise NotFound(
                kind="version", name=str(ref), hint=f"{owner.name} has numbers 1 to {last}" if last else None
            )
        return found
    found = versions.by_label(connection, owner.id, ref.label)
    if found is None:
        known = versions.labels(connection, owner.id)
        near = refs.nearest(ref.label, known)
        hint = (
            None if near or not known else f"the newest are {', '.join(known[:3])}; see `lineal versions {owner.name}`"
        )
        raise NotFound(
            kind="version", name=str(ref), nearest=tuple(f"{owner.name}:{label}" for label in near), hint=hint
        )
    return found


def stage(connection: sqlite3.Connection, model_name: str, stage_name: str) -> tuple[Model, Stage]:
    """A declared stage of a model.

    Raises:
        NotFound: there is no such model, or it has no such stage.
    """
    owner = model(connection, model_name)
    found = stages.stage(connection, owner.id, stage_name)
    if found is None:
        known = [name for name, _ in owner.stages]
        near = tuple(f"{owner.name}@{name}" for name in refs.nearest(stage_name, known))
        hint = None if near else f"its stages are {', '.join(known)}; add one with `lineal stage add`"
        raise NotFound(kind="stage", name=f"{owner.name}@{stage_name}", nearest=near, hint=hint)
    return owner, found


def stage_name(model: str, text: str) -> str:
    """The name of a stage of a model, from that name or from the stage's address.

    Raises:
        BadAddress: it is the address of something else.
    """
    if "@" not in text:  # which is in no name
        return text
    ref = stage_ref(text)
    if ref.model != model:
        raise OtherAddress(text=text, why=f"a stage of {model} is wanted here")
    return ref.stage


def stage_ref(text: str) -> refs.StageRef:
    """The stage that an address names.

    Raises:
        BadAddress: it is no address of a stage.
    """
    ref = refs.parse(text)
    if not isinstance(ref, refs.StageRef) or ref.back:
        raise StageWanted(text=text)
    return ref


def live_version(connection: sqlite3.Connection, ref: refs.StageRef) -> LiveVersion:
    """What is live at a stage, or what `ref.back` rollbacks would make live.

    Raises:
        NotFound: there is no such model or stage, or not so many rollbacks lead somewhere.
        NothingLive: nothing is live there.
    """
    _, found = stage(connection, ref.model, ref.stage)
    transition = stages.live(connection, found.id)
    if ref.back:
        for place, (candidate, made_by) in enumerate(rollback_chain(connection, transition), start=1):
            if place == ref.back:
                return _live(candidate, made_by)
        raise NotFound(
            kind="rollback target",
            name=str(ref),
            hint=f"see `lineal history {ref.model}@{ref.stage}` for what was live",
        )
    if transition is None or transition.to_version is None:
        raise NothingLive(ref=f"{ref.model}@{ref.stage}", when="")
    return _live(must_have(connection, transition.to_version), transition)


def must_have(connection: sqlite3.Connection, version_id: int) -> Version:
    """The version in a row that another row points at.

    Raises:
        Damaged: it is gone.
    """
    found = versions.by_id(connection, version_id)
    if found is None:
        raise Damaged(path="registry.db", why=f"version row {version_id} is missing")
    return found


def _live(found: Version, transition: Transition) -> LiveVersion:
    return LiveVersion(found, transition.stage, transition.at, transition.actor, transition.reason, transition)


def rollback_chain(
    connection: sqlite3.Connection, live: Transition | None, passed: list[tuple[str, str]] | None = None
) -> Iterator[tuple[Version, Transition]]:
    """Where rollbacks from the live transition lead, one after another: (version, the transition gone back to).

    Args:
        connection: an open view.
        live: the transition that made the stage what it is.
        passed: takes (label, why) of every candidate that is passed over.
    """
    if live is None:
        return
    current = live.to_version
    following = live.predecessor
    while following is not None:
        candidate = stages.transition(connection, following)
        if candidate is None:
            raise Damaged(path="registry.db", why=f"transition row {following} is missing")
        following = candidate.predecessor
        if candidate.to_version is None or candidate.to_version == current:
            continue
        found = must_have(connection, candidate.to_version)
        why = None
        if found.status.value != "active":
            why = f"is {found.status}"
        elif candidate.outcome.value not in {"healthy", "unchecked"}:
            why = f"was {candidate.outcome} there"
        if why is None:
            current = found.id
            yield found, candidate
        elif passed is not None:
            passed.append((found.label, why))


def dataset(connection: sqlite3.Connection, name: str) -> Dataset:
    """The dataset of this name, or address.

    Raises:
        NotFound: there is none.
    """
    name = name.removeprefix("data:")
    found = datasets.dataset(connection, name)
    if found is None:
        near = tuple(f"data:{each}" for each in refs.nearest(name, datasets.names(connection)))
        hint = None if near else "`lineal datasets` lists them; `lineal dataset add NAME FILE` records one"
        raise NotFound(kind="dataset", name=f"data:{name}", nearest=near, hint=hint)
    return found


def dataset_version(connection: sqlite3.Connection, name: str, label: str) -> DatasetVersion:
    """A version of a dataset.

    Raises:
        NotFound: there is none.
    """
    owner = dataset(connection, name)
    found = datasets.version(connection, owner.id, label)
    if found is None:
        labels = [each.label for each in datasets.versions(connection, owner.id)]
        near = tuple(f"data:{name}:{each}" for each in refs.nearest(label, labels))
        raise NotFound(kind="dataset version", name=f"data:{name}:{label}", nearest=near)
    return found


def one_dataset_version(connection: sqlite3.Connection, text: str) -> DatasetVersion:
    """The dataset version that an address names, or what follows its `data:`; a dataset alone means its newest.

    Raises:
        BadAddress: it is no address of data.
        NotFound: it names none.
    """
    ref = refs.parse(text)
    match ref:
        case refs.DatasetVersionRef(name, label) | refs.LabelRef(name, label):
            return dataset_version(connection, name, label)
        case refs.DatasetRef(name) | refs.ModelRef(name):
            owner = dataset(connection, name)
            if owner.latest is None:
                raise NotFound(kind="dataset version", name=text, hint="the dataset has no versions yet")
            return dataset_version(connection, name, owner.latest)
        case _:
            raise OtherAddress(text=text, why="data is wanted here, such as data:customers:2026-11-01")


def run(connection: sqlite3.Connection, prefix: str) -> Run:
    """The run whose id begins with `prefix`.

    Raises:
        NotFound, Ambiguous: there is none, or more than one.
    """
    found = runs.runs_by_prefix(connection, prefix)
    if not found:
        raise NotFound(kind="run", name=f"run:{prefix}", hint="see `lineal runs`")
    if len(found) > 1:
        candidates = ", ".join(f"{each.id[: len(prefix) + 4]} ({each.name})" for each in found)
        raise Ambiguous(text=f"run:{prefix}", kind="run", candidates=candidates)
    return found[0]


def experiment(connection: sqlite3.Connection, name: str) -> Experiment:
    """The experiment of this name, or address.

    Raises:
        NotFound: there is none.
    """
    found = runs.experiment(connection, name)
    if found is None and name.startswith("exp:"):
        return experiment(connection, name.removeprefix("exp:"))
    if found is None:
        near = tuple(f"exp:{each}" for each in refs.nearest(name, runs.experiment_names(connection)))
        hint = None if near else "`lineal experiments` lists them"
        raise NotFound(kind="experiment", name=f"exp:{name}", nearest=near, hint=hint)
    return found


def identified(connection: sqlite3.Connection, prefix: str) -> tuple[Identified, ...]:
    """Everything whose digest begins with `prefix`.

    Raises:
        NotFound: nothing has.
        Ambiguous: different bytes have.
    """
    found = [
        Identified(each.digest, "version", each.ref, None)
        for each in versions.by_artifact(connection, prefix)
        if each.digest is not None
    ]
    found += [Identified(digest, "file", each.ref, path) for each, path, digest in versions.by_file(connection, prefix)]
    found += [
        Identified(each.digest, "dataset", each.ref, None) for each in datasets.versions_by_digest(connection, prefix)
    ]
    if not found:
        raise NotFound(kind="bytes", name=prefix, where=" in this registry")
    digests = sorted({each.digest for each in found})
    if len(digests) > 1:
        raise Ambiguous(text=prefix, kind="digest", candidates=", ".join(digests[:4]))
    return tuple(found)


def complete(connection: sqlite3.Connection, prefix: str, limit: int) -> list[str]:
    """Addresses that begin with `prefix`."""
    kind, separator, rest = prefix.partition(":")
    if separator and kind == "data":
        name, colon, label = rest.partition(":")
        if not colon:
            return [f"data:{each}" for each in datasets.names(connection, rest, limit)]
        owner = datasets.dataset(connection, name)
        found = datasets.versions(connection, owner.id) if owner else []
        return [each.ref for each in found if each.label.startswith(label)][:limit]
    if separator and kind == "run":
        return [f"run:{each.id}" for each in runs.runs_by_prefix(connection, rest, limit)]
    if separator and kind == "exp":
        return [f"exp:{each}" for each in runs.experiment_names(connection, rest, limit)]
    if separator:
        number = models.model_id(connection, kind)
        return [f"{kind}:{each}" for each in versions.labels(connection, number, rest, limit)] if number else []
    name, at, stage_prefix = prefix.partition("@")
    if at:
        number = models.model_id(connection, name)
        found_stages = stages.stages_of(connection, number) if number else []
        return [f"{name}@{each.name}" for each in found_stages if each.name.startswith(stage_prefix)][:limit]
    words = [each for each in ("data:", "exp:", "run:") if each.startswith(prefix)]
    return [*models.names(connection, prefix, limit), *words][:limit]
