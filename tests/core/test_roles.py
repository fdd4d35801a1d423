"""Who may do what: roles, to whom they are bound, and that nothing changes for whoever lacks one."""

from __future__ import annotations

import getpass
import grp
import os
import sqlite3
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.errors import BadValue, ExitCode, NotFound, NotPermitted, Refused
from lineal.governance.roles import members
from lineal.queries import roles as rows
from lineal.records.base import Micros
from lineal.records.governance import Binding, Scope, Standing
from lineal.records.permissions import GIVEN, NEEDED, Permission, Role
from lineal.registry import open_registry
from lineal.write_path import policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Served, Weights

    from lineal.registry import Registry

ME = getpass.getuser()
OTHER = "daemon"
"""A user that every machine has, and these tests never are."""


def bound(registry: Registry, role: Role | str | None, *, model: str | None = None, stage: str | None = None) -> None:
    """Make another the admin of a registry, and give whoever runs the tests a role, or none."""
    if (role is not None and Role(role) is not Role.ADMIN) or model is not None:
        registry.grant(ME, "admin")
        registry.grant(OTHER, "admin")
        if role is not None:
            registry.grant(ME, role, model=model, stage=stage)
        if model is not None:
            registry.revoke(ME, "admin")
    elif role is None:
        registry.grant(OTHER, "admin")
    else:
        registry.grant(ME, "admin")


def test_a_registry_without_bindings_is_open_and_says_so(registry: Registry, weights: Weights) -> None:
    assert registry.roles().is_open
    assert registry.standing().is_open
    assert registry.why_not(Permission.GRANT, policy.REGISTRY) is None
    registry.register("m", weights(1))
    assert registry.plan_promote("m:#1", "production").checks[0].name != "role"


def test_the_first_role_is_that_of_an_admin_of_all_models(registry: Registry, weights: Weights) -> None:
    registry.register("m", weights(1))
    for role, model in (("viewer", None), ("deployer", None), ("admin", "m")):
        with pytest.raises(Refused) as refused:
            registry.grant(OTHER, role, model=model)
        assert refused.value.hint == f"`lineal grant {ME} admin`, then this again"
    assert registry.roles().is_open
    binding, before = registry.grant(OTHER, "admin")
    assert (binding.subject, binding.role, binding.place, binding.granted_by, before) == (
        *(OTHER, Role.ADMIN, "all models", ME),
        None,
    )
    assert not registry.roles().is_open


def test_whoever_has_no_role_or_a_lower_one_is_refused_with_what_it_takes_and_whom_to_ask(
    registry: Registry, weights: Weights
) -> None:
    registry.register("m", weights(1))
    bound(registry, None)
    with pytest.raises(NotPermitted) as refused:
        registry.promote("m:#1", "production")
    assert refused.value.exit_code == ExitCode.REFUSED
    assert str(refused.value) == (
        f"{ME} may not change what is live at m@production: that takes a deployer, and {ME} has no role"
    )
    assert refused.value.hint == f"ask {OTHER} for `lineal grant {ME} deployer --model m --stage production`"
    assert registry.roles().bindings[0].subject == OTHER


@given(
    role=st.sampled_from(Role),
    bound_to=st.sampled_from([(None, None), ("m", None), ("m", "production"), ("n", None)]),
    permission=st.sampled_from(Permission),
)
def test_a_role_permits_what_it_and_those_below_it_give_and_only_where_it_is_bound(
    role: Role, bound_to: tuple[str | None, str | None], permission: Permission
) -> None:
    standing = Standing("u", is_open=False, bindings=(Binding("u", role, *bound_to, Micros(0), "a"),))
    suffices = role.rank >= NEEDED[permission].rank
    at_stage, of_model = policy.scope_of(permission, "m@production"), policy.scope_of(permission, "m:1.0.0")
    everything = bound_to == (None, None)
    assert standing.may(permission, Scope()) is (suffices and everything)
    if at_stage != Scope():
        takes_stage = at_stage.stage is not None or permission in {Permission.READ, Permission.MARK}
        here = everything or bound_to == ("m", None)
        assert standing.may(permission, of_model) is (
            suffices and (here or (bound_to[0] == "m" and permission in {Permission.READ, Permission.MARK}))
        )
        assert standing.may(permission, at_stage) is (
            suffices and (here or (bound_to == ("m", "production") and takes_stage))
        )
        assert not standing.may(permission, policy.scope_of(permission, "other")) or everything
    if permission is Permission.LOG:
        scope = policy.scope_of(permission, "run:3f9c2a")
        assert scope.is_of_none
        assert standing.may(permission, scope) is (suffices and bound_to[1] is None)


def test_every_permission_is_given_by_just_one_role() -> None:
    given_ = [permission for role in Role for permission in GIVEN[role]]
    assert sorted(given_) == sorted(Permission)


@pytest.mark.parametrize("odd", ["objects", "all models", ":registry", "/some/path.db", "a:b@c", "", "bundle 1 2"])
def test_what_is_no_address_takes_a_role_for_all_models(odd: str) -> None:
    expected = Scope(odd) if odd in {"objects", "all models", "/some/path.db"} else None
    found = policy.scope_of(Permission.LOG, odd)
    assert found in {expected, Scope()} or (odd == "bundle 1 2" and found == Scope(odd))
    assert policy.scope_of(Permission.COLLECT, odd) == Scope()


def test_a_contributor_of_one_model_registers_there_and_logs_runs_and_nothing_else(
    registry: Registry, weights: Weights
) -> None:
    registry.register("m", weights(1))
    registry.register("n", weights(2))
    bound(registry, "contributor", model="m")
    registry.register("m", weights(3))
    registry.set("m:#2", {"owner": "ana"})
    with registry.start_run("e") as run:
        run.log_metric("loss", 0.5)
    for refused in (
        lambda: registry.register("n", weights(4)),
        lambda: registry.register("new", weights(4)),
        lambda: registry.set("n:#1", {"owner": "ana"}),
        lambda: registry.promote("m:#1", "staging"),
        lambda: registry.mark("m:#1", "bad"),
        lambda: registry.bind_stage("m@staging", release="/nowhere"),
        lambda: registry.grant(ME, "admin", model="m"),
        registry.repair,
        registry.gc,
    ):
        with pytest.raises(NotPermitted):
            refused()


def test_a_deployer_of_one_stage_moves_that_stage_only(registry: Registry, weights: Weights) -> None:
    for value in (1, 2):
        registry.register("m", weights(value))
    bound(registry, "deployer", model="m", stage="staging")
    registry.promote("m:#1", "staging")
    registry.promote("m:#2", "staging")
    registry.rollback("m@staging", bad=True)
    registry.mark("m:#2", "active")
    registry.clear("m@staging")
    for refused in (
        lambda: registry.promote("m:#1", "production"),
        lambda: registry.register("m", weights(3)),
        lambda: registry.add_stage("m", "canary"),
        lambda: registry.start_run("e"),
    ):
        with pytest.raises(NotPermitted):
            refused()
    check = registry.plan_promote("m:#1", "production").checks[0]
    assert (check.name, check.passed, check.wanted, check.saw) == ("role", False, "deployer or higher", "no role")
    check = registry.plan_promote("m:#1", "staging").checks[0]
    assert (check.name, check.passed, check.saw) == ("role", True, "deployer")


def test_an_admin_of_one_model_grants_there_and_nowhere_else(registry: Registry, weights: Weights) -> None:
    for model in ("m", "n"):
        registry.register(model, weights(1))
    bound(registry, "admin", model="m")
    registry.grant("nobody", "deployer", model="m", stage="production")
    assert [each.place for each in registry.roles("m@production").bindings] == ["all models", "m", "m@production"]
    assert [each.place for each in registry.roles("n").bindings] == ["all models"]
    for elsewhere in (None, "n"):
        with pytest.raises(NotPermitted, match="may not grant roles for"):
            registry.grant("nobody", "viewer", model=elsewhere)
    with pytest.raises(NotPermitted):
        registry.revoke(OTHER, "admin")


def test_a_group_stands_for_whoever_the_operating_system_has_in_it(registry: Registry) -> None:
    group = "@" + grp.getgrgid(os.getgid()).gr_name
    assert ME in members(group)
    registry.grant(ME, "admin")
    registry.grant(OTHER, "admin")
    registry.grant(group, "contributor")
    registry.revoke(ME, "admin")
    assert registry.standing().role() is Role.CONTRIBUTOR
    registry.start_run("e").finish()
    with pytest.raises(NotPermitted, match=f"{ME} is contributor of all models"):
        registry.grant(ME, "admin")
    strangers = next(each for each in grp.getgrall() if ME not in members(f"@{each.gr_name}") and each.gr_gid)
    with open_registry(registry.root) as other, other._context.read() as connection:
        found = rows.candidates(connection, ME)
        assert [each.subject for each in found] == [group]
        assert f"@{strangers.gr_name}" not in {each.subject for each in found}


def test_a_group_without_members_neither_becomes_nor_stays_the_only_admin(registry: Registry) -> None:
    empty = next("@" + each.gr_name for each in grp.getgrall() if not members("@" + each.gr_name))
    with pytest.raises(Refused, match="nobody is in that group"):
        registry.grant(empty, "admin")
    registry.grant(ME, "admin")
    registry.grant(empty, "admin")
    for role in (None, "viewer"):
        with pytest.raises(Refused, match=f"behind {empty} there is nobody"):
            registry.revoke(ME, "admin") if role is None else registry.grant(ME, role)
    registry.grant(OTHER, "admin")
    registry.revoke(ME, "admin")


def test_the_last_admin_stays_whatever_is_tried(registry: Registry, sql: Callable[..., object]) -> None:
    registry.grant(ME, "admin")
    with pytest.raises(Refused, match="nobody else would be admin"):
        registry.revoke(ME, "admin")
    with pytest.raises(Refused, match="nobody else would be admin"):
        registry.grant(ME, "viewer")
    for statement in (
        "DELETE FROM role_bindings",
        "UPDATE role_bindings SET role = 'viewer'",
        "UPDATE role_bindings SET subject = 'x'",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            sql(statement)
    assert [each.role for each in registry.roles().bindings] == [Role.ADMIN]


def test_the_first_row_of_the_table_is_an_admin_whoever_writes_it(sql: Callable[..., object]) -> None:
    insert = "INSERT INTO role_bindings (subject, role, granted_at, granted_by) VALUES ('x', ?, 0, 'x')"
    with pytest.raises(sqlite3.IntegrityError, match="admin of all models"):
        sql(insert, "viewer")
    sql(insert, "admin")


def test_names_that_nobody_has_are_refused_with_the_nearest(registry: Registry, weights: Weights) -> None:
    registry.register("fraud", weights(1))
    registry.grant(ME, "admin")
    for subject, model, stage, near in (
        ("deamon", None, None, "daemon"),
        ("@deamon", None, None, "@daemon"),
        (OTHER, "frod", None, "fraud"),
        (OTHER, "fraud", "prodution", "production"),
    ):
        with pytest.raises(NotFound) as missing:
            registry.grant(subject, "viewer", model=model, stage=stage)
        assert near in (missing.value.hint or ""), missing.value.hint
    with pytest.raises(BadValue, match="a stage is one of a model"):
        registry.grant(OTHER, "viewer", stage="production")
    with pytest.raises(BadValue, match="known are viewer, contributor"):
        registry.grant(OTHER, "owner")
    for subject in ("", "@", "a\0b", "@a\0b", "uid:0", "uid:x"):
        with pytest.raises((NotFound, Refused)):
            registry.grant(subject, "viewer")
    registry.grant("uid:987654", "viewer")


def test_a_subject_has_one_role_at_a_place_and_revoking_names_what_it_is(registry: Registry) -> None:
    registry.grant(ME, "admin")
    registry.grant(OTHER, "viewer")
    assert registry.grant(OTHER, "deployer")[1] is Role.VIEWER
    assert [(each.subject, each.role) for each in registry.roles().bindings] == [
        (ME, Role.ADMIN),
        (OTHER, Role.DEPLOYER),
    ]
    with pytest.raises(NotFound) as missing:
        registry.revoke(OTHER, "viewer")
    assert missing.value.hint == f"{OTHER} is deployer of all models"
    with pytest.raises(NotFound) as missing:
        registry.revoke("deamon", "viewer")
    assert missing.value.hint == "did you mean daemon?"
    registry.revoke(OTHER, "deployer")
    events = [(event.action, event.ref, event.data) for event in registry.events()][::-1]
    assert [(action, ref) for action, ref, _ in events] == [
        *[("role_granted", "registry")] * 3,
        ("role_revoked", "registry"),
    ]
    assert events[2][2] == {"subject": OTHER, "role": "deployer", "before": "viewer"}
    before = len(registry.events())
    registry.grant(ME, "admin")
    assert len(registry.events()) == before


def test_claims_count_for_nobodys_role(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_registry(root) as registry:
        bound(registry, "viewer")
    monkeypatch.setenv("SUDO_USER", OTHER)
    with open_registry(root, actor_claim=OTHER) as registry:
        assert registry.actor.user == ME
        assert registry.actor.claim == f"sudo:{OTHER},as:{OTHER}"
        with pytest.raises(NotPermitted):
            registry.start_run("e")
        assert registry.standing().role() is Role.VIEWER


def test_a_role_that_is_revoked_while_a_change_waits_counts_no_more(registry: Registry, weights: Weights) -> None:
    registry.register("m", weights(1))
    registry.grant(OTHER, "admin")  # from here on only the library's own rows can change anything
    context = registry.context
    with context.db.write("test") as connection:
        rows.bind(connection, ME, Role.DEPLOYER, None, None, at=Micros(0), by=OTHER)
    plan = registry.plan_promote("m:#1", "production")
    errors: list[BaseException] = []
    asked = threading.Event()

    def promote() -> None:
        with open_registry(registry.root) as mine:
            asked.set()
            try:
                mine.execute(plan)
            except NotPermitted as error:
                errors.append(error)

    thread = threading.Thread(target=promote)
    with context.db.write("test") as connection:
        rows.unbind(connection, ME, None, None)
        thread.start()
        asked.wait(10)
        thread.join(0.3)
        assert thread.is_alive()  # it waits for the lock, and looks at its role only then
    thread.join(10)
    assert len(errors) == 1
    assert registry.history("m", "production") == []


def test_a_pipeline_that_began_ends_whatever_is_revoked_meanwhile(served: Served) -> None:
    registry = served.registry
    registry.grant(ME, "admin")
    registry.grant(OTHER, "admin")
    database = registry.root / "registry.db"
    program = served.folder / "revoke.py"
    program.write_text(
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute('DELETE FROM role_bindings WHERE subject = ?', sys.argv[2:]); c.commit()"
    )
    served.set(hook=served.script("hook", f"{sys.executable} {program} {database} {ME}"))
    transition = registry.promote("m:1", "production")
    assert transition is not None
    assert transition.outcome.value == "unchecked"
    assert served.live() == "1"
    with pytest.raises(NotPermitted):
        registry.promote("m:2", "production")


def test_whoever_may_not_move_a_stage_does_not_settle_it_either(served: Served) -> None:
    registry = served.registry
    registry.promote("m:1", "production")
    bound(registry, "viewer")
    (served.directory / ".partial-left").mkdir()
    with pytest.raises(NotPermitted):
        registry.promote("m:2", "production")
    with pytest.raises(NotPermitted):
        registry.repair()
    assert (served.directory / ".partial-left").exists()


def test_an_account_vouches_only_for_users_and_only_where_it_owns_the_registry_alone(root: Path) -> None:
    root.chmod(0o700)
    (root / "registry.db").chmod(0o600)
    with open_registry(root, vouched=OTHER) as registry:
        assert registry.actor.user == OTHER
        assert registry.actor.claim == f"via:{ME}"
        registry.grant(OTHER, "admin")
        assert registry.events()[0].actor == registry.actor
    with open_registry(root) as registry, pytest.raises(NotPermitted):
        registry.start_run("e")
    with pytest.raises(NotFound, match="no user 'nobody-at-all'"):
        open_registry(root, vouched="nobody-at-all")
    for path, mode in ((root, 0o770), (root / "registry.db", 0o666)):
        path.chmod(mode)
        with pytest.raises(Refused, match=r"does not own .* alone"):
            open_registry(root, vouched=OTHER)
        path.chmod(0o700)
    if os.getuid() == 0:
        os.chown(root / "registry.db", 1, 1)
        with pytest.raises(Refused, match="does not own"):
            open_registry(root, vouched=OTHER)


@pytest.mark.parametrize("threads", [True, False])
def test_a_pipeline_runs_under_the_name_that_the_account_vouches_for(served: Served, *, threads: bool) -> None:
    root = served.registry.root
    root.chmod(0o700)
    served.registry.grant(ME, "admin")
    with open_registry(root, vouched=OTHER, actor_claim="x") as registry:
        plan = registry.plan_promote("m:1", "production")
        with pytest.raises(NotPermitted, match=f"{OTHER} has no role"):
            registry.begin(plan, threads=threads)
        served.registry.grant(OTHER, "deployer", model="m", stage="production")
        number = registry.begin(plan, threads=threads)
        assert number is not None
        registry.follow(number)
    (entry,) = served.registry.history("m", "production")
    assert (entry.actor, entry.claim) == (OTHER, f"via:{ME},as:x")
    assert {event.actor.user for event in served.registry.events(limit=2)} == {OTHER}
