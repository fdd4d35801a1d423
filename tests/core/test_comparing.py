"""Comparisons of what a registry has: any baseline, data of other versions, and code from a repository at hand."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from lineal.errors import BadValue, NotFound, UsageError
from lineal.records.comparison import Diff, DiffRow, Kind, Section, Verdict
from lineal.registry import Registry, create_registry
from lineal.training import code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.core.repositories import git
else:
    from repositories import git


def commit(folder: Path, message: str, **files: str) -> str:
    for name, content in files.items():
        (folder / f"{name}.py").write_text(content)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "trunk")
    commit(folder, "Start", train="lr = 1\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with create_registry(tmp_path / "registry") as made:
        yield made


def ran(registry: Registry, name: str = "", **fields: object) -> str:
    code._recent.clear()  # what git told a moment ago would serve again
    with registry.start_run("churn", name=name or None, **fields) as run:  # type: ignore[arg-type]
        return f"run:{run.id}"


def row_of(found: Diff, section: Section, field: str) -> DiffRow:
    [row] = [row for row in found.rows if (row.section, row.field) == (section, field)]
    return row


# code


def test_commits_files_and_patch_between_two_runs_are_told(registry: Registry, repository: Path) -> None:
    first = ran(registry)
    commit(repository, "Warm up", train="lr = 2\n", more="x = 1\n")
    commit(repository, "Go on | $(touch sprung)", train="lr = 3\n")
    second = ran(registry)
    [between] = registry.diff(first, second, code=True).code
    assert between is not None
    assert (between.repository, between.missing, between.shallow) == (str(repository), None, False)
    assert [each.subject for each in between.ahead] == ["Go on | $(touch sprung)", "Warm up"]
    assert (between.ahead_count, between.behind_count, between.behind) == (2, 0, ())
    assert between.ahead[0].author == "Dana Ost"
    assert {(each.path, each.added, each.removed) for each in between.files} == {("more.py", 1, 0), ("train.py", 1, 1)}
    assert between.patch is not None
    assert "-lr = 1\n+lr = 3\n" in between.patch
    [back] = registry.diff(second, first, code=True).code
    assert back is not None
    assert (back.ahead_count, back.behind_count) == (0, 2)


def test_lines_that_went_apart_are_told_from_both_sides(registry: Registry, repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "side")
    commit(repository, "Aside", side="1\n")
    first = ran(registry)
    git(repository, "checkout", "-q", "trunk")
    commit(repository, "Ahead", train="lr = 9\n")
    second = ran(registry)
    [between] = registry.diff(first, second, code=True).code
    assert between is not None
    assert ([each.subject for each in between.ahead], [each.subject for each in between.behind]) == (
        ["Ahead"],
        ["Aside"],
    )


def test_uncommitted_changes_are_told_also_without_the_repository(registry: Registry, repository: Path) -> None:
    first = ran(registry)
    (repository / "train.py").write_text("lr = 7\n")
    second = ran(registry)
    shutil.rmtree(repository / ".git")
    [between] = registry.diff(first, second, code=True).code
    assert between is not None
    assert between.uncommitted[0] is None
    assert between.uncommitted[1] is not None
    assert "+lr = 7" in between.uncommitted[1]


@pytest.mark.usefixtures("repository")
def test_the_same_code_has_nothing_between_and_git_is_asked_on_demand_only(registry: Registry) -> None:
    first, second = ran(registry), ran(registry)
    assert registry.diff(first, second, code=True).code == (None,)
    assert registry.diff(first, second).code == ()


def test_a_repository_that_is_gone_is_said_to_be(registry: Registry, repository: Path, tmp_path: Path) -> None:
    first = ran(registry)
    commit(repository, "More", train="lr = 2\n")
    second = ran(registry)
    moved = tmp_path / "moved"
    os.chdir(tmp_path)
    repository.rename(moved)
    [between] = registry.diff(first, second, code=True).code
    assert between is not None
    assert between.missing == f"{repository} is not on this machine"
    assert (between.ahead, between.patch) == ((), None)
    [from_clone] = registry.diff(first, second, code=True, here=moved).code
    assert from_clone is not None
    assert from_clone.ahead_count == 1


def test_a_shallow_clone_says_what_it_lacks(registry: Registry, repository: Path, tmp_path: Path) -> None:
    first = ran(registry)
    commit(repository, "One", train="lr = 2\n")
    second = ran(registry)
    commit(repository, "Two", train="lr = 3\n")
    third = ran(registry)
    whole = tmp_path / "whole"
    os.chdir(tmp_path)
    repository.rename(whole)
    git(tmp_path, "clone", "-q", "--depth", "2", whole.as_uri(), str(repository))
    [lacking, both] = registry.diff(third, first, second, code=True).code
    assert lacking is not None
    assert lacking.missing is not None
    assert lacking.missing.startswith(f"{repository} does not have commit ")
    assert both is not None
    assert (both.missing, both.shallow, both.behind_count) == (None, True, 1)


@pytest.mark.parametrize("commit_id", ["--output=/tmp/x", "HEAD", "f" * 39, "f" * 40])
def test_what_is_no_commit_is_never_given_to_git(registry: Registry, repository: Path, commit_id: str) -> None:
    from lineal.records.runs import CodeState
    from lineal.versioning.code_between import code_between

    known = CodeState(git(repository, "rev-parse", "HEAD"), "trunk", dirty=False, repository=str(repository))
    odd = CodeState(commit_id, None, dirty=False, repository=str(repository))
    between = code_between(registry.context, known, odd)
    assert between is not None
    assert between.missing is not None


@pytest.mark.parametrize("folder", ["relative/path", "\0", "/" + "x" * 5000, "/dev/null", "/nowhere"])
def test_a_recorded_folder_that_is_none_is_no_repository(registry: Registry, folder: str) -> None:
    from lineal.records.runs import CodeState
    from lineal.versioning.code_between import code_between

    one, other = (CodeState(letter * 40, None, dirty=False, repository=folder) for letter in "ab")
    between = code_between(registry.context, one, other)
    assert between is not None
    assert between.missing is not None
    assert between.missing.endswith("is not on this machine")


def test_a_repository_cannot_have_its_programs_run(registry: Registry, repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("*.py diff=trap filter=trap\n")
    first = ran(registry)
    commit(repository, "More", train="lr = 2\n")
    second = ran(registry)
    for name in (
        "core.pager", "pager.log", "pager.diff", "diff.external", "diff.trap.textconv", "diff.trap.command",
        "gpg.program", "core.fsmonitor", "core.sshCommand", "filter.trap.smudge", "core.alternateRefsCommand",
    ):  # fmt: skip
        git(repository, "config", name, str(trap))
    git(repository, "config", "log.showSignature", "true")
    git(repository, "config", "diff.orderFile", str(trap))
    git(repository, "config", "extensions.partialClone", "origin")
    git(repository, "config", "remote.origin.promisor", "true")
    git(repository, "config", "remote.origin.url", f"ext::{trap} %S")
    git(repository, "config", "protocol.ext.allow", "always")
    [between] = registry.diff(first, second, code=True).code
    assert between is not None
    assert between.patch is not None
    assert "+lr = 2" in between.patch
    # a commit that is not there would be fetched
    from lineal.records.runs import CodeState
    from lineal.versioning.code_between import code_between

    gone = CodeState("f" * 40, None, dirty=False, repository=str(repository))
    code_between(registry.context, gone, CodeState("e" * 40, None, dirty=False, repository=str(repository)))
    assert not (tmp_path / "sprung").exists()


def test_long_patches_and_logs_are_cut(registry: Registry, repository: Path) -> None:
    first = ran(registry)
    for number in range(55):
        commit(repository, f"Step {number}", train=f"lr = {number}\n")
    commit(repository, "Much", big="line of text\n" * 40_000)
    second = ran(registry)
    [between] = registry.diff(first, second, code=True).code
    assert between is not None
    assert (len(between.ahead), between.ahead_count, between.patch_cut) == (50, 56, True)
    assert between.patch is not None
    assert len(between.patch) <= 256 << 10


# baseline, definitions, data


def test_any_of_them_or_another_is_the_baseline(registry: Registry) -> None:
    a, b, c = (ran(registry, params={"n": n}) for n in range(3))
    assert registry.diff(a, b, c, baseline=b).versions == (b, a, c)
    found = registry.diff(a, b, baseline=c)
    assert found.versions == (c, a, b)
    assert [change.delta for change in row_of(found, Section.PARAM, "n").changes] == [-2, -1]
    assert registry.diff(a, b, baseline=a[:14]).versions == (a, b)


def test_fewer_than_two_and_mixtures_are_refused(registry: Registry, tmp_path: Path) -> None:
    a = ran(registry)
    (tmp_path / "m.json").write_text("{}")
    registry.register("fraud", tmp_path / "m.json")
    with pytest.raises(UsageError, match="two or more"):
        registry.diff(a)
    with pytest.raises(UsageError, match="two or more"):
        registry.diff(a, baseline=a)
    with pytest.raises(BadValue, match="runs compare with runs"):
        registry.diff(a, "fraud:1.0.0")
    with pytest.raises(BadValue, match="runs compare with runs"):
        registry.diff(a, a, baseline="fraud:1.0.0")
    with pytest.raises(NotFound):
        registry.diff(a, "run:ffffffff")


def test_runs_are_read_with_the_tolerance_of_their_experiment(registry: Registry) -> None:
    refs = []
    for value in (0.9, 0.905):
        with registry.start_run("churn") as run:
            run.log_metric("auc", value, step=1)
            refs.append(f"run:{run.id}")
    assert row_of(registry.diff(*refs), Section.METRIC, "auc").verdict is Verdict.BETTER
    registry.set("exp:churn", {"metric.auc.tolerance": 0.01})
    row = row_of(registry.diff(*refs), Section.METRIC, "auc")
    assert (row.verdict, row.kind, row.note) == (Verdict.SAME, Kind.WITHIN, "within tolerance")


def test_the_schema_of_data_is_compared(registry: Registry, tmp_path: Path) -> None:
    refs = []
    for text in ("a,b\n1,x\n2,y\n", "a,c\n1,0.5\n2,1.5\n3,2.5\n"):
        (tmp_path / "rows.csv").write_text(text)
        with registry.start_run("churn") as run:
            run.use_dataset("rows", tmp_path / "rows.csv", role="train")
            refs.append(f"run:{run.id}")
    found = registry.diff(*refs)
    assert row_of(found, Section.DATASET, "rows (train) rows").values == (2, 3)
    assert row_of(found, Section.DATASET, "rows (train) column b").verdict is Verdict.REMOVED
    assert row_of(found, Section.DATASET, "rows (train) column c").values == (None, "float")


def test_runs_without_anything_do_not_differ(registry: Registry) -> None:
    found = registry.diff(ran(registry, "one"), ran(registry, "two"))
    assert found.names == ("one", "two")
    assert not [row for row in found.changed if row.section is not Section.CODE]
