"""A bundle brings a version with everything it came from to another registry, or nothing at all."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from lineal.errors import AlreadyExists, Damaged, LinealError, Refused
from lineal.records.base import Micros
from lineal.registry import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.core.conftest import Weights

    from lineal.registry import Registry

Member = tuple[tarfile.TarInfo, bytes]


@pytest.fixture
def bundle(registry: Registry, weights: Weights, tmp_path: Path) -> bytes:
    """Of `m:1.0.1`, a child of `m:1.0.0`, with odd values everywhere."""
    (tmp_path / "rows.csv").write_text("a,b\n1,x\n2,\n")
    base = registry.add_dataset("raw", tmp_path / "rows.csv", notes="as it came")
    (tmp_path / "clean.csv").write_text("a,b\n1,x\n")
    with registry.start_run("e", params={"lr": 0.1, "big": 2**80, "none": None, "yes": True}, seed=3) as run:
        data = run.use_dataset("clean", tmp_path / "clean.csv", parents=[base.ref])
        for value in (0.5, float("nan"), float("inf")):
            run.log_metric("loss", value, dataset=data)
        run.register("m", weights(1.0), purpose="first", metrics={"auc": float("nan")})
    registry.register(
        "m", weights(2.0), parent="m:1.0.0=finetune", params={"big": -(2**70)}, metrics={"auc": 0.5}, tags={"t": "ü"},
        signature={"inputs": [1]}, owner="ana", notes="two\nlines",
    )  # fmt: skip
    stream = io.BytesIO()
    registry.export_bundle("m:1.0.1", stream)
    return stream.getvalue()


@pytest.fixture
def other(fresh: Path, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(shutil.copytree(fresh, tmp_path / "other")) as opened:
        yield opened


def bring(registry: Registry, content: bytes) -> Any:
    return registry.import_bundle(io.BytesIO(content), name="it")


def told(registry: Registry, ref: str) -> dict[str, Any]:
    """What must be the same in every registry."""
    detail = registry.detail(ref)
    version = detail.version
    return {
        "uid": version.uid, "label": version.label, "digest": version.digest, "owner": version.owner,
        "purpose": version.purpose, "notes": version.notes, "created": (version.created_at, version.created_by),
        "run": version.run, "parents": [(parent.ref, parent.relation) for parent in version.parents],
        "params": detail.params, "metrics": repr(sorted(detail.metrics.items())), "datasets": detail.datasets,
        "tags": detail.tags, "artifact": detail.artifact, "architecture": detail.architecture,
        "signature": detail.signature, "environment": detail.environment, "code": detail.code,
        "command": detail.command, "seed": detail.seed,
    }  # fmt: skip


def counts(registry: Registry) -> tuple[int, ...]:
    with registry.context.read() as connection:
        return tuple(
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  names of our own
            for table in ("models", "versions", "runs", "dataset_versions", "artifacts", "objects", "events", "points")
        )


def test_everything_arrives_under_the_same_uids_and_digests(registry: Registry, bundle: bytes, other: Registry) -> None:
    brought = bring(other, bundle)
    assert (brought.ref, brought.versions, brought.objects) == ("m:1.0.1", 2, 1)
    for ref in ("m:1.0.0", "m:1.0.1"):
        assert told(other, ref) == told(registry, ref)
    run = registry.version("m:1.0.0").run
    assert repr(other.points(f"run:{run}", "loss")) == repr(registry.points(f"run:{run}", "loss"))
    assert other.run_detail(f"run:{run}").params == {"lr": 0.1, "big": 2**80, "none": None, "yes": True}
    assert other.dataset_version("data:clean").parents == ("data:raw:1",)
    assert other.dataset_version("data:raw").columns == registry.dataset_version("data:raw").columns
    assert other.verify().findings == ()
    assert other.verify_events().broken_at is None


def test_a_second_import_changes_nothing(bundle: bytes, other: Registry) -> None:
    bring(other, bundle)
    before = counts(other)
    again = bring(other, bundle)
    assert again.versions == 0
    assert counts(other)[:6] == before[:6]


def test_a_version_that_is_brought_may_go_live_and_its_parent_may_not(bundle: bytes, other: Registry) -> None:
    bring(other, bundle)
    other.promote("m:1.0.1", "production")
    with pytest.raises(Refused):
        other.promote("m:1.0.0", "production")
    with pytest.raises(Refused, match="digest only"):
        other.export_bundle("m:1.0.0", io.BytesIO())


def test_the_parents_files_come_with_its_own_bundle(registry: Registry, bundle: bytes, other: Registry) -> None:
    bring(other, bundle)
    stream = io.BytesIO()
    registry.export_bundle("m:1.0.0", stream)
    bring(other, stream.getvalue())
    other.promote("m:1.0.0", "production")
    assert other.live("m@production").version.label == "1.0.0"


@pytest.mark.parametrize("claimed", ["npz", "safetensors", "unknown"])
def test_a_bundle_that_calls_pickles_something_else_is_refused(
    registry: Registry, other: Registry, tmp_path: Path, claimed: str
) -> None:
    import numpy as np

    np.savez(tmp_path / "w.npz", w=np.array([{}], dtype=object))
    registry.register("p", tmp_path / "w.npz", metrics={"auc": 0.5})
    registry.register("p", metrics={"auc": 0.6}, parent="p:1.0.0")

    def lie(head: dict[str, Any]) -> None:
        head["artifacts"][0]["files"][0][3] = claimed

    streams = [io.BytesIO(), io.BytesIO()]
    registry.export_bundle("p:1.0.0", streams[0])
    registry.export_bundle("p:1.0.1", streams[1])
    with pytest.raises(Damaged, match="runs code when it is loaded"):
        bring(other, rewritten(streams[0].getvalue(), lie))
    assert other.models() == []
    bring(other, rewritten(streams[1].getvalue(), lie))  # without the bytes nobody can tell
    with pytest.raises(Damaged, match="runs code when it is loaded"):
        bring(other, streams[0].getvalue())


def test_no_bundle_calls_a_pickle_that_is_here_something_else(
    registry: Registry, other: Registry, tmp_path: Path
) -> None:
    (tmp_path / "w.pkl").write_bytes(pickle.dumps({"a": 1}))
    registry.register("p", tmp_path / "w.pkl")
    registry.register("p", parent="p:1.0.0")
    stream = io.BytesIO()
    registry.export_bundle("p:1.0.1", stream)  # tells of its parent's file, and leaves the bytes out

    def lie(head: dict[str, Any]) -> None:
        head["artifacts"][0]["files"][0][3] = "safetensors"

    other.register("mine", tmp_path / "w.pkl")
    with pytest.raises(Damaged, match="runs code when it is loaded"):
        bring(other, rewritten(stream.getvalue(), lie))
    assert [model.name for model in other.models()] == ["mine"]


@pytest.mark.parametrize("beside", [False, True])
def test_a_pickle_that_a_bundle_without_it_called_harmless_is_not_taken_in(
    registry: Registry, other: Registry, tmp_path: Path, *, beside: bool
) -> None:
    (tmp_path / "w.pkl").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "more.txt").write_text("more")
    registry.register("p", tmp_path / "w.pkl")
    registry.register("p", parent="p:1.0.0")
    stream, second = io.BytesIO(), io.BytesIO()
    registry.export_bundle("p:1.0.1", stream)

    def lie(head: dict[str, Any]) -> None:
        head["artifacts"][0]["files"][0][3] = "safetensors"

    bring(other, rewritten(stream.getvalue(), lie))
    files = [tmp_path / "w.pkl", *([tmp_path / "more.txt"] if beside else [])]
    with pytest.raises(Refused, match="calls it safetensors"):
        other.register("mine", *files)
    registry.register("q", *files)
    registry.export_bundle("q:1.0.0", second)
    with pytest.raises(Damaged, match="runs code when it is loaded"):
        bring(other, second.getvalue())
    other.register("mine", tmp_path / "more.txt")


def test_a_collection_takes_nothing_that_is_being_brought(
    registry: Registry, other: Registry, weights: Weights
) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            other.gc()
            return super().read(size)

    version = registry.register("m", weights(width=20_000))
    stream = io.BytesIO()
    registry.export_bundle(version.ref, stream)
    assert other.import_bundle(Slow(stream.getvalue()), name="it").objects == 1
    assert other.verify().findings == ()


def test_a_label_that_another_version_has_is_refused(bundle: bytes, other: Registry, weights: Weights) -> None:
    other.register("m", weights(9.0))
    before = counts(other)
    with pytest.raises(AlreadyExists):
        bring(other, bundle)
    assert counts(other) == before


def members(content: bytes) -> list[Member]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        return [(member, (archive.extractfile(member) or io.BytesIO()).read()) for member in archive.getmembers()]


def packed(found: list[Member]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for member, content in found:
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def rewritten(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The bundle with other records."""
    (head, text), *rest = members(content)
    records = json.loads(text)
    change(records)
    return packed([(head, json.dumps(records).encode()), *rest])


def _path(path: str) -> Callable[[dict[str, Any]], None]:
    def change(records: dict[str, Any]) -> None:
        for artifact in records["artifacts"]:
            artifact["files"][0][0] = path

    return change


def _set(*keys: str | int, value: object) -> Callable[[dict[str, Any]], None]:
    def change(records: Any) -> None:
        for key in keys[:-1]:
            records = records[key]
        records[keys[-1]] = value

    return change


_END = {
    "at": 1,
    "actor": "ana",
    "claim": None,
    "reason": "old",
    "successor": None,
    "purged_at": None,
    "purged_by": None,
}


def _ended(**fields: object) -> Callable[[dict[str, Any]], None]:
    def change(records: dict[str, Any]) -> None:
        records["versions"][0].update(status="retired", retirement={**_END, **fields})

    return change


@pytest.mark.parametrize(
    "change",
    [
        _path("../../evil"),
        _path("/etc/evil"),
        _path("a/../../evil"),
        _set("version", value=2),
        _set("version", value="1"),
        _set("format", value="other"),
        _set("focus", value="nothing"),
        _set("objects", value=[]),
        _set("objects", 0, 1, value=7),
        _set("objects", 0, 0, value="sha256:" + "0" * 64),
        _set("artifacts", 0, "digest", value="sha256:" + "0" * 64),
        _set("versions", 0, "label", value="../x"),
        _set("versions", 0, "seq", value=2**70),
        _set("versions", 0, "seq", value="1"),
        _set("versions", 0, "more", value=1),
        _set("versions", 1, "artifact", value="sha256:" + "1" * 64),
        _set("models", 0, "name", value="a/b"),
        _set("models", 0, "scheme", value="odd"),
        _set("data", 0, "digest", value="md5:1"),
        _set("runs", 0, "kind", value="odd"),
        _set("runs", 0, "code", value="[]"),
        _set("runs", 0, "code", value='{"odd": 1}'),
        _set("runs", 0, "environment", value=["sha256:" + "0" * 64, "{}"]),
        _set("runs", 0, "command", value="{"),
        _set("data", 0, "columns", value='[{"odd": 1}]'),
        _set("versions", 1, "parents", value=[["nobody", "retrain"]]),
        _set("versions", 1, "run", value="0" * 32),
        _set("versions", 1, "datasets", value=[["gone", "1", "train"]]),
        _set("versions", 0, "params", value=[["a", "odd", "1"]]),
        _set("versions", 0, "status", value="odd"),
        _set("versions", 0, "architecture", value="sha256:" + "1" * 64),
        _set("versions", 0, "status", value="retired"),
        _set("versions", 0, "retirement", value=_END),
        _ended(purged_at=1),
        _ended(reason="x\0y"),
        _ended(reason=None),
    ],
    ids=range(36),
)
def test_records_that_are_not_as_they_must_be_leave_nothing(
    bundle: bytes, other: Registry, change: Callable[[dict[str, Any]], None]
) -> None:
    before = counts(other)
    with pytest.raises(LinealError):
        bring(other, rewritten(bundle, change))
    assert counts(other) == before


def _other_bytes(found: list[Member]) -> list[Member]:
    return [found[0], (found[1][0], b"x" * len(found[1][1]))]


def _link(kind: bytes) -> Callable[[list[Member]], list[Member]]:
    def change(found: list[Member]) -> list[Member]:
        member = tarfile.TarInfo(found[1][0].name)
        member.type, member.linkname = kind, "/etc/passwd"
        return [found[0], (member, b"")]

    return change


def _named(name: str) -> Callable[[list[Member]], list[Member]]:
    def change(found: list[Member]) -> list[Member]:
        return [found[0], (tarfile.TarInfo(name), found[1][1])]

    return change


@pytest.mark.parametrize(
    "change",
    [
        _other_bytes,
        _link(tarfile.SYMTYPE),
        _link(tarfile.LNKTYPE),
        _link(tarfile.FIFOTYPE),
        _named("../../evil"),
        _named("/etc/evil"),
        lambda found: [found[0], (found[1][0], found[1][1] + b"x")],
        lambda found: [*found, (tarfile.TarInfo("more"), b"x")],
        lambda found: found[:1],
        lambda found: found[1:],
        lambda _: [],
    ],
    ids=range(11),
)
def test_files_that_are_not_as_they_must_be_leave_nothing(
    bundle: bytes, other: Registry, tmp_path: Path, change: Callable[[list[Member]], list[Member]]
) -> None:
    before = counts(other)
    with pytest.raises(Damaged):
        bring(other, packed(change(members(bundle))))
    assert counts(other) == before
    assert not list(tmp_path.rglob("evil"))
    assert not list((other.root / "objects" / "tmp").glob("*"))


def test_a_stream_that_breaks_off_anywhere_leaves_nothing(bundle: bytes, other: Registry) -> None:
    before = counts(other)
    end = len(bundle) - 2 * tarfile.BLOCKSIZE  # what is missing after the last file is padding
    with tarfile.open(fileobj=io.BytesIO(bundle), mode="r:") as archive:
        last = archive.getmembers()[-1]
        end = last.offset_data + last.size
    for size in range(0, end, max(1, end // 40)):
        with pytest.raises(Damaged):
            bring(other, bundle[:size])
    assert counts(other) == before


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x1f\x8b" + bytes(40), b"{}" * 600])
def test_what_is_no_bundle_is_told(other: Registry, content: bytes) -> None:
    with pytest.raises(Damaged):
        bring(other, content)


@pytest.mark.usefixtures("bundle")
def test_how_versions_ended_comes_along(registry: Registry, other: Registry, weights: Weights) -> None:
    registry.register("m", weights(3.0), label="2.0.0")
    registry.deprecate("m:1.0.0", until=Micros(1), reason="to end")
    registry.retire("m:1.0.0", reason="replaced", successor="m:1.0.1", purge=True)
    registry.deprecate("m:1.0.1", until=Micros(1_900_000_000_000_000), reason="slow", successor="m:2.0.0")
    stream = io.BytesIO()
    registry.export_bundle("m:1.0.1", stream)
    bring(other, stream.getvalue())
    here, there = (known.detail("m:1.0.0").retirement for known in (registry, other))
    assert there is not None
    assert there == here
    said = other.detail("m:1.0.1").deprecation
    assert said is not None
    assert (said.until, said.reason, said.successor) == (1_900_000_000_000_000, "slow", None)  # 2.0.0 is not here
    assert other.version("m:1.0.1").deprecated_until == 1_900_000_000_000_000
    assert other.verify().findings == ()
    with pytest.raises(Refused, match="purged already"):
        other.retire("m:1.0.0", purge=True)
    with pytest.raises(Refused, match="retired"):
        other.promote("m:1.0.0", "staging")


def test_a_purged_version_goes_into_no_bundle(registry: Registry, weights: Weights, tmp_path: Path) -> None:
    registry.register("m", weights(1.0), label="1.0.0")
    registry.retire("m:1.0.0", reason="old", purge=True)
    for attempt in (
        lambda: registry.export_bundle("m:1.0.0", io.BytesIO()),
        lambda: registry.write_files("m:1.0.0", tmp_path / "out"),
    ):
        with pytest.raises(Refused, match=r"its bytes were purged by .* when it was retired"):
            attempt()


def test_what_was_purged_here_does_not_come_back(bundle: bytes, other: Registry) -> None:
    bring(other, bundle)
    other.retire("m:1.0.1", reason="wrong data", purge=True)
    before = counts(other)
    with pytest.raises(Refused, match="its bytes were purged: wrong data"):
        bring(other, bundle)
    assert counts(other) == before
    assert other.verify().findings == ()
