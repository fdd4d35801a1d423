"""Help on the keys of where one is, and why a key can do nothing now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal.records.models import VersionStatus
from lineal_tui.keys import shown, where
from lineal_tui.places import WITH_MODEL, WITH_RUN, View
from lineal_tui.screens.permitting import Permitting
from lineal_tui.view.drawing.lines import Line, Tone, hanging, rule
from lineal_tui.view.drawing.words import counted

if TYPE_CHECKING:
    from lineal_tui.keys import Binding
    from lineal_tui.view.guidance import commands
else:
    # nobody reads the help before the first paint
    commands = Later("lineal_tui.view.guidance.commands")

_TELL_THEMSELVES = frozenset({"promote", "roll_back", "undo", "mark_bad", "retire", "next_match", "previous_match"})
"""Bindings that say more when they are tried than their reason does."""
_NEEDS_VERSION = frozenset(
    {
        "promote",
        "mark_bad",
        "retire",
        "approve",
        "diff",
        "view_version",
        "view_events",
        "copy_id",
        "copy_address",
        "copy_json",
        "toggle_mark",
    }
)
_OF_COLUMNS = frozenset({"unfold", "fold_all", "choose_baseline", "next_column", "previous_column", "toggle_equal"})
"""What the columns of a difference take, which may be of runs in a registry without models."""
_SIGNS: tuple[tuple[str, str], ...] = (
    ("▌ •", "under the cursor; marked"),
    ("○ ● ◆ ✕", "a version: live nowhere; live at a stage; live at the last stage; bad or retired"),
    ("▲ ▼ ≈ !", "against what it is held to: better; worse; within the tolerance; not comparable, or wrong"),
    ("+ - ≠ =", "in a difference: added; removed; changed; the same"),
    ("Δ", "how much more or less than what is live"),
    ("↑", "waits at a stage, newer than what is live at the last one"),
    ("≈name", "who somebody claims to be, which nobody checked"),
    ("⋯ …", "more rows; more text than there is room for"),
)
_ANSWERS: tuple[tuple[str, str], ...] = (
    ("y", "yes; no other key accepts, and none that was typed before the question was on the screen"),
    ("b", "yes, and mark what is left bad (when rolling back)"),
    ("n", "reject (when asked whether to approve)"),
    ("d", "show the difference that the question is about"),
    ("s", "promote to another stage instead"),
    ("esc", "no"),
)


class Explaining(Permitting):
    """Help and reasons."""

    _explained = View.TREE
    """The place that the help is about."""

    def why_not(self, binding: Binding) -> str | None:
        """Why a binding can do nothing now; None when it can."""
        scene = self.scene
        if binding.changes and self.read_only is not None:
            return self.read_only
        missing = self.role_misses(binding)
        if missing is not None:
            return missing
        if binding.id == "suspend" and self.registry.actor.is_vouched:
            return "`lineal shell` has no background to go to"
        if binding.id in _OF_COLUMNS and (self.has_columns or binding.id != "toggle_equal"):
            return None if self.has_columns else "no difference has the screen; d gives it one"
        if scene is None or scene.model is None:
            return "the registry has no models yet" if binding.views <= WITH_MODEL else None
        version, place = self.version, self.address()
        is_here = self._explained in WITH_MODEL  # elsewhere the stage is that of the row under the cursor
        if version is None and binding.id in _NEEDS_VERSION and self._explained not in WITH_RUN:
            return "no version is under the cursor"
        match binding.id:
            case "promote" if version is not None and version.status is not VersionStatus.ACTIVE:
                return f"the version is {version.status}"
            case "promote" if version is not None and self.stage in version.stages:
                return f"it is live at {self.stage} already"
            case "retire" if version is not None and version.status is VersionStatus.RETIRED:
                return "the version is retired"
            case "retire" if version is not None and version.stages:
                return f"it is live at {version.stages[0]}"
            case "roll_back" if scene.live is None and is_here:
                return f"nothing is live at {place}"
            case "undo" if not scene.history and is_here:
                return f"nothing was done at {place} yet"
            case "next_stage" | "previous_stage" if len(scene.stages) < 2:
                return "the model has one stage"
            case "copy_command" if self.last_command is None:
                return "nothing was done yet"
            case "next_match" | "previous_match" if not (self.filters or self._explained in (View.DIFF, View.CURVES)):
                return "nothing is filtered"
        return None

    def refuses(self, binding: Binding) -> bool:
        """Say why a key does nothing now; False when it does something, or says so itself."""
        self._explained = self.active
        missing = None if self.read_only is not None else self.role_misses(binding)
        why = missing if binding.id in _TELL_THEMSELVES else self.why_not(binding)
        if why is not None:
            self.say(f"not now: {why}", tone=Tone.MUTED)
        return why is not None

    def say_where(self, key: str) -> None:
        """Say of a key that does nothing here where it does something."""
        elsewhere = self.table.elsewhere(key)
        if elsewhere is not None and self.scene is not None:
            first, *others = where(elsewhere).split(", ")
            places = f"{first} and {counted(len(others), 'other view')}" if others else first
            self.say(f"{shown(key)} does nothing here; in {places}: {elsewhere.does}", tone=Tone.MUTED)
        elif len(key) == 1 or " " in key:
            self.say(f"{shown(key)} does nothing", "? lists the keys", tone=Tone.MUTED)

    def draw_help(self) -> None:
        """Draw the help on the view that one comes from."""
        if self.active is not View.HELP:
            self._explained = self.active
        about = self._explained
        self.filters.pop(View.HELP, None)
        self.panes[View.HELP].filter = None
        lines: list[Line] = list(self.table.help(about, self.why_not))
        for title, told in (("signs", _SIGNS), ("while a question is open", _ANSWERS)):
            lines.extend([(), ((title, Tone.HEAD),)])
            lines.extend(((key.ljust(14) + " ", Tone.KEY), (does, Tone.TEXT)) for key, does in told)
        lines.extend([(), (("on the command line, after :", Tone.HEAD),)])

        def draw(width: int) -> list[Line]:
            told = [*lines, *commands.verb_lines(width)]
            if not self.matcher(View.HELP):
                # what is searched for stays whole: a line that was broken would be found in pieces
                told = [piece for line in told for piece in hanging(line, width)]
            return [*self.standing_lines(width), *told]

        self.panes[View.HELP].draw_title = lambda width, active: rule(
            ((f"keys in {about}", Tone.TITLE if active else Tone.STRONG),), (("/ search  esc back", Tone.MUTED),), width
        )
        self.show_page(View.HELP, draw)
        self.panes[View.HELP].lines.move_to(0)
