"""The audit log as a file that can be kept, and checked, away from its registry."""

from __future__ import annotations

import json
import operator
import os
from typing import IO, TYPE_CHECKING

from lineal.errors import AlreadyExists, BadFormat, MachineError
from lineal.machine.durable import sync_folder
from lineal.queries import events as rows
from lineal.write_path import audit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lineal.records.auditing import Anchor, RawEvent, Verdict
    from lineal.write_path.context import Context


def export(
    context: Context,
    stream: IO[bytes],
    *,
    after: int = 0,
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> tuple[int, str]:
    """Write the log as lines of JSON, oldest first; returns the number of events and the hash of the last.

    A line is what the hash is over, with the hash put in as its last member: without that, its SHA-256 is the hash.

    Args:
        context: the registry.
        stream: where to.
        after: the last event that is left out.
        progress: told events written and events there are; may raise to stop.
    """
    with context.read() as connection:
        total = (rows.head(connection) or (0, ""))[0]
    written, last, head = 0, after, audit.GENESIS
    while True:
        with context.read() as connection:
            batch = rows.raw(connection, after=last)
        if not batch:
            return written, head
        stream.write(b"".join(_line(event) for event in batch))
        written, last, head = written + len(batch), batch[-1][0], batch[-1][9].decode(errors="replace")
        progress(last, max(total, last))


def _line(event: RawEvent) -> bytes:
    return audit.content(event)[:-1] + b',"hash":"' + event[9] + b'"}\n'


def export_to(
    context: Context, path: Path, *, after: int = 0, progress: Callable[[int, int], None] = lambda _, __: None
) -> tuple[int, str]:
    """Write the log to a new file, as `export`, durable when it returns; nothing is left of one that was not finished.

    Raises:
        AlreadyExists: there is such a file.
        MachineError: it cannot be written.
    """
    try:
        stream = path.open("xb")
    except FileExistsError:
        hint = "an export replaces nothing; name another, or `-` and a redirection or a pipe"
        raise AlreadyExists(kind="file", name=str(path), hint=hint) from None
    except OSError as error:
        raise MachineError(path=path, why=error.strerror or str(error)) from error
    try:
        with stream:
            told = export(context, stream, after=after, progress=progress)
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(path.absolute().parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise MachineError(path=path, why=error.strerror or str(error)) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return told


def verify_export(
    path: Path, anchors: Iterable[Anchor] = (), *, progress: Callable[[int, int], None] = lambda _, __: None
) -> Verdict:
    """Check a log that was exported, without its registry; one that begins later than the log counts from there.

    Args:
        path: the file.
        anchors: heads that were kept elsewhere.
        progress: told bytes read and bytes there are; may raise to stop.

    Raises:
        BadFormat: a line is no event.
        MachineError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            total, read, number = os.fstat(stream.fileno()).st_size, 0, 0
            chain: audit.Chain | None = None
            while lines := stream.readlines(1 << 20):
                batch = [_exported(line, number + n, path) for n, line in enumerate(lines, start=1)]
                number += len(lines)
                if chain is None:
                    first = batch[0]
                    begins = first[0] > 1
                    head = first[8].decode(errors="replace") if begins else audit.GENESIS
                    chain = audit.Chain(anchors, last=first[0] - 1 if begins else 0, head=head)
                if not chain.follow(batch):
                    break
                read += sum(map(len, lines))
                progress(read, total)
    except OSError as error:
        raise MachineError(path=path, why=error.strerror or str(error)) from error
    return (chain or audit.Chain(anchors)).end()


def _exported(line: bytes, number: int, path: Path) -> RawEvent:
    """An event from its line; the bytes of its `data` are taken as they stand there."""
    try:
        found = json.loads(line)
        start = line.index(b',"data":') + len(b',"data":')
        end = line.rindex(b',"prev":"')
        claim = None if found["claim"] is None else _bytes(found["claim"])
        actor, action, ref, prev, digest = (_bytes(found[each]) for each in ("actor", "action", "ref", "prev", "hash"))
        seq, at, uid = (operator.index(found[each]) for each in ("seq", "at", "uid"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadFormat(path=path, format="export of the audit log", why=f"line {number} is no event") from None
    return (seq, at, actor, uid, claim, action, ref, line[start:end], prev, digest)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
