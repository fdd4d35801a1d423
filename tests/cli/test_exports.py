"""Documents of versions are valid by other people's validators, and bundles travel through files and pipes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Processed, Typed

REFS = ("fraud:1.0.0", "fraud:1.1.0", "fraud@production", "fraud@staging", "größe 大:1")


@pytest.mark.parametrize("ref", REFS)
def test_a_card_is_one_by_the_hubs_own_library(typed: Typed, registry: Path, ref: str) -> None:
    hub = import_module("huggingface_hub")
    told = typed("--registry", registry, "export", ref, "--to", "card")
    assert told.code == 0, told
    assert len(told.lines) > 5
    card = hub.ModelCard(told.out)
    assert card.text.strip()
    if ref == "fraud:1.1.0":
        results = {result.metric_type: result.metric_value for result in card.data.eval_results}
        assert results["auc"] == 0.93
        assert card.data.model_name == "fraud"


@pytest.mark.parametrize("ref", REFS)
def test_a_bill_of_materials_is_one_by_its_schema(typed: Typed, registry: Path, ref: str) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    told = typed("--registry", registry, "export", ref, "--to", "mlbom")
    assert told.code == 0, told
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(told.out) is None
    found = json.loads(told.out)
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert found["metadata"]["component"]["type"] == "machine-learning-model"


def test_a_file_gets_what_standard_output_gets(typed: Typed, registry: Path, tmp_path: Path) -> None:
    told = typed("--registry", registry, "export", "fraud:1.1.0", "--to", "card")
    written = typed("--registry", registry, "export", "fraud:1.1.0", "--to", "card", "-o", tmp_path / "README.md")
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "README.md").read_text().rstrip("\n").count("\n") == told.out.rstrip("\n").count("\n")


@pytest.mark.parametrize("to", ["card", "bundle"])
def test_a_pipe_is_written_to_and_not_replaced(to: str, processed: Processed, registry: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(pipe.read_bytes)
        told = processed("--registry", registry, "export", "fraud:1.1.0", "--to", to, "-o", pipe)
        assert told.code == 0
        assert pipe.is_fifo()
        assert reading.result(timeout=20)


@pytest.mark.parametrize("to", ["card", "mlbom", "bundle", "files"])
def test_what_is_there_is_never_replaced(to: str, processed: Processed, registry: Path, tmp_path: Path) -> None:
    for place in (tmp_path / "precious", tmp_path / "link"):
        (tmp_path / "precious").write_text("mine")
        if place.name == "link":
            place.symlink_to("precious")
        told = processed("--registry", registry, "export", "fraud:1.1.0", "--to", to, "-o", place)
        assert told.code == 5
        assert str(place) in told.err
        assert "name another" in told.err
        assert (tmp_path / "precious").read_text() == "mine"
    assert not list(tmp_path.glob(".*"))


def test_a_name_of_standard_output_goes_where_that_leads(registry: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "lineal_tui.main", "--registry", str(registry), "export", "fraud:1.1.0", "--to"]
    with (tmp_path / "out").open("wb") as stream:
        stream.write(b"before\n")
        stream.flush()
        assert subprocess.run([*words, "card", "-o", "/dev/stdout"], stdout=stream, check=False).returncode == 0
    assert (tmp_path / "out").read_text().startswith("before\n---\n")


def test_a_link_leads_to_the_file_that_is_written(typed: Typed, registry: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here.md").symlink_to("there/card.md")
    assert typed("--registry", registry, "export", "fraud:1.1.0", "--to", "card", "-o", tmp_path / "here.md").code == 0
    assert (tmp_path / "here.md").is_symlink()
    assert (tmp_path / "there" / "card.md").read_text()


def test_a_folder_that_is_not_there_is_named(typed: Typed, registry: Path, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "card.md"
    told = typed("--registry", registry, "export", "fraud:1.1.0", "--to", "card", "-o", target)
    assert (told.code, told.err) == (3, f"error: {target.parent}: no such file or folder\n")


def test_a_bundle_is_written_to_a_file_and_taken_in_elsewhere(
    processed: Processed, registry: Path, tmp_path: Path
) -> None:
    target = tmp_path / "it.bundle"
    assert processed("--registry", registry, "export", "fraud:1.1.0", "--to", "bundle", "-o", target).code == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("it")) == ["it.bundle"]
    other = tmp_path / "other"
    assert processed("init", other).code == 0
    with open_registry(other) as opened, target.open("rb") as stream:
        opened.import_bundle(stream)
    with open_registry(registry) as here, open_registry(other) as there:
        assert there.version("fraud:1.1.0").uid == here.version("fraud:1.1.0").uid


def test_what_is_known_by_digest_only_is_refused(processed: Processed, registry: Path, tmp_path: Path) -> None:
    target, other = tmp_path / "it.bundle", tmp_path / "other"
    processed("--registry", registry, "export", "fraud:1.1.0", "--to", "bundle", "-o", target)
    processed("init", other)
    with open_registry(other) as opened, target.open("rb") as stream:
        opened.import_bundle(stream)
    assert processed("--registry", other, "promote", "fraud:1.0.0", "--to", "production").code == 4
    assert processed("--registry", other, "promote", "fraud:1.1.0", "--to", "production").code == 0
    told = processed("--registry", other, "export", "fraud:1.0.0", "--to", "bundle", "-o", tmp_path / "no.bundle")
    assert told.code == 4
    assert not list(tmp_path.glob("no.*"))


def test_what_cannot_be_exported_is_told(typed: Typed, registry: Path, tmp_path: Path) -> None:
    assert typed("--registry", registry, "export", "fraud:9.9.9", "--to", "card").code == 3
    assert typed("--registry", registry, "export", "fraud:1.0.0", "--to", "odd").code == 2
    for path in (registry / "objects").rglob("*"):
        if path.is_file() and len(path.name) == 62:
            path.chmod(0o644)
            path.write_bytes(b"x" * path.stat().st_size)
    assert typed("--registry", registry, "export", "fraud:1.0.0", "--to", "bundle", "-o", tmp_path / "b").code == 7
    assert not list(tmp_path.glob("b*"))
    shutil.rmtree(registry)
    assert typed("--registry", registry, "export", "fraud:1.0.0", "--to", "card").code == 3
