"""Reads a policy from TOML, with the line and the nearest key for whatever is wrong in it."""

from __future__ import annotations

import re
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from lineal.errors import BadAddress, BadPolicy, BadValue, LinealError, NotFound
from lineal.gates import durations
from lineal.governance.policies.lines import line_of
from lineal.records.alerts import COOL_DOWN, AlertSetting
from lineal.records.automation import TIMEOUT, Occasion
from lineal.records.endings import RetentionRule
from lineal.records.gates import Gates
from lineal.records.permissions import Role
from lineal.records.policies import Policy, PolicyAutomation, PolicyRole, PolicyStage
from lineal.rules.refs import StageRef, nearest, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_LARGEST = 1_000_000
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")
_STAGE_KEYS = ("gates", "require", "after", "soak", "approvals", "no_pickle", "keep", "alerts")
_ALERT_KEYS = ("alert", "command", "rollback", "cool_down")
_RETENTION_KEYS = ("keep_last", "keep_live", "keep_younger")
_ROLE_KEYS = ("subject", "role", "model", "stage")
_AUTOMATION_KEYS = ("event", "model", "stage", "command", "timeout", "enabled")
_PARTS = ("roles", "stages", "retention", "automations")
_Kind = TypeVar("_Kind", str, int, bool, list[Any])

Path = tuple[str | int, ...]
"""Where something stands: keys, and places in lists."""


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a policy, and what it is called."""

    text: str
    name: str

    def wrong(self, path: Path, why: str, *, near: Iterable[str] = (), hint: str | None = None) -> BadPolicy:
        """The error about what stands at a path."""
        found = tuple(near)
        return BadPolicy(
            path=self.name,
            line=line_of(self.text, path),
            why=why,
            hint=hint or (f"did you mean {' or '.join(found)}?" if found else None),
        )

    @contextmanager
    def telling(self, path: Path) -> Iterator[None]:
        """Tell the line of what goes wrong within."""
        try:
            yield
        except LinealError as error:
            near = error.nearest if isinstance(error, NotFound) else ()
            raise self.wrong(path, str(error), near=near, hint=error.hint) from error


def read(document: Document) -> Policy:
    """Read a policy.

    Raises:
        BadPolicy: it is no TOML, or has a key or a value that makes no sense.
    """
    if len(document.text) > _LARGEST:
        raise BadPolicy(path=document.name, line=1, why=f"it is larger than {_LARGEST:,} characters")
    try:
        content = tomllib.loads(document.text)
    except tomllib.TOMLDecodeError as error:
        raise _mistake(document, error) from error
    _check_keys(document, (), content, _PARTS)
    roles = stages = retention = None
    if "roles" in content:
        found = _value(document, ("roles",), content["roles"], list)
        roles = tuple(_role(document, ("roles", place), each) for place, each in enumerate(found))
        _check_once(document, roles)
    if "stages" in content:
        table = _table(document, ("stages",), content["stages"])
        stages = tuple(_stage(document, name, each) for name, each in table.items())
        places = [each.ref for each in stages]
        for name, place in zip(table, places, strict=True):
            if places.count(place) > 1:
                raise document.wrong(("stages", name), f"{place} is there twice")
    if "retention" in content:
        table = _table(document, ("retention",), content["retention"])
        retention = tuple(_rule(document, name, each) for name, each in table.items())
    automations = None
    if "automations" in content:
        table = _table(document, ("automations",), content["automations"])
        found = [_automation(document, name, each) for name, each in table.items()]
        automations = tuple(sorted(found, key=lambda each: each.name))
    return Policy(roles, stages, retention, automations)


def stage_names(document: Document) -> list[tuple[str, tuple[str, str]]]:
    """The keys of all stages in a document that was read, each with model and stage."""
    found = []
    for name in tomllib.loads(document.text).get("stages", {}):
        ref = parse(name)
        if isinstance(ref, StageRef):
            found.append((name, (ref.model, ref.stage)))
    return found


def _mistake(document: Document, error: tomllib.TOMLDecodeError) -> BadPolicy:
    told = str(error)
    found = _LINE.search(told)
    line = int(found[1]) if found else document.text.count("\n") + 1
    why = _LINE.sub("", told).replace("(at end of document)", "").strip().rstrip(":")
    return BadPolicy(path=document.name, line=line, why=f"{why[:1].lower()}{why[1:]}")


def _role(document: Document, path: Path, content: Any) -> PolicyRole:
    table = _table(document, path, content)
    _check_keys(document, path, table, _ROLE_KEYS)
    for key in ("subject", "role"):
        if key not in table:
            raise document.wrong(path, f"a role has no {key}")
    texts = {key: _value(document, (*path, key), value, str) for key, value in table.items()}
    if texts["role"] not in set(Role):
        near = nearest(texts["role"], list(Role))
        raise document.wrong((*path, "role"), f"there is no role {texts['role']!r}", near=near)
    if "stage" in texts and "model" not in texts:
        raise document.wrong((*path, "stage"), "a stage is one of a model; name that, too")
    return PolicyRole(texts["subject"], Role(texts["role"]), texts.get("model"), texts.get("stage"))


def _check_once(document: Document, roles: Sequence[PolicyRole]) -> None:
    seen: set[tuple[str, str]] = set()
    for place, each in enumerate(roles):
        if (each.subject, each.place) in seen:
            raise document.wrong(("roles", place), f"{each.subject} has a role for {each.place} already")
        seen.add((each.subject, each.place))


def _stage(document: Document, name: str, content: Any) -> PolicyStage:
    path: Path = ("stages", name)
    try:
        ref = parse(name)
    except BadAddress as error:
        raise document.wrong(path, str(error)) from error
    if not isinstance(ref, StageRef) or ref.back:
        raise document.wrong(path, f'{name!r} is no stage; one is named [stages."MODEL@STAGE"]')
    table = _table(document, path, content)
    _check_keys(document, path, table, _STAGE_KEYS)
    gates = Gates(
        expressions=_texts(document, (*path, "gates"), table.get("gates", [])),
        require=_texts(document, (*path, "require"), table.get("require", [])),
        after=_value(document, (*path, "after"), table["after"], str) if "after" in table else None,
        soak=_soak(document, (*path, "soak"), table["soak"]) if "soak" in table else 0,
        approvals=_value(document, (*path, "approvals"), table.get("approvals", 0), int),
        no_pickle=_value(document, (*path, "no_pickle"), table.get("no_pickle", False), bool),
    )
    keep = _value(document, (*path, "keep"), table["keep"], int) if "keep" in table else None
    if keep is not None and not 1 <= keep <= 1_000:
        raise document.wrong((*path, "keep"), f"keep {keep}: it is 1 to 1,000")
    listed = _value(document, (*path, "alerts"), table.get("alerts", []), list)
    alerts = tuple(_alert(document, (*path, "alerts", place), each) for place, each in enumerate(listed))
    return PolicyStage(ref.model, ref.stage, gates, keep, alerts)


def _alert(document: Document, path: Path, content: Any) -> AlertSetting:
    table = _table(document, path, content)
    _check_keys(document, path, table, _ALERT_KEYS)
    if "alert" not in table:
        raise document.wrong(path, "an alert says what must hold: alert = 'latency_p99 < 80 for 10m'")
    return AlertSetting(
        text=_value(document, (*path, "alert"), table["alert"], str),
        command=_texts(document, (*path, "command"), table["command"]) if "command" in table else None,
        rolls_back=_value(document, (*path, "rollback"), table.get("rollback", False), bool),
        cool_down=_soak(document, (*path, "cool_down"), table["cool_down"]) if "cool_down" in table else COOL_DOWN,
    )


def _automation(document: Document, name: str, content: Any) -> PolicyAutomation:
    path: Path = ("automations", name)
    table = _table(document, path, content)
    _check_keys(document, path, table, _AUTOMATION_KEYS)
    for key in ("event", "command"):
        if key not in table:
            raise document.wrong(path, f"an automation has no {key}")
    texts = {
        key: _value(document, (*path, key), table[key], str) for key in ("event", "model", "stage") if key in table
    }
    if texts["event"] not in set(Occasion):
        near = nearest(texts["event"], list(Occasion))
        hint = None if near else f"events are {', '.join(Occasion)}"
        raise document.wrong((*path, "event"), f"there is no event {texts['event']!r}", near=near, hint=hint)
    if "stage" in texts and "model" not in texts:
        raise document.wrong((*path, "stage"), "a stage is one of a model; name that, too")
    timeout = table.get("timeout", TIMEOUT)
    if not isinstance(timeout, int | float) or isinstance(timeout, bool):
        raise document.wrong((*path, "timeout"), f"timeout is a number of seconds, not {_kind(timeout)}")
    return PolicyAutomation(
        name=name,
        event=Occasion(texts["event"]),
        model=texts.get("model"),
        stage=texts.get("stage"),
        command=_texts(document, (*path, "command"), table["command"]),
        timeout=float(timeout),
        enabled=_value(document, (*path, "enabled"), table.get("enabled", True), bool),
    )


def _rule(document: Document, name: str, content: Any) -> RetentionRule:
    path: Path = ("retention", name)
    table = _table(document, path, content)
    _check_keys(document, path, table, _RETENTION_KEYS)
    last = _value(document, (*path, "keep_last"), table["keep_last"], int) if "keep_last" in table else None
    live = _value(document, (*path, "keep_live"), table.get("keep_live", False), bool)
    younger = _soak(document, (*path, "keep_younger"), table["keep_younger"]) if "keep_younger" in table else None
    for key, value in (("keep_last", last), ("keep_younger", younger)):
        if value is not None and value <= 0:
            raise document.wrong((*path, key), f"{key} must be above zero")
    found = RetentionRule(name, last, live, younger)
    if found == RetentionRule(name):
        raise document.wrong(path, "it keeps nothing; leave it out to keep everything")
    return found


def _soak(document: Document, path: Path, value: Any) -> int:
    try:
        return durations.seconds(str(path[-1]), _value(document, path, value, str))
    except BadValue as error:
        raise document.wrong(path, str(error), hint=error.hint) from error


def _texts(document: Document, path: Path, value: Any) -> tuple[str, ...]:
    found = _value(document, path, value, list)
    return tuple(_value(document, (*path, place), each, str) for place, each in enumerate(found))


def _table(document: Document, path: Path, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise document.wrong(path, f"{path[-1]} is a table, not {_kind(value)}")
    return value


def _value(document: Document, path: Path, value: Any, kind: type[_Kind]) -> _Kind:
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    name = path[-1] if isinstance(path[-1], str) else path[-2]
    raise document.wrong(path, f"{name} is {_WORDS[kind]}, not {_kind(value)}")


_WORDS: dict[type, str] = {str: "a text", int: "a whole number", bool: "true or false", list: "a list"}


def _kind(value: Any) -> str:
    return "a table" if isinstance(value, dict) else _WORDS.get(type(value), type(value).__name__)


def _check_keys(document: Document, path: Path, table: dict[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            near = nearest(key, known)
            hint = None if near else f"known are {', '.join(known)}"
            where = f"in {_table_name(path)}" if path else "at the top"
            raise document.wrong((*path, key), f"there is no key {key!r} {where}", near=near, hint=hint)


def _table_name(path: Path) -> str:
    """A table as its file heads it."""
    keys = [str(part) if _BARE.fullmatch(str(part)) else f'"{part}"' for part in path if isinstance(part, str)]
    return f"[[{'.'.join(keys)}]]" if isinstance(path[-1], int) else f"[{'.'.join(keys)}]"
