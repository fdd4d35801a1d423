"""What models and versions cost on disk, as tables and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.models import VersionStatus
from lineal_tui.view.drawing.lines import Line, Span, Tone
from lineal_tui.view.drawing.text import heading, table
from lineal_tui.view.drawing.words import counted, number, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.costs import FileCost, ModelCost, RegistryCost, ReleaseCost, VersionCost
    from lineal_tui.view.as_json.values import Object


def registry(found: RegistryCost, width: int | None) -> list[Line]:
    """The models, and what else takes room."""
    rows = [
        (
            (model.model, Tone.STRONG),
            _count(model.versions),
            _size(model.bytes, Tone.MUTED),
            _size(model.stored),
            _size(model.own),
            _size(model.released),
        )
        for model in found.models
    ]
    titles = ("MODEL", "VERSIONS", "FILES", "STORED", "OWN", "RELEASES")
    lines = table(titles, rows, width=width, numbers=range(1, 6))
    lines += [(), heading("Together")]
    released = sum(release.extra for release in found.releases)
    collectable = f"{counted(found.collectable_files, 'file')} that nothing needs; `lineal gc` frees them"
    rest = [
        ("objects", found.stored, f"{counted(found.objects, 'object')}, each counted once"),
        ("database", found.database, ""),
        ("releases", released, counted(len(found.releases), "release") + " beside the objects"),
        ("collectable", found.collectable, collectable if found.collectable_files else "nothing to collect"),
    ]
    lines += table(
        (),
        [((name, Tone.MUTED), _size(bytes_), (remark, Tone.MUTED)) for name, bytes_, remark in rest],
        width=width,
        numbers=(1,),
        indent=2,
    )
    return lines + _releases(found.releases, width)


def model(found: ModelCost, versions: Sequence[VersionCost], width: int | None) -> list[Line]:
    """The versions of a model, and what they cost together."""
    rows = [
        (
            (each.label, Tone.STRONG),
            ("" if each.status is VersionStatus.ACTIVE else str(each.status), Tone.WORSE),
            _count(each.files),
            _size(each.bytes, Tone.MUTED),
            _size(each.shared),
            _size(each.own),
            _size(each.released),
            (f"{size(each.gone)} not here" if each.gone else "", Tone.MUTED),
        )
        for each in versions
    ]
    titles = ("VERSION", "", "FILES", "SIZE", "SHARED", "OWN", "RELEASES", "")
    return [
        heading(
            found.model,
            f"{counted(found.versions, 'version')} of {size(found.bytes)}; {size(found.stored)} are stored, "
            f"{size(found.own)} of them for no other model"
            + (f"; releases take {size(found.released)} more" if found.released else ""),
        ),
        (),
        *table(titles, rows, width=width, numbers=range(2, 7)),
    ]


def version(
    found: VersionCost, files: Sequence[FileCost], releases: Sequence[ReleaseCost], width: int | None
) -> list[Line]:
    """The files of a version, with who else needs them."""
    rows = [(_path(each), _size(each.bytes), _sharers(each)) for each in files]
    return [
        heading(found.ref, told(found)),
        (),
        *table(("FILE", "SIZE", ""), rows, width=width, numbers=(1,)),
        *_releases(releases, width),
    ]


def told(found: VersionCost) -> str:
    """What a version costs, in a few words."""
    words = [f"{size(found.own)} of its own"]
    if found.shared:
        words.append(f"{size(found.shared)} shared")
    if found.gone:
        words.append(f"{size(found.gone)} not here")
    if found.released:
        words.append(f"{size(found.released)} in releases")
    return ", ".join(words)


def _releases(found: Sequence[ReleaseCost], width: int | None) -> list[Line]:
    if not found:
        return []
    rows = [
        (
            (each.stage, Tone.TEXT),
            (each.version, Tone.TEXT),
            _size(each.bytes),
            (_kinds(each), Tone.WORSE if each.missing else Tone.MUTED),
            (each.path, Tone.MUTED),
        )
        for each in found
    ]
    titles = ("STAGE", "VERSION", "SIZE", "ON DISK", "WHERE")
    return [(), heading("Releases"), *table(titles, rows, width=width, numbers=(2,), indent=2)]


def _kinds(release: ReleaseCost) -> str:
    if release.missing:
        return "not there"
    if release.linked:
        return f"{size(release.linked)} hard links"
    if release.cloned is None:
        return "copied"
    return f"{size(release.cloned)} shared blocks" if release.cloned else "copied"


def _path(file: FileCost) -> Span:
    return (file.path, Tone.TEXT if file.here else Tone.MUTED)


def _sharers(file: FileCost) -> Span:
    if not file.here:
        return ("not here", Tone.MUTED)
    if not file.sharers or file.sharer is None:
        return ("its own", Tone.TEXT)
    more = f" and {number(file.sharers - 1)} more" if file.sharers > 1 else ""
    return (f"shared with {file.sharer}{more}", Tone.MUTED)


def _size(count: int, tone: Tone = Tone.TEXT) -> Span:
    return (size(count), tone) if count else ("-", Tone.MUTED)


def _count(count: int) -> Span:
    return (number(count), Tone.TEXT)


# JSON


def version_json(found: VersionCost) -> Object:
    """A version's cost."""
    return {
        "ref": found.ref,
        "status": found.status.value,
        "files": found.files,
        "bytes": found.bytes,
        "own": found.own,
        "shared": found.shared,
        "gone": found.gone,
        "released": found.released,
    }


def model_json(found: ModelCost) -> Object:
    """A model's cost."""
    return {
        "ref": found.model,
        "versions": found.versions,
        "bytes": found.bytes,
        "stored": found.stored,
        "own": found.own,
        "released": found.released,
    }


def file_json(found: FileCost) -> Object:
    """A file's cost."""
    return {
        "path": found.path,
        "digest": found.digest,
        "bytes": found.bytes,
        "here": found.here,
        "sharers": found.sharers,
        "sharer": found.sharer,
    }


def release_json(found: ReleaseCost) -> Object:
    """A release's cost."""
    return {
        "stage": found.stage,
        "ref": found.version,
        "path": found.path,
        "files": found.files,
        "bytes": found.bytes,
        "linked": found.linked,
        "cloned": found.cloned,
        "missing": found.missing,
    }


def registry_json(found: RegistryCost) -> Object:
    """A registry's cost."""
    return {
        "models": [model_json(each) for each in found.models],
        "objects": found.objects,
        "stored": found.stored,
        "database": found.database,
        "collectable": found.collectable,
        "collectable_files": found.collectable_files,
        "releases": [release_json(each) for each in found.releases],
    }
