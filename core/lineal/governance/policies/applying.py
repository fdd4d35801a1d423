"""Compares a policy with a registry, and makes it so in one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import Refused
from lineal.gates import durations, expressions
from lineal.governance import gating, roles
from lineal.governance.policies import reading, watching, writing
from lineal.queries import alerts as alert_rows
from lineal.queries import endings as ending_rows
from lineal.queries import gates as gate_rows
from lineal.queries import releases as release_rows
from lineal.queries import roles as role_rows
from lineal.queries import stages as stage_rows
from lineal.records.endings import RetentionRule
from lineal.records.gates import Gates
from lineal.records.permissions import Role
from lineal.records.policies import Policy, PolicyChange, PolicyRole, PolicyStage
from lineal.write_path.policy import REGISTRY, Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from lineal.governance.policies.reading import Document, Path
    from lineal.records.stages import Stage
    from lineal.write_path.context import Change, Context


def current(context: Context) -> Policy:
    """The policy as it is."""
    with context.read() as connection:
        return _current(connection)


def as_text(context: Context) -> str:
    """The policy as it is, as the text of a file."""
    return writing.write(current(context))


def differences(context: Context, document: Document) -> list[PolicyChange]:
    """What applying a policy would change.

    Raises:
        BadPolicy: something in it makes no sense, here.
        Refused: it would leave nobody to grant roles.
    """
    policy = reading.read(document)
    with context.read() as connection:
        return _compare(connection, document, policy)


def apply(context: Context, document: Document, *, programs: bool = True) -> list[PolicyChange]:
    """Make a registry's policy what a file says, all of it or nothing; returns what was changed.

    Args:
        context: the registry.
        document: the file.
        programs: whether it may name commands that are not run at the same place already.

    Raises:
        BadPolicy: something in it makes no sense, here; nothing was changed.
        NotPermitted: the actor is no admin of all models.
        Refused: it would leave nobody to grant roles, or it names a command where it may not.
    """
    policy = reading.read(document)
    with context.change(Permission.GRANT, REGISTRY) as change:
        found = _compare(change.connection, document, policy)
        if not any(each.remark is None for each in found):
            return found
        known = _current(change.connection)
        if not programs:
            _refuse_programs(document, known, policy)
        if policy.stages is not None:
            _apply_stages(change, known.stages or (), policy.stages)
        if policy.retention is not None:
            _apply_retention(change, known.retention or (), policy.retention)
        if policy.roles is not None:
            _apply_roles(change, known.roles or (), policy.roles)
        if policy.automations is not None:
            watching.apply_automations(change, known.automations or (), policy.automations)
        digest = hashlib.sha256(document.text.encode()).hexdigest()
        change.record("policy_applied", "registry", digest=f"sha256:{digest}", changes=len(found))
        return found


def _refuse_programs(document: Document, known: Policy, policy: Policy) -> None:
    found = watching.new_commands((known.stages or (), known.automations or ()), (policy.stages, policy.automations))
    if found:
        raise Refused(
            what=f"applying {document.name}",
            why=f"it names a program of the server, for {found[0]}",
            hint="run it under the service account",
        )


def _current(connection: sqlite3.Connection) -> Policy:
    bound = dict(release_rows.all_bound(connection))
    watched = alert_rows.watched_stages(connection)
    numbers = dict.fromkeys([*gate_rows.gated_stages(connection), *bound, *watched])
    stages = []
    for number in numbers:
        stage = stage_rows.stage_by_id(connection, number)
        keep = bound[number].keep if number in bound else None
        gates, alerts = gate_rows.gates_of(connection, number), watching.alerts_of(connection, number)
        stages.append((stage.position, PolicyStage(stage.model, stage.name, gates, keep, alerts)))
    stages.sort(key=lambda each: (each[1].model, each[0]))
    bindings = role_rows.all_bindings(connection)
    return Policy(
        roles=tuple(PolicyRole(each.subject, each.role, each.model, each.stage) for each in bindings),
        stages=tuple(each for _, each in stages),
        retention=tuple(sorted((rule for _, rule in ending_rows.rules(connection, None)), key=lambda rule: rule.model)),
        automations=watching.automations(connection),
    )


def _compare(connection: sqlite3.Connection, document: Document, policy: Policy) -> list[PolicyChange]:
    known = _current(connection)
    found: list[PolicyChange] = []
    if policy.stages is not None:
        _check_stages(connection, document, policy.stages)
        found += _stage_changes(known.stages or (), policy.stages)
    if policy.retention is not None:
        for rule in policy.retention:
            with document.telling(("retention", rule.model)):
                addresses.model(connection, rule.model)
        found += _rule_changes(known.retention or (), policy.retention)
    if policy.roles is not None:
        _check_roles(connection, document, policy.roles, known.roles or ())
        found += _role_changes(known.roles or (), policy.roles)
    if policy.automations is not None:
        watching.check_automations(connection, document, policy.automations)
        found += watching.automation_changes(known.automations or (), policy.automations)
    return found


# what a file says, against what there is here


def _check_stages(connection: sqlite3.Connection, document: Document, stages: Sequence[PolicyStage]) -> None:
    after: dict[str, dict[str, str | None]] = {}
    for each in stages:
        after.setdefault(each.model, {})[each.stage] = each.gates.after
    keys = {place: name for name, place in reading.stage_names(document)}
    for each in stages:
        path: Path = ("stages", keys[each.model, each.stage])
        with document.telling(path):
            _, stage = addresses.stage(connection, each.model, each.stage)
        for place, text in enumerate(each.gates.expressions):
            with document.telling((*path, "gates", place)):
                expressions.read(text)
        for place, name in enumerate(each.gates.require):
            with document.telling((*path, "require", place)):
                gating.checked(connection, stage, Gates(), {"require": (name,)})
        for key, changes in (
            ("approvals", {"approvals": each.gates.approvals}),
            ("after" if each.gates.after is not None else "soak", {"after": each.gates.after, "soak": each.gates.soak}),
            ("gates", {"expressions": each.gates.expressions}),
        ):
            with document.telling((*path, key)):
                gating.checked(connection, stage, Gates(), changes, after_of=after[each.model].get)
        watching.check_alerts(document, path, each.alerts)


def _check_roles(
    connection: sqlite3.Connection, document: Document, wanted: Sequence[PolicyRole], known: Sequence[PolicyRole]
) -> None:
    subjects = {each.subject for each in known}
    for place, each in enumerate(wanted):
        path: Path = ("roles", place)
        if each.subject not in subjects:  # whoever has a role already need not exist any more
            with document.telling((*path, "subject")):
                roles.checked_subject(each.subject)
        if each.model is not None:
            with document.telling((*path, "model")):
                addresses.model(connection, each.model)
            if each.stage is not None:
                with document.telling((*path, "stage")):
                    addresses.stage(connection, each.model, each.stage)
    admins = [each for each in wanted if each.role is Role.ADMIN and each.model is None]
    if admins and any(roles.members(each.subject) for each in admins):
        return
    if wanted or known:
        raise Refused(
            what=f"the roles of {document.name}",
            why="nobody would be admin of all models, so that nobody could grant roles any more",
            hint='add one: [[roles]] with subject = "NAME" and role = "admin"',
        )


# what changes


def _stage_changes(known: Sequence[PolicyStage], wanted: Sequence[PolicyStage]) -> list[PolicyChange]:
    before = {each.ref: each for each in known}
    after = {each.ref: each for each in wanted}
    found = []
    for ref in dict.fromkeys([*after, *before]):
        old = before[ref].gates if ref in before else Gates()
        new = after[ref].gates if ref in after else Gates()
        for name, was, will in zip(_FIELDS, _told(old), _told(new), strict=True):
            if was != will:
                found.append(PolicyChange(ref, name, was, will))
        alerts = (before[ref].alerts if ref in before else (), after[ref].alerts if ref in after else ())
        found += watching.alert_changes(ref, *alerts)
        keep = after[ref].keep if ref in after else None
        if keep is None:
            continue
        kept = before[ref].keep if ref in before else None
        if kept is None:
            found.append(PolicyChange(ref, "keep", None, str(keep), "it is bound to no directory here"))
        elif kept != keep:
            found.append(PolicyChange(ref, "keep", str(kept), str(keep)))
    return found


_FIELDS = ("gates", "require", "after", "soak", "approvals", "no_pickle")


def _told(gates: Gates) -> tuple[str | None, ...]:
    return (
        "; ".join(gates.expressions) or None,
        ", ".join(gates.require) or None,
        gates.after,
        durations.text(gates.soak) if gates.soak else None,
        str(gates.approvals) if gates.approvals else None,
        "true" if gates.no_pickle else None,
    )


def _rule_changes(known: Sequence[RetentionRule], wanted: Sequence[RetentionRule]) -> list[PolicyChange]:
    before = {each.model: each for each in known}
    after = {each.model: each for each in wanted}
    return [
        PolicyChange(model, "retention", _rule_told(before.get(model)), _rule_told(after.get(model)))
        for model in dict.fromkeys([*after, *before])
        if before.get(model) != after.get(model)
    ]


def _rule_told(rule: RetentionRule | None) -> str | None:
    if rule is None:
        return None
    told = [] if rule.keep_last is None else [f"the last {rule.keep_last}"]
    told += ["all that were live"] if rule.keep_live else []
    told += [] if rule.keep_younger is None else [f"younger than {durations.words(rule.keep_younger)}"]
    return "keep " + ", ".join(told)


def _apply_retention(change: Change, known: Sequence[RetentionRule], wanted: Sequence[RetentionRule]) -> None:
    before = {each.model: each for each in known}
    after = {each.model: each for each in wanted}
    for model in dict.fromkeys([*after, *before]):
        rule = after.get(model)
        if rule == before.get(model):
            continue
        new = rule or RetentionRule(model)
        ending_rows.put_rule(change.connection, addresses.model(change.connection, model).id, rule)
        change.record(
            "retention_set", model, keep_last=new.keep_last, keep_live=new.keep_live, keep_younger=new.keep_younger
        )


def _role_changes(known: Sequence[PolicyRole], wanted: Sequence[PolicyRole]) -> list[PolicyChange]:
    before = {(each.subject, each.place): each for each in known}
    after = {(each.subject, each.place): each for each in wanted}
    return [
        PolicyChange(
            subject,
            f"role for {place}",
            before[subject, place].role.value if (subject, place) in before else None,
            after[subject, place].role.value if (subject, place) in after else None,
        )
        for subject, place in dict.fromkeys([*after, *before])
        if before.get((subject, place)) != after.get((subject, place))
    ]


def _apply_stages(change: Change, known: Sequence[PolicyStage], wanted: Sequence[PolicyStage]) -> None:
    before, after = ({each.ref: each for each in side} for side in (known, wanted))
    for each in known:
        if each.ref in after:
            continue
        if not each.gates.is_open:
            gating.write(change, _stage(change, each), Gates())
        watching.apply_alerts(change, _stage(change, each), each.alerts, ())
    for each in wanted:
        stage = _stage(change, each)
        gating.write(change, stage, gating.tidied(each.gates))
        watching.apply_alerts(change, stage, before[each.ref].alerts if each.ref in before else (), each.alerts)
        bound = release_rows.settings(change.connection, stage.id)
        if each.keep is not None and bound is not None and bound.keep != each.keep:
            release_rows.set_settings(change.connection, stage.id, replace(bound, keep=each.keep))
            change.record("keep_set", each.ref, keep=each.keep, before=bound.keep)


def _stage(change: Change, found: PolicyStage) -> Stage:
    return addresses.stage(change.connection, found.model, found.stage)[1]


def _apply_roles(change: Change, known: Sequence[PolicyRole], wanted: Sequence[PolicyRole]) -> None:
    before = {(each.subject, each.place): each.role for each in known}
    after = {(each.subject, each.place) for each in wanted}
    # who is made admin comes first, so that there is one at every moment
    for each in sorted(wanted, key=lambda found: (found.role is not Role.ADMIN, found.model is not None)):
        had = before.get((each.subject, each.place))
        if had is not each.role:
            model, stage = _numbers(change, each)
            role_rows.bind(change.connection, each.subject, each.role, model, stage, at=change.at, by=change.actor.user)
            change.record("role_granted", _ref(each), subject=each.subject, role=each.role.value, before=had)
    for each in known:
        if (each.subject, each.place) not in after:
            model, stage = _numbers(change, each)
            role_rows.unbind(change.connection, each.subject, model, stage)
            change.record("role_revoked", _ref(each), subject=each.subject, role=each.role.value)


def _numbers(change: Change, found: PolicyRole) -> tuple[int | None, int | None]:
    if found.model is None:
        return None, None
    if found.stage is None:
        return addresses.model(change.connection, found.model).id, None
    owner, stage = addresses.stage(change.connection, found.model, found.stage)
    return owner.id, stage.id


def _ref(found: PolicyRole) -> str:
    return "registry" if found.model is None else found.place
