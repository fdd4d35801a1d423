"""lineal under a service account: everybody by their own key, under their own name, and no way past the roles."""

from __future__ import annotations

import json
import pwd
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ssh.service import ACCOUNT, DEPLOYER, STRANGER, VIEWER, Service
    from tests.tui.pty_session import PtySession
else:
    from pty_session import PtySession
    from service import ACCOUNT, DEPLOYER, STRANGER, VIEWER, Service


@pytest.fixture(scope="module")
def stocked(service: Service) -> Service:
    """Two versions of `fraud`, and the roles of two people."""
    made = service.as_user(ACCOUNT, *service.lineal.split(), "init", service.registry)
    assert made.returncode == 0, made.stderr
    service.as_user(ACCOUNT, "chmod", "-R", "go=", service.registry)
    weights = service.folder / "weights.bin"
    for words in (
        ("register", "fraud", weights, "--label", "1.0.0"),
        ("register", "fraud", weights, "--label", "1.1.0"),
        ("grant", ACCOUNT, "admin"),
        ("grant", DEPLOYER, "deployer", "--model", "fraud"),
        ("grant", VIEWER, "viewer"),
    ):
        weights.write_text(f"weights of {words}")
        done = service.by_account(*words)
        assert done.returncode == 0, done.stderr
    return service


@pytest.fixture(autouse=True)
def nothing_leaks(service: Service) -> Iterator[None]:
    """Whatever is tried, nothing is made outside of the registry."""
    yield
    assert list(service.canary.iterdir()) == []


def test_a_viewer_cannot_promote_a_deployer_can_and_the_log_has_their_own_names(stocked: Service) -> None:
    refused = stocked.run(VIEWER, "lineal promote fraud:1.0.0 --to staging")
    assert refused.returncode == 4, refused.stderr
    assert f"{VIEWER} is viewer of all models" in refused.stderr
    assert f"ask {ACCOUNT} for" in refused.stderr
    assert stocked.run(VIEWER, "versions fraud").returncode == 0
    promoted = stocked.run(DEPLOYER, "lineal promote fraud:1.0.0 --to staging --reason 'a; b $(c)'")
    assert (promoted.returncode, promoted.stdout) == (0, "fraud:1.0.0\n"), promoted.stderr
    (entry,) = json.loads(stocked.run(VIEWER, "history fraud@staging --json").stdout)
    assert (entry["actor"], entry["reason"]) == (DEPLOYER, "a; b $(c)")
    event = json.loads(stocked.run(VIEWER, "audit log --limit 1 --json").stdout)[0]
    assert event["action"] == "stage_promoted" or "promote" in event["action"]
    assert DEPLOYER in json.dumps(event["actor"])
    assert f"via:{ACCOUNT}" in json.dumps(event)
    verified = stocked.run(VIEWER, "audit verify")
    assert verified.returncode == 0, verified.stderr


def test_a_file_is_registered_over_the_connection(stocked: Service, tmp_path: Path) -> None:
    stocked.by_account("grant", DEPLOYER, "deployer", "--model", "fraud")
    weights = tmp_path / "sent"
    weights.write_bytes(b"sent" * 100_000)
    line = "register fraud - --file-name weights.bin --label 2.0.0"
    for name, code in ((VIEWER, 4), (DEPLOYER, 0)):
        with weights.open("rb") as stream:
            done = subprocess.run(
                [*stocked.ssh(name), "--", line], stdin=stream, capture_output=True, text=True, check=False, timeout=60
            )
        assert done.returncode == code, done.stderr
    shown = json.loads(stocked.run(VIEWER, "show fraud:2.0.0 --json").stdout)
    assert [(each["path"], each["size"]) for each in shown["files"]] == [("weights.bin", 400_000)]
    assert shown["created_by"] == DEPLOYER


def test_a_revoked_role_is_gone_with_the_next_command(stocked: Service) -> None:
    assert stocked.run(DEPLOYER, "promote fraud:1.1.0 --to staging").returncode == 0
    assert stocked.by_account("revoke", DEPLOYER, "deployer", "--model", "fraud").returncode == 0
    gone = stocked.run(DEPLOYER, "rollback fraud@staging")
    assert gone.returncode == 4
    assert f"{DEPLOYER} has no role in it" in gone.stderr
    assert stocked.by_account("grant", DEPLOYER, "deployer", "--model", "fraud").returncode == 0
    assert stocked.run(DEPLOYER, "undo fraud@staging").returncode == 0


def test_a_key_without_a_role_reads_nothing(stocked: Service) -> None:
    for line in ("models", "show fraud:1.0.0", "audit log", "doctor"):
        refused = stocked.run(STRANGER, line)
        assert (refused.returncode, refused.stdout) == (4, ""), line
        assert f"{STRANGER} has no role in it" in refused.stderr


def test_people_reach_none_of_the_files_by_themselves(stocked: Service) -> None:
    for name in (DEPLOYER, VIEWER):
        for words in (
            ("cat", stocked.registry / "registry.db"),
            ("ls", stocked.registry),
            ("touch", stocked.registry / "objects" / "x"),
        ):
            refused = stocked.as_user(name, *words)
            assert "Permission denied" in refused.stderr, words
        own = stocked.as_user(name, *stocked.lineal.split(), "--registry", stocked.registry, "models")
        assert own.returncode == 8, own.stderr
        vouched = stocked.as_user(
            name, *stocked.lineal.split(), "shell", "--user", ACCOUNT, "--registry", stocked.registry, "--", "models"
        )
        assert vouched.returncode == 8, vouched.stderr


def escapes(canary: Path) -> list[str]:
    """Command lines that would make a file in `canary`, or lead out, if anything but lineal read them."""
    made = canary / "made"
    return [
        *("sh", "bash -i", "/bin/sh", f"sh -c 'touch {made}'", f"; touch {made}", f"models; touch {made}"),
        *(f"models && touch {made}", f"models | tee {made}", f"models > {made}", f"models $(touch {made})"),
        *(f"models `touch {made}`", f"lineal models\ntouch {made}", f"& touch {made}", f"!touch {made}"),
        *(f"run -- touch {made}", "run -- sh", f"lineal run touch {made}"),
        *("reproduce fraud:1.0.0 --run", f"reproduce fraud:1.0.0 --into {made}"),
        *(f"export fraud:1.0.0 --to card -o {made}", f"export fraud:1.0.0 --to files -o {made}"),
        *(f"export fraud:1.0.0 --to card --output={made}", f"export fraud:1.0.0 --to bundle -o{made}"),
        *(f"backup {made}", f"backup --objects {made}", f"restore /etc/passwd {made}", f"init {made}", f"demo {made}"),
        *(f"stage set fraud@staging --hook 'touch {made}'", f"stage set fraud@staging --health 'touch {made}'"),
        *(f"stage set fraud@staging --release {made}", "completion bash"),
        *(
            "identify /etc/shadow",
            "identify ../../etc/passwd",
            "register fraud /etc/passwd",
            "register fraud -- -",
            "register fraud - --file-name ../x",
        ),
        *("dataset add d /etc/passwd", "import mlflow /etc", "import trackio /etc", "import bundle /etc/passwd"),
        *("--registry /etc models", "models --registry /etc", "models --registry=/etc", "--regis /etc models"),
        *(f"shell --user {ACCOUNT} -- models", "lineal shell --trust-sudo", f"--user {ACCOUNT} models"),
        *("scp -f /etc/passwd", "scp -t /tmp", "internal-sftp", "/usr/lib/openssh/sftp-server", "rsync --server . /"),
        *("guide ../../../etc/passwd", "git-upload-pack /", "lineal", "'", '"', "\\", "-"),
    ]


def test_no_command_line_leads_to_a_shell_a_file_or_another_registry(stocked: Service) -> None:
    lines = escapes(stocked.canary)
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda line: stocked.run(DEPLOYER, line), lines))
    for line, done in zip(lines, ended, strict=True):
        assert done.returncode in {2, 3, 4}, (line, done)
        assert "root:" not in done.stdout + done.stderr, line
        assert "Traceback" not in done.stderr, line


def test_nothing_in_the_environment_leads_elsewhere(stocked: Service, tmp_path: Path) -> None:
    evil = stocked.canary / "made"
    module = stocked.folder / "evil"
    module.mkdir(exist_ok=True)
    for name in ("sitecustomize", "click", "lineal"):
        (module / f"{name}.py").write_text(f"open({str(evil)!r}, 'w').close()")
    (tmp_path / "elsewhere").mkdir()
    given = {
        "LINEAL_REGISTRY": "/etc",
        "LINEAL_DEBUG": "1",
        "_LINEAL_COMPLETE": "bash_complete",
        "COMP_WORDS": "lineal models --registry /etc",
        "COMP_CWORD": "1",
        "PAGER": f"touch {evil}",
        "EDITOR": f"touch {evil}",
        "PYTHONPATH": str(module),
        "PYTHONSTARTUP": str(module / "click.py"),
        "PYTHONINSPECT": "1",
        "TEXTUAL_DRIVER": "evil:Driver",
        "XDG_CONFIG_HOME": str(module),
        "XDG_STATE_HOME": str(stocked.canary),
        "HOME": str(module),
        "SHELL": "/bin/sh",
    }
    options = [word for name, value in given.items() for word in ("-o", f'SetEnv={name}="{value}"')]
    plain = stocked.run(VIEWER, "versions fraud --json")
    done = stocked.run(
        VIEWER,
        "versions fraud --json",
        "-o",
        "SetEnv=" + " ".join(f'{name}="{value}"' for name, value in given.items()),
    )
    assert options
    assert (done.returncode, done.stdout) == (0, plain.stdout), done.stderr
    wrong = stocked.run(VIEWER, "show fraud:9", "-o", "SetEnv=LINEAL_DEBUG=1")
    assert wrong.returncode == 3
    assert "Traceback" not in wrong.stderr


def test_a_key_forwards_no_ports_and_copies_no_files(stocked: Service) -> None:
    through = subprocess.run(
        stocked.ssh(DEPLOYER, "-W", f"127.0.0.1:{stocked.sshd.port}"), capture_output=True, check=False, timeout=30
    )
    assert through.returncode != 0
    assert b"SSH-2.0" not in through.stdout
    back = stocked.run(DEPLOYER, "models", "-R", "0:127.0.0.1:9", "-o", "ExitOnForwardFailure=yes")
    assert back.returncode == 255
    key = ["-i", str(stocked.folder / "keys" / DEPLOYER), "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"]
    known = ["-o", f"UserKnownHostsFile={stocked.sshd.folder / 'known'}", "-P", str(stocked.sshd.port)]
    for program in ("sftp", "scp"):
        source = f"{ACCOUNT}@127.0.0.1:/etc/passwd"
        done = subprocess.run(
            [program, "-q", *key, *known, source, str(stocked.canary)], capture_output=True, check=False, timeout=30
        )
        assert done.returncode != 0, program


def test_the_application_serves_a_viewer_and_says_why_a_key_does_nothing(stocked: Service) -> None:
    with PtySession(stocked.ssh(VIEWER, terminal=True), size=(120, 30)) as terminal:
        terminal.wait_for("1.1.0")
        terminal.wait_for(lambda shown: shown.rows[-1].startswith("enter open"))  # no key is offered that may not
        terminal.send("p")
        terminal.wait_for("not now: ")
        terminal.wait_for("deployer")
        terminal.send("\x1a")
        terminal.wait_for("no background to go to")
        terminal.send(":!sh\r")
        terminal.wait_for("no model '!sh'")
        terminal.send(":promote fraud:1.1.0 --to production\r")
        terminal.wait_for("wanted deployer or higher")
        terminal.send("j")
        terminal.send("qqq")
        assert terminal.wait_for_end() == 0


def test_the_application_promotes_under_the_name_of_the_key(stocked: Service) -> None:
    with PtySession(stocked.ssh(DEPLOYER, terminal=True), size=(120, 30)) as terminal:
        terminal.wait_for("1.1.0")
        terminal.read(0.5)
        terminal.send("p")
        terminal.wait_for("Promote fraud:")
        terminal.read(0.2)
        terminal.send("y")
        terminal.wait_for(lambda shown: " is live" in shown.text and "Promote" not in shown.text)
        terminal.send("qqq")
        terminal.wait_for_end()
    (entry,) = json.loads(stocked.run(VIEWER, "history fraud@production --json").stdout)
    assert entry["actor"] == DEPLOYER


def test_sudo_vouches_only_where_the_line_in_sudoers_says_so(stocked: Service) -> None:
    uid = str(pwd.getpwnam(VIEWER).pw_uid)
    words = [*stocked.lineal.split(), "shell", "--trust-sudo", "--registry", stocked.registry, "--"]
    came = {"SUDO_UID": uid, "SUDO_USER": VIEWER}
    served = stocked.as_user(ACCOUNT, *words, "roles", "--me", "--json", environment=came)
    assert [each["subject"] for each in json.loads(served.stdout)] == [VIEWER], served.stderr
    refused = stocked.as_user(ACCOUNT, *words, "promote", "fraud:1.1.0", "--to", "staging", environment=came)
    assert refused.returncode == 4
    for environment in ({}, {"SUDO_UID": "x"}, {"SUDO_UID": str(pwd.getpwnam(ACCOUNT).pw_uid)}):
        nobody = stocked.as_user(ACCOUNT, *words, "models", environment=environment)
        assert nobody.returncode == 4
        assert "nobody came by sudo" in nobody.stderr
