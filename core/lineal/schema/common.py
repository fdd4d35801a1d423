"""The registry itself, its chain of events, and what all share: names, tags, how metrics are read."""

from __future__ import annotations

from lineal.schema.rules import append_only

REGISTRY = f"""
CREATE TABLE registry (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    uid TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    uid INTEGER NOT NULL,
    claim TEXT,
    action TEXT NOT NULL,
    ref TEXT NOT NULL,
    data TEXT NOT NULL,
    prev TEXT NOT NULL CHECK (length(prev) = 64),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    -- What the address begins with: a model, `data:NAME`, a run, an experiment; worked out, so that it always agrees.
    subject TEXT NOT NULL GENERATED ALWAYS AS (
        CASE WHEN ref GLOB 'run:*' OR ref GLOB 'exp:*' OR ref GLOB 'sha256:*' THEN ref
        WHEN ref GLOB 'data:*' THEN 'data:' || substr(ref, 6, instr(substr(ref, 6) || ':', ':') - 1)
        ELSE substr(ref, 1, min(instr(ref || ':', ':'), instr(ref || '@', '@')) - 1) END
    ) VIRTUAL
) STRICT;
-- Most grow at the ends of a few runs of entries; in a UNIQUE over hashes each would fall on another page.
CREATE INDEX events_by_actor ON events (actor);
CREATE INDEX events_by_action ON events (action);
CREATE INDEX events_by_subject ON events (subject);
CREATE INDEX events_by_ref ON events (ref);
CREATE INDEX events_by_time ON events (at);
{append_only("events", "seq", what="the audit log")}
-- Names of params, metrics and tags, stored once.
CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE tags (
    kind TEXT NOT NULL CHECK (kind IN ('experiment', 'run', 'dataset', 'model', 'version')),
    subject_id INTEGER NOT NULL,
    name_id INTEGER NOT NULL REFERENCES names,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, subject_id, name_id)
) STRICT, WITHOUT ROWID;

-- What a person said of a metric; what nobody said is guessed from its name.
CREATE TABLE metric_settings (
    scope TEXT NOT NULL CHECK (scope IN ('experiment', 'model')),
    scope_id INTEGER NOT NULL,
    name_id INTEGER NOT NULL REFERENCES names,
    direction TEXT CHECK (direction IN ('higher', 'lower')),
    tolerance REAL NOT NULL DEFAULT 0 CHECK (tolerance >= 0),
    PRIMARY KEY (scope, scope_id, name_id)
) STRICT, WITHOUT ROWID;
"""
