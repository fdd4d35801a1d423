"""Writes a policy as TOML, in one order always, so that git shows what changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.gates import durations
from lineal.records.alerts import COOL_DOWN
from lineal.records.automation import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lineal.records.alerts import AlertSetting
    from lineal.records.endings import RetentionRule
    from lineal.records.policies import Policy, PolicyAutomation, PolicyRole, PolicyStage

_HEAD = """\
# Who may do what in this registry, what its stages demand before a promotion and watch after it, what runs by itself.
# `lineal policy check FILE` tells what would change, `lineal policy apply FILE` makes it so.
# A part that is left out, [[roles]], [stages], [retention] or [automations], stays as it is; one that is there is the
# whole of it."""


def write(policy: Policy) -> str:
    """A policy as the text of a file; reading it gives the same policy."""
    parts = [_HEAD]
    if policy.roles is not None:
        parts += [_role(each) for each in policy.roles] or ["roles = []"]
    if policy.stages is not None:
        parts += [_stage(each) for each in policy.stages] or ["[stages]"]
    if policy.retention is not None:
        parts += [_rule(each) for each in policy.retention] or ["[retention]"]
    if policy.automations is not None:
        parts += [_automation(each) for each in policy.automations] or ["[automations]"]
    return "\n\n".join(parts) + "\n"


def _role(found: PolicyRole) -> str:
    lines = ["[[roles]]", f"subject = {_text(found.subject)}", f"role = {_text(found.role)}"]
    lines += [] if found.model is None else [f"model = {_text(found.model)}"]
    lines += [] if found.stage is None else [f"stage = {_text(found.stage)}"]
    return "\n".join(lines)


def _stage(found: PolicyStage) -> str:
    name = _text(found.ref)
    head = "\n".join([f"[stages.{name}]", *_demands(found)])
    return "\n\n".join([head, *("\n".join([f"[[stages.{name}.alerts]]", *_alert(each)]) for each in found.alerts)])


def _alert(found: AlertSetting) -> Iterator[str]:
    yield f"alert = {_text(found.text)}"
    if found.command is not None:
        yield f"command = {_list(found.command)}"
    if found.rolls_back:
        yield "rollback = true"
    if found.cool_down != COOL_DOWN:
        yield f"cool_down = {_text(durations.text(found.cool_down))}"


def _automation(found: PolicyAutomation) -> str:
    lines = [f"[automations.{_text(found.name)}]", f"event = {_text(found.event)}"]
    lines += [] if found.model is None else [f"model = {_text(found.model)}"]
    lines += [] if found.stage is None else [f"stage = {_text(found.stage)}"]
    lines += [f"command = {_list(found.command)}"]
    lines += [] if found.timeout == TIMEOUT else [f"timeout = {found.timeout!r}"]
    lines += [] if found.enabled else ["enabled = false"]
    return "\n".join(lines)


def _rule(found: RetentionRule) -> str:
    lines = [f"[retention.{_text(found.model)}]"]
    lines += [] if found.keep_last is None else [f"keep_last = {found.keep_last}"]
    lines += ["keep_live = true"] if found.keep_live else []
    lines += [] if found.keep_younger is None else [f"keep_younger = {_text(durations.text(found.keep_younger))}"]
    return "\n".join(lines)


def _demands(found: PolicyStage) -> Iterator[str]:
    gates = found.gates
    if gates.expressions:
        yield "gates = " + _list(gates.expressions, one_a_line=True)
    if gates.require:
        yield "require = " + _list(gates.require)
    if gates.after is not None:
        yield f"after = {_text(gates.after)}"
    if gates.soak:
        yield f"soak = {_text(durations.text(gates.soak))}"
    if gates.approvals:
        yield f"approvals = {gates.approvals}"
    if gates.no_pickle:
        yield "no_pickle = true"
    if found.keep is not None:
        yield f"keep = {found.keep}"


def _list(texts: Sequence[str], *, one_a_line: bool = False) -> str:
    if not one_a_line:
        return "[" + ", ".join(_text(text) for text in texts) + "]"
    return "[\n" + "".join(f"    {_text(text)},\n" for text in texts) + "]"


def _text(text: str) -> str:
    # JSON's strings are TOML's but for one letter
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
