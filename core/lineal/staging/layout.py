"""A stage's directory: releases laid out beside one another, and `current`, which points at the live one."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.errors import Damaged, LinealError, MachineError, Refused
from lineal.machine.durable import sync_folder
from lineal.records.releases import MANIFEST, LaidFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lineal.records.models import Artifact, Version
    from lineal.storage.objects import ObjectStore

CURRENT = "current"
MARK = ".lineal-stage.json"
"""Says which stage of which registry a directory belongs to."""

_UNFINISHED = (".partial-*", ".trash-*", ".current-*")
_FICLONE = 0x40049409
_STEP = 64 << 20
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def stage_lock(root: Path, stage: int) -> Path:
    """The lock that a running pipeline of a stage holds, in the registry's directory `root`."""
    return root / "releases" / f"stage-{stage}.lock"


def release_name(version: Version) -> str:
    """The folder of a version's release: its label and the first 12 digits of its digest."""
    digest = (version.digest or "").removeprefix("sha256:")[:12] or "no-files"
    return f"{version.label}-{digest}"


def claim(directory: Path, *, registry: str, place: str) -> None:
    """Make a directory a stage's own.

    Args:
        directory: absolute; made if it is missing and its parent is there.
        registry: the registry's uid.
        place: `MODEL@STAGE`.

    Raises:
        Refused: it is a link, holds other things, belongs to another stage, or has a `current` that is no link.
        MachineError: it cannot be made or written.
    """
    what = f"binding {place} to {directory}"
    if directory.is_symlink():
        raise Refused(what=what, why="it is a symbolic link", hint=f"name the folder itself: {directory.resolve()}")
    try:
        directory.mkdir(exist_ok=True)
        mark = directory / MARK
        if mark.exists() and mark.stat().st_size:
            _check_owner(what, mark, _owner(mark), registry, place)
            _check_current(what, directory)
        elif any(found != mark for found in directory.iterdir()):
            raise Refused(what=what, why="it holds files that lineal did not put there", hint="name an empty folder")
        else:
            with mark.open("w", encoding="utf-8") as file:
                json.dump({"registry": registry, "stage": place}, file)
                file.flush()
                os.fsync(file.fileno())
        sync_folder(directory)
    except FileExistsError as error:
        raise Refused(what=what, why="it is a file") from error
    except ValueError as error:
        raise Refused(what=what, why=f"its {MARK} cannot be read") from error
    except OSError as error:
        raise MachineError(path=directory, why=error.strerror or str(error)) from error


def check_claim(directory: Path, *, registry: str, place: str) -> None:
    """Check that a directory is still the stage's own before anything is put there.

    Raises:
        MachineError: it is gone or cannot be read.
        Refused: it is another's, or its `current` is no link.
    """
    what = f"a release of {place} in {directory}"
    if directory.is_symlink():
        raise Refused(what=what, why="the directory is a symbolic link now")
    try:
        owner = _owner(directory / MARK)
    except FileNotFoundError as error:
        if directory.is_dir():
            why, hint = f"it has no {MARK}", "bind the stage again with `lineal stage set`"
        else:
            why, hint = "the directory is gone", "`lineal doctor --repair` makes it again, with its releases"
        raise MachineError(path=directory, why=why, hint=hint) from error
    except NotADirectoryError as error:
        raise Refused(what=what, why="the directory is a file now") from error
    except OSError as error:
        raise MachineError(path=directory, why=error.strerror or str(error)) from error
    except ValueError as error:
        raise Refused(what=what, why=f"its {MARK} cannot be read") from error
    _check_owner(what, directory / MARK, owner, registry, place)
    _check_current(what, directory)


def _owner(mark: Path) -> tuple[str, str]:
    """(registry, place) that a mark names; a ValueError when it is no mark."""
    content = json.loads(mark.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(content)  # noqa: TRY004  whatever is wrong with it, it is no mark
    return str(content.get("registry")), str(content.get("stage"))


def _check_owner(what: str, mark: Path, owner: tuple[str, str], registry: str, place: str) -> None:
    if owner != (registry, place):
        whose = "another registry" if owner[0] != registry else "this registry"
        hint = f"name another folder; if nothing uses this one any more, delete the file {mark} and what lies beside it"
        raise Refused(what=what, why=f"it belongs to {owner[1]} of {whose}", hint=hint)


def _check_current(what: str, directory: Path) -> None:
    current = directory / CURRENT
    if os.path.lexists(current) and not current.is_symlink():
        raise Refused(what=what, why=f"{CURRENT} is no symbolic link", hint="move it away; lineal never removes it")


def points_at(directory: Path) -> str | None:
    """The name of the release that `current` points at; None when there is no such link."""
    try:
        return str((directory / CURRENT).readlink())
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise Refused(what=str(directory / CURRENT), why="it is no symbolic link") from error
        raise MachineError(path=directory / CURRENT, why=error.strerror or str(error)) from error


def switch(directory: Path, name: str | None) -> None:
    """Point `current` at a release, or at nothing, in one step that readers cannot see the middle of.

    Raises:
        MachineError: the directory cannot be written.
    """
    current = directory / CURRENT
    try:
        if name is None:
            current.unlink(missing_ok=True)
        else:
            temporary = directory / f".current-{os.urandom(8).hex()}"
            temporary.symlink_to(name)
            try:
                temporary.replace(current)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
        sync_folder(directory)
    except OSError as error:
        raise MachineError(path=current, why=error.strerror or str(error)) from error


def lay_out(
    directory: Path,
    version: Version,
    artifact: Artifact,
    objects: ObjectStore,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[LaidFile, ...]:
    """Put a version's files into the stage's directory, durable and whole, or not at all.

    Args:
        directory: the stage's.
        version: whose files they are.
        artifact: the files.
        objects: where their bytes are.
        progress: told bytes as they are written; may raise to stop.

    Returns:
        The files as they lie there.

    Raises:
        MachineError: the directory cannot be written, or is full; nothing of the release stays.
    """
    name = release_name(version)
    partial = directory / f".partial-{os.getpid()}-{os.urandom(6).hex()}"
    try:
        partial.mkdir()
        for entry in artifact.files:
            target = partial / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(objects.path(entry.digest), target, entry.size)
            progress(entry.size)
        _write_manifest(partial / MANIFEST, version, artifact)
        for folder, _, _ in os.walk(partial):
            Path(folder).chmod(0o755)  # the server is another user, whatever this one's umask
            sync_folder(Path(folder))
        _replace(directory, partial, name)
        sync_folder(directory)
        return identify(directory / name, [entry.path for entry in artifact.files])
    except OSError as error:
        raise MachineError(path=directory / name, why=error.strerror or str(error)) from error
    finally:
        remove(partial)


def _replace(directory: Path, partial: Path, name: str) -> None:
    target = directory / name
    if not os.path.lexists(target):
        partial.rename(target)
    elif not _exchange(partial, target):  # edited or half known: it makes way as a whole
        aside = directory / f".trash-{os.urandom(6).hex()}"
        target.rename(aside)
        partial.rename(target)
        remove(aside)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step, so that a release which is live is never missing; False where that is not known."""
    import ctypes  # noqa: PLC0415  rarely needed, and slow to load

    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return renameat2 is not None and renameat2(_AT_FDCWD, bytes(one), _AT_FDCWD, bytes(other), _RENAME_EXCHANGE) == 0


def _copy(source: Path, target: Path, size: int) -> None:
    reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        try:
            if not _clone(reader, writer):
                _copy_bytes(reader, writer)
            if os.fstat(writer).st_size != size:
                raise Damaged(path=source, why=f"the object has not {size} bytes")
            os.fchmod(writer, 0o444)
            os.fsync(writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _clone(reader: int, writer: int) -> bool:
    try:
        fcntl.ioctl(writer, _FICLONE, reader)
    except OSError:
        return False  # no file system that shares blocks: a copy serves as well
    return True


def _copy_bytes(reader: int, writer: int) -> None:
    try:
        while os.copy_file_range(reader, writer, _STEP):
            pass
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in {
            errno.EXDEV,
            errno.EINVAL,
            errno.ENOSYS,
            errno.EOPNOTSUPP,
        }:
            raise
        os.lseek(reader, 0, os.SEEK_SET)
        os.lseek(writer, 0, os.SEEK_SET)
        while chunk := os.read(reader, 4 << 20):
            view = memoryview(chunk)
            while view:
                view = view[os.write(writer, view) :]


def _write_manifest(path: Path, version: Version, artifact: Artifact) -> None:
    content = {
        "ref": version.ref,
        "uid": version.uid,
        "digest": version.digest,
        "files": [{"path": entry.path, "digest": entry.digest, "size": entry.size} for entry in artifact.files],
    }
    with path.open("x", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fchmod(file.fileno(), 0o444)
        os.fsync(file.fileno())


def identify(release: Path, paths: Sequence[str]) -> tuple[LaidFile, ...]:
    """What the file system says of a release's files.

    Raises:
        OSError: a file is missing.
    """
    found = []
    for path in paths:
        status = (release / path).lstat()
        found.append(LaidFile(path, status.st_size, status.st_dev, status.st_ino, status.st_ctime_ns))
    return tuple(found)


def what_differs(release: Path, files: Sequence[LaidFile]) -> str | None:
    """What is no longer as it was when the release was hashed: the first such file and why; None when all is."""
    for known in files:
        try:
            status = (release / known.path).lstat()
        except OSError as error:
            return f"{known.path}: {error.strerror}"
        except ValueError as error:  # what no file can be called
            return f"{known.path}: {error}"
        if not stat.S_ISREG(status.st_mode):
            return f"{known.path} is no regular file any more"
        now = (status.st_size, status.st_dev, status.st_ino, status.st_ctime_ns)
        if now != (known.size, known.device, known.inode, known.changed_ns):
            return f"{known.path} was changed or replaced"
    return None


def wrong_bytes(release: Path, artifact: Artifact, *, progress: Callable[[int], None] = lambda _: None) -> str | None:
    """The first file of a release that has not the bytes of its version, and why; every file is hashed.

    Args:
        release: its folder.
        artifact: the version's files.
        progress: told bytes as they are hashed; may raise to stop.
    """
    from lineal.data.fingerprint import hash_file  # noqa: PLC0415  a switch alone reads none

    for entry in artifact.files:
        try:
            digest, _ = hash_file(release / entry.path)
        except LinealError as error:
            return str(error)
        if digest != entry.digest:
            return f"{entry.path} has other bytes than the version"
        progress(entry.size)
    return None


def debris(directory: Path) -> list[Path]:
    """What processes that died left of their work in a stage's directory.

    Raises:
        MachineError: the directory cannot be read.
    """
    try:
        return [path for pattern in _UNFINISHED for path in directory.glob(pattern)]
    except OSError as error:
        raise MachineError(path=directory, why=error.strerror or str(error)) from error


def remove(path: Path) -> None:
    """Remove what is a release no longer; what cannot be removed stays for `doctor` to tell of."""
    with contextlib.suppress(OSError):
        if path.is_symlink() or path.is_file():  # a disk that is gone fails even here
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)


def retire(directory: Path, name: str) -> None:
    """Take a release away, first out of sight and then for good."""
    aside = directory / f".trash-{os.urandom(6).hex()}"
    with contextlib.suppress(OSError):  # what cannot be taken away stays for `doctor` to tell of
        (directory / name).rename(aside)
        sync_folder(directory)
        remove(aside)
