"""Decides which texts may be names and labels, and which label a new version gets."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lineal.errors import BadName, BadValue
from lineal.records.models import Bump, Scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from lineal.records.base import Micros

MAX_NAME = 128
"""Characters in the name of a model, dataset or stage."""
MAX_LABEL = 100
"""Characters in a label."""
MAX_LABEL_BYTES = 200
"""UTF-8 bytes in a label: it becomes part of a folder's name, and most file systems allow 255."""
MAX_KEY = 250
"""Characters in the name of an experiment, metric, param or tag."""
MAX_TEXT = 100_000
"""Characters in notes and other free text, unless said otherwise."""
MAX_LINE = 1_000
"""Characters in an owner or a purpose, which stand in tables."""
RESERVED = ("data", "run", "exp", "sha256")
"""Words that open another kind of address, so no model may have them as its name, in any case."""

_ADDRESS_MARKS = frozenset("/\\:@~#'\"`")
_LABEL_MARKS = frozenset("._+-")
# Letters and marks that show nothing: two names could look the same.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(c) for c in range(0x180B, 0x1810)}
# Emoji in names need these; in a label they would only hide.
_VARIATIONS = frozenset(chr(c) for c in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
_UNFIT = {
    "Cc": "a control character",
    "Cf": "an invisible formatting character",
    "Cs": "half of a surrogate pair",
    "Cn": "an unassigned character",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}


def shown(text: str, width: int = 60) -> str:
    """Returns `text` cut in its middle to at most `width` characters, for messages."""
    if len(text) <= width:
        return text
    head = (width - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def check_model_name(name: str) -> str:
    """Returns the name of a model in Unicode's composed form.

    Raises:
        BadName: When it cannot be one; the message says what is wrong and where.
    """
    name = _checked_address_part("model name", name)
    if name.lower() in RESERVED:
        raise BadName(
            kind="model name", name=name, why=f"`{name.lower()}:` opens another kind of address; choose another"
        )
    return name


def check_dataset_name(name: str) -> str:
    """Returns the name of a dataset in composed form, or raises BadName."""
    return _checked_address_part("dataset name", name)


def check_stage_name(name: str) -> str:
    """Returns the name of a stage in composed form, or raises BadName."""
    return _checked_address_part("stage name", name)


def check_experiment_name(name: str) -> str:
    """Returns the name of an experiment in composed form, or raises BadName. Slashes and colons are fine in it."""
    return _checked_text("experiment name", name, MAX_KEY)


def check_metric_name(name: str) -> str:
    """Returns the name of a metric in composed form, or raises BadName."""
    return _checked_text("metric name", name, MAX_KEY)


def check_param_name(name: str) -> str:
    """Returns the name of a param in composed form, or raises BadName."""
    return _checked_text("param name", name, MAX_KEY)


def check_tag_name(name: str) -> str:
    """Returns the name of a tag in composed form, or raises BadName."""
    return _checked_text("tag name", name, MAX_KEY)


def check_label(label: str) -> str:
    """Returns a version's label in composed form, or raises BadName."""
    kind = "label"
    label = _normalised(kind, label, MAX_LABEL)
    for place, character in enumerate(label):
        category = unicodedata.category(character)
        fits = (
            category[0] in "LNM" and character not in _INVISIBLE and character not in _VARIATIONS
        ) or character in _LABEL_MARKS
        if not fits:
            why = f"{_named(character)} at position {place + 1}; letters, digits and . _ + - may be in it"
            raise BadName(kind=kind, name=shown(label), why=why)
    if unicodedata.category(label[0])[0] not in "LN":
        raise BadName(kind=kind, name=shown(label), why="it must begin with a letter or a digit")
    if ".." in label:
        raise BadName(kind=kind, name=shown(label), why="two dots in a row; leave one out")
    size = len(label.encode())
    if size > MAX_LABEL_BYTES:
        raise BadName(kind=kind, name=shown(label), why=f"{size} bytes in UTF-8; at most {MAX_LABEL_BYTES} fit")
    return label


def check_text(field: str, value: str, longest: int | None = None) -> str:
    """Returns free text as it is: notes, purposes, reasons, owners, values of tags.

    Raises:
        BadValue: When it is longer than `longest` characters, or no file or database could keep it.
    """
    longest = longest or (MAX_LINE if field in {"owner", "purpose"} else MAX_TEXT)
    if len(value) > longest:
        raise BadValue(field=field, value=shown(value), why=f"{len(value):,} characters; at most {longest:,} fit")
    place = value.find("\0")
    if place < 0 and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            place = error.start
    if place >= 0:
        raise BadValue(field=field, value=shown(value), why=f"{_named(value[place])} at position {place + 1}")
    return value


def _checked_address_part(kind: str, name: str) -> str:
    name = _checked_text(kind, name, MAX_NAME)
    for place, character in enumerate(name):
        if character in _ADDRESS_MARKS:
            why = f"{character} at position {place + 1} has a meaning in addresses; use another character"
            raise BadName(kind=kind, name=shown(name), why=why)
    if name[0] in "-.":
        raise BadName(kind=kind, name=shown(name), why=f"it begins with {name[0]}; begin with a letter or a digit")
    return name


def _checked_text(kind: str, name: str, longest: int) -> str:
    name = _normalised(kind, name, longest)
    if not (name.isascii() and name.isprintable()):
        for place, character in enumerate(name):
            if unicodedata.category(character) in _UNFIT or character in _INVISIBLE:
                why = f"{_named(character)} at position {place + 1}; take it out"
                raise BadName(kind=kind, name=shown(name), why=why)
    if name != name.strip():
        raise BadName(kind=kind, name=shown(name), why="a space at its beginning or end; take it out")
    return name


def _normalised(kind: str, name: str, longest: int) -> str:
    if not name:
        raise BadName(kind=kind, name=name, why="it is empty")
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    if len(name) > longest:
        raise BadName(kind=kind, name=shown(name), why=f"{len(name):,} characters; at most {longest} fit")
    return name


def _named(character: str) -> str:
    category = unicodedata.category(character)
    if category in _UNFIT:
        return f"{_UNFIT[category]} (U+{ord(character):04X})"
    if character in _INVISIBLE:
        return f"an invisible character (U+{ord(character):04X})"
    return "a space" if character == " " else character


class SemVer(NamedTuple):
    """A semantic version, as https://semver.org/spec/v2.0.0.html defines it."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()
    """Identifiers of a pre-release; empty for a release."""
    build: tuple[str, ...] = ()
    """Identifiers of a build."""

    @classmethod
    def parse(cls, text: str) -> SemVer | None:
        """Returns the semantic version that `text` is, None when it is none."""
        match = re.fullmatch(_SEMVER, text)
        if match is None:
            return None
        major, minor, patch, pre, build = match.groups()
        return cls(int(major), int(minor), int(patch), _identifiers(pre), _identifiers(build))

    def __str__(self) -> str:
        pre = "-" + ".".join(self.pre) if self.pre else ""
        build = "+" + ".".join(self.build) if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre}{build}"

    def bumped(self, bump: Bump, times: int = 1) -> SemVer:
        """Returns the release that follows at this level, `times` over; a pre-release's own release comes first."""
        if bump is Bump.MAJOR:
            own = bool(self.pre) and self.minor == 0 and self.patch == 0
            return SemVer(self.major + times - own, 0, 0)
        if bump is Bump.MINOR:
            own = bool(self.pre) and self.patch == 0
            return SemVer(self.major, self.minor + times - own, 0)
        return SemVer(self.major, self.minor, self.patch + times - bool(self.pre))


_NUMBER = r"(0|[1-9][0-9]{0,17})"
_PRE = r"(?:0|[1-9][0-9]{0,17}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
# Compiled where it is first used: start-up is measured.
_SEMVER = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_PRE}(?:\.{_PRE})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"


def _identifiers(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(".")) if text else ()


@dataclass(frozen=True, slots=True)
class BumpFacts:
    """What decides on the bump between a version and its parent."""

    signature: str | None
    """Inputs and outputs as canonical JSON; None when not described."""
    architecture: str | None
    """Digest of the architecture; None when there are no files."""
    training_data: frozenset[str]
    """Digests of what it was trained on; empty when not recorded."""
    label: str | None = None
    """The version's label, for the reason; None for one that has none yet."""


def work_out_bump(base: BumpFacts, new: BumpFacts) -> tuple[Bump, str]:
    """Returns which part of the label goes up from `base` to `new`, and why in words.

    Another signature is major, another architecture or other training data is minor, the rest is patch. What one of the
    two does not record counts as no difference, and the reason says so.
    """
    than = base.label or "its parent"
    if base.signature and new.signature and base.signature != new.signature:
        return Bump.MAJOR, f"major: other inputs or outputs than {than}"
    if base.architecture and new.architecture and base.architecture != new.architecture:
        return Bump.MINOR, f"minor: other architecture than {than}"
    if base.training_data and new.training_data and base.training_data != new.training_data:
        return Bump.MINOR, f"minor: other training data than {than}"
    known = [
        word
        for word, both in (
            ("signature", base.signature and new.signature),
            ("architecture", base.architecture and new.architecture),
            ("training data", base.training_data and new.training_data),
        )
        if both
    ]
    if not known:
        return Bump.PATCH, f"patch: nothing to compare with {than}"
    listed = known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"
    return Bump.PATCH, f"patch: same {listed} as {than}"


@dataclass(frozen=True, slots=True)
class NextLabel:
    """The label that a new version gets."""

    label: str
    reason: str
    """Why this one, in words."""


def next_label(
    scheme: Scheme,
    *,
    existing: Collection[str] | Callable[[str], bool],
    ended_at: Micros,
    seq: int,
    label: str | None = None,
    base: str | None = None,
    bump: Bump | None = None,
    reason: str | None = None,
    run_name: str | None = None,
    experiment: str | None = None,
) -> NextLabel:
    """Returns the label of a version that is about to be registered.

    Args:
        scheme: The model's label scheme.
        existing: The model's labels, or what tells whether a label is taken. A label asked for is not looked up.
        ended_at: End of the run, or the time of the registration without one.
        seq: The version's sequence number.
        label: The label asked for; None to work one out.
        base: Label of the parent in the same model; None without one.
        bump: Which part of `base` goes up; None for a patch.
        reason: Why it is that bump; None when somebody asked for it.
        run_name: Name of the producing run; None without one.
        experiment: Name of its experiment; None without one.

    Raises:
        BadName: The label asked for cannot be one, or does not fit the scheme.
        BadValue: The scheme needs something that is missing.
    """
    taken = existing if callable(existing) else existing.__contains__
    if label is not None:
        return NextLabel(_asked_for(scheme, label), "asked for")
    match scheme:
        case Scheme.SEMVER:
            return _next_semver(base, bump, reason, taken)
        case Scheme.TIMESTAMP:
            return NextLabel(_free(_timestamp(ended_at), taken), "timestamp: the run's end in UTC")
        case Scheme.EXPERIMENT:
            if experiment is None or run_name is None:
                why = "labels of this model are experiment and run, but no run is given: name one, or a label"
                raise BadValue(field="label", value=label, why=why)
            return NextLabel(_free(_slug(f"{experiment}-{run_name}"), taken), "experiment: experiment and run")
        case Scheme.SEQUENCE:
            return NextLabel(_free(str(seq), taken), "sequence: the next number")
        case Scheme.MANUAL:
            raise BadValue(field="label", value=label, why="labels of this model are chosen by hand; give one")


def _asked_for(scheme: Scheme, label: str) -> str:
    label = check_label(label)
    if scheme is Scheme.SEMVER and SemVer.parse(label) is None:
        why = "no semantic version such as 2.1.0 or 2.1.0-rc.1, which is what labels of this model are"
        raise BadName(kind="label", name=label, why=why)
    return label


def _next_semver(base: str | None, bump: Bump | None, reason: str | None, taken: Callable[[str], bool]) -> NextLabel:
    parent = SemVer.parse(base) if base is not None else None
    if parent is None:
        first = SemVer(1, 0, 0)
        if not taken(str(first)):
            return NextLabel(str(first), "first version" if base is None else f"first semantic version after {base}")
        why = "major: no parent in this model" if base is None else f"major: {base} is no semantic version"
        times = _first_free(lambda n: str(first.bumped(Bump.MAJOR, n)), taken)
        return NextLabel(str(first.bumped(Bump.MAJOR, times)), why)
    level = bump or Bump.PATCH
    times = _first_free(lambda n: str(parent.bumped(level, n)), taken)
    return NextLabel(str(parent.bumped(level, times)), reason or f"{level}: asked for")


def _free(label: str, taken: Callable[[str], bool]) -> str:
    if not taken(label):
        return label
    return f"{label}-{_first_free(lambda n: f'{label}-{n + 1}', taken) + 1}"


def _first_free(label_at: Callable[[int], str], taken: Callable[[str], bool]) -> int:
    # Ten thousand siblings must not cost ten thousand look-ups: double until free, then close in.
    free = 1
    while taken(label_at(free)):
        free *= 2
    below = free // 2
    while free - below > 1:
        middle = (below + free) // 2
        if taken(label_at(middle)):
            below = middle
        else:
            free = middle
    return free


def _timestamp(at: Micros) -> str:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415  few models need it, and start-up is measured

    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at // 1_000_000)
    except OverflowError:
        raise BadValue(field="time", value=at, why="beyond the calendar") from None
    return f"{moment.year:04}{moment:%m%dT%H%M%SZ}"


def _slug(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" or c in _LABEL_MARKS else "-" for c in text)
    kept = re.sub(r"\.\.+", ".", kept)
    while kept and unicodedata.category(kept[0])[0] not in "LN":
        kept = kept[1:]
    # Room is left for the suffix of a label that is taken.
    kept = kept[: MAX_LABEL - 12].encode()[: MAX_LABEL_BYTES - 12].decode(errors="ignore")
    return check_label(kept or "run")
