"""Stages, releases, pipelines and the histories of what was live."""

from __future__ import annotations

from lineal.schema.rules import append_only

STAGES = f"""
CREATE TABLE stages (
    id INTEGER PRIMARY KEY,
    model_id INTEGER NOT NULL REFERENCES models,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    UNIQUE (model_id, name)
) STRICT;

CREATE TABLE stage_settings (
    stage_id INTEGER PRIMARY KEY REFERENCES stages,
    release TEXT NOT NULL UNIQUE,  -- two stages never share a directory
    content TEXT NOT NULL
) STRICT;

CREATE TABLE releases (
    id INTEGER PRIMARY KEY,
    stage_id INTEGER NOT NULL REFERENCES stages,
    version_id INTEGER NOT NULL REFERENCES versions,
    name TEXT NOT NULL,
    files TEXT NOT NULL,
    laid_at INTEGER NOT NULL,
    UNIQUE (stage_id, version_id)
) STRICT;

CREATE TABLE pipelines (
    id INTEGER PRIMARY KEY,
    stage_id INTEGER NOT NULL REFERENCES stages,
    action TEXT NOT NULL CHECK (action IN ('promote', 'rollback', 'undo', 'clear')),
    from_version INTEGER REFERENCES versions,
    to_version INTEGER REFERENCES versions,
    target_transition INTEGER REFERENCES transitions,
    options TEXT NOT NULL,
    actor TEXT NOT NULL,
    uid INTEGER NOT NULL,
    claim TEXT,
    reason TEXT,
    host TEXT NOT NULL,
    boot TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    switched_at INTEGER,
    cancelled_by TEXT,
    failure TEXT,  -- the error that whoever follows meets, as JSON
    ended_at INTEGER,
    transition_id INTEGER REFERENCES transitions
) STRICT;
CREATE UNIQUE INDEX pipelines_one_runs ON pipelines (stage_id) WHERE ended_at IS NULL;
CREATE INDEX pipelines_by_stage ON pipelines (stage_id, id);

CREATE TABLE pipeline_steps (
    pipeline_id INTEGER NOT NULL REFERENCES pipelines,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'skipped')),
    started_at INTEGER,
    ended_at INTEGER,
    output TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (pipeline_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE transitions (
    id INTEGER PRIMARY KEY,
    stage_id INTEGER NOT NULL REFERENCES stages,
    seq INTEGER NOT NULL CHECK (seq > 0),
    action TEXT NOT NULL CHECK (action IN ('promote', 'rollback', 'undo', 'clear', 'import')),
    from_version INTEGER REFERENCES versions,
    to_version INTEGER REFERENCES versions,
    actor TEXT NOT NULL,
    uid INTEGER NOT NULL,
    claim TEXT,
    reason TEXT,
    began_at INTEGER NOT NULL,
    switched_at INTEGER,
    reverted_at INTEGER,
    ended_at INTEGER NOT NULL,
    outcome TEXT NOT NULL
        CHECK (outcome IN ('healthy', 'unchecked', 'unhealthy', 'reverted', 'failed', 'cancelled')),
    output TEXT,
    forced INTEGER NOT NULL DEFAULT 0 CHECK (forced IN (0, 1)),
    predecessor INTEGER REFERENCES transitions CHECK (predecessor < id),
    replaced INTEGER REFERENCES transitions CHECK (replaced < id),
    UNIQUE (stage_id, seq),
    CHECK (switched_at IS NOT NULL OR outcome IN ('failed', 'cancelled')),
    CHECK ((reverted_at IS NOT NULL) = (outcome = 'reverted'))
) STRICT;
CREATE INDEX transitions_by_target ON transitions (stage_id, to_version);
{append_only("transitions", "id", "stage_id seq", what="the history of a stage")}
-- What is live, kept by the history itself: one row for each stage that was ever moved.
CREATE TABLE live (
    stage_id INTEGER PRIMARY KEY REFERENCES stages,
    transition_id INTEGER NOT NULL REFERENCES transitions,
    version_id INTEGER REFERENCES versions
) STRICT;
CREATE INDEX live_by_version ON live (version_id) WHERE version_id IS NOT NULL;
CREATE TRIGGER transitions_move_the_stage AFTER INSERT ON transitions
WHEN NEW.outcome IN ('healthy', 'unchecked', 'unhealthy')
BEGIN
    INSERT INTO live (stage_id, transition_id, version_id) VALUES (NEW.stage_id, NEW.id, NEW.to_version)
    ON CONFLICT (stage_id) DO UPDATE SET transition_id = NEW.id, version_id = NEW.to_version;
END;
"""
