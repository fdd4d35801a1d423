"""The content-addressed store: whole files, named by their SHA-256, written once and never changed."""

from __future__ import annotations

import errno
import os
import stat
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import Damaged, LinealError, MachineError, NoSource, NotReadable, SourceChanged
from lineal.machine.durable import sync_folder
from lineal.machine.lazily import Later
from lineal.machine.locks import Marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from lineal.data import fingerprint
    from lineal.records.base import Digest
else:
    fingerprint = Later("lineal.data.fingerprint")

_STEP = 64 << 20
_CHUNK = 4 << 20
_SMALL = 4 << 20
_NOT_HERE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file in the store."""

    digest: Digest
    size: int
    """Bytes."""


class ObjectStore:
    """The files of a registry."""

    def __init__(self, root: Path, uses: Marks | None = None) -> None:
        """Bind the store in the folder `root`.

        Args:
            root: the folder.
            uses: holds the names of what a writer puts; None for a store that is not inside `storing`.
        """
        self.root = root
        self._uses = uses

    @property
    def uses(self) -> Path:
        """Where writers say what they use (`lineal.machine.locks.Marks`)."""
        return self.root / ".uses"

    @contextmanager
    def storing(self) -> Iterator[ObjectStore]:
        """The same store for a writer: nothing it puts is collected before the block ends, and so before its commit."""
        uses = Marks(self.uses)
        try:
            yield ObjectStore(self.root, uses)
        finally:
            uses.close()

    def path(self, digest: Digest) -> Path:
        """Where the object with this digest is, or would be."""
        name = digest.removeprefix("sha256:")
        return self.root / name[:2] / name[2:]

    def put(self, source: Path, *, move: bool = False) -> StoredObject:
        """Store the bytes of a file; durable when it returns, and kept from collection inside `storing`.

        The digest is computed from the stored copy, so that an object's name always tells its bytes.

        Args:
            source: a regular file.
            move: share the source's blocks where the file system allows; the caller then removes the source after
                its commit and nobody may write to it any more.

        Raises:
            NoSource, NotReadable: the file is missing or may not be read.
            SourceChanged: it changed while it was copied.
            MachineError: the store cannot be written.
        """

        def fill(partial: Path) -> None:
            if not (move and _link(source, partial)):
                _copy(source, partial)

        return self.put_filled(fill)

    def put_bytes(self, content: bytes) -> StoredObject:
        """Store some bytes; as `put`.

        Raises:
            MachineError: the store cannot be written.
        """

        def fill(partial: Path) -> None:
            with partial.open("xb") as file:
                file.write(content)

        return self.put_filled(fill)

    def put_filled(self, fill: Callable[[Path], None]) -> StoredObject:
        """Store what `fill` writes to the path it is given; as `put`."""
        if self._uses is None:
            with self.storing() as store:
                return store.put_filled(fill)
        partial = self.root / "tmp" / f"{os.getpid()}-{os.urandom(8).hex()}"
        try:
            partial.parent.mkdir(parents=True, exist_ok=True)
            self._uses.hold(partial.name)
            try:
                fill(partial)
                stored = _hash_and_sync(partial)
                self._uses.hold(stored.digest)  # before looking whether it is there: what is held is not taken away
                return self._adopt(partial, stored)
            finally:
                partial.unlink(missing_ok=True)
                self._uses.drop(partial.name)
        except OSError as error:
            raise MachineError(path=self.root, why=error.strerror or str(error)) from error

    def _adopt(self, partial: Path, stored: StoredObject) -> StoredObject:
        target = self.path(stored.digest)
        if not (target.exists() and self._is_whole(stored)):
            partial.chmod(0o444)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(target)
        for folder in (target.parent, self.root):  # also of what is there: its writer may not have come so far
            sync_folder(folder)
        return stored

    def _is_whole(self, stored: StoredObject) -> bool:
        try:
            self.check(stored.digest, stored.size, content=True)
        except LinealError:
            return False
        return True

    def check_all(
        self,
        entries: Iterable[tuple[Digest, int]],
        *,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Check sizes and bytes of objects on all cores.

        Args:
            entries: digest and size in bytes of each.
            progress: told the bytes of each object that was checked; may raise to stop.

        Raises:
            Damaged: one is not as it must be.
        """
        wanted = list(dict.fromkeys(entries))
        if sum(size for _, size in wanted) <= _SMALL:
            for digest, size in wanted:
                self.check(digest, size, content=True)
                progress(size)
            return
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  hashing lets other threads run

        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            work = [(size, pool.submit(self.check, digest, size, content=True)) for digest, size in wanted]
            try:
                for size, checked in work:
                    checked.result()
                    progress(size)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def check(self, digest: Digest, size: int, *, content: bool) -> None:
        """Check that an object is there and has its size; with `content`, also that its bytes have its digest.

        Raises:
            Damaged: it is not as it must be.
            NotReadable: the disk does not tell.
        """
        path = self.path(digest)
        try:
            found = path.stat().st_size
        except FileNotFoundError as error:
            raise Damaged(path=path, why="the object is missing") from error
        except OSError as error:  # a disk that is gone
            raise NotReadable(path=path, why=error.strerror or str(error)) from error
        if found != size:
            raise Damaged(path=path, why=f"the object has {found} bytes, not {size}")
        if content and fingerprint.hash_file(path)[0] != digest:
            raise Damaged(path=path, why="the object's bytes are not what its name says")


def _link(source: Path, target: Path) -> bool:
    try:
        found = source.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or found.st_uid != os.geteuid():
            return False  # it would stay in reach under another name, or of somebody else's writes
        os.link(source, target)
    except FileNotFoundError as error:
        raise NoSource(path=source) from error
    except OSError:
        return False  # another file system, or one without links: a copy serves as well
    return True


def _copy(source: Path, target: Path) -> None:
    try:
        reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NoSource(path=source) from error
    except OSError as error:
        raise NotReadable(path=source, why=error.strerror) from error
    try:
        before = os.fstat(reader)
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            copied = _copy_bytes(reader, writer, source)
        finally:
            os.close(writer)
        after = os.fstat(reader)
    finally:
        os.close(reader)
    if copied != before.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceChanged(path=source)


def _copy_bytes(reader: int, writer: int, source: Path) -> int:
    copied = 0
    if hasattr(os, "copy_file_range"):
        try:
            while count := os.copy_file_range(reader, writer, _STEP):
                copied += count
        except OSError as error:
            if error.errno not in _NOT_HERE or copied:
                raise
        else:
            if copied:
                return copied
    while True:
        try:
            chunk = os.read(reader, _CHUNK)
        except OSError as error:
            raise NotReadable(path=source, why=error.strerror) from error
        if not chunk:
            return copied
        view = memoryview(chunk)
        while view:  # a write may take less than it was given
            written = os.write(writer, view)
            copied += written
            view = view[written:]


def _hash_and_sync(path: Path) -> StoredObject:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    failures: list[OSError] = []

    def sync() -> None:
        try:
            os.fsync(descriptor)
        except OSError as error:
            failures.append(error)

    try:
        if os.fstat(descriptor).st_size <= _SMALL:
            sync()
            digest, size = fingerprint.hash_file(path)
        else:  # the disk writes while the processor hashes
            thread = threading.Thread(target=sync)
            thread.start()
            digest, size = fingerprint.hash_file(path)
            thread.join()
    finally:
        os.close(descriptor)
    if failures:
        raise failures[0]
    return StoredObject(digest, size)
