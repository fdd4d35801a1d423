"""Roles on the command line, and which commands a service account serves."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import lineal
from lineal_tui.cli.shell import NOT_SERVED, SERVED, leaves

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Processed, Ran, Typed

ME = getpass.getuser()


def test_an_open_registry_says_so_wherever_roles_are_asked_for(registry: Path, typed: Typed) -> None:
    told = typed("--registry", registry, "roles")
    assert (told.code, told.out) == (0, "")
    assert "the registry is open" in told.err
    assert f"`lineal grant {ME} admin`" in told.err
    assert "the registry is open" in typed("--registry", registry, "doctor").err
    assert json.loads(typed("--registry", registry, "roles", "--json").out) == []


def test_roles_are_granted_told_and_revoked(registry: Path, typed: Typed) -> None:
    first = typed("--registry", registry, "grant", "daemon", "viewer")
    assert first.code == 4
    assert f"`lineal grant {ME} admin`" in first.err
    granted = typed("--registry", registry, "grant", ME, "admin")
    assert granted.out == f"{ME} is admin of all models\n"
    assert "no longer open" in granted.err
    place = ("--model", "fraud", "--stage", "production")
    given = json.loads(typed("--registry", registry, "grant", "daemon", "deployer", *place, "--json").out)
    assert given["ref"] == "fraud@production"
    assert (given["subject"], given["role"], given["model"], given["stage"]) == (
        *("daemon", "deployer", "fraud"),
        "production",
    )
    table = typed("--registry", registry, "roles", "fraud@production").out.splitlines()
    assert [line.split()[:4] for line in table[1:]] == [
        ["all", "models", "admin", ME],
        ["fraud@production", "deployer", "daemon", ME],
    ]
    assert [each["subject"] for each in json.loads(typed("--registry", registry, "roles", "--me", "--json").out)] == [
        ME
    ]
    revoked = typed("--registry", registry, "revoke", "daemon", "deployer", *place)
    assert revoked.out == "daemon is no longer deployer of fraud@production\n"
    assert typed("--registry", registry, "revoke", "daemon", "deployer", *place).code == 3
    assert typed("--registry", registry, "revoke", ME, "admin").code == 4


def test_bad_subjects_places_and_roles_have_their_codes(registry: Path, typed: Typed) -> None:
    typed("--registry", registry, "grant", ME, "admin")
    for words, code, said in (
        (("deamon", "viewer"), 3, "did you mean daemon"),
        (("@deamon", "viewer"), 3, "did you mean @daemon"),
        (("daemon", "owner"), 2, "admin"),
        (("daemon", "viewer", "--model", "frod"), 3, "did you mean fraud"),
        (("daemon", "viewer", "--model", "fraud:1"), 2, "a model is wanted"),
        (("daemon", "viewer", "--stage", "production"), 2, "a stage is one of a model"),
    ):
        done = typed("--registry", registry, "grant", *words)
        assert (done.code, said in done.err) == (code, True), done


def test_a_plan_says_first_that_the_role_does_not_suffice(registry: Path, typed: Typed) -> None:
    typed("--registry", registry, "grant", "daemon", "admin")
    plan = typed("--registry", registry, "promote", "fraud:1.0.0", "--to", "production", "--plan", "--json")
    assert plan.code == 4
    check = json.loads(plan.out)["checks"][0]
    assert (check["name"], check["passed"], check["wanted"], check["saw"]) == (
        *("role", False),
        "deployer or higher",
        "no role",
    )


def test_of_every_command_it_is_said_whether_a_service_account_serves_it() -> None:
    known = {*SERVED, *NOT_SERVED}
    assert set(leaves()) == known, "say in SERVED or NOT_SERVED of cli/shell.py what these are"
    assert not SERVED.keys() & NOT_SERVED.keys()


def test_every_parameter_that_is_watched_is_one() -> None:
    for name, watched in SERVED.items():
        command: click.Command = lineal
        for word in name.split():
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), word)
            assert found is not None, name
            command = found
        assert watched <= {parameter.name for parameter in command.params}, name


def test_a_service_account_serves_one_registry_to_whom_it_names(
    registry: Path, processed: Processed, typed: Typed, tmp_path: Path
) -> None:
    def shell(*words: object, who: str = "daemon") -> Ran:
        return processed("shell", "--user", who, "--registry", registry, "--", *words)

    made = tmp_path / "made"
    registry.chmod(0o700)
    typed("--registry", registry, "grant", ME, "admin")
    assert shell("models").code == 4
    typed("--registry", registry, "grant", "daemon", "viewer")
    assert "fraud" in shell("models").out
    assert shell("lineal", "models", "--json").code == 0
    refused = shell("set", "fraud:1.0.0", "owner=x")
    assert refused.code == 4
    assert "daemon is viewer" in refused.err
    assert shell("identify", "sha256:ffffffff").code in {0, 3}
    for words in (
        ("identify", "/etc/passwd"),
        ("models", "--registry", "/etc"),
        ("--registry", "/etc", "models"),
        ("export", "fraud:1.0.0", "--to", "card", "-o", made),
        ("register", "fraud", "/etc/passwd"),
        ("stage", "set", "fraud@staging", "--hook", "true"),
        ("audit", "verify", "--anchor", "/etc/passwd"),
        ("audit", "export", made),
        ("init", made),
        ("run", "--", "sh"),
        ("shell", "--user", ME, "--", "models"),
    ):
        done = shell(*words)
        assert (done.code, done.out) == (4, ""), (words, done)
    typed("--registry", registry, "grant", "daemon", "admin")
    policy = '[automations.x]\nevent = "registered"\ncommand = ["touch", "made"]\n'
    asked = ("shell", "--user", "daemon", "--registry", registry, "--", "policy", "apply", "-")
    refused = processed(*asked, typed=policy)
    assert (refused.code, refused.out) == (4, "")
    assert "a program of the server" in refused.err
    assert processed("shell", "--registry", registry).code == 2
    assert processed("shell", "--user", "daemon", "--trust-sudo", "--registry", registry).code == 2
    assert processed("shell", "--trust-sudo", "--registry", registry).code == 4
    assert shell("models", who="nobody-at-all").code == 3
    registry.chmod(0o770)
    assert shell("models").code == 4
    assert not made.exists()
