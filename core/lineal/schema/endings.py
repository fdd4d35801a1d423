"""How versions end: deprecation, retirement, and the rules by which old ones lose their bytes."""

from __future__ import annotations

from lineal.schema.rules import no_replace

ENDINGS = f"""
CREATE TABLE retirements (
    version_id INTEGER PRIMARY KEY REFERENCES versions,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    uid INTEGER NOT NULL,
    claim TEXT,
    reason TEXT NOT NULL,
    successor_id INTEGER REFERENCES versions CHECK (successor_id <> version_id),
    purged_at INTEGER,  -- when its bytes were dropped; NULL while they are here
    purged_by TEXT,
    CHECK ((purged_at IS NULL) = (purged_by IS NULL))
) STRICT;
CREATE TRIGGER retirements_fixed
BEFORE UPDATE OF version_id, at, actor, uid, claim, reason, successor_id ON retirements
BEGIN SELECT RAISE(ABORT, 'a retirement is fixed for ever'); END;
CREATE TRIGGER retirements_purged_once BEFORE UPDATE OF purged_at, purged_by ON retirements
WHEN OLD.purged_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a version is purged once'); END;
CREATE TRIGGER retirements_no_delete BEFORE DELETE ON retirements
BEGIN SELECT RAISE(ABORT, 'a retirement is fixed for ever'); END;
{no_replace("retirements", "version_id", why="a retirement is fixed for ever")}
-- A version ends once, and never while it is live.
CREATE TRIGGER versions_retired_for_good BEFORE UPDATE OF status ON versions
WHEN OLD.status = 'retired' AND NEW.status <> 'retired'
BEGIN SELECT RAISE(ABORT, 'a retired version stays retired'); END;
CREATE TRIGGER versions_retired_not_while_live BEFORE UPDATE OF status ON versions
WHEN NEW.status = 'retired' AND OLD.status <> 'retired'
AND EXISTS (SELECT 1 FROM live WHERE version_id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'what is live is not retired'); END;

CREATE TABLE deprecations (
    version_id INTEGER PRIMARY KEY REFERENCES versions,
    until INTEGER NOT NULL,
    reason TEXT,
    successor_id INTEGER REFERENCES versions CHECK (successor_id <> version_id),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL
) STRICT;

-- A version whose bytes no rule of its model keeps loses them when objects are collected with --retention.
CREATE TABLE retention_rules (
    model_id INTEGER PRIMARY KEY REFERENCES models,
    keep_last INTEGER CHECK (keep_last > 0),
    keep_live INTEGER NOT NULL CHECK (keep_live IN (0, 1)),
    keep_younger INTEGER CHECK (keep_younger > 0),  -- seconds
    CHECK (keep_last IS NOT NULL OR keep_younger IS NOT NULL OR keep_live)
) STRICT;
"""
