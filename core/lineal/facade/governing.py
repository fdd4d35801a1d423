"""Roles, gates, approvals, and the log of what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lineal.facade.door import address_of
from lineal.facade.exploring import Exploring
from lineal.machine.lazily import Later

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.facade.door import Address
    from lineal.governance import configuring, deciding, gating
    from lineal.governance import roles as role_uses
    from lineal.governance.policies import applying, reading
    from lineal.records.alerts import AlertSetting
    from lineal.records.gates import Assessment, Decision, Gates, Inbox, Review
    from lineal.records.governance import Binding, Roles, Standing
    from lineal.records.permissions import Permission, Role
    from lineal.records.policies import PolicyChange
else:
    applying = Later("lineal.governance.policies.applying")
    configuring = Later("lineal.governance.configuring")
    deciding = Later("lineal.governance.deciding")
    gating = Later("lineal.governance.gating")
    reading = Later("lineal.governance.policies.reading")
    role_uses = Later("lineal.governance.roles")


class Governing(Exploring):
    """Roles, gates, approvals, and the log of what was done."""

    def grant(
        self, subject: str, role: Role | str, *, model: str | None = None, stage: str | None = None
    ) -> tuple[Binding, Role | None]:
        """Give a user, or an `@group`, of this machine a role; see `lineal.governance.roles.grant`."""
        return role_uses.grant(self._context, subject, _role(role), model=model, stage=stage)

    def revoke(self, subject: str, role: Role | str, *, model: str | None = None, stage: str | None = None) -> Binding:
        """Take a role away; see `lineal.governance.roles.revoke`."""
        return role_uses.revoke(self._context, subject, _role(role), model=model, stage=stage)

    def roles(self, ref: str | None = None) -> Roles:
        """Who has which role; with the address of a model, a version or a stage those that matter there."""
        return role_uses.roles(self._context, ref)

    def standing(self) -> Standing:
        """What whoever uses this registry may do."""
        return role_uses.standing(self._context)

    def why_not(self, permission: Permission, subject: str) -> str | None:
        """Why whoever uses this registry may not do something to a subject; None when they may."""
        return role_uses.why_not(self._context, permission, subject)

    def gates(self, stage_ref: str) -> Gates:
        """What a stage demands before a promotion."""
        return gating.gates_of(self._context, stage_ref)

    def set_gates(self, stage_ref: str, **changes: Any) -> Gates:
        """Change what a stage demands; fields as `lineal.records.gates.Gates`, `soak` also as text such as `24h`."""
        return gating.set_gates(self._context, stage_ref, changes)

    def configure_stage(
        self,
        stage_ref: str,
        *,
        gates: Mapping[str, Any] | None = None,
        no_alerts: Sequence[str] = (),
        alerts: Sequence[AlertSetting] = (),
        binding: Mapping[str, Any] | None = None,
    ) -> None:
        """Change what a stage demands and watches and how it is bound, all of it or nothing; see `configuring`."""
        configuring.configure(
            self._context, stage_ref, gates=gates, no_alerts=no_alerts, alerts=alerts, binding=binding
        )

    def assess(self, ref: Address, stage: str) -> Assessment:
        """How a version stands before a stage: what it demands, what it saw, and who said what."""
        return gating.assess(self._context, address_of(ref), stage)

    def lacks(self, ref: Address) -> dict[str, str]:
        """What nobody will know about a version: field to what it is called, of owner, purpose and training data."""
        return gating.lacks(self._context, address_of(ref))

    def approve(self, ref: Address, stage: str, *, reason: str | None = None, expect: str | None = None) -> Decision:
        """Approve of a version for a stage; see `lineal.governance.deciding.decide`."""
        from lineal.records.gates import DecisionVerdict  # noqa: PLC0415  only here

        return deciding.decide(
            self._context, address_of(ref), stage, DecisionVerdict.APPROVED, reason=reason, expect=expect
        )

    def reject(self, ref: Address, stage: str, *, reason: str | None = None, expect: str | None = None) -> Decision:
        """Reject a version for a stage, which takes an approval of one's own back."""
        from lineal.records.gates import DecisionVerdict  # noqa: PLC0415  only here

        return deciding.decide(
            self._context, address_of(ref), stage, DecisionVerdict.REJECTED, reason=reason, expect=expect
        )

    def decisions(self, ref: Address, stage: str) -> list[Decision]:
        """Everything that was decided about a version at a stage, the latest first."""
        return deciding.decisions(self._context, address_of(ref), stage)

    def review(self, transition: str, *, reason: str | None = None) -> Review:
        """Say of a forced transition, `MODEL@STAGE#N`, that somebody else has looked at it."""
        return deciding.review(self._context, transition, reason=reason)

    def inbox(self) -> Inbox:
        """What waits for whoever uses this registry: versions to approve, forced transitions to review."""
        return deciding.inbox(self._context)

    def policy(self) -> str:
        """Roles, gates, alerts, automations and what is kept, of the whole registry, as the text of a TOML file."""
        return applying.as_text(self._context)

    def compare_policy(self, text: str, *, name: str = "policy") -> list[PolicyChange]:
        """What applying a policy would change; see `lineal.governance.policies.applying.differences`."""
        return applying.differences(self._context, reading.Document(text, name))

    def apply_policy(self, text: str, *, name: str = "policy", programs: bool = True) -> list[PolicyChange]:
        """Make the registry's policy what a file says, all of it or nothing; returns what was changed.

        Args:
            text: of the file.
            name: what it is called in errors.
            programs: whether it may name commands that are not run at the same place already.
        """
        return applying.apply(self._context, reading.Document(text, name), programs=programs)


def _role(word: str) -> Role:
    from lineal.errors import BadValue  # noqa: PLC0415  only here
    from lineal.records.permissions import Role  # noqa: PLC0415  as above

    try:
        return Role(word)
    except ValueError:
        raise BadValue(field="role", value=word, why=f"known are {', '.join(Role)}") from None
