"""One table of key bindings: it feeds dispatch, the hint row and the help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lineal_tui.view.lines import Line, Tone


class View(StrEnum):
    """What a person looks at; the pane that has the keys."""

    MODELS = "models"
    TREE = "tree"
    DIFF = "diff"
    LINEAGE = "lineage"
    HISTORY = "history"
    VERSION = "version"
    HELP = "help"


LISTS = frozenset({View.MODELS, View.TREE, View.HISTORY})
WITH_MODEL = frozenset({View.TREE, View.DIFF, View.LINEAGE, View.HISTORY, View.VERSION})
WITH_VERSION = frozenset({View.TREE, View.DIFF, View.LINEAGE, View.VERSION})
EVERYWHERE = frozenset(View)


@dataclass(frozen=True, slots=True)
class Binding:
    """What some keys do somewhere."""

    id: str
    """Stable, for a keymap and for the handler of the same name."""
    keys: tuple[str, ...]
    """As the toolkit names them; two keys joined by a blank are pressed one after the other."""
    does: str
    """For the help, in full."""
    hint: str | None = None
    """For the hint row; None keeps it out of there."""
    views: frozenset[View] = EVERYWHERE
    changes: bool = False
    """Whether it leads to a change, and so does nothing in a registry that may only be read."""


BINDINGS: tuple[Binding, ...] = (
    Binding("promote", ("p",), "promote the version under the cursor", "promote", WITH_VERSION, changes=True),
    Binding("roll_back", ("r",), "roll the stage back", "roll back", WITH_MODEL, changes=True),
    Binding("undo", ("u",), "undo the stage's last transition", "undo", WITH_MODEL, changes=True),
    Binding("mark_bad", ("b",), "mark the version bad, or active again", None, WITH_VERSION, changes=True),
    Binding("open", ("enter",), "open what is under the cursor", "open", LISTS),
    Binding("toggle_mark", ("space",), "mark or unmark, and go on", "mark", frozenset({View.TREE})),
    Binding("mark_range", ("v",), "mark everything from the last mark to here", None, frozenset({View.TREE})),
    Binding("diff", ("d",), "diff of the marked versions, or of this one against what is live", "diff", WITH_VERSION),
    Binding("toggle_equal", ("equals_sign",), "show or hide what is equal", None, frozenset({View.TREE, View.DIFF})),
    Binding("lineage", ("L",), "lineage of the version under the cursor", "lineage", WITH_MODEL),
    Binding("history", ("H",), "history of the stage", "history", WITH_MODEL),
    Binding("next_stage", ("l", "right"), "look at the next stage", None, frozenset({View.TREE, View.HISTORY})),
    Binding("previous_stage", ("h", "left"), "look at the stage before", None, frozenset({View.TREE, View.HISTORY})),
    Binding("enter_model", ("l", "right"), "open the model", None, frozenset({View.MODELS})),
    Binding("sort", ("s",), "sort by the next order", "sort", frozenset({View.MODELS})),
    Binding("down", ("j", "down"), "down"),
    Binding("up", ("k", "up"), "up"),
    Binding("top", ("g", "home"), "to the top"),
    Binding("bottom", ("G", "end"), "to the bottom"),
    Binding("half_down", ("ctrl+d",), "half a page down"),
    Binding("half_up", ("ctrl+u",), "half a page up"),
    Binding("page_down", ("pagedown",), "a page down"),
    Binding("page_up", ("pageup",), "a page up"),
    Binding("next_pane", ("tab",), "to the next pane"),
    Binding("previous_pane", ("shift+tab",), "to the pane before"),
    Binding("view_models", ("1",), "models"),
    Binding("view_tree", ("2",), "version tree", views=EVERYWHERE),
    Binding("view_diff", ("3",), "difference", views=EVERYWHERE),
    Binding("view_lineage", ("4",), "lineage", views=EVERYWHERE),
    Binding("view_history", ("5",), "stage history", views=EVERYWHERE),
    Binding("view_version", ("6",), "everything about the version", views=EVERYWHERE),
    Binding("copy_id", ("y i",), "copy the version's id", "id", WITH_VERSION),
    Binding("copy_address", ("y u",), "copy its address", "address", WITH_VERSION),
    Binding("copy_json", ("y j",), "copy it as JSON", "JSON", WITH_VERSION),
    Binding("copy_command", ("y c",), "copy the shell command of the last action", "command of the last action"),
    Binding("step_out", ("escape", "q"), "step out; at the root `q` quits", None),
    Binding("cancel", ("ctrl+c",), "let go of what runs; twice quits"),
    Binding("help", ("question_mark",), "help on the keys of this place", "help"),
)

_NAMES = {
    "escape": "esc",
    "question_mark": "?",
    "equals_sign": "=",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "shift+tab": "S-tab",
}


def shown(key: str) -> str:
    """A key as people know it."""
    return " ".join(_NAMES.get(part, part) for part in key.split(" "))


class Table:
    """The bindings by key and place."""

    def __init__(self, bindings: tuple[Binding, ...] = BINDINGS) -> None:
        """Index the bindings; two for the same key in the same place are a mistake."""
        self.bindings = bindings
        self._by_key: dict[tuple[View, str], Binding] = {}
        self._prefixes: set[tuple[View, str]] = set()
        for binding in bindings:
            for view in binding.views:
                for key in binding.keys:
                    if (view, key) in self._by_key:
                        raise ValueError(
                            f"{key} is bound twice in {view}: {binding.id} and {self._by_key[view, key].id}"
                        )
                    self._by_key[view, key] = binding
                    if " " in key:
                        self._prefixes.add((view, key.split(" ")[0]))

    def find(self, view: View, key: str) -> Binding | None:
        """What a key, or two joined by a blank, does in this place."""
        return self._by_key.get((view, key))

    def begins(self, view: View, key: str) -> bool:
        """Whether a second key has to follow this one."""
        return (view, key) in self._prefixes

    def after(self, view: View, prefix: str) -> list[tuple[str, str]]:
        """The keys that may follow a first one, and what they do."""
        return [
            (key.split(" ")[1], binding.hint or binding.does)
            for binding in self.bindings
            if view in binding.views
            for key in binding.keys
            if key.startswith(prefix + " ")
        ]

    def hints(self, view: View, *, read_only: bool) -> list[tuple[str, str]]:
        """What the hint row offers in this place; help comes last."""
        return [
            (shown(binding.keys[0]), binding.hint)
            for binding in self.bindings
            if binding.hint
            and " " not in binding.keys[0]
            and view in binding.views
            and not (read_only and binding.changes)
        ]

    def help(self, view: View, *, read_only: str | None) -> list[Line]:
        """The help page of a place; what cannot be done now says why."""
        lines: list[Line] = [((f"keys in {view}", Tone.HEAD),), ()]
        for binding in self.bindings:
            if view not in binding.views:
                continue
            off = binding.changes and read_only is not None
            keys = "  ".join(shown(key) for key in binding.keys)
            line: list[tuple[str, Tone]] = [
                (keys.ljust(14), Tone.FAINT if off else Tone.KEY),
                (binding.does, Tone.MUTED if off else Tone.TEXT),
            ]
            if off:
                line.append((f"  (not now: {read_only})", Tone.MUTED))
            lines.append(tuple(line))
        return lines
