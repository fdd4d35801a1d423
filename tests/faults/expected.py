"""A registry in plain Python: what must be so after any sequence of use cases, and which of them are refused."""

from __future__ import annotations

from dataclasses import dataclass, field

REACH = 3
"""How many rollbacks away a version cannot be retired."""


class No(Exception):
    """The use case is refused, and nothing changes."""


@dataclass
class Version:
    """One version."""

    label: str
    content: str
    owner: str | None
    status: str = "active"
    purged: bool = False
    deprecated: bool = False


@dataclass
class Transition:
    """One entry of a stage's history; others are named by their places in it."""

    action: str
    before: str | None
    to: str | None
    predecessor: int | None
    replaced: int | None
    forced: bool = False


@dataclass
class Stage:
    """A stage, its history, and what it demands."""

    history: list[Transition] = field(default_factory=list)
    needs_owner: bool = False
    approvals: int = 0
    after: str | None = None

    @property
    def last(self) -> int | None:
        """The place of the transition that made it what it is."""
        return len(self.history) - 1 if self.history else None

    @property
    def live(self) -> str | None:
        """The label of what is live."""
        return self.history[-1].to if self.history else None

    def append(self, action: str, to: str | None, predecessor: int | None, *, forced: bool = False) -> None:
        """Move it."""
        self.history.append(Transition(action, self.live, to, predecessor, self.last, forced))

    def was_live(self, label: str) -> bool:
        """Whether a version was ever live here."""
        return any(each.to == label for each in self.history)


@dataclass
class Registry:
    """One model with its versions and stages."""

    versions: dict[str, Version] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=lambda: {"staging": Stage(), "production": Stage()})

    def register(self, label: str, content: str, owner: str | None) -> None:
        """A new version."""
        self.versions[label] = Version(label, content, owner)

    def chain(self, stage: Stage) -> list[tuple[str, int]]:
        """Where rollbacks lead, one after another: (label, the place gone back to)."""
        found: list[tuple[str, int]] = []
        if stage.last is None:
            return found
        current, following = stage.live, stage.history[stage.last].predecessor
        while following is not None:
            place, entry = following, stage.history[following]
            following = entry.predecessor
            if entry.to is None or entry.to == current or self.versions[entry.to].status != "active":
                continue
            current = entry.to
            found.append((entry.to, place))
        return found

    def usable(self, label: str) -> bool:
        """Whether a version may become live at all."""
        return self.versions[label].status == "active"

    def promote(self, label: str, name: str, *, force: bool) -> bool:
        """Promote; False when it was live already."""
        stage, version = self.stages[name], self.versions[label]
        if not self.usable(label):
            raise No
        if stage.live == label:
            return False
        failed = (
            (stage.needs_owner and version.owner is None)
            or stage.approvals > 0  # one's own word never counts, and everything here is by one person
            or (stage.after is not None and not self.stages[stage.after].was_live(label))
        )
        if failed and not force:
            raise No
        stage.append("promote", label, stage.last, forced=bool(failed))
        return True

    def rollback(self, name: str, *, bad: bool = False) -> None:
        """Go back to where the history leads."""
        stage = self.stages[name]
        chain = self.chain(stage)
        if not chain:
            raise No
        left = stage.live
        label, place = chain[0]
        stage.append("rollback", label, stage.history[place].predecessor)
        if bad and left is not None and self.versions[left].status == "active":
            self.versions[left].status = "bad"

    def rollback_to(self, name: str, label: str) -> None:
        """Go back to one version."""
        stage = self.stages[name]
        if not stage.was_live(label) or stage.live == label or not self.usable(label):
            raise No
        place = next((at for known, at in self.chain(stage) if known == label), None)
        if place is None:
            place = max(at for at, each in enumerate(stage.history) if each.to == label)
        stage.append("rollback", label, stage.history[place].predecessor)

    def undo(self, name: str) -> None:
        """Put back what was live before the last transition."""
        stage = self.stages[name]
        if stage.last is None:
            raise No
        replaced = stage.history[stage.last].replaced
        before = None if replaced is None else stage.history[replaced]
        if before is not None and before.to is not None and not self.usable(before.to):
            raise No
        stage.append("undo", before.to if before else None, before.predecessor if before else None)

    def clear(self, name: str) -> None:
        """Make nothing live."""
        stage = self.stages[name]
        if stage.live is None:
            raise No
        stage.append("clear", None, stage.last)

    def mark(self, label: str, status: str) -> None:
        """Mark bad, or active again."""
        if self.versions[label].status == "retired":
            raise No
        self.versions[label].status = status

    def held(self, label: str) -> bool:
        """Whether a version cannot be retired."""
        return any(
            stage.live == label or label in [known for known, _ in self.chain(stage)[:REACH]]
            for stage in self.stages.values()
        )

    def retire(self, label: str, *, purge: bool) -> None:
        """End a version."""
        version = self.versions[label]
        if version.status == "retired":
            if not purge or version.purged:
                raise No
        elif self.held(label):
            raise No
        version.status = "retired"
        version.deprecated = False
        version.purged = version.purged or purge

    def deprecate(self, label: str, *, on: bool) -> None:
        """Say that a version is to end, or take that back."""
        if self.versions[label].status == "retired":
            raise No
        self.versions[label].deprecated = on

    def expired(self, keep_last: int, *, keep_live: bool) -> list[str]:
        """What a rule does not keep."""
        labels = list(self.versions)
        return [
            label
            for label in labels[: max(0, len(labels) - keep_last)]
            if not self.held(label)
            and self.bytes_are_here(label)
            and not self.versions[label].purged
            and not (keep_live and any(stage.was_live(label) for stage in self.stages.values()))
        ]

    def contents(self) -> set[str]:
        """The bytes that are here."""
        return {version.content for version in self.versions.values() if not version.purged}

    def bytes_are_here(self, label: str) -> bool:
        """Whether the bytes of a version are here: another one may have brought them back."""
        return self.versions[label].content in self.contents()
