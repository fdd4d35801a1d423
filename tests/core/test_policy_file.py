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
from lineal.governance.policies import reading, writing
from lineal.governance.policies.lines import line_of
from lineal.records.alerts import AlertSetting
from lineal.records.automation import Occasion
from lineal.records.endings import RetentionRule
from lineal.records.gates import Gates
from lineal.records.permissions import Role
from lineal.records.policies import Policy, PolicyAutomation, PolicyRole, PolicyStage
from lineal.registry import create_registry

if TYPE_CHECKING:
    from pathlib import Path

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

WATCHED = """\
[stages."m@staging"]

[[stages."m@staging".alerts]]
alert = "latency_p99 < 80 for 10min"
command = ["/opt/page us", "--now"]
rollback = true
cool_down = "2h"

[[stages."m@staging".alerts]]
alert = "errors < promoted.errors * 2"

[automations."page"]
event = "alert"
command = ["logger", "-t", "lineal"]

[automations."reload"]
event = "promoted"
model = "m"
stage = "production"
command = ["systemctl", "reload", "m"]
timeout = 2.5
enabled = false
"""


@pytest.fixture
def stocked(registry: Registry) -> Registry:
    registry.register("m", scheme="sequence")
    registry.register("other", scheme="sequence")
    return registry


def _texts(registry: Registry, text: str) -> list[tuple[str, str, str | None, str | None]]:
    return [(each.ref, each.field, each.before, each.after) for each in registry.compare_policy(text)]


def test_an_empty_registry_has_an_empty_policy(registry: Registry) -> None:
    assert tomllib.loads(registry.policy()) == {"roles": [], "stages": {}, "retention": {}, "automations": {}}
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


def test_alerts_and_automations_are_part_of_it(stocked: Registry) -> None:
    before = len(stocked.events())
    made = stocked.apply_policy(WATCHED)
    assert [(each.ref, each.field, each.before, each.after) for each in made] == [
        (
            *("m@staging", "alert", None),
            "latency_p99 < 80 for 10min, runs '/opt/page us' --now, rolls back, cools down for 2h",
        ),
        ("m@staging", "alert", None, "errors < promoted.errors * 2"),
        ("page", "automation", None, "alert of all models runs logger -t lineal, 30 s at most"),
        *[("reload", "automation", None, "promoted of m@production runs systemctl reload m, 2.5 s at most, disabled")],
    ]
    events = stocked.events()[: len(stocked.events()) - before]
    assert [each.action for each in events[::-1]] == [
        *("alert_set", "alert_set", "automation_added", "automation_added", "automation_disabled", "policy_applied"),
    ]
    assert len({each.at for each in events}) == 1
    (rule, other) = (each.rule for each in stocked.alerts("m@staging"))
    assert (rule.command, rule.rolls_back, rule.cool_down) == (("/opt/page us", "--now"), True, 7_200)
    assert (other.command, other.rolls_back, other.cool_down) == (None, False, 3_600)
    assert [(each.name, each.place, each.enabled) for each in stocked.automations()] == [
        ("page", None, True),
        ("reload", "m@production", False),
    ]
    assert stocked.apply_policy(WATCHED) == []
    assert len(stocked.events()) == before + 6


def test_a_whole_policy_makes_another_registry_the_same(stocked: Registry, tmp_path: Path) -> None:
    stocked.apply_policy(POLICY + WATCHED)
    with create_registry(tmp_path / "other") as other:
        other.register("m", scheme="sequence")
        other.apply_policy(stocked.policy())
        assert other.policy() == stocked.policy()
        assert other.compare_policy(stocked.policy()) == []
        assert other.apply_policy(stocked.policy()) == []


def test_only_what_differs_of_alerts_and_automations_is_changed(stocked: Registry) -> None:
    stocked.apply_policy(WATCHED)
    numbers = {each.name: each.id for each in stocked.automations()}
    before = len(stocked.events())
    made = stocked.apply_policy(
        WATCHED.replace("rollback = true\n", "").replace("enabled = false\n", "").replace('"2h"', '"1h"')
    )
    assert [each.field for each in made] == ["alert", "automation"]
    assert [each.action for each in stocked.events()[: len(stocked.events()) - before][::-1]] == [
        *("alert_set", "automation_enabled", "policy_applied"),
    ]
    assert {each.name: each.id for each in stocked.automations()} == numbers
    stocked.apply_policy(WATCHED.replace('"reload", "m"', '"reload", "n"'))
    assert {each.name: each.id for each in stocked.automations()} != numbers
    assert stocked.automation("reload").command == ("systemctl", "reload", "n")
    stocked.apply_policy("[stages]\n")
    assert stocked.alerts("m@staging") == []
    assert len(stocked.automations()) == 2
    stocked.apply_policy("[automations]\n")
    assert stocked.automations() == []


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("rollback = true", "rolback = true", 6, '[[stages."m@staging".alerts]]; did you mean rollback?'),
        ("rollback = true", 'rollback = "yes"', 6, "true or false"),
        ('alert = "latency_p99 < 80 for 10min"\n', "", 3, "must hold"),
        ("latency_p99 < 80 for", "latency_p99 < AND for", 4, "a value"),
        ("promoted.errors * 2", "params.lr", 10, "not for params"),
        ('"errors < promoted.errors * 2"', '"latency_p99 < 80 for 600s"', 10, "twice"),
        ('"2h"', '"5y"', 7, "length of time"),
        ('"2h"', '"400d"', 7, "a year at most"),
        ('["/opt/page us", "--now"]', "[]", 5, "list of words"),
        ('event = "alert"', 'event = "alrt"', 13, "did you mean alert?"),
        ('event = "alert"\n', "", 12, "no event"),
        ('["logger", "-t", "lineal"]', '"logger"', 14, "a list, not a text"),
        ('["logger", "-t", "lineal"]', "[]", 14, "empty"),
        ('event = "promoted"', 'event = "registered"', 19, "at no stage"),
        ('model = "m"\n', "", 18, "name that, too"),
        ('model = "m"', 'model = "n"', 18, "no model 'n'"),
        ('stage = "production"', 'stage = "prodction"', 19, "did you mean m@production?"),
        ("timeout = 2.5", "timeout = 0", 21, "0.1 to 86,400"),
        ("timeout = 2.5", 'timeout = "2.5"', 21, "number of seconds"),
        ("timeout = 2.5", "timout = 2.5", 21, "[automations.reload]; did you mean timeout?"),
        ('[automations."page"]', '[automations."7"]', 12, "no number alone"),
        ('[automations."page"]', '[automation."page"]', 12, "at the top; did you mean automations?"),
    ],
)
def test_a_mistake_in_alerts_and_automations_is_told_with_its_line(
    stocked: Registry, old: str, new: str, line: int, told: str
) -> None:
    text = WATCHED.replace(old, new, 1)
    assert text != WATCHED
    before = stocked.policy()
    with pytest.raises(BadPolicy) as caught:
        stocked.apply_policy(text, name="policy.toml")
    assert str(caught.value).startswith(f"policy.toml, line {line}: ")
    assert told in f"{caught.value}; {caught.value.hint}"
    assert stocked.policy() == before


def test_who_may_name_no_programs_changes_nothing_with_new_ones(stocked: Registry) -> None:
    for text in (WATCHED, WATCHED.replace('command = ["/opt/page us", "--now"]\n', "")):
        with pytest.raises(Refused, match="names a program"):
            stocked.apply_policy(text, programs=False)
    assert stocked.automations() == []
    stocked.apply_policy(WATCHED)
    assert stocked.apply_policy(WATCHED.replace("enabled = false\n", ""), programs=False)
    with pytest.raises(Refused, match="for page"):
        stocked.apply_policy(WATCHED.replace('"-t", ', ""), programs=False)


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
_ALERTS = some.lists(
    some.builds(
        AlertSetting,
        _TEXTS,
        some.none() | some.lists(_TEXTS, max_size=3).map(tuple),
        some.booleans(),
        some.integers(0, 10**7),
    ),
    max_size=3,
).map(tuple)
_POLICIES = some.builds(
    Policy,
    roles=some.lists(
        some.builds(PolicyRole, _TEXTS, some.sampled_from(Role), _TEXTS, some.none() | _TEXTS),
        max_size=3,
        unique_by=lambda each: (each.subject, each.place),
    ).map(tuple),
    stages=some.lists(
        some.builds(PolicyStage, _NAMES, _NAMES, _GATES, some.none() | some.integers(1, 1_000), _ALERTS),
        max_size=3,
        unique_by=lambda each: each.ref,
    ).map(tuple),
    retention=some.lists(
        some.builds(RetentionRule, _TEXTS, some.integers(1, 9), some.booleans(), some.none() | some.integers(1, 10**7)),
        max_size=3,
        unique_by=lambda each: each.model,
    ).map(tuple),
    automations=some.lists(
        some.builds(
            PolicyAutomation,
            _TEXTS,
            some.sampled_from(Occasion),
            _TEXTS,
            some.none() | _TEXTS,
            some.lists(_TEXTS, min_size=1, max_size=3).map(tuple),
            some.floats(0.1, 1e5),
            some.booleans(),
        ),
        max_size=3,
        unique_by=lambda each: each.name,
    ).map(lambda found: tuple(sorted(found, key=lambda each: each.name))),
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
