"""Alerts of stages: what must hold, how far each is, when they fired, and what that set off."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal.queries.values import number
from lineal.records.base import Micros
from lineal.rules.canonical import read_back, words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from lineal.records import alerts as records
    from lineal.records.alerts import AlertRule, AlertState, Episode
else:
    records = Later("lineal.records.alerts")  # most stages have no alerts, and every transition asks

_RULE = """
SELECT a.id, m.name, s.name, a.text, a.expression, a.lasting, a.command, a.rolls_back, a.cool_down FROM alerts a
JOIN stages s ON s.id = a.stage_id JOIN models m ON m.id = s.model_id """

_EPISODE = """
SELECT e.id, m.name, s.name, v.label, e.alert, e.since, e.fired_at, e.saw, e.cleared_at, e.cleared_why, e.output,
    e.rollback
FROM alert_episodes e JOIN stages s ON s.id = e.stage_id JOIN models m ON m.id = s.model_id
JOIN transitions t ON t.id = e.transition_id JOIN versions v ON v.id = t.to_version """

_PROMOTED_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an alert is with what one transition made live."""

    transition: int
    judged_at: Micros
    """Time of the newest observation that it was judged by."""
    held: bool | None
    """None when something was missing."""
    broken_since: Micros | None
    """None while it holds."""
    saw: str
    episode: int | None
    """Row number of the one that goes on."""


def has_rules(connection: sqlite3.Connection, stage: int) -> bool:
    """Whether a stage has any alert."""
    return connection.execute("SELECT 1 FROM alerts WHERE stage_id = ? LIMIT 1", (stage,)).fetchone() is not None


def watched_stages(connection: sqlite3.Connection) -> list[int]:
    """Row numbers of all stages that have alerts."""
    return [row[0] for row in connection.execute("SELECT DISTINCT stage_id FROM alerts").fetchall()]


def rules(connection: sqlite3.Connection, stage: int) -> list[AlertRule]:
    """The alerts of a stage, in the order in which they were set."""
    return [_rule(row) for row in connection.execute(_RULE + "WHERE a.stage_id = ? ORDER BY a.id", (stage,)).fetchall()]


def all_rules(connection: sqlite3.Connection) -> list[AlertRule]:
    """Every alert, by model, stage and order."""
    return [_rule(row) for row in connection.execute(_RULE + "ORDER BY m.name, s.position, a.id").fetchall()]


def term(connection: sqlite3.Connection, alert: int) -> str:
    """An alert's expression as it was read."""
    return str(connection.execute("SELECT term FROM alerts WHERE id = ?", (alert,)).fetchone()[0])


def put_rule(
    connection: sqlite3.Connection,
    stage: int,
    *,
    text: str,
    expression: str,
    term: str,
    lasting: int,
    command: tuple[str, ...] | None,
    rolls_back: bool,
    cool_down: int,
) -> None:
    """Set an alert, or what it does when it fires."""
    connection.execute(
        "INSERT INTO alerts (stage_id, text, expression, term, lasting, command, rolls_back, cool_down) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stage_id, expression, lasting) DO UPDATE SET "
        "command = excluded.command, rolls_back = excluded.rolls_back, cool_down = excluded.cool_down",
        (
            stage,
            text,
            expression,
            term,
            lasting,
            None if command is None else json.dumps(list(command)),
            rolls_back,
            cool_down,
        ),
    )


def drop_rule(connection: sqlite3.Connection, alert: int) -> None:
    """Take an alert away, with how far it was; when it fired is kept."""
    connection.execute("DELETE FROM alerts WHERE id = ?", (alert,))


def progress(connection: sqlite3.Connection, alert: int) -> Progress | None:
    """How far an alert is; None before anything was judged."""
    row = connection.execute(
        "SELECT transition_id, judged_at, held, broken_since, saw, episode_id FROM alert_states WHERE alert_id = ?",
        (alert,),
    ).fetchone()
    if row is None:
        return None
    transition, judged_at, held, since, saw, episode = row
    broken = None if since is None else Micros(since)
    return Progress(transition, Micros(judged_at), None if held is None else bool(held), broken, saw, episode)


def set_progress(connection: sqlite3.Connection, alert: int, found: Progress) -> None:
    """Keep how far an alert is."""
    connection.execute(
        "INSERT INTO alert_states (alert_id, transition_id, judged_at, held, broken_since, saw, episode_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (alert_id) DO UPDATE SET transition_id = excluded.transition_id, "
        "judged_at = excluded.judged_at, held = excluded.held, broken_since = excluded.broken_since, "
        "saw = excluded.saw, episode_id = excluded.episode_id",
        (alert, found.transition, found.judged_at, found.held, found.broken_since, found.saw, found.episode),
    )


def begin_episode(
    connection: sqlite3.Connection, stage: int, transition: int, alert: str, *, since: Micros, at: Micros, saw: str
) -> int:
    """Keep that an alert fired; returns the row number."""
    row = connection.execute(
        "INSERT INTO alert_episodes (stage_id, transition_id, alert, since, fired_at, saw) VALUES (?, ?, ?, ?, ?, ?) "
        "RETURNING id",
        (stage, transition, alert, since, at, saw),
    ).fetchone()
    return int(row[0])


def end_episode(connection: sqlite3.Connection, episode: int, *, at: Micros, why: str) -> str | None:
    """Keep that an alert does not fire any more; returns its text, None when it did not."""
    row = connection.execute(
        "UPDATE alert_episodes SET cleared_at = ?, cleared_why = ? WHERE id = ? AND cleared_at IS NULL RETURNING alert",
        (at, why, episode),
    ).fetchone()
    return None if row is None else str(row[0])


def keep_output(connection: sqlite3.Connection, episode: int, output: str) -> None:
    """Keep what an alert's command printed."""
    connection.execute("UPDATE alert_episodes SET output = ? WHERE id = ?", (output, episode))


def episode(connection: sqlite3.Connection, place: int) -> Episode | None:
    """One time that an alert fired."""
    row = connection.execute(_EPISODE + "WHERE e.id = ?", (place,)).fetchone()
    return None if row is None else _episode(row)


def episodes(connection: sqlite3.Connection, stage: int | None, limit: int) -> list[Episode]:
    """The times that alerts fired, at a stage or anywhere, newest first."""
    # two statements: SQLite uses no index for what may be left out
    where = "" if stage is None else "WHERE e.stage_id = ?1 "
    rows = connection.execute(_EPISODE + where + "ORDER BY e.id DESC LIMIT ?2", (stage, limit)).fetchall()
    return [_episode(row) for row in rows]


def firing(connection: sqlite3.Connection) -> list[Episode]:
    """What fires now, anywhere, the oldest first."""
    rows = connection.execute(_EPISODE + "WHERE e.cleared_at IS NULL ORDER BY e.id").fetchall()
    return [_episode(row) for row in rows]


def command_of(connection: sqlite3.Connection, episode: int) -> tuple[str, ...] | None:
    """The command of the alert that fired; None without one, or when the alert was taken away."""
    row = connection.execute(
        "SELECT a.command FROM alert_episodes e JOIN alerts a ON a.stage_id = e.stage_id AND a.text = e.alert "
        "WHERE e.id = ? AND a.command IS NOT NULL",
        (episode,),
    ).fetchone()
    return None if row is None else read_back(row[0], words)


def end_all(connection: sqlite3.Connection, stage: int, *, at: Micros, why: str) -> list[tuple[int, str]]:
    """Keep that nothing fires at a stage any more, and begin anew with its alerts; returns (row number, alert)."""
    ended = connection.execute(
        "UPDATE alert_episodes SET cleared_at = ?, cleared_why = ? WHERE stage_id = ? AND cleared_at IS NULL "
        "RETURNING id, alert",
        (at, why, stage),
    ).fetchall()
    connection.execute(
        "DELETE FROM alert_states WHERE alert_id IN (SELECT id FROM alerts WHERE stage_id = ?)", (stage,)
    )
    return sorted((int(place), str(alert)) for place, alert in ended)


def states(connection: sqlite3.Connection, wanted: Collection[AlertRule]) -> list[AlertState]:
    """How alerts are now."""
    return [_state(connection, rule) for rule in wanted]


def _state(connection: sqlite3.Connection, rule: AlertRule) -> AlertState:
    found = progress(connection, rule.id)
    if found is None:
        return records.AlertState(rule, records.Phase.UNKNOWN, None, "", None, None)
    going = None if found.episode is None else episode(connection, found.episode)
    if going is not None and going.cleared_at is None:
        phase = records.Phase.FIRING
    elif found.broken_since is not None:
        phase, going = records.Phase.PENDING, None
    else:
        phase, going = records.Phase.UNKNOWN if found.held is None else records.Phase.OK, None
    return records.AlertState(rule, phase, found.broken_since, found.saw, found.judged_at, going)


# automatic rollbacks


def promotion_of(connection: sqlite3.Connection, stage: int, transition: int) -> int:
    """Row number of the promotion by which what a transition made live first came there; itself when none did."""
    row = connection.execute(
        "SELECT max(p.id) FROM transitions t JOIN transitions p ON p.stage_id = t.stage_id "
        "AND p.to_version = t.to_version AND p.seq <= t.seq AND p.action IN ('promote', 'import') "
        "AND p.outcome IN ('healthy', 'unchecked', 'unhealthy') WHERE t.id = ? AND t.stage_id = ?",
        (transition, stage),
    ).fetchone()
    return transition if row[0] is None else int(row[0])


def rolled_back(connection: sqlite3.Connection, promotion: int, *, live: int, since: Micros) -> bool:
    """Whether an automatic rollback of a promotion was begun.

    One that was claimed counts, too, from a time on; before that its process was killed, if what it was about is still
    live by the same transition (`live`).
    """
    row = connection.execute(
        "SELECT 1 FROM alert_rollbacks r JOIN alert_episodes e ON e.id = r.episode_id WHERE r.promotion_id = ? "
        "AND (e.rollback = 'begun' OR r.at >= ? OR e.transition_id <> ?)",
        (promotion, since, live),
    ).fetchone()
    return row is not None


def last_rollback(connection: sqlite3.Connection, stage: int) -> Micros | None:
    """When a stage was rolled back automatically last; None when it never was."""
    row = connection.execute("SELECT max(at) FROM alert_rollbacks WHERE stage_id = ?", (stage,)).fetchone()
    return None if row[0] is None else Micros(row[0])


def claim_rollback(connection: sqlite3.Connection, promotion: int, stage: int, episode: int, at: Micros) -> None:
    """Keep that an alert takes a promotion back, as only one may."""
    connection.execute(
        "INSERT INTO alert_rollbacks (promotion_id, stage_id, episode_id, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (promotion_id) DO UPDATE SET episode_id = excluded.episode_id, at = excluded.at",
        (promotion, stage, episode, at),
    )
    connection.execute("UPDATE alert_episodes SET rollback = 'begins' WHERE id = ?", (episode,))


def reclaim_rollback(connection: sqlite3.Connection, episode: int, *, before: Micros, at: Micros) -> bool:
    """Take up a rollback whose process ended before it could begin it, as only one may; False without one."""
    row = connection.execute(
        "UPDATE alert_rollbacks SET at = ? WHERE episode_id = ? AND at < ? AND EXISTS "
        "(SELECT 1 FROM alert_episodes e WHERE e.id = episode_id AND e.rollback = 'begins') RETURNING 1",
        (at, episode, before),
    ).fetchone()
    return row is not None


def begun_rollback(connection: sqlite3.Connection, episode: int) -> None:
    """Keep that a claimed rollback was begun."""
    connection.execute("UPDATE alert_episodes SET rollback = 'begun' WHERE id = ?", (episode,))


def refuse_rollback(connection: sqlite3.Connection, episode: int, why: str) -> None:
    """Keep why there is no automatic rollback, and leave the place to another."""
    connection.execute("UPDATE alert_episodes SET rollback = ? WHERE id = ?", (why, episode))
    connection.execute("DELETE FROM alert_rollbacks WHERE episode_id = ?", (episode,))


# what alerts are judged by


def observed_in(
    connection: sqlite3.Connection, transition: int, name: str, *, since: Micros, until: Micros
) -> list[tuple[Micros, float]]:
    """The values of a metric of what a transition made live from the last before `since` on, by time."""
    row = connection.execute(
        "SELECT o.id FROM observed o JOIN names n ON n.id = o.name_id WHERE o.transition_id = ? AND n.name = ?",
        (transition, name),
    ).fetchone()
    if row is None:
        return []
    rows = connection.execute(
        "SELECT at, value FROM observations WHERE series_id = ?1 AND at <= ?3 AND at >= coalesce((SELECT at "
        "FROM observations WHERE series_id = ?1 AND at < ?2 ORDER BY at DESC LIMIT 1), ?2) ORDER BY at",
        (row[0], since, until),
    ).fetchall()
    return [(Micros(at), number(value)) for at, value in rows]


def at_promotion(connection: sqlite3.Connection, transition: int, name: str) -> tuple[Micros, float] | None:
    """When the first hour in which a metric was observed is over, and the mean of its finite values; None without."""
    row = connection.execute(
        "SELECT o.first_at, avg(x.value) FROM observed o JOIN names n ON n.id = o.name_id "
        "JOIN observations x ON x.series_id = o.id AND x.at >= o.first_at AND x.at < o.first_at + ?3 "
        "AND abs(x.value) < 9e999 WHERE o.transition_id = ?1 AND n.name = ?2 GROUP BY o.id",
        (transition, name, _PROMOTED_HOUR),
    ).fetchone()
    return None if row is None or row[1] is None else (Micros(row[0] + _PROMOTED_HOUR), float(row[1]))


def own_metric(connection: sqlite3.Connection, transition: int, name: str) -> float | None:
    """The value that what a transition made live was registered with; else the one it was evaluated to last."""
    row = connection.execute(
        "SELECT coalesce("
        "(SELECT x.value FROM version_metrics x WHERE x.version_id = t.to_version AND x.name_id = n.id), "
        "(SELECT e.value FROM evaluations e WHERE e.version_id = t.to_version AND e.name_id = n.id "
        "ORDER BY e.id DESC LIMIT 1)) FROM transitions t, names n WHERE t.id = ? AND n.name = ?",
        (transition, name),
    ).fetchone()
    return None if row is None or row[0] is None else float(row[0])


def _rule(row: tuple[int, str, str, str, str, int, str | None, int, int]) -> AlertRule:
    place, model, stage, text, expression, lasting, command, rolls_back, cool_down = row
    return records.AlertRule(
        id=place,
        model=model,
        stage=stage,
        text=text,
        expression=expression,
        lasting=lasting,
        command=None if command is None else read_back(command, words),
        rolls_back=bool(rolls_back),
        cool_down=cool_down,
    )


def _episode(
    row: tuple[int, str, str, str, str, int, int, str, int | None, str | None, str | None, str | None],
) -> Episode:
    place, model, stage, label, alert, since, fired_at, saw, cleared_at, why, output, rollback = row
    return records.Episode(
        id=place,
        model=model,
        stage=stage,
        label=label,
        alert=alert,
        since=Micros(since),
        fired_at=Micros(fired_at),
        saw=saw,
        cleared_at=None if cleared_at is None else Micros(cleared_at),
        cleared_why=why,
        output=output,
        rollback=rollback,
    )
