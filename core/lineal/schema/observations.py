"""What was observed of live versions, rolled up as it comes, and the alerts over it."""

from __future__ import annotations

OBSERVATIONS = """
-- A metric of what one transition made live.
CREATE TABLE observed (
    id INTEGER PRIMARY KEY,
    transition_id INTEGER NOT NULL REFERENCES transitions,
    name_id INTEGER NOT NULL REFERENCES names,
    count INTEGER NOT NULL CHECK (count > 0),
    odd INTEGER NOT NULL CHECK (odd BETWEEN 0 AND count),  -- NaN and infinities, in no sum
    total REAL NOT NULL,
    least REAL,
    most REAL,
    last REAL,
    last_at INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    UNIQUE (transition_id, name_id)
) STRICT;

-- Single values, of the last days and of the first hour only.
CREATE TABLE observations (
    series_id INTEGER NOT NULL REFERENCES observed,
    at INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (series_id, at)
) STRICT, WITHOUT ROWID;

-- What the values of an hour come to, kept for ever.
CREATE TABLE observed_hours (
    series_id INTEGER NOT NULL REFERENCES observed,
    hour INTEGER NOT NULL,  -- since 1970
    count INTEGER NOT NULL CHECK (count > 0),
    odd INTEGER NOT NULL CHECK (odd BETWEEN 0 AND count),
    total REAL NOT NULL,
    least REAL,
    most REAL,
    last REAL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (series_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    stage_id INTEGER NOT NULL REFERENCES stages,
    text TEXT NOT NULL,  -- as it was set: the expression, and for how long it must not hold
    expression TEXT NOT NULL CHECK (expression <> ''),  -- what must hold
    term TEXT NOT NULL,  -- the same, read: reading it again would cost each observation more than all else
    lasting INTEGER NOT NULL CHECK (lasting >= 0),  -- seconds for which it must not hold
    command TEXT,  -- argument list as JSON
    rolls_back INTEGER NOT NULL CHECK (rolls_back IN (0, 1)),
    cool_down INTEGER NOT NULL CHECK (cool_down >= 0),  -- seconds
    UNIQUE (stage_id, expression, lasting)
) STRICT;

-- Each time that an alert fired.
CREATE TABLE alert_episodes (
    id INTEGER PRIMARY KEY,
    stage_id INTEGER NOT NULL REFERENCES stages,
    transition_id INTEGER NOT NULL REFERENCES transitions,
    alert TEXT NOT NULL,
    since INTEGER NOT NULL,
    fired_at INTEGER NOT NULL,
    saw TEXT NOT NULL,
    cleared_at INTEGER,
    cleared_why TEXT,
    rollback TEXT,  -- `begins`, `begun`, or why not; NULL where the alert does not roll back
    output TEXT,  -- what its command printed; NULL before, and without one
    CHECK ((cleared_at IS NULL) = (cleared_why IS NULL))
) STRICT;
CREATE INDEX alert_episodes_open ON alert_episodes (stage_id) WHERE cleared_at IS NULL;
CREATE INDEX alert_episodes_by_stage ON alert_episodes (stage_id, id);

-- How far an alert is with what one transition made live.
CREATE TABLE alert_states (
    alert_id INTEGER PRIMARY KEY REFERENCES alerts ON DELETE CASCADE,
    transition_id INTEGER NOT NULL REFERENCES transitions,
    judged_at INTEGER NOT NULL,  -- time of the newest observation that it was judged by
    held INTEGER CHECK (held IN (0, 1)),  -- NULL when something was missing
    broken_since INTEGER,
    saw TEXT NOT NULL,
    episode_id INTEGER REFERENCES alert_episodes
) STRICT;

-- Automatic rollbacks: one for each promotion.
CREATE TABLE alert_rollbacks (
    promotion_id INTEGER PRIMARY KEY REFERENCES transitions,
    stage_id INTEGER NOT NULL REFERENCES stages,
    episode_id INTEGER NOT NULL REFERENCES alert_episodes,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_rollbacks_by_stage ON alert_rollbacks (stage_id, at);
"""
