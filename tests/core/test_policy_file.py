"""The policy as a file: written in one order, read with the line of every mistake, applied as a whole or not at all."""

from __future__ import annotations

import tomllib
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lineal.errors import BadPolicy, NotPermitted, Refused
from lineal.policies import reading, writing
from lineal.policies.lines import line_of
from lineal.records.endings import RetentionRule
from lineal.records.gates import Gates
from lineal.records.permissions import Role
from lineal.records.policies import Policy, PolicyRole, PolicyStage

if TYPE_CHECKING:
    from tests.core.conftest import Served

    from lineal.registry import Registry

POLICY = """\
[[roles]]
subject = "root"
role = "admin"

[[roles]]
subject = "daemon"  # on call
role = "approver"
model = "m"
stage = "production"

[stages."m@production"]
gates = [
    "metrics.auc >= live.metrics.auc - 0.005",
    "owner != 'nobody'",
]
require = ["owner", "purpose"]
after = "staging"
soak = "24h"
approvals = 1
no_pickle = true

[retention.m]
keep_last = 5
keep_live = true
keep_younger = "90d"
"""


@pytest.fixture
def stocked(registry: Registry) -> Registry:
    registry.register("m", scheme="sequence")
    registry.register("other", scheme="sequence")
    return registry


def _texts(registry: Registry, text: str) -> list[tuple[str, str, str | None, str | None]]:
    return [(each.ref, each.field, each.before, each.after) for each in registry.compare_policy(text)]


def test_an_empty_registry_has_an_empty_policy(registry: Registry) -> None:
    assert tomllib.loads(registry.policy()) == {"roles": [], "stages": {}, "retention": {}}
    assert registry.compare_policy(registry.policy()) == []


def test_a_policy_is_applied_in_one_transaction_and_shown_as_it_was(stocked: Registry) -> None:
    before = len(stocked.events())
    made = stocked.apply_policy(POLICY, name="policy.toml")
    assert len(made) == 9
    assert stocked.gates("m@production") == Gates(
        expressions=("metrics.auc >= live.metrics.auc - 0.005", "owner != 'nobody'"),
        require=("owner", "purpose"),
        after="staging",
        soak=86_400,
        approvals=1,
        no_pickle=True,
    )
    assert [(each.subject, each.role, each.place) for each in stocked.roles().bindings] == [
        ("root", Role.ADMIN, "all models"),
        ("daemon", Role.APPROVER, "m@production"),
    ]
    actions = [event.action for event in stocked.events()[: len(stocked.events()) - before]]
    assert actions == ["policy_applied", "role_granted", "role_granted", "retention_set", "gates_set"]
    assert len({event.at for event in stocked.events()[:5]}) == 1
    shown = stocked.policy()
    assert stocked.compare_policy(shown) == []
    assert stocked.compare_policy(POLICY) == []
    assert stocked.apply_policy(shown) == []
    assert len(stocked.events()) == before + 5


def test_what_is_left_out_of_a_part_is_taken_away_and_a_part_left_out_stays(stocked: Registry) -> None:
    stocked.apply_policy(POLICY)
    assert _texts(stocked, "") == []
    assert _texts(stocked, "[retention]") == [
        ("m", "retention", "keep the last 5, all that were live, younger than 90 d", None)
    ]
    stocked.apply_policy('[stages."other@staging"]\napprovals = 2\n')
    assert stocked.gates("m@production").is_open
    assert stocked.gates("other@staging").approvals == 2
    assert len(stocked.roles().bindings) == 2


def test_roles_change_hands_with_an_admin_at_every_moment(stocked: Registry) -> None:
    stocked.apply_policy(POLICY)
    daemon, root = '[[roles]]\nsubject = "daemon"\nrole = "admin"\n', '[[roles]]\nsubject = "root"\nrole = "viewer"\n'
    stocked.apply_policy(daemon + root)
    assert [(each.subject, each.role) for each in stocked.roles().bindings] == [
        ("daemon", Role.ADMIN),
        ("root", Role.VIEWER),
    ]
    with pytest.raises(NotPermitted):
        stocked.apply_policy(POLICY)


@pytest.mark.parametrize(
    "roles",
    [
        "roles = []\n",
        '[[roles]]\nsubject = "root"\nrole = "deployer"\n',
        '[[roles]]\nsubject = "root"\nrole = "admin"\nmodel = "m"\n',
    ],
)
def test_the_last_admin_stays(stocked: Registry, roles: str) -> None:
    stocked.apply_policy(POLICY)
    for use in (stocked.compare_policy, stocked.apply_policy):
        with pytest.raises(Refused, match="nobody would be admin"):
            use(roles)
    assert len(stocked.roles().bindings) == 2


def test_a_mistake_anywhere_changes_nothing(stocked: Registry) -> None:
    with pytest.raises(BadPolicy):
        stocked.apply_policy(POLICY.replace("keep_last = 5", "keep_last = 0"))
    assert stocked.gates("m@production").is_open
    assert stocked.roles().is_open


@pytest.mark.parametrize(
    ("old", "new", "line", "hint"),
    [
        ("approvals = 1", "aprovals = 1", 19, "approvals"),
        ("approvals = 1", 'approvals = "1"', 19, None),
        ("approvals = 1", "approvals = true", 19, None),
        ("approvals = 1", "approvals = 999", 19, None),
        ("no_pickle = true", "no_pickle = 1", 20, None),
        ('soak = "24h"', 'soak = "soon"', 18, "24h"),
        ('soak = "24h"', "soak = 24", 18, None),
        ('after = "staging"', 'after = "stagin"', 17, "m@staging"),
        ('after = "staging"', 'after = "production"', 17, None),
        ('after = "staging"\n', "", 17, None),
        ('"purpose"]', '"purpos"]', 16, "purpose"),
        ('"purpose"]', "3]", 16, None),
        ("owner != 'nobody'", "ownr != 'nobody'", 14, "owner"),
        ("live.metrics.auc - 0.005", "live.metrics.auc -", 13, None),
        ('m@production"]', 'm@prodution"]', 11, "m@production"),
        ('m@production"]', 'mm@production"]', 11, "m"),
        ('m@production"]', 'm"]', 11, None),
        ('[stages."m@production"]', "[stges]", 11, "stages"),
        ('role = "approver"', 'role = "aprover"', 7, "approver"),
        ('role = "approver"', 'rol = "approver"', 7, "role"),
        ('subject = "daemon"', 'subject = "deamon"', 6, "daemon"),
        ('subject = "daemon"', 'subject = "@no-such-group-here"', 6, None),
        ('model = "m"', 'model = "n"', 8, None),
        ('model = "m"\n', "", 8, None),
        ('stage = "production"', 'stage = "prod"', 9, None),
        ("[retention.m]", "[retention.x]", 22, None),
        ("keep_last = 5", "keep_lst = 5", 23, "keep_last"),
        ("keep_last = 5", "keep_last = = 5", 23, None),
        ('keep_younger = "90d"\n', 'keep_younger = "90d', 25, None),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_nearest_word(
    stocked: Registry, old: str, new: str, line: int, hint: str | None
) -> None:
    text = POLICY.replace(old, new, 1)
    assert text != POLICY
    with pytest.raises(BadPolicy) as caught:
        stocked.compare_policy(text, name="policy.toml")
    assert str(caught.value).startswith(f"policy.toml, line {line}: ")
    assert hint is None or hint in (caught.value.hint or "")


def test_stages_that_wait_for_one_another_are_refused(stocked: Registry) -> None:
    text = '[stages."m@staging"]\nafter = "production"\n\n[stages."m@production"]\nafter = "staging"\n'
    with pytest.raises(BadPolicy, match="no version could ever pass"):
        stocked.compare_policy(text)
    stocked.set_gates("m@production", after="staging")
    turned = '[stages."m@staging"]\nafter = "production"\n'
    stocked.apply_policy(turned)
    assert stocked.gates("m@staging").after == "production"


def test_twice_the_same_is_refused(stocked: Registry) -> None:
    role = '[[roles]]\nsubject = "root"\nrole = "admin"\n'
    with pytest.raises(BadPolicy, match="line 4: root has a role for all models already"):
        stocked.compare_policy(role + role)


def test_what_a_bound_stage_keeps_is_part_of_it(served: Served) -> None:
    registry = served.registry
    assert "keep = 3" in registry.policy()
    text = '[stages."m@production"]\nkeep = 7\n\n[stages."m@staging"]\nkeep = 2\n'
    made = registry.apply_policy(text)
    assert [(each.ref, each.before, each.after) for each in made] == [
        ("m@production", "3", "7"),
        ("m@staging", None, "2"),
    ]
    assert made[1].remark == "it is bound to no directory here"
    settings = registry.binding("m@production")
    assert settings is not None
    assert settings.keep == 7


_NAMES = some.text(some.characters(categories=["L", "N"]), min_size=1, max_size=8).map(
    lambda name: "x" + unicodedata.normalize("NFC", name)
)
_TEXTS = some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_GATES = some.builds(
    Gates,
    expressions=some.lists(_TEXTS, max_size=3).map(tuple),
    require=some.lists(_TEXTS, max_size=3).map(tuple),
    after=some.none() | _TEXTS,
    soak=some.integers(0, 10**8),
    approvals=some.integers(0, 100),
    no_pickle=some.booleans(),
)
_POLICIES = some.builds(
    Policy,
    roles=some.lists(
        some.builds(PolicyRole, _TEXTS, some.sampled_from(Role), _TEXTS, some.none() | _TEXTS),
        max_size=3,
        unique_by=lambda each: (each.subject, each.place),
    ).map(tuple),
    stages=some.lists(
        some.builds(PolicyStage, _NAMES, _NAMES, _GATES, some.none() | some.integers(1, 1_000)),
        max_size=3,
        unique_by=lambda each: each.ref,
    ).map(tuple),
    retention=some.lists(
        some.builds(RetentionRule, _TEXTS, some.integers(1, 9), some.booleans(), some.none() | some.integers(1, 10**7)),
        max_size=3,
        unique_by=lambda each: each.model,
    ).map(tuple),
)


@given(_POLICIES)
def test_what_is_written_is_read_again(policy: Policy) -> None:
    text = writing.write(policy)
    assert reading.read(reading.Document(text, "policy")) == policy
    assert writing.write(reading.read(reading.Document(text, "policy"))) == text


@given(some.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadPolicy):
        reading.read(reading.Document(text, "policy"))
    assert 1 <= line_of(text, ("roles",)) <= text.count("\n") + 1


def test_lines_are_found_past_comments_and_values_of_several_lines() -> None:
    values = '# a\n\na = """\nx\ny\n"""\n# b\nb = [\n  1,\n  2,\n]\n'
    text = values + "[c.d]\n\n# e\ne = { f = 1 }\n[[g]]\nh = 1\n[[g]]\nh = 2\n"
    lines = {path: line_of(text, path) for path in (("a",), ("b",), ("c", "d"), ("c", "d", "e", "f"), ("g", 1, "h"))}
    assert list(lines.values()) == [3, 8, 12, 15, 19]
