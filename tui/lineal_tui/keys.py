"""One table of key bindings: it feeds dispatch, the hint row, the help and the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal_tui.places import (
    EVERYWHERE,
    LISTS,
    SORTED,
    WITH_ALERT,
    WITH_CURVES,
    WITH_DATA,
    WITH_DELIVERY,
    WITH_LINEAGE,
    WITH_MARKS,
    WITH_MODEL,
    WITH_RUN,
    WITH_STAGE,
    WITH_TABLE,
    WITH_VERSION,
    View,
)
from lineal_tui.view.drawing.lines import Line, Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


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
    Binding("roll_back", ("r",), "roll the stage back", "roll back", WITH_STAGE, changes=True),
    Binding("undo", ("u",), "undo the stage's last transition", "undo", WITH_STAGE, changes=True),
    Binding("unfold", ("enter", "space"), "fold a section; open what is below a row", "open", frozenset({View.DIFF})),
    Binding("choose_baseline", ("B",), "hold all others against the chosen one", "baseline", frozenset({View.DIFF})),
    Binding("approve", ("a",), "approve or reject the version for the stage", "approve", WITH_VERSION, changes=True),
    Binding(
        "decide", ("a",), "approve or reject it; say it was reviewed", "decide", frozenset({View.INBOX}), changes=True
    ),
    Binding("mark_bad", ("b",), "mark the version bad, or active again", None, WITH_VERSION, changes=True),
    Binding(
        "retire", ("x",), "retire the version: never live again, its record stays", None, WITH_VERSION, changes=True
    ),
    Binding("open", ("enter",), "open what is under the cursor", "open", LISTS),
    Binding(
        "switch_automation",
        ("e",),
        "keep the automation from running, or let it run again",
        "on/off",
        frozenset({View.AUTOMATIONS}),
        changes=True,
    ),
    Binding(
        "remove_automation",
        ("x",),
        "take the automation away, with what waits for it; its log stays",
        "remove",
        frozenset({View.AUTOMATIONS}),
        changes=True,
    ),
    Binding("deliver_again", ("a",), "run it once more, on the same event", "again", WITH_DELIVERY, changes=True),
    Binding("remove_alert", ("x",), "take the alert away; when it fired is kept", "remove", WITH_ALERT, changes=True),
    Binding("open_deliveries", ("l", "right"), "what was run", None, frozenset({View.AUTOMATIONS})),
    Binding("toggle_mark", ("space",), "mark or unmark, and go on", "mark", WITH_MARKS),
    Binding("mark_range", ("v",), "mark everything from the last mark to here", None, WITH_MARKS),
    Binding("diff", ("d",), "diff of what is marked, or of this version against what is live", "diff", WITH_VERSION),
    Binding("diff_runs", ("d",), "diff of the marked runs", "diff", frozenset({View.RUNS})),
    Binding("register", ("R",), "register the run as a version of a model", "register", WITH_RUN, changes=True),
    Binding("values", ("t",), "last or best values of the metrics", "last/best", frozenset({View.RUNS})),
    Binding("columns", ("c",), "choose the columns", "columns", frozenset({View.RUNS})),
    Binding("sort_runs", ("s",), "sort by the column; again, the other way round", "sort", WITH_TABLE),
    Binding(
        "differing",
        ("equals_sign",),
        "only the columns in which the marked runs differ",
        "differ",
        frozenset({View.RUNS}),
    ),
    Binding("table_right", ("l", "right"), "the column to the right; unfold nested runs", None, frozenset({View.RUNS})),
    Binding("table_left", ("h", "left"), "the column to the left; fold nested runs", None, frozenset({View.RUNS})),
    Binding("wider", ("greater_than_sign",), "make the column wider", None, WITH_TABLE),
    Binding("narrower", ("less_than_sign",), "make the column narrower", None, WITH_TABLE),
    Binding("toggle_column", ("space",), "show the column or not", "show", frozenset({View.COLUMNS})),
    Binding("column_down", ("J",), "move the column to the right", "move", frozenset({View.COLUMNS})),
    Binding("column_up", ("K",), "move the column to the left", None, frozenset({View.COLUMNS})),
    Binding("usual_columns", ("a",), "the columns that the runs suggest", "usual ones", frozenset({View.COLUMNS})),
    Binding("open_section", ("l", "right"), "open what is folded", None, frozenset({View.RUN})),
    Binding("fold_section", ("h", "left"), "fold it", None, frozenset({View.RUN})),
    Binding("experiments", ("e",), "experiments", "experiments", WITH_RUN),
    Binding("toggle_equal", ("equals_sign",), "show or hide what is equal", None, frozenset({View.TREE, View.DIFF})),
    Binding(
        "lineage",
        ("L",),
        "lineage of what is under the cursor",
        "lineage",
        WITH_MODEL | WITH_RUN | WITH_DATA | WITH_LINEAGE,
    ),
    Binding("towards_results", ("l", "right"), "unfold; in the graph to what came from it", "unfold", WITH_LINEAGE),
    Binding("towards_origins", ("h", "left"), "fold; in the graph to what it came from", None, WITH_LINEAGE),
    Binding("fold_lineage", ("minus",), "fold what lies beyond it", None, WITH_LINEAGE),
    Binding("unfold_lineage", ("plus",), "show more of what lies beyond it", None, WITH_LINEAGE),
    Binding("open_thing", ("o",), "open its own page", "its page", WITH_LINEAGE),
    Binding("unfold_data", ("l", "right"), "the dataset's versions", None, frozenset({View.DATASETS})),
    Binding("fold_data", ("h", "left"), "fold them", None, frozenset({View.DATASETS})),
    Binding("history", ("H",), "history of the stage", "history", (WITH_STAGE - {View.HISTORY}) | WITH_LINEAGE),
    Binding("next_stage", ("l", "right"), "look at the next stage", None, frozenset({View.TREE, View.HISTORY})),
    Binding("previous_stage", ("h", "left"), "look at the stage before", None, frozenset({View.TREE, View.HISTORY})),
    Binding("fold_all", ("z",), "fold or unfold all sections", "fold", frozenset({View.DIFF})),
    Binding("next_column", ("l", "right"), "choose the version further right", None, frozenset({View.DIFF})),
    Binding("previous_column", ("h", "left"), "choose the version further left", None, frozenset({View.DIFF})),
    Binding("next_metric", ("right_square_bracket",), "the next metric, as `n`", "metric", WITH_CURVES),
    Binding("previous_metric", ("left_square_bracket",), "the metric before, as `N`", None, WITH_CURVES),
    Binding(
        "turn_axis", ("x",), "by step, time, clock or epoch; across versions by number or clock", "axis", WITH_CURVES
    ),
    Binding("smooth", ("S",), "smooth more; after the most, not at all", "smooth", WITH_CURVES),
    Binding("logarithmic", ("o",), "a logarithmic axis, or a linear one", "log", WITH_CURVES),
    Binding("zoom_in", ("plus",), "a smaller part, around the cursor", "zoom", WITH_CURVES),
    Binding("zoom_out", ("minus",), "a larger part", None, WITH_CURVES),
    Binding("whole", ("w",), "all of it, without a cursor", "all", WITH_CURVES),
    Binding("place_right", ("l", "right"), "the cursor to the right; the legend has its values", None, WITH_CURVES),
    Binding("place_left", ("h", "left"), "the cursor to the left", None, WITH_CURVES),
    Binding(
        "across",
        ("m",),
        "across the model's versions, or the runs' curves; of a stage all that were live",
        "across",
        WITH_CURVES,
    ),
    Binding("enter_experiment", ("l", "right"), "its runs", None, frozenset({View.EXPERIMENTS})),
    Binding("enter_model", ("l", "right"), "open the model", None, frozenset({View.MODELS})),
    Binding("sort", ("s",), "sort by the next order", "sort", SORTED),
    Binding("filter", ("slash",), "filter what is in view; esc clears it", "filter"),
    Binding("next_match", ("n",), "the next match; of a difference the next change, of curves the next metric"),
    Binding("previous_match", ("N",), "the match, the change or the metric before"),
    Binding("command", ("colon",), "command line: the shell's verbs and addresses", "command"),
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
    Binding("view_runs", ("7",), "runs", views=EVERYWHERE),
    Binding("view_files", ("8",), "files and architecture of the version", views=EVERYWHERE),
    Binding(
        "curves",
        ("C",),
        "curves of what is marked, a metric across versions, or what is observed at a stage",
        views=EVERYWHERE,
    ),
    Binding("view_stages", ("9",), "stages: what is live, its release and health", views=EVERYWHERE),
    Binding("view_datasets", ("0",), "datasets", views=EVERYWHERE),
    Binding("view_findings", ("exclamation_mark",), "what does not agree between registry and disk", views=EVERYWHERE),
    Binding("view_alerts", ("W",), "alerts: what must hold of what is observed, and when it did not", views=EVERYWHERE),
    Binding(
        "view_automations", ("O",), "automations: what runs when something happens, and what it did", views=EVERYWHERE
    ),
    Binding("view_audit", ("A",), "the audit log: every change, by whom", views=EVERYWHERE),
    Binding("view_events", ("V",), "the audit log's entries about the version", None, WITH_VERSION),
    Binding("view_policy", ("P",), "what the stage demands, and what it sees in the version", views=EVERYWHERE),
    Binding("view_inbox", ("i",), "what waits for your approval or review", views=EVERYWHERE),
    Binding("only_actor", ("w",), "only entries of this actor, or of all again", "who", frozenset({View.AUDIT})),
    Binding("only_action", ("t",), "only entries of this action, or all again", "action", frozenset({View.AUDIT})),
    Binding(
        "only_about",
        ("m",),
        "only entries about the same model, data or run, or all again",
        "model",
        frozenset({View.AUDIT}),
    ),
    Binding("cancel_pipeline", ("X",), "cancel the pipeline that runs", views=EVERYWHERE, changes=True),
    Binding(
        "copy_id",
        ("y i",),
        "copy the id of the version, or the run",
        "id",
        WITH_VERSION | WITH_RUN | WITH_DATA | WITH_LINEAGE,
    ),
    Binding(
        "copy_address", ("y u",), "copy its address", "address", WITH_VERSION | WITH_RUN | WITH_DATA | WITH_LINEAGE
    ),
    Binding("copy_json", ("y j",), "copy it as JSON", "JSON", WITH_VERSION),
    Binding("copy_command", ("y c",), "copy the shell command of the last action", "command of the last action"),
    Binding("step_out", ("escape", "q"), "step out; at the root `q` quits", None),
    Binding("cancel", ("ctrl+c",), "let go of what runs; twice quits"),
    Binding("suspend", ("ctrl+z",), "go to the background; `fg` comes back"),
    Binding("help", ("question_mark",), "help on the keys of this place", "help"),
)

_NAMES = {
    "escape": "esc",
    "question_mark": "?",
    "equals_sign": "=",
    "exclamation_mark": "!",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "colon": ":",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "shift+tab": "S-tab",
}


def shown(key: str) -> str:
    """A key as people know it."""
    return " ".join(_NAMES.get(part, part) for part in key.split(" "))


def where(binding: Binding) -> str:
    """The places in which a binding holds, in words."""
    if binding.views == EVERYWHERE:
        return "everywhere"
    return ", ".join(str(view) for view in View if view in binding.views)


class Clash(ValueError):
    """Two bindings for one key in one place."""

    def __init__(self, key: str, view: View, first: Binding, second: Binding) -> None:
        """Tell which."""
        self.key, self.view, self.first, self.second = key, view, first, second
        super().__init__(f"{key} is bound twice in {view}: {second.id} and {first.id}")


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
                        raise Clash(key, view, self._by_key[view, key], binding)
                    self._by_key[view, key] = binding
                    if " " in key:
                        self._prefixes.add((view, key.split(" ")[0]))
        for view, prefix in self._prefixes:
            if (view, prefix) in self._by_key:
                longer = next(found for (where, key), found in self._by_key.items() if key.startswith(prefix + " "))
                raise Clash(prefix, view, longer, self._by_key[view, prefix])

    def find(self, view: View, key: str) -> Binding | None:
        """What a key, or two joined by a blank, does in this place."""
        return self._by_key.get((view, key))

    def elsewhere(self, key: str) -> Binding | None:
        """What a key does in other places; None when it does nothing anywhere."""
        return next((binding for binding in self.bindings if key in binding.keys), None)

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

    def hints(
        self, view: View, *, read_only: bool, without: Collection[str] = frozenset(), back: str | None = None
    ) -> list[tuple[str, str]]:
        """What the hint row offers in this place, but for the bindings with these ids; help comes last.

        Args:
            view: The place.
            read_only: Whether nothing can be changed.
            without: Ids of bindings that are not offered.
            back: What stepping out does here, in a word, told before help; None where it does nothing.
        """
        offered = [
            (shown(binding.keys[0]), binding.hint)
            for binding in self.bindings
            if binding.hint
            and binding.keys
            and " " not in binding.keys[0]
            and view in binding.views
            and not (read_only and binding.changes)
            and binding.id not in without
        ]
        if back is not None:
            keys = next((binding.keys for binding in self.bindings if binding.id == "step_out"), ())
            offered[-1:-1] = [(shown(key), back) for key in keys[:1]]
        return offered

    def help(self, view: View, why_not: Callable[[Binding], str | None] = lambda _binding: None) -> list[Line]:
        """The help page of a place.

        Args:
            view: The place.
            why_not: Why a binding can do nothing now; None when it can.
        """
        here = [binding for binding in self.bindings if view in binding.views and binding.keys]
        own = [binding for binding in here if binding.views != EVERYWHERE]
        general = [binding for binding in here if binding.views == EVERYWHERE]
        lines: list[Line] = []
        for title, bindings in ((f"in {view}", own), ("everywhere", general)):
            if not bindings:
                continue
            lines.extend([*([()] if lines else []), ((title, Tone.HEAD),)])
            lines.extend(_help_line(binding, why_not(binding)) for binding in bindings)
        return lines


def _help_line(binding: Binding, why_not: str | None) -> Line:
    off = why_not is not None
    keys = "  ".join(shown(key) for key in binding.keys)
    line: list[tuple[str, Tone]] = [
        (keys.ljust(14) + " ", Tone.FAINT if off else Tone.KEY),
        (binding.does, Tone.MUTED if off else Tone.TEXT),
    ]
    if off:
        line.append((f"  (not now: {why_not})", Tone.MUTED))
    return tuple(line)
