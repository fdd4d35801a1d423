"""What is typed after `:` as a verb with its arguments: the shell's own words, parsed without a registry."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from lineal.errors import UsageError
from lineal.rules.refs import nearest
from lineal_tui.view.drawing.lines import Line, Tone
from lineal_tui.view.guidance.topics import TOPICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class BadCommand(UsageError):
    """A command line that makes no sense."""

    message: ClassVar[str] = "{what}"


@dataclass(frozen=True, slots=True)
class Verb:
    """One word that may begin a command line."""

    name: str
    usage: str
    does: str
    least: int = 0
    """Arguments that it needs."""
    most: int | None = 1
    """Arguments that it takes; None for any number."""
    options: tuple[str, ...] = ()
    """Options with a value."""
    flags: tuple[str, ...] = ()
    """Options without."""
    changes: bool = False


VERBS: tuple[Verb, ...] = (
    Verb("promote", "promote [REF] [--to STAGE] [--reason TEXT] [--force]", "make a version live at a stage", most=1,
         options=("--to", "--reason"), flags=("--force",), changes=True),
    Verb("approve", "approve [REF] [--for STAGE] [--reason TEXT]", "approve of a version for a stage",
         options=("--for", "--reason"), changes=True),
    Verb("reject", "reject [REF] [--for STAGE] [--reason TEXT]", "reject it, or take an approval back",
         options=("--for", "--reason"), changes=True),
    Verb("review", "review MODEL@STAGE#N [--reason TEXT]", "say that a forced transition was looked at", least=1,
         options=("--reason",), changes=True),
    Verb("inbox", "inbox", "what waits for your approval or review", most=0),
    Verb("policy", "policy", "what the stage demands of the version", most=0),
    Verb("rollback", "rollback [MODEL@STAGE] [--to REF] [--reason TEXT]", "put back what was live before",
         options=("--to", "--reason"), changes=True),
    Verb("undo", "undo [MODEL@STAGE] [--reason TEXT]", "take the last transition back", options=("--reason",),
         changes=True),
    Verb("clear", "clear [MODEL@STAGE] [--reason TEXT]", "make nothing live at a stage", options=("--reason",),
         changes=True),
    Verb("mark", "mark [REF] --bad|--active", "mark a version bad, or active again", flags=("--bad", "--active"),
         changes=True),
    Verb("retire", "retire [REF] [--reason TEXT] [--successor REF]", "end a version; its record stays",
         options=("--reason", "--successor"), changes=True),
    Verb("deprecate", "deprecate [REF] --until D|--withdraw [--reason TEXT]", "say until when a version may be used",
         options=("--until", "--reason", "--successor"), flags=("--withdraw",), changes=True),
    Verb("set", "set REF FIELD=VALUE...", "set owner, purpose, notes, tags", least=2, most=None, changes=True),
    Verb("observe", "observe MODEL@STAGE NAME=VALUE... [--at TIME] [--version REF]", "record what was measured",
         least=2, most=None, options=("--at", "--version"), changes=True),
    Verb("observations", "observations [MODEL@STAGE]", "curves of what is observed at a stage"),
    Verb("alerts", "alerts [MODEL@STAGE]", "what must hold of what is observed, and when it did not"),
    Verb("stage set", "stage set MODEL@STAGE --alert EXPR|--no-alert EXPR", "set an alert of a stage, or take one away",
         least=1, options=("--alert", "--no-alert", "--alert-command", "--cool-down"), flags=("--alert-rollback",),
         changes=True),
    Verb("on list", "on list", "what runs when something happens", most=0),
    Verb("on log", "on log [NAME]", "what was run, and how it ended"),
    Verb("on show", "on show NAME|NUMBER", "the log of one, or all about one delivery", least=1),
    Verb("on add", "on add EVENT [MODEL|MODEL@STAGE] --run CMD", "run a command when something happens",
         least=1, most=2, options=("--run", "--timeout", "--name"), changes=True),
    Verb("on enable", "on enable NAME", "let it run again, from the next event on", least=1, changes=True),
    Verb("on disable", "on disable NAME", "keep it from running", least=1, changes=True),
    Verb("on remove", "on remove NAME", "take it away; its log stays", least=1, changes=True),
    Verb("on again", "on again NUMBER", "run a delivery once more", least=1, changes=True),
    Verb("on run", "on run", "run what waits", most=0, changes=True),
    Verb("show", "show [REF]", "everything about one thing"),
    Verb("open", "open REF", "go to any address", least=1),
    Verb("diff", "diff REF REF...", "put versions side by side", least=2, most=None),
    Verb("lineage", "lineage [REF]", "what anything came from, and what came from it"),
    Verb("history", "history [MODEL@STAGE]", "who was live at a stage"),
    Verb("tree", "tree [MODEL]", "the versions of a model"),
    Verb("models", "models", "all models", most=0),
    Verb("stages", "stages", "what is live at each stage, its release and health", most=0),
    Verb("files", "files", "files and architecture of the version", most=0),
    Verb("runs", "runs", "all runs", most=0),
    Verb("experiments", "experiments", "all experiments", most=0),
    Verb("curves", "curves", "curves of what is marked, or a metric across versions", most=0),
    Verb("datasets", "datasets", "all datasets, with their versions and who used them", most=0),
    Verb("findings", "findings", "what does not agree between registry and disk", most=0),
    Verb("audit", "audit [REF] [--actor USER] [--action A] [--since TIME]", "who changed what, and when",
         options=("--actor", "--action", "--since", "--until")),
    Verb("filter", "filter [WORDS]", "filter what is in view", most=None),
    Verb("sort", "sort", "sort by the next order", most=0),
    Verb("guide", "guide [TOPIC]", "read a guide: " + ", ".join(TOPICS)),
    Verb("help", "help", "the keys of this place, and these verbs", most=0),
    Verb("quit", "quit", "leave", most=0),
)  # fmt: skip
_ALSO = {
    "q": "quit",
    "q!": "quit",
    "h": "help",
    "?": "help",
    "roll_back": "rollback",
    "versions": "tree",
    "curve": "curves",
    "doctor": "findings",
    "on": "on list",
    "automations": "on list",
}
HOW: Line = (
    ("a verb, or an address   ", Tone.MUTED),
    ("tab", Tone.KEY),
    (" completes  ", Tone.MUTED),
    ("up", Tone.KEY),
    (" the last one  ", Tone.MUTED),
    ("esc", Tone.KEY),
    (" no", Tone.MUTED),
)
"""What an empty command line says of itself."""
_OF_AUTOMATIONS = frozenset({"on log", "on show", "on enable", "on disable", "on remove"})
_WITHOUT_OFFERS = frozenset({"--reason", "--until", "--since", "--at", "--run", "--timeout", "--name"}) | {
    *("--alert", "--alert-command", "--cool-down"),
}
"""Options whose values nobody but the person knows."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command line."""

    verb: Verb
    arguments: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    """By name, without the dashes; a flag has itself as its value."""

    @property
    def first(self) -> str | None:
        """The first argument; None without any."""
        return self.arguments[0] if self.arguments else None


def parse(text: str) -> Command:
    """The command that a line asks for; an address alone means to go there.

    Raises:
        BadCommand: It makes no sense; the hint says what would.
    """
    words = split(text)
    if words and words[0] == "lineal":
        words = words[1:]
    if not words:
        raise BadCommand(what="nothing to do", hint="tab lists the verbs")
    verb, left = _begun_with(words)
    if verb is None:
        below = [known.name for known in VERBS if known.name.startswith(f"{words[0]} ")]
        if below:
            near = nearest(" ".join(words[:2]), below)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(below)}"
            raise BadCommand(what=f"no verb {' '.join(words[:2])!r}", hint=hint)
        if len(words) == 1 and (any(sign in words[0] for sign in ":@#") or not words[0].isalpha()):
            return Command(_verb("open"), (words[0],))
        near = nearest(words[0], [known.name for known in VERBS])
        if len(words) == 1 and not near:
            return Command(_verb("open"), (words[0],))
        hint = f"did you mean {' or '.join(near)}?" if near else "tab lists the verbs; an address alone goes there"
        raise BadCommand(what=f"no verb {words[0]!r}", hint=hint)
    return _arranged(verb, left)


def _begun_with(words: Sequence[str]) -> tuple[Verb | None, Sequence[str]]:
    """The verb, of two words or of one, that a line begins with, and what is left; None when it begins with none."""
    for count in (2, 1):
        name = " ".join(words[:count])
        name = _ALSO.get(name, name)
        verb = next((known for known in VERBS if known.name == name), None) if len(words) >= count else None
        if verb is not None and (count > 1 or len(words) == 1 or words[0] != "on"):
            return verb, words[count:]
    return None, words


def split(text: str) -> list[str]:
    """The words of a line, quotes taken for what they are.

    Raises:
        BadCommand: A quote is left open.
    """
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
        lexer.whitespace_split, lexer.commenters = True, ""
        return list(lexer)
    except ValueError as error:
        raise BadCommand(what="a quote is left open", hint="quotes come in pairs") from error


def _arranged(verb: Verb, words: Sequence[str]) -> Command:
    arguments: list[str] = []
    options: dict[str, str] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("--"):
            arguments.append(word)
        elif name in verb.flags and not equals:
            options[name[2:]] = name[2:]
        elif name in verb.options:
            if not equals:
                if not left:
                    raise BadCommand(what=f"{name} needs a value", hint=verb.usage)
                value = left.pop(0)
            if name[2:] in options:
                raise BadCommand(what=f"{name} is there twice", hint=verb.usage)
            options[name[2:]] = value
        else:
            near = nearest(name, (*verb.options, *verb.flags))
            hint = f"did you mean {' or '.join(near)}?" if near else verb.usage
            raise BadCommand(what=f"{verb.name} takes no {name}", hint=hint)
    if len(arguments) < verb.least or (verb.most is not None and len(arguments) > verb.most):
        raise BadCommand(what=f"{verb.name} takes other arguments", hint=verb.usage)
    return Command(verb, tuple(arguments), options)


def pairs(command: Command, form: str = "NAME=VALUE") -> dict[str, str]:
    """The arguments after the first one as names and values.

    Raises:
        BadCommand: One has not this form.
    """
    found: dict[str, str] = {}
    for pair in command.arguments[1:]:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadCommand(what=f"{pair!r} is not {form}", hint=command.verb.usage)
        if name in found:
            raise BadCommand(what=f"{name!r} is there twice", hint=command.verb.usage)
        found[name] = value
    return found


def _verb(name: str) -> Verb:
    return next(known for known in VERBS if known.name == name)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What could stand where a line goes on."""

    begun: str
    """The word as far as it is typed."""
    words: tuple[str, ...]
    """What is known without a registry."""
    kind: str | None
    """What a registry may add: `ref`, `stage`, `automation`, or None for nothing."""
    model: str | None = None
    """Whose stages; None for the model that is looked at."""


def wanted(text: str) -> Wanted:
    """What may complete a line."""
    before, _, begun = text.rpartition(" ")
    known = before.split()
    if known and known[0] == "lineal":
        known = known[1:]
    if not known:
        verbs = dict.fromkeys(verb.name.partition(" ")[0] for verb in VERBS if verb.name.startswith(begun))
        return Wanted(begun, tuple(verbs), "ref" if begun else None)
    if len(known) == 1:
        below = tuple(
            name for first, _, name in (verb.name.partition(" ") for verb in VERBS) if first == known[0] and name
        )
        if below:
            return Wanted(begun, tuple(name for name in below if name.startswith(begun)), None)
    verb, given = _begun_with(known)
    if verb is None:
        return Wanted(begun, (), None)
    if known[-1] == "--to" and verb.name == "promote":
        model = next((word.partition(":")[0] for word in known[1:] if ":" in word), None)
        return Wanted(begun, (), "stage", model)
    if known[-1] in _WITHOUT_OFFERS:
        return Wanted(begun, (), None)
    if verb.name == "guide":
        return Wanted(begun, tuple(topic for topic in TOPICS if topic.startswith(begun)), None)
    if begun.startswith("-"):
        return Wanted(begun, tuple(each for each in (*verb.options, *verb.flags) if each.startswith(begun)), None)
    if verb.name in _OF_AUTOMATIONS:
        return Wanted(begun, (), None if given else "automation")
    if verb.name == "on add" and not given:
        return Wanted(begun, tuple(each for each in occasions() if each.startswith(begun)), None)
    return Wanted(begun, (), None if verb.most == 0 or verb.name in {"filter", "on again"} else "ref")


def occasions() -> tuple[str, ...]:
    """What an automation may wait for."""
    from lineal.records.automation import Occasion  # noqa: PLC0415  few lines are about one

    return tuple(each.value for each in Occasion)


def common(words: Sequence[str]) -> str:
    """What all words begin with."""
    if not words:
        return ""
    low, high = min(words), max(words)
    length = next((n for n, letter in enumerate(low) if n >= len(high) or high[n] != letter), len(low))
    return low[:length]


def verb_lines(width: int) -> list[Line]:
    """The verbs, for the help; where there is little room, only short ones have what they do beside them."""
    room = 54 if width > 100 else 25  # the longest usage; what leaves room beside it at 80 columns
    return [
        ((verb.usage.ljust(room) + ("  " if len(verb.usage) > room else " "), Tone.KEY), (verb.does, Tone.TEXT))
        for verb in VERBS
    ]
