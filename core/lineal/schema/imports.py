"""Where things of other programs' stores went."""

from __future__ import annotations

IMPORTS = """
CREATE TABLE import_sources (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    program TEXT NOT NULL,
    path TEXT NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;

-- Which thing of another program's store became which of ours.
CREATE TABLE imported (
    source_id INTEGER NOT NULL REFERENCES import_sources,
    kind TEXT NOT NULL CHECK (kind IN ('experiment', 'run', 'dataset', 'model', 'version')),
    foreign_id TEXT NOT NULL,
    our_id INTEGER NOT NULL,
    mark TEXT,  -- changes when the thing does there; NULL while something of it is still to come
    PRIMARY KEY (source_id, kind, foreign_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX imported_by_ours ON imported (our_id, kind) WHERE kind <> 'run';
"""
