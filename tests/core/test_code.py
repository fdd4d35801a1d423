"""What git tells of the source is taken over, and git itself is kept from running what a repository names."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lineal.data.fingerprint import digest_bytes
from lineal.registry import create_registry
from lineal.training.code import bounded_git, capture, capture_source, without_credentials

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.repositories import git
else:
    from repositories import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "trunk")
    (folder / "train.py").write_text("x = 1\n")
    git(folder, "add", "train.py")
    git(folder, "commit", "-q", "-m", "Start")
    return folder


def test_a_clean_tree_has_a_commit_and_a_branch(repository: Path) -> None:
    state = capture(repository)
    assert state is not None
    assert state.commit == git(repository, "rev-parse", "HEAD")
    assert (state.branch, state.dirty, state.remote) == ("trunk", False, None)
    assert state.repository == str(repository.resolve())


def test_it_is_found_from_a_folder_below(repository: Path) -> None:
    (repository / "deep" / "er").mkdir(parents=True)
    found, top = capture(repository / "deep" / "er"), capture(repository)
    assert found is not None
    assert top is not None
    assert (found.folder, top.folder) == ("deep/er", "")
    assert replace(found, folder="") == top


def test_a_changed_tracked_file_makes_it_dirty_and_a_new_one_does_not(repository: Path) -> None:
    (repository / "notes.txt").write_text("x")
    clean = capture(repository)
    assert clean is not None
    assert not clean.dirty
    (repository / "train.py").write_text("x = 2\n")
    dirty = capture(repository)
    assert dirty is not None
    assert dirty.dirty


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    state = capture(repository)
    assert state is not None
    assert state.branch is None


def test_the_remote_comes_without_its_password(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://me:s3cret@example.org/team/repo.git")
    state = capture(repository)
    assert state is not None
    assert state.remote == "https://example.org/team/repo.git"


def test_without_repository_commit_or_folder_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert capture(tmp_path) is None
    assert capture(tmp_path / "gone") is None
    git(tmp_path, "init", "-q")
    assert capture(tmp_path) is None


def test_without_git_there_is_nothing_to_tell(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert capture(repository) is None


def test_a_repository_cannot_have_its_programs_run(repository: Path) -> None:
    trap = repository / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {repository}/sprung\n")
    trap.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(trap))
    (repository / ".git" / "hooks").mkdir(exist_ok=True)
    (repository / ".git" / "hooks" / "post-index-change").symlink_to(trap)
    os.utime(repository / "train.py", (1, 1))
    assert capture(repository) is not None
    assert not (repository / "sprung").exists()


def test_variables_for_another_repository_lead_nowhere(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(repository / "elsewhere"))
    assert capture(repository) is not None


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://token@github.com/a/b", "https://github.com/a/b"),
        ("HTTPS://u:p@ss@github.com/a/b?private_token=x#y", "HTTPS://github.com/a/b"),
        ("https://github.com/@scope/b", "https://github.com/@scope/b"),
        ("ssh://git@host:22/a", "ssh://git@host:22/a"),
        ("ssh://git:pw@host/a", "ssh://git@host/a"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("foo::https://u:p@host/a", "foo::https://host/a"),
        ("/srv/git/a?b.git", "/srv/git/a?b.git"),
    ],
)
def test_credentials_are_stripped_from_addresses(url: str, clean: str) -> None:
    assert without_credentials(url) == clean


def test_changes_that_are_not_committed_are_captured_to_be_applied_again(repository: Path, tmp_path: Path) -> None:
    (repository / "train.py").write_text("x = 2\n")
    (repository / "blob.bin").write_bytes(bytes(range(256)))
    git(repository, "add", "blob.bin")
    (repository / "data").mkdir()
    (repository / "data" / "rows.csv").write_text("a\n")
    (repository / "notes.txt").write_text("x")
    create_registry(repository / ".lineal").close()  # which says itself that git is to ignore it
    source = capture_source(repository)
    assert source is not None
    assert source.patch is not None
    assert source.state.patch == digest_bytes(source.patch)
    assert source.state.untracked == ("data/", "notes.txt")
    (tmp_path / "patch").write_bytes(source.patch)
    git(tmp_path, "clone", "-q", str(repository), "clone")
    git(tmp_path / "clone", "apply", str(tmp_path / "patch"))
    assert (tmp_path / "clone" / "train.py").read_text() == "x = 2\n"
    assert (tmp_path / "clone" / "blob.bin").read_bytes() == bytes(range(256))


def test_a_clean_tree_has_no_changes_to_keep(repository: Path) -> None:
    source = capture_source(repository)
    assert source is not None
    assert (source.patch, source.state.patch, source.state.patch_missing) == (None, None, None)


def test_changes_too_large_to_keep_are_told_of(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineal.training.code.MOST_PATCH", 1 << 20)
    (repository / "train.py").write_text("\n".join(map(str, range(400_000))))
    source = capture_source(repository)
    assert source is not None
    assert (source.patch, source.state.patch) == (None, None)
    assert source.state.patch_missing == "they are more than 1 MiB"


def test_a_repository_cannot_word_its_changes_with_a_program(repository: Path) -> None:
    trap = repository / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {repository}/sprung\n")
    trap.chmod(0o755)
    git(repository, "config", "diff.external", str(trap))
    git(repository, "config", "diff.t.textconv", str(trap))
    git(repository, "config", "diff.noprefix", "true")
    (repository / ".gitattributes").write_text("*.py diff=t\n")
    (repository / "train.py").write_text("x = 2\n")
    source = capture_source(repository)
    assert source is not None
    assert b"a/train.py" in (source.patch or b"")
    assert not (repository / "sprung").exists()


def test_what_git_started_ends_with_it(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").write_text("#!/bin/sh\nsleep 60 &\nwait\n")
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("lineal.training.code.SECONDS", 0.2)
    started = time.monotonic()
    assert bounded_git(repository, "log", limit=10) is None
    assert time.monotonic() - started < 20
