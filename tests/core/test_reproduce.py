"""A version is trained again from what its run recorded, on a machine that has it, and nothing is overwritten."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lineal.errors import AlreadyExists, Conflict, NotFound, Refused
from lineal.records.base import Digest
from lineal.records.reproduction import Answer, Subject
from lineal.records.runs import CodeState, Environment
from lineal.registry import open_registry
from lineal.rerunning import run_again
from lineal.versioning.reproduction import lock_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import Weights
    from tests.core.repositories import git

    from lineal.records.reproduction import Compared, Recipe
    from lineal.registry import Registry
else:
    from repositories import git

TRAIN = """
import json, struct, lineal
from pathlib import Path
rows = [float(row) for row in Path("data/rows.csv").read_text().split()[1:]]
with lineal.start_run("churn", params={"lr": LR}, seed=4) as run:
    run.use_dataset("rows", "data/rows.csv")
    value = LR * sum(rows)
    run.log_metric("loss", value)
    data = struct.pack("<f", value)
    head = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    Path("model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)
    print(run.register("churn", "model.safetensors").ref)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose script was changed since its commit, with data that git does not track."""
    folder = tmp_path / "project"
    (folder / "job" / "data").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "trunk")
    (folder / "job" / "train.py").write_text(TRAIN.replace("LR", "0.1"))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Start")
    (folder / "job" / "train.py").write_text(TRAIN.replace("LR", "0.5"))
    (folder / "job" / "data" / "rows.csv").write_text("a\n1\n2\n3\n")
    return folder


@pytest.fixture
def trained(registry: Registry, project: Path) -> Recipe:
    """What was recorded of a version that the script registered."""
    environment = os.environ | {"LINEAL_REGISTRY": str(registry.root)}
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=project / "job", env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "churn:1.0.0\n", done.stderr
    return registry.recipe("churn:1.0.0")


def by_subject(points: list[Compared]) -> dict[Subject, Answer]:
    return {point.subject: point.answer for point in points}


def test_a_recipe_says_what_to_check_out_install_and_run(registry: Registry, trained: Recipe, project: Path) -> None:
    assert trained.code is not None
    assert (trained.code.commit, trained.code.folder) == (git(project, "rev-parse", "HEAD"), "job")
    assert trained.code.untracked == ("job/data/",)
    assert trained.patch == trained.code.patch
    assert trained.patch is not None
    assert b"0.5" in registry.context.objects.path(trained.patch).read_bytes()
    assert trained.command == (sys.executable, "train.py")
    assert trained.seed == 4
    assert [(data.ref, data.role, data.uri) for data in trained.data] == [
        ("data:rows:1", "train", str(project / "job" / "data" / "rows.csv"))
    ]
    assert registry.recipe(f"run:{trained.run}").version is None


def test_the_changes_are_never_collected_and_are_verified(registry: Registry, trained: Recipe) -> None:
    assert registry.gc().removed == ()
    assert registry.verify().findings == ()
    assert trained.patch is not None
    path = registry.context.objects.path(trained.patch)
    path.chmod(0o644)
    path.write_bytes(b"x" * path.stat().st_size)
    found = registry.verify().findings
    assert [finding.ref for finding in found] == [f"run:{trained.run}"]
    assert "uncommitted changes" in found[0].problem


def test_the_machine_it_was_trained_on_differs_in_nothing(registry: Registry, trained: Recipe, tmp_path: Path) -> None:
    points = registry.compare_with_machine(trained, here=tmp_path)
    assert [point for point in points if not point.holds] == []
    answers = by_subject(points)
    assert (answers[Subject.CODE], answers[Subject.CHANGES], answers[Subject.DATA]) == (Answer.SAME,) * 3
    assert answers[Subject.UNTRACKED] is Answer.UNKNOWN


def test_what_is_gone_or_other_is_told_point_by_point(
    registry: Registry, trained: Recipe, project: Path, tmp_path: Path
) -> None:
    (project / "job" / "data" / "rows.csv").write_text("a\n9\n")
    answers = by_subject(registry.compare_with_machine(trained, here=tmp_path))
    assert answers[Subject.DATA] is Answer.DIFFERENT
    shutil.rmtree(project)
    answers = by_subject(registry.compare_with_machine(trained, here=tmp_path))
    assert (answers[Subject.CODE], answers[Subject.DATA]) == (Answer.MISSING, Answer.MISSING)


def test_a_clone_at_hand_serves_where_the_work_tree_is_gone(
    registry: Registry, trained: Recipe, project: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", str(project), "clone")
    shutil.rmtree(project)
    points = registry.compare_with_machine(trained, here=tmp_path / "clone")
    assert (by_subject(points)[Subject.CODE], by_subject(points)[Subject.CHANGES]) == (Answer.SAME, Answer.SAME)
    prepared = registry.prepare(trained, tmp_path / "again", here=tmp_path / "clone")
    assert "0.5" in (prepared.folder / "source" / "job" / "train.py").read_text()
    assert any("data:rows:1" in each for each in prepared.lacking)


def test_packages_and_python_are_compared_by_version(registry: Registry, trained: Recipe) -> None:
    from dataclasses import replace

    environment = trained.environment
    assert environment is not None
    other = replace(environment, python="3.0.1", packages=(*environment.packages, ("gone", "1"), ("pytest", "0.1")))
    points = registry.compare_with_machine(replace(trained, environment=other))
    assert by_subject(points)[Subject.PYTHON] is Answer.DIFFERENT
    answers = {point.name: point.answer for point in points if point.subject is Subject.PACKAGE}
    assert answers == {"gone": Answer.MISSING, "pytest": Answer.DIFFERENT}


def test_the_lock_file_has_a_line_for_each_package_and_nothing_else() -> None:
    evil = (
        ("-r /etc/passwd", "1"),
        ("a", "1\n-e ."),
        ("b @ file:///x", "1"),
        ("c", "1.0+cu118"),
        ("d.e-f", "2!3.0rc1"),
    )
    environment = Environment(Digest("sha256:" + "0" * 64), "3.11.2", "CPython", "Linux", evil, None, None, None, ())
    assert lock_file(environment) == "c==1.0+cu118\nd.e-f==2!3.0rc1\n"


def test_a_folder_is_prepared_with_code_changes_data_packages_and_command(
    registry: Registry, trained: Recipe, project: Path, tmp_path: Path
) -> None:
    prepared = registry.prepare(trained, tmp_path / "again")
    assert git(prepared.folder / "source", "rev-parse", "HEAD") == git(project, "rev-parse", "HEAD")
    assert "0.5" in (prepared.folder / "source" / "job" / "train.py").read_text()
    assert (prepared.folder / "source" / "job" / "data" / "rows.csv").read_text() == "a\n1\n2\n3\n"
    assert (prepared.folder / "requirements.lock").read_text() == lock_file(trained.environment)
    assert prepared.working == tmp_path / "again" / "source" / "job"
    environment = os.environ | {"LINEAL_REGISTRY": str(registry.root)}
    done = subprocess.run(
        [str(prepared.folder / "run.sh")], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "churn:1.0.1\n", done.stderr


def test_a_folder_that_holds_something_is_never_touched(registry: Registry, trained: Recipe, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "mine").write_text("x")
    with pytest.raises(AlreadyExists):
        registry.prepare(trained, tmp_path / "again")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AlreadyExists):
        registry.prepare(trained, tmp_path / "link")
    assert (tmp_path / "again" / "mine").read_text() == "x"


def test_what_cannot_be_prepared_leaves_nothing_behind(
    registry: Registry, trained: Recipe, project: Path, tmp_path: Path
) -> None:
    shutil.rmtree(project)
    with pytest.raises(Conflict, match="no repository at hand"):
        registry.prepare(trained, tmp_path / "again", here=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["registry"]


def test_a_run_done_again_gives_the_same_figures_and_a_version_that_came_from_the_first(
    registry: Registry, trained: Recipe, tmp_path: Path
) -> None:
    prepared = registry.prepare(trained, tmp_path / "again")
    output = io.BytesIO()
    done = run_again(registry, trained, prepared, output=output, environment=os.environ)
    assert (done.code, done.version) == (0, "churn:1.0.1"), output.getvalue()
    assert [(parent.ref, parent.relation) for parent in registry.version("churn:1.0.1").parents] == [
        ("churn:1.0.0", "retrain")
    ]
    assert registry.version("churn:1.0.1").digest == registry.version("churn:1.0.0").digest
    assert done.diff is not None
    assert [(row.field, row.values, row.verdict) for row in done.diff.rows if row.section == "metric"] == [
        ("loss", (3.0, 3.0), "same")
    ]
    around = registry.run_detail(registry.run_detail(done.run).parent or "")
    assert (around.tags, around.seed) == ({"reproduces": "churn:1.0.0"}, 4)
    assert around.code is not None
    assert around.code.repository == str(prepared.source)


def test_a_command_that_only_logs_is_compared_run_with_run(registry: Registry, tmp_path: Path) -> None:
    words = (sys.executable, "-m", "lineal_tui.main", "log", "loss=0.25")
    with registry.start_run("e", command=words, params={"lr": 1}, folder=tmp_path) as run:
        run.log_metric("loss", 0.25)
    recipe = registry.recipe(run.ref)
    done = run_again(
        registry, recipe, registry.prepare(recipe, tmp_path / "again"), output=io.BytesIO(), environment=os.environ
    )
    assert (done.version, done.diff is not None) == (None, True)
    assert registry.run_detail(done.run).params == {"lr": 1}
    assert done.diff is not None
    assert {row.verdict for row in done.diff.rows if row.section == "metric"} == {"same"}


def test_a_command_that_fails_is_recorded_and_not_compared(registry: Registry, tmp_path: Path) -> None:
    with registry.start_run("e", command=(sys.executable, "-c", "raise SystemExit(3)"), folder=tmp_path) as run:
        pass
    recipe = registry.recipe(run.ref)
    done = run_again(
        registry, recipe, registry.prepare(recipe, tmp_path / "again"), output=io.BytesIO(), environment=os.environ
    )
    assert (done.code, done.diff) == (3, None)
    assert registry.run(done.run).status == "failed"


def test_what_nobody_recorded_cannot_be_done_again(registry: Registry, weights: Weights, tmp_path: Path) -> None:
    registry.register("m", weights())
    with pytest.raises(Refused, match="no run is known"):
        registry.recipe("m:1.0.0")
    with pytest.raises(NotFound):
        registry.recipe("run:abc")
    with registry.start_run("e", command=(), folder=tmp_path) as run:
        pass
    with pytest.raises(Refused, match="command"):
        registry.prepare(registry.recipe(run.ref), tmp_path / "again")


def hostile(recipe: Recipe, code: CodeState) -> Recipe:
    from dataclasses import replace

    return replace(recipe, code=code, patch=None)


@pytest.mark.parametrize(
    ("commit", "remote"),
    [
        ("--upload-pack=touch sprung", None),
        ("0" * 40, "ext::sh -c 'touch sprung'"),
        ("0" * 40, "--upload-pack=touch sprung"),
        ("0" * 40, "-oProxyCommand=touch sprung"),
    ],
)
def test_commits_and_remotes_of_somebody_evil_start_nothing(
    registry: Registry,
    trained: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    commit: str,
    remote: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    evil = hostile(trained, CodeState(commit, None, dirty=False, repository=None, remote=remote))
    assert by_subject(registry.compare_with_machine(evil, here=tmp_path))[Subject.CODE] is Answer.MISSING
    with pytest.raises(Conflict):
        registry.prepare(evil, tmp_path / "again", here=tmp_path)
    assert not list(tmp_path.rglob("sprung"))
    assert not (tmp_path / "again").exists()


def test_words_of_a_command_are_never_read_by_a_shell(registry: Registry, tmp_path: Path) -> None:
    words = ("echo", "$(touch sprung)", "; touch sprung", "a'b", "`touch sprung`")
    with registry.start_run("e", command=words, folder=tmp_path) as run:
        pass
    prepared = registry.prepare(registry.recipe(run.ref), tmp_path / "again")
    done = subprocess.run([str(prepared.folder / "run.sh")], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "$(touch sprung) ; touch sprung a'b `touch sprung`\n"
    assert not list(tmp_path.rglob("sprung"))


def test_data_and_folders_of_somebody_evil_stay_inside(
    registry: Registry, trained: Recipe, project: Path, tmp_path: Path
) -> None:
    from dataclasses import replace

    code = trained.code
    assert code is not None
    data = trained.data[0]
    uri = f"{project}/job/../job/data/rows.csv"
    evil = replace(trained, code=replace(code, folder="../../out"), data=(replace(data, uri=uri, ref="data:..:.."),))
    prepared = registry.prepare(evil, tmp_path / "again")
    assert prepared.working == tmp_path / "again" / "source"
    assert (tmp_path / "again" / "data" / "..:.." / "rows.csv").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "project", "registry"]


def test_a_bundle_brings_the_changes_to_another_registry(
    registry: Registry, trained: Recipe, fresh: Path, tmp_path: Path, project: Path
) -> None:
    stream = io.BytesIO()
    registry.export_bundle("churn:1.0.0", stream)
    shutil.copytree(fresh, tmp_path / "elsewhere")
    stream.seek(0)
    with open_registry(tmp_path / "elsewhere") as other:
        other.import_bundle(stream)
        recipe = other.recipe("churn:1.0.0")
        assert recipe.patch == trained.patch is not None
        assert other.gc().removed == ()
        prepared = other.prepare(recipe, tmp_path / "again", here=project)
    assert "0.5" in (prepared.folder / "source" / "job" / "train.py").read_text()


def test_runs_inside_a_wrapped_one_are_its_children(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    import lineal

    with registry.start_run("e") as outer, registry.start_run("e") as other:
        monkeypatch.setenv("LINEAL_RUN", outer.ref)
        with lineal.start_run("e", registry=registry) as inner:
            pass
        with lineal.start_run("e", registry=registry, parent=other) as chosen:
            pass
        monkeypatch.setenv("LINEAL_RUN", "run:" + "0" * 32)
        with lineal.start_run("e", registry=registry) as alone:
            pass
    assert registry.run_detail(inner.ref).parent == outer.id
    assert registry.run_detail(chosen.ref).parent == other.id
    assert registry.run_detail(alone.ref).parent is None
