"""What the person's role permits: asked after each state of the registry was shown, told at the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.places import WITH_RUN
from lineal_tui.screens.commanding import Commanding
from lineal_tui.screens.messages import StandingRead
from lineal_tui.view.drawing.lines import Line, Tone, wrap

if TYPE_CHECKING:
    from lineal.records import governance, permissions
    from lineal.records.governance import Standing
    from lineal_tui.keys import Binding
    from lineal_tui.screens.messages import SceneRead
else:
    # most registries are open, and nothing of it is on the first screen
    governance = Later("lineal.records.governance")
    permissions = Later("lineal.records.permissions")

_NEEDED = {
    "promote": "PROMOTE",
    "roll_back": "ROLL_BACK",
    "undo": "ROLL_BACK",
    "mark_bad": "MARK",
    "cancel_pipeline": "ROLL_BACK",
    "approve": "APPROVE",
    "reject": "APPROVE",
    "retire": "RETIRE",
    "register": "LOG",
    "switch_automation": "CONFIGURE",
    "remove_automation": "CONFIGURE",
    "deliver_again": "CONFIGURE",
    "remove_alert": "CONFIGURE",
}
"""The permission that a binding's change takes, by the binding's id; `register` asks for its model only later."""


class Permitting(Commanding):
    """Knows the person's role, and which keys it leaves without an effect."""

    standing: Standing | None = None
    """What the person may do; None before it was read, when the core alone decides."""

    def on_scene_read(self, _message: SceneRead) -> None:
        """Ask again what the person may do, once what was read is on the screen."""
        self.call_after_refresh(self._ask_standing)

    def _ask_standing(self) -> None:
        self.work(lambda: StandingRead(self.registry.standing()), "standing")

    def on_standing_read(self, message: StandingRead) -> None:
        """Offer what is permitted; whoever is served by a service account and has no role any more has to leave."""
        changed, self.standing = message.standing != self.standing, message.standing
        if self.registry.actor.is_vouched and not self.standing.is_open and not self.standing.bindings:
            self.app.exit(return_code=4, message=f"{self.standing.user} has no role in this registry any more")
        elif changed and not self.standing.is_open:
            self.draw_status()

    def place_of(self, _binding: Binding) -> str | None:
        """The address of the model or stage that a binding would change; None for what belongs to all."""
        return self.address() if self.model is not None else None

    def role_misses(self, binding: Binding) -> str | None:
        """Why the person's role does not suffice for a binding; None when it does, or none is needed."""
        standing, name = self.standing, _NEEDED.get(binding.id)
        if standing is None or standing.is_open or name is None:
            return None
        permission = permissions.Permission[name]
        place = self.place_of(binding)
        model, _, stage = (place or "").partition("@")
        if binding.views <= WITH_RUN:
            scope = governance.Scope(is_of_none=True)
        elif permission in {permissions.Permission.MARK, permissions.Permission.RETIRE}:
            scope = governance.Scope(model or None)
        else:
            scope = governance.Scope(model or None, stage or None)
        if standing.may(permission, scope):
            return None
        role = standing.role(scope.model, scope.stage)
        has = f"is {role}" if role else "has no role"
        return f"it takes {permissions.NEEDED[permission].with_article}, and {standing.user} {has} here"

    def not_permitted(self) -> frozenset[str]:
        """Ids of the bindings that the person's role leaves without an effect."""
        if self.standing is None or self.standing.is_open:
            return super().not_permitted()
        return frozenset(binding.id for binding in self.table.bindings if self.role_misses(binding) is not None)

    def standing_lines(self, width: int) -> list[Line]:
        """For the help: what the person may do."""
        standing = self.standing
        if standing is None:
            return []
        if standing.is_open:
            told = "nobody has a role: the registry is open, and whoever may write its files may do everything"
        elif not standing.bindings:
            told = f"{standing.user} has no role here"
        else:
            told = f"{standing.user} is " + ", ".join(f"{each.role} of {each.place}" for each in standing.bindings)
        return [*wrap([((word, Tone.MUTED),) for word in told.split()], width), ()]
