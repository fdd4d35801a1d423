"""Commands that run when something happens, and each time that one was run."""

from __future__ import annotations

AUTOMATION = """
CREATE TABLE automations (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL CHECK (name <> ''),
    event TEXT NOT NULL CHECK (
        event IN (
            'registered', 'approved', 'rejected', 'promoted', 'rolled_back', 'undone', 'cleared', 'moved', 'failed',
            'alert', 'alert_cleared', 'marked_bad', 'retired', 'deprecated'
        )
    ),
    model_id INTEGER REFERENCES models,  -- NULL: all of them
    stage_id INTEGER REFERENCES stages,  -- NULL: all of the model
    command TEXT NOT NULL,  -- argument list as JSON
    timeout REAL NOT NULL CHECK (timeout > 0),  -- seconds
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    removed_at INTEGER,
    CHECK (stage_id IS NULL OR model_id IS NOT NULL),
    CHECK (removed_at IS NULL OR NOT enabled)
) STRICT;
CREATE UNIQUE INDEX automations_by_name ON automations (name) WHERE removed_at IS NULL;
CREATE TRIGGER automations_fixed
BEFORE UPDATE OF name, event, model_id, stage_id, command, timeout, at, actor ON automations
BEGIN SELECT RAISE(ABORT, 'an automation is removed and added anew'); END;

-- The entries of the audit log that an automation is for.
CREATE TABLE automation_actions (
    action TEXT NOT NULL,
    automation_id INTEGER NOT NULL REFERENCES automations,
    PRIMARY KEY (action, automation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    automation_id INTEGER NOT NULL REFERENCES automations,
    event_seq INTEGER NOT NULL REFERENCES events,
    attempt INTEGER NOT NULL CHECK (attempt > 0),  -- more than 1: somebody asked for it
    depth INTEGER NOT NULL DEFAULT 0,  -- how many deliveries led to the event, one through another
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'timed_out', 'lost')),
    started_at INTEGER,
    ended_at INTEGER,
    exit_code INTEGER,
    noted_at INTEGER,  -- when a person took note that it was lost
    output TEXT NOT NULL DEFAULT '',  -- last, as it may be long
    UNIQUE (automation_id, event_seq, attempt)
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (automation_id, event_seq) WHERE state = 'waiting';
CREATE INDEX deliveries_running ON deliveries (automation_id) WHERE state = 'running';
CREATE INDEX deliveries_lost ON deliveries (id) WHERE state = 'lost' AND noted_at IS NULL;
CREATE TRIGGER deliveries_once BEFORE UPDATE OF automation_id, event_seq, attempt, state ON deliveries
WHEN (NEW.automation_id, NEW.event_seq, NEW.attempt) <> (OLD.automation_id, OLD.event_seq, OLD.attempt)
OR (OLD.state = 'waiting' AND NEW.state NOT IN ('running', 'failed', 'lost'))
OR (OLD.state = 'running' AND NEW.state NOT IN ('done', 'failed', 'timed_out', 'lost'))
OR OLD.state NOT IN ('waiting', 'running')
BEGIN SELECT RAISE(ABORT, 'a delivery is made once'); END;

-- Whatever appends an event reaches who waits for it, in the same transaction.
CREATE TRIGGER events_are_delivered AFTER INSERT ON events
WHEN EXISTS (SELECT 1 FROM automation_actions WHERE action = NEW.action)
BEGIN
    INSERT INTO deliveries (automation_id, event_seq, attempt, state)
    SELECT a.id, NEW.seq, 1, 'waiting' FROM automation_actions w JOIN automations a ON a.id = w.automation_id
    LEFT JOIN models m ON m.id = a.model_id LEFT JOIN stages s ON s.id = a.stage_id
    WHERE w.action = NEW.action AND a.enabled AND (m.id IS NULL OR m.name = NEW.subject)
    -- A schema that is not trusted may not take JSON apart; in canonical JSON no other text reads so.
    AND (s.id IS NULL OR NEW.ref = m.name || '@' || s.name OR instr(NEW.data, '"stage":"' || s.name || '"'))
    ORDER BY a.id;
END;
"""
