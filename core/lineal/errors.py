"""Every error that lineal raises on purpose: one tree, each with its exit code, its data and a hint on what to do."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, ClassVar


class ExitCode(IntEnum):
    """What the command line answers to its caller."""

    DONE = 0
    BUG = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    CONFLICT = 5
    RELEASE_FAILED = 6
    DAMAGED = 7
    MACHINE = 8
    CANCELLED = 130


class LinealError(Exception):
    """Base of all: a message template filled with the error's data."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    message: ClassVar[str] = "{what}"
    hint_template: ClassVar[str | None] = None

    def __init__(self, *, hint: str | None = None, **data: object) -> None:
        """Fill the class's template with `data`; `hint` replaces the class's own."""
        self.data = data
        self._hint = hint
        super().__init__(self.message.format(**data))
        if self.hint:
            self.add_note(f"hint: {self.hint}")  # which whoever sees a traceback reads, too

    @property
    def hint(self) -> str | None:
        """What to do about it; None when nothing sensible can be said."""
        if self._hint is not None:
            return self._hint
        return self.hint_template.format(**self.data) if self.hint_template else None


def to_fields(error: LinealError) -> dict[str, object]:
    """An error as plain values, for another process; `from_fields` makes it again."""
    data = {name: value if isinstance(value, int | float | None) else str(value) for name, value in error.data.items()}
    return {"error": type(error).__name__, "hint": error.hint, "data": data}


def from_fields(fields: dict[str, Any]) -> LinealError:
    """The error that `to_fields` took apart."""
    kind = globals().get(fields["error"])
    if not (isinstance(kind, type) and issubclass(kind, LinealError)):
        kind = LinealError
    error = kind.__new__(kind)
    LinealError.__init__(error, hint=fields["hint"], **fields["data"])
    return error


# 2: the question itself is wrong


class UsageError(LinealError):
    """What was asked for makes no sense as it stands."""

    exit_code = ExitCode.USAGE


class BadAddress(UsageError):
    """A text that is no address."""

    message = "{text!r} is no address: {why}"
    hint_template: ClassVar[str | None] = (
        "addresses look like fraud, fraud:2.1.0, fraud:#17, fraud@production, fraud@production~1, data:NAME[:LABEL], "
        "run:ID, exp:NAME or sha256:DIGEST"
    )


class OtherAddress(BadAddress):
    """An address of something else than is wanted."""

    message = "{text!r} will not do: {why}"
    hint_template = None


class StageWanted(OtherAddress):
    """An address of something else than a stage."""

    def __init__(self, *, text: str, why: str | None = None, hint: str | None = None) -> None:
        """`why` is what the message says after the text; None for the usual."""
        super().__init__(text=text, why=why or "a stage is wanted here, such as fraud@production", hint=hint)


class BadName(UsageError):
    """A name that cannot be one."""

    message = "{kind} {name!r}: {why}"


class BadValue(UsageError):
    """A value that does not fit its field."""

    message = "{field} {value!r}: {why}"

    def __init__(self, *, field: str, value: object, why: str, hint: str | None = None) -> None:
        """`value` is None when none was given."""
        super().__init__(field=field, value=value, why=why, hint=hint)
        if value is None:
            self.args = (f"{field}: {why}",)


class BadFilter(UsageError):
    """An expression of the search language that cannot be read, or asks for what there is not."""

    message = "the expression is wrong: {why}"

    def __init__(self, *, text: str, at: int, why: str, nearest: tuple[str, ...] = (), hint: str | None = None) -> None:
        """`at` is where in `text` it went wrong, from 0; `nearest` are the fields that may have been meant."""
        self.nearest = nearest
        if hint is None and nearest:
            hint = "did you mean " + " or ".join(nearest) + "?"
        super().__init__(text=text, at=at, why=why, hint=hint)

    @property
    def pointer(self) -> tuple[str, str]:
        """The part of the text around the mistake, in one line, and a line with a caret below the place."""
        text, at = str(self.data["text"]), int(str(self.data["at"]))
        start = max(0, at - 60) if len(text) > 100 else 0
        part = "".join(each if each.isprintable() else " " for each in text[start : start + 100])
        before, after = "…" if start else "", "…" if start + 100 < len(text) else ""
        return f"{before}{part}{after}", " " * (len(before) + at - start) + "^"


class BadPolicy(UsageError):
    """A policy file with something wrong in it."""

    message = "{path}, line {line}: {why}"


class BadOrder(BadFilter):
    """An order by what there is not."""

    message = "the order is wrong: {why}"


# 3: what was asked for is not there


class NotFound(LinealError):
    """Something that is not in the registry."""

    exit_code = ExitCode.NOT_FOUND
    message = "no {kind} {name!r}{where}"

    def __init__(
        self, *, kind: str, name: str, where: str = "", nearest: tuple[str, ...] = (), hint: str | None = None
    ) -> None:
        """`nearest` are the addresses that look like it, best first."""
        self.nearest = nearest
        if hint is None and nearest:
            hint = "did you mean " + " or ".join(nearest) + "?"
        super().__init__(kind=kind, name=name, where=where, hint=hint)


class NothingRuns(LinealError):
    """No pipeline, where the one that runs was asked for."""

    exit_code = ExitCode.NOT_FOUND
    message = "no pipeline is running"
    hint_template = "name a stage for its last one: MODEL@STAGE"


class Ambiguous(LinealError):
    """An abbreviation that fits more than one thing."""

    exit_code = ExitCode.NOT_FOUND
    message = "{text!r} fits more than one {kind}: {candidates}"
    hint_template = "give more of it"


class NoRegistry(LinealError):
    """No registry where one was looked for."""

    exit_code = ExitCode.NOT_FOUND
    message = "no registry at {path}{where}"
    hint_template = "create one with `lineal init`, or name one with --registry DIR or LINEAL_REGISTRY"

    def __init__(self, *, path: object, where: str = "", hint: str | None = None) -> None:
        """`where` says where else it was looked for, after a comma."""
        super().__init__(path=path, where=where, hint=hint)


class NothingLive(LinealError):
    """A stage at which nothing is live."""

    exit_code = ExitCode.NOT_FOUND
    message = "nothing is live at {ref}{when}"
    hint_template = "see `lineal history {ref}`"


class NoSource(LinealError):
    """A file or folder that was named and is not there."""

    exit_code = ExitCode.NOT_FOUND
    message = "{path}: no such file or folder"


# 4: a rule forbids it


class Refused(LinealError):
    """A rule says no."""

    exit_code = ExitCode.REFUSED
    message = "{what}: {why}"


class NotPermitted(Refused):
    """Something that a person's roles do not permit."""

    message = "{user} may not {permission} {subject}: that takes {needed}, and {user} {has}"


class GatesFailed(Refused):
    """A promotion that a stage's gates stand against."""

    @property
    def names(self) -> str:
        """What failed, without the figures."""
        return str(self.data["names"])


class NowhereToRollBack(Refused):
    """A rollback without a place to go."""

    message = "nowhere to roll {ref} back to: {why}"
    hint_template = "promote a version with `lineal promote REF --to STAGE`, or see `lineal history {ref}`"


# 5: somebody was faster


class Conflict(LinealError):
    """Something else holds the place, or changed under the question."""

    exit_code = ExitCode.CONFLICT
    message = "{what}: {why}"


class AlreadyExists(Conflict):
    """A name that is taken."""

    message = "{kind} {name!r} exists already{where}"

    def __init__(self, *, kind: str, name: str, where: str = "", hint: str | None = None) -> None:
        """`where` ends the sentence; it begins with a space."""
        super().__init__(kind=kind, name=name, where=where, hint=hint)


class OutOfDate(Conflict):
    """A plan whose ground has moved."""

    message = "{ref} has changed since the plan was made: {now} is live, not {then}"
    hint_template = "look again, then decide"


class Busy(Conflict):
    """A stage that another pipeline is moving."""

    message = "{ref} is being moved by {actor} since {since}: {step}"
    hint_template = "follow it with `lineal pipeline follow {ref}`, or stop it with `lineal pipeline cancel {ref}`"


class Locked(Conflict):
    """A lock that was not let go in time."""

    message = "{path} is locked{by}; waited {seconds:g} s"
    hint_template = "try again; if the holder hangs, end it: the lock goes with its process"


# 6: the release failed


class ReleaseFailed(LinealError):
    """A transition that reached the server and did not end well there."""

    exit_code = ExitCode.RELEASE_FAILED
    message = "{what}: {why}"


# 7: what is there is damaged or not ours


class Damaged(LinealError):
    """Data that is not what it must be."""

    exit_code = ExitCode.DAMAGED
    message = "{path}: {why}"


class ForeignRegistry(Damaged):
    """A database that is not a lineal registry."""

    message = "{path} is not a lineal registry: {why}"


class NewerRegistry(Damaged):
    """A registry that a later lineal wrote."""

    message = "{path} was written by a newer lineal (schema {found}; this one knows up to {known})"
    hint_template = "upgrade lineal; nothing was changed"


class BadFormat(Damaged):
    """A model or data file that breaks its own format."""

    message = "{path} is no valid {format} file: {why}"


# 8: the machine says no


class MachineError(LinealError):
    """The operating system refused."""

    exit_code = ExitCode.MACHINE
    message = "{path}: {why}"


class NotReadable(MachineError):
    """A file or folder that may not be read."""

    message = "{path} cannot be read: {why}"


class ReadOnlyRegistry(MachineError):
    """A change asked of a registry that may only be read."""

    message = "the registry {path} can only be read here: {why}"


class SourceChanged(MachineError):
    """A file that changed while it was copied."""

    message = "{path} changed while it was being read; nothing was recorded"
    hint_template = "wait until its writer is done, then try again"


# 130: somebody stopped it


class Cancelled(LinealError):
    """Something a person stopped."""

    exit_code = ExitCode.CANCELLED
    message = "{what} was cancelled by {who}"
