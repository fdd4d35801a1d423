"""The address grammar: the one way in which people and programs name models, versions, data, runs and bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import BadAddress, BadName, BadValue
from lineal.records.models import Relation
from lineal.rules import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_NUMBER = 2**63 - 1
"""The largest sequence number that the registry could hold."""

_QUOTES = "\"'"
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class ModelRef:
    """`fraud`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class LabelRef:
    """`fraud:2.1.0`."""

    model: str
    label: str

    def __str__(self) -> str:
        return f"{self.model}:{self.label}"


@dataclass(frozen=True, slots=True)
class SeqRef:
    """`fraud:#17`."""

    model: str
    seq: int

    def __str__(self) -> str:
        return f"{self.model}:#{self.seq}"


@dataclass(frozen=True, slots=True)
class StageRef:
    """`fraud@production`, and with `back` rollbacks from there `fraud@production~1`."""

    model: str
    stage: str
    back: int = 0

    def __str__(self) -> str:
        return f"{self.model}@{self.stage}" + (f"~{self.back}" if self.back else "")


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """`data:customers`."""

    name: str

    def __str__(self) -> str:
        return f"data:{self.name}"


@dataclass(frozen=True, slots=True)
class DatasetVersionRef:
    """`data:customers:2026-11-01`."""

    name: str
    label: str

    def __str__(self) -> str:
        return f"data:{self.name}:{self.label}"


@dataclass(frozen=True, slots=True)
class RunRef:
    """`run:3f9c2a`."""

    prefix: str
    """1 to 32 lowercase hexadecimal digits."""

    def __str__(self) -> str:
        return f"run:{self.prefix}"


@dataclass(frozen=True, slots=True)
class ExperimentRef:
    """`exp:churn`."""

    name: str

    def __str__(self) -> str:
        # A name may itself be in quotes; a second pair keeps the first.
        return (
            f"exp:{self.name[0]}{self.name}{self.name[0]}" if _unquoted(self.name) is not None else f"exp:{self.name}"
        )


@dataclass(frozen=True, slots=True)
class DigestRef:
    """`sha256:9f3c`."""

    prefix: str
    """4 to 64 lowercase hexadecimal digits."""

    def __str__(self) -> str:
        return f"sha256:{self.prefix}"

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole digest, which can mean only one thing."""
        return len(self.prefix) == 64


Ref = ModelRef | LabelRef | SeqRef | StageRef | DatasetRef | DatasetVersionRef | RunRef | ExperimentRef | DigestRef


def parse(text: str) -> Ref:
    """Returns what an address means; for every address `parse(str(ref)) == ref`.

    Spaces around it are left out; quotes may stand around a name, a stage, or all of it. Names come back in Unicode's
    composed form, hexadecimal digits in lower case.

    Raises:
        BadAddress: When it is none; the message says why.
    """
    address = text.strip()
    if address[:1] in _QUOTES and (inner := _unquoted(address)) is not None and address[0] not in inner:
        address = inner.strip()
    if not address:
        raise _bad(text, "it is empty")
    prefix, _, rest = address.partition(":")
    match prefix.lower() if rest or address.endswith(":") else "":
        case "data":
            return _parse_dataset(rest, text)
        case "run":
            return RunRef(_hex(rest, text, "a run's id", 1, 32))
        case "exp":
            inner = _unquoted(rest)
            return ExperimentRef(_named(naming.check_experiment_name, rest if inner is None else inner, text))
        case "sha256":
            return DigestRef(_hex(rest, text, "a digest", 4, 64))
        case _:
            return _parse_model(address, text)


def split_relation(text: str) -> tuple[str, Relation]:
    """Returns the address and the relation of `ADDRESS[=RELATION]`; without one it is a retraining.

    Raises:
        BadValue: There is no such relation.
    """
    address, word = _split_option(text)
    if word is None:
        return address, Relation.RETRAIN
    try:
        return address, Relation(word.lower())
    except ValueError:
        near = nearest(word, [relation.value for relation in Relation], limit=1)
        why = "no such relation" + (f"; did you mean {near[0]}?" if near else "")
        hint = f"one of {', '.join(Relation)}; a name with = in it needs the relation after it"
        raise BadValue(field="relation", value=naming.shown(word), why=why, hint=hint) from None


def split_role(text: str, default: str) -> tuple[str, str]:
    """Returns the address and the role of `ADDRESS[=ROLE]`, `default` without one.

    Raises:
        BadValue: The role is no single word.
    """
    address, word = _split_option(text)
    if word is None:
        return address, default
    try:
        return address, naming.check_label(word)
    except BadName as error:
        raise BadValue(field="role", value=naming.shown(word), why=str(error.data["why"])) from error


def nearest(word: str, candidates: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Returns the candidates that look like `word`, best first, whatever their case."""
    from difflib import SequenceMatcher  # noqa: PLC0415  only mistakes need it, and start-up is measured

    wanted = word[: naming.MAX_KEY].casefold()
    matcher: SequenceMatcher[str] = SequenceMatcher(b=wanted)
    scored = []
    for candidate in dict.fromkeys(candidates):
        folded = candidate.casefold()
        # What begins with the word, or holds it, is what a person began to type.
        floor = 0.0 if len(wanted) < 2 or wanted not in folded else 0.8 if folded.startswith(wanted) else 0.65
        matcher.set_seq1(folded)
        score = floor
        if matcher.real_quick_ratio() >= 0.6 and matcher.quick_ratio() >= 0.6:
            score = max(floor, matcher.ratio())
        if score >= 0.6:
            scored.append((-score, candidate))
    return tuple(candidate for _, candidate in sorted(scored)[:limit])


def _parse_model(address: str, text: str) -> Ref:
    name, rest = _split_name(address, text)
    model = _named(naming.check_model_name, name, text)
    if not rest:
        return ModelRef(model)
    mark, part = rest[0], rest[1:]
    if mark == ":":
        if not part:
            raise _bad(text, "a label or #number is missing after the colon")
        if part[0] == "#":
            return SeqRef(model, _number(part[1:], text, "a sequence number", least=1))
        if "@" in part:
            raise _bad(text, "it has a label and a stage; give one of them")
        return LabelRef(model, _named(naming.check_label, part, text))
    stage, tilde, back = part.partition("~")
    inner = _unquoted(stage)
    stage = _named(naming.check_stage_name, stage if inner is None else inner, text)
    return StageRef(model, stage, _number(back, text, "the number of rollbacks after ~", least=0) if tilde else 0)


def _parse_dataset(rest: str, text: str) -> DatasetRef | DatasetVersionRef:
    name, after = _split_name(rest, text)
    dataset = _named(naming.check_dataset_name, name, text)
    if not after:
        return DatasetRef(dataset)
    if after[0] == "@":
        raise _bad(text, "datasets have no stages; a version of one is data:NAME:LABEL")
    if len(after) == 1:
        raise _bad(text, "a label is missing after the colon")
    return DatasetVersionRef(dataset, _named(naming.check_label, after[1:], text))


def _split_name(address: str, text: str) -> tuple[str, str]:
    if address[:1] and address[0] in _QUOTES:
        end = address.find(address[0], 1)
        if end < 0:
            raise _bad(text, f"the quote {address[0]} is never closed")
        rest = address[end + 1 :]
        if rest and rest[0] not in ":@":
            raise _bad(text, f"{naming.shown(rest, 20)} follows the closing quote; only : or @ may")
        return address[1:end], rest
    place = min((i for i in (address.find(":"), address.find("@")) if i >= 0), default=len(address))
    return address[:place], address[place:]


def _split_option(text: str) -> tuple[str, str | None]:
    address, equals, word = text.strip().rpartition("=")
    # A = inside quotes belongs to the name.
    if not equals or any(quote in word for quote in _QUOTES):
        return text.strip(), None
    return address.rstrip(), word.strip()


def _unquoted(text: str) -> str | None:
    return text[1:-1] if len(text) >= 2 and text[0] in _QUOTES and text[-1] == text[0] else None


def _named(check: Callable[[str], str], part: str, text: str) -> str:
    try:
        return check(part)
    except BadName as error:
        raise _bad(text, str(error)) from error


def _number(digits: str, text: str, what: str, *, least: int) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        raise _bad(text, f"{what} must be a number, not {naming.shown(digits, 20) or 'nothing'}")
    number = int(digits)
    if not least <= number <= MAX_NUMBER:
        raise _bad(text, f"{what} must be from {least} to {MAX_NUMBER}")
    return number


def _hex(digits: str, text: str, what: str, shortest: int, longest: int) -> str:
    digits = digits.lower()
    if not _HEX.issuperset(digits):
        raise _bad(text, f"{what} is made of hexadecimal digits only")
    if not shortest <= len(digits) <= longest:
        raise _bad(text, f"{what} has {shortest} to {longest} hexadecimal digits, this has {len(digits)}")
    return digits


def _bad(text: str, why: str) -> BadAddress:
    return BadAddress(text=naming.shown(text, 100), why=why)
