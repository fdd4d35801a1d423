from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lineal.errors import MachineError, NotFound, Refused, ReleaseFailed
from lineal.records.models import VersionStatus
from lineal.records.stages import Outcome
from lineal.registry import Registry, create_registry, open_registry
from lineal_tui.demo.data import tumours
from lineal_tui.demo.predict import load, predict
from lineal_tui.demo.server import EXAMPLE, FLOOR
from lineal_tui.demo.serving import FOLDER, LOG, PLACE, Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVE_FOR_EVER = """
import sys, time
from lineal.registry import open_registry
from lineal_tui.demo.serving import serve
with open_registry(sys.argv[1]) as registry, serve(registry) as served:
    print(served.url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def registry(demo_registry: Path, tmp_path: Path) -> Iterator[Registry]:
    shutil.copytree(demo_registry, tmp_path / "demo")
    with open_registry(tmp_path / "demo") as opened:
        yield opened


@pytest.fixture
def served(registry: Registry) -> Iterator[Served]:
    with serve(registry) as running:
        yield running


def asked(url: str, body: bytes | None = None) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, data=body, timeout=10) as answer:  # noqa: S310  our own server
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def is_answering(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as tried:
        return tried.connect_ex((host, int(port))) == 0


def test_predictions_are_those_of_the_live_release(registry: Registry, served: Served) -> None:
    model = load(registry.current("tumour-classifier", "production") / "model.safetensors")
    table = tumours().hold_out()
    wanted = predict(model, table.rows)
    status, answer = asked(f"{served.url}/predict", json.dumps({"rows": table.rows.tolist()}).encode())
    assert status == 200
    assert answer["version"] == registry.version(PLACE).ref
    np.testing.assert_allclose(answer["predictions"], wanted, rtol=1e-6)
    named = dict(zip(table.features, table.rows[EXAMPLE].tolist(), strict=True))
    _, answer = asked(f"{served.url}/predict", json.dumps({"rows": [named]}).encode())
    _, example = asked(f"{served.url}/predict/example")
    assert example["probability"] == pytest.approx(answer["predictions"][0], abs=1e-6)
    assert example["was"] == ("malignant" if table.answers[EXAMPLE] else "benign")


def test_health_is_the_recall_that_the_version_was_registered_with(registry: Registry, served: Served) -> None:
    status, answer = asked(f"{served.url}/health")
    assert status == 200
    assert answer["recall"] == pytest.approx(registry.detail(PLACE).metrics["recall"].value)
    assert answer["release"] == registry.current("tumour-classifier", "production").name


def test_what_production_kept_is_above_the_floor_and_the_drill_below(registry: Registry, served: Served) -> None:
    drill = registry.version(served.drill)
    assert drill.status is VersionStatus.ACTIVE
    assert drill.notes is not None
    assert drill.notes.startswith("For drills")
    assert registry.detail(drill).metrics["recall"].value < FLOOR / 2
    kept = {f"tumour-classifier:{entry.to_label}" for entry in registry.history("tumour-classifier", "production")}
    kept -= {version.ref for version in registry.versions("tumour-classifier") if version.status is VersionStatus.BAD}
    assert all(registry.detail(ref).metrics["recall"].value > FLOOR + 0.02 for ref in kept)


def test_a_rollback_changes_what_the_server_says(registry: Registry, served: Served) -> None:
    _, before = asked(f"{served.url}/predict/example")
    transition = registry.rollback(PLACE)
    _, after = asked(f"{served.url}/predict/example")
    assert transition.outcome is Outcome.HEALTHY
    assert before["version"] != after["version"] == registry.version(PLACE).ref
    assert abs(before["probability"] - after["probability"]) > 0.1
    assert (before["says"], after["says"]) == ("malignant", "malignant")
    registry.rollback(PLACE)
    assert asked(f"{served.url}/predict/example")[1]["says"] == "benign"


def test_the_bad_version_takes_itself_back(registry: Registry, served: Served) -> None:
    live = registry.version(PLACE).ref
    _, before = asked(f"{served.url}/predict/example")
    with pytest.raises(ReleaseFailed, match=r"health.*finds 0\.000 of the malignant tumours.*taken back") as failed:
        registry.promote(served.drill, "production")
    assert failed.value.exit_code == 6
    newest = registry.history("tumour-classifier", "production")[0]
    assert (newest.outcome, newest.to_label) == (Outcome.REVERTED, served.drill.partition(":")[2])
    assert registry.version(PLACE).ref == live
    assert asked(f"{served.url}/predict/example")[1] == before
    assert asked(f"{served.url}/health")[0] == 200


def test_a_release_that_cannot_be_loaded_leaves_the_one_before_answering(registry: Registry, served: Served) -> None:
    _, before = asked(f"{served.url}/predict/example")
    file = registry.current("tumour-classifier", "production") / "model.safetensors"
    file.chmod(0o644)
    file.write_bytes(b"\x80\x04\x95 a pickle, or something")
    status, answer = asked(f"{served.url}/reload", b"")
    assert status == 500
    assert "cannot be loaded" in answer["problem"]
    assert asked(f"{served.url}/health")[0] == 503
    assert asked(f"{served.url}/predict/example")[1] == before
    assert "cannot be loaded" in (registry.root / LOG).read_text()


def test_a_cleared_stage_answers_nothing_until_it_is_filled_again(registry: Registry, served: Served) -> None:
    registry.clear(PLACE)
    assert asked(f"{served.url}/predict/example")[0] == 503
    assert asked(f"{served.url}/health") == (503, {"problem": "nothing is live"})
    registry.undo(PLACE)
    assert asked(f"{served.url}/health")[0] == 200


def test_what_is_no_request_is_answered_in_words(served: Served) -> None:
    for body in (b"", b"{", b"[]", b'{"rows": 1}', b'{"rows": [[1, 2]]}', b'{"rows": [{"a": 1}]}', b'{"rows": []}'):
        status, answer = asked(f"{served.url}/predict", body)
        assert status == 400
        assert "each row 30 numbers" in answer["problem"]
    endless = json.dumps({"rows": [[1e308] * 30]}).replace("1e+308", "1e999")
    assert asked(f"{served.url}/predict", endless.encode())[0] == 400
    assert asked(f"{served.url}/predict", b" " * (2 << 20))[0] == 413
    assert asked(f"{served.url}/elsewhere")[0] == 404
    assert asked(f"{served.url}/health")[0] == 200


def test_afterwards_the_stage_moves_without_the_server_and_the_demo_opens_again(registry: Registry) -> None:
    with serve(registry) as first:
        assert is_answering(first.url)
    assert not is_answering(first.url)
    assert registry.rollback(PLACE).outcome is Outcome.UNCHECKED
    with serve(registry) as again:
        assert asked(f"{again.url}/predict/example")[1]["version"] == registry.version(PLACE).ref


def test_a_port_that_is_taken_is_left_alone(registry: Registry, served: Served, demo_registry: Path) -> None:
    other = registry.root.parent / "other"
    shutil.copytree(demo_registry, other)
    with open_registry(other) as second, serve(second) as beside:
        assert beside.url != served.url
        second.rollback(PLACE)
        versions = {asked(f"{url}/predict/example")[1]["version"] for url in (served.url, beside.url)}
    assert len(versions) == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_the_server_ends_with_its_parent_however_that_ends(registry: Registry, number: signal.Signals) -> None:
    with socket.socket() as tried:  # a port of its own, which no other test takes meanwhile
        tried.bind(("127.0.0.1", 0))
        port = str(tried.getsockname()[1])
    hook = ("python", "-m", "lineal_tui.demo.reload", port)
    registry.bind_stage(PLACE, release=registry.root / FOLDER, hook=hook, health_url=f"http://127.0.0.1:{port}/health")
    parent = subprocess.Popen(
        [sys.executable, "-c", SERVE_FOR_EVER, str(registry.root)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout as said:
        url = said.readline().strip()
    assert url.endswith(f":{port}")
    assert asked(f"{url}/health")[0] == 200
    os.kill(parent.pid, number)
    parent.wait(10)
    until = time.monotonic() + 10
    while is_answering(url) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_answering(url)
    with pytest.raises(ReleaseFailed, match="no server answers on"):
        registry.rollback(PLACE)
    with serve(registry) as again:
        assert again.url == url
        assert asked(f"{again.url}/health")[0] == 200


def test_a_server_that_does_not_start_leaves_no_checks_behind(registry: Registry) -> None:
    (registry.root / "data" / "tumours-holdout.csv").unlink()
    with pytest.raises(MachineError, match="did not start"), serve(registry):
        pass
    binding = registry.binding(PLACE)
    assert binding is not None
    assert (binding.hook, binding.health_url) == (None, None)
    assert "tumours-holdout.csv" in (registry.root / LOG).read_text()


def test_a_stage_that_somebody_bound_is_left_as_it_is(registry: Registry, tmp_path: Path) -> None:
    theirs = registry.bind_stage(PLACE, release=str(tmp_path / "theirs"), hook=("true",))
    with pytest.raises(Refused, match="checks of its own"), serve(registry):
        pass
    assert registry.binding(PLACE) == theirs
    assert not (registry.root / FOLDER).exists()


def test_another_registry_is_no_demo(tmp_path: Path) -> None:
    with create_registry(tmp_path / "r") as empty, pytest.raises(NotFound), serve(empty):
        pass
