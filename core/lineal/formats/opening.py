"""Opens files that somebody named, so that pipes, folders and missing files answer with one clear error everywhere."""

from __future__ import annotations

import io
import os
import stat
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from lineal.errors import BadName, NoSource, NotReadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def opened(path: Path) -> Iterator[io.FileIO]:
    """Open a regular file unbuffered for reading; errors of the machine inside the block become lineal's.

    Raises:
        NoSource: there is no such file.
        NotReadable: it may not be read, is no regular file, or its device fails.
        BadName: the path holds a zero byte.
    """
    with machine_errors(path):
        # Without O_NONBLOCK, opening a pipe waits for its writer, perhaps for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            require_regular(path, os.fstat(descriptor).st_mode)
            with io.FileIO(descriptor, closefd=False) as file:
                yield file
        finally:
            os.close(descriptor)


@contextmanager
def machine_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system raises about `path` into lineal's errors."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoSource(path=path) from error
    except OSError as error:
        raise NotReadable(path=path, why=error.strerror or str(error)) from error
    except ValueError as error:
        if "\0" not in str(path):
            raise
        raise BadName(kind="path", name=str(path), why="holds a zero byte") from error


def require_regular(path: Path, mode: int) -> None:
    """Refuse what is no regular file.

    Raises:
        NotReadable: it is a folder, a pipe, a socket or a device.
    """
    if stat.S_ISREG(mode):
        return
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    raise NotReadable(path=path, why=f"it is {kinds.get(stat.S_IFMT(mode), 'a device')}, not a regular file")


def read_exactly(file: IO[bytes], count: int) -> bytes:
    """Read `count` bytes, fewer only where the file ends."""
    parts: list[bytes] = []
    while count > 0 and (part := file.read(min(count, 1 << 20))):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
