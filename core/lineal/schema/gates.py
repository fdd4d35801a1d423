"""What stages demand before a promotion, what people decided about versions, and reviews of what was forced."""

from __future__ import annotations

from lineal.schema.rules import append_only

GATES = f"""
CREATE TABLE stage_gates (
    stage_id INTEGER PRIMARY KEY REFERENCES stages,
    after_id INTEGER REFERENCES stages CHECK (after_id <> stage_id),
    soak INTEGER NOT NULL DEFAULT 0 CHECK (soak >= 0),  -- seconds
    approvals INTEGER NOT NULL DEFAULT 0 CHECK (approvals BETWEEN 0 AND 100),
    no_pickle INTEGER NOT NULL DEFAULT 0 CHECK (no_pickle IN (0, 1)),
    CHECK (soak = 0 OR after_id IS NOT NULL)
) STRICT;

CREATE TABLE gate_expressions (
    stage_id INTEGER NOT NULL REFERENCES stages,
    position INTEGER NOT NULL,
    expression TEXT NOT NULL CHECK (expression <> ''),
    PRIMARY KEY (stage_id, position),
    UNIQUE (stage_id, expression)
) STRICT, WITHOUT ROWID;

CREATE TABLE required_fields (
    stage_id INTEGER NOT NULL REFERENCES stages,
    position INTEGER NOT NULL,
    field TEXT NOT NULL CHECK (field <> ''),
    PRIMARY KEY (stage_id, position),
    UNIQUE (stage_id, field)
) STRICT, WITHOUT ROWID;

-- A person's word about one state of a version at one stage.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    stage_id INTEGER NOT NULL REFERENCES stages,
    version_id INTEGER NOT NULL REFERENCES versions,
    digest TEXT,  -- of the version's files when the word was given; NULL for a version without files
    verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    reason TEXT,
    actor TEXT NOT NULL,
    uid INTEGER NOT NULL,
    claim TEXT,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX decisions_by_version ON decisions (version_id, stage_id, id);
CREATE TRIGGER decisions_of_what_is_there BEFORE INSERT ON decisions
WHEN NEW.digest IS NOT
    (SELECT a.digest FROM versions v LEFT JOIN artifacts a ON a.id = v.artifact_id WHERE v.id = NEW.version_id)
BEGIN SELECT RAISE(ABORT, 'a decision is about the files a version has'); END;
{append_only("decisions", "id", what="the list of decisions")}
-- What another admin said of a forced transition.
CREATE TABLE reviews (
    transition_id INTEGER PRIMARY KEY REFERENCES transitions,
    reason TEXT,
    actor TEXT NOT NULL,
    uid INTEGER NOT NULL,
    claim TEXT,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX transitions_forced ON transitions (id) WHERE forced;
CREATE TRIGGER reviews_by_another BEFORE INSERT ON reviews
WHEN NOT EXISTS (SELECT 1 FROM transitions t WHERE t.id = NEW.transition_id AND t.forced AND t.actor <> NEW.actor)
BEGIN SELECT RAISE(ABORT, 'a review is of a forced transition, by another person'); END;
{append_only("reviews", "transition_id", what="the list of reviews")}"""
