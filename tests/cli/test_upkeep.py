"""Looking after a registry from a shell: what is said, in words and in JSON, and the exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lineal.errors import ExitCode
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Processed, Typed


@pytest.fixture
def version(registry: Path) -> tuple[str, Path]:
    """A version with files, and the object of its first."""
    with open_registry(registry) as opened:
        for model in opened.models():
            for found in opened.versions(model.name):
                artifact = opened.detail(found).artifact
                if artifact is not None:
                    return found.ref, opened._context.objects.path(artifact.files[0].digest)
    raise AssertionError("the sample has no files")


def test_a_whole_registry_verifies(registry: Path, typed: Typed) -> None:
    done = typed("--registry", registry, "verify")
    assert (done.code, done.out) == (ExitCode.DONE, "")
    assert done.err.startswith("all is whole: the database, ")
    assert json.loads(typed("--registry", registry, "verify", "--json").out) == []


def test_damage_is_named_and_exits_with_7(registry: Path, version: tuple[str, Path], typed: Typed) -> None:
    ref, path = version
    path.chmod(0o644)
    path.write_bytes(b"rubbish")
    done = typed("--registry", registry, "verify")
    assert done.code == ExitCode.DAMAGED
    assert f"object: {ref} " in done.out
    assert "damaged" in done.err
    found = json.loads(typed("--registry", registry, "verify", "--json").out)
    assert set(found[0]) == {"kind", "ref", "path", "problem", "repair"}
    assert ref in {finding["ref"] for finding in found}
    assert {finding["path"] for finding in found} == {str(path)}


def test_a_damaged_database_exits_with_7_and_no_traceback(registry: Path, processed: Processed) -> None:
    with (registry / "registry.db").open("r+b") as file:
        file.seek(5_000)
        file.write(b"\xff" * 50_000)
    done = processed("--registry", registry, "verify")
    assert done.code == ExitCode.DAMAGED
    assert "Traceback" not in done.err


def test_leftovers_are_told_and_exit_with_0(registry: Path, typed: Typed) -> None:
    partial = registry / "objects" / "tmp" / "1-0123456789abcdef"
    partial.parent.mkdir(exist_ok=True)
    partial.write_bytes(b"half")
    done = typed("--registry", registry, "verify")
    assert done.code == ExitCode.DONE
    assert f"leftover: process 1 did not finish it [{partial}]" in done.out
    would = typed("--registry", registry, "gc", "--dry-run")
    assert would.out == f"{partial}  4 B  process 1 did not finish it\n"
    assert would.err == "would remove 1 file, 4 B\n"
    assert partial.exists()
    gone = json.loads(typed("--registry", registry, "gc", "--json").out)
    assert (gone["dry_run"], gone["bytes"], len(gone["removed"])) == (False, 4, 1)
    assert not partial.exists()
    assert typed("--registry", registry, "gc").err == "nothing was to be removed\n"


@pytest.mark.parametrize("objects", [False, True])
def test_a_backup_and_back(objects: bool, registry: Path, typed: Typed, tmp_path: Path) -> None:
    options = ["--objects"] if objects else []
    made = typed("--registry", registry, "backup", tmp_path / "b", *options)
    assert (made.code, made.out) == (ExitCode.DONE, f"{tmp_path / 'b'}\n")
    assert typed("--registry", registry, "backup", tmp_path / "b", *options).code == ExitCode.CONFLICT
    back = typed("restore", tmp_path / "b", tmp_path / "new")
    assert (back.code, back.out) == (ExitCode.DONE, f"{tmp_path / 'new'}\n")
    assert ("lack the bytes of" in back.err) is not objects
    again = typed("restore", tmp_path / "b", tmp_path / "new")
    assert again.code == ExitCode.CONFLICT
    assert typed("--registry", tmp_path / "new", "verify").code == (ExitCode.DONE if objects else ExitCode.DAMAGED)
    before = typed("--registry", registry, "models", "--json").out
    assert typed("--registry", tmp_path / "new", "models", "--json").out == before


def test_without_a_folder_the_registry_is_made_here(registry: Path, typed: Typed, tmp_path: Path) -> None:
    typed("--registry", registry, "backup", "b.db")
    told = json.loads(typed("restore", "b.db", "--json").out)
    assert told["path"] == ".lineal"
    assert told["missing"] > 0
    assert (tmp_path / ".lineal" / "registry.db").exists()


def test_what_is_no_backup_exits_with_7_and_what_is_missing_with_3(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("no backup")
    assert typed("restore", "b.tar", "new").code == ExitCode.DAMAGED
    assert typed("restore", "missing", "new").code == ExitCode.NOT_FOUND
    assert not (tmp_path / "new").exists()


def test_who_may_only_read_verifies_and_backs_up_but_collects_nothing(registry: Path, typed: Typed) -> None:
    read_only = ("--read-only", "--registry", registry)
    assert typed(*read_only, "verify").code == ExitCode.DONE
    assert typed(*read_only, "backup", "b.db").code == ExitCode.DONE
    assert typed(*read_only, "gc").code == ExitCode.MACHINE
    assert typed(*read_only, "gc", "--dry-run").code == ExitCode.DONE
