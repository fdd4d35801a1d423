"""Datasets and their versions."""

from __future__ import annotations

from lineal.schema.rules import digest, no_replace

DATA = f"""
CREATE TABLE datasets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    owner TEXT,
    purpose TEXT,
    notes TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL
) STRICT;

CREATE TABLE dataset_versions (
    id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL REFERENCES datasets,
    seq INTEGER NOT NULL,
    label TEXT NOT NULL,
    {digest("digest")},
    uri TEXT,
    rows INTEGER CHECK (rows >= 0),
    bytes INTEGER CHECK (bytes >= 0),
    columns TEXT,
    notes TEXT,
    run_n INTEGER REFERENCES runs,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    UNIQUE (dataset_id, seq),
    UNIQUE (dataset_id, label)
) STRICT;
CREATE INDEX dataset_versions_by_digest ON dataset_versions (digest);
CREATE INDEX dataset_versions_by_run ON dataset_versions (run_n) WHERE run_n IS NOT NULL;
CREATE TRIGGER dataset_versions_fixed
BEFORE UPDATE OF id, dataset_id, seq, label, digest, uri, rows, bytes, columns, run_n, created_at, created_by
ON dataset_versions BEGIN SELECT RAISE(ABORT, 'a dataset version is fixed for ever'); END;
CREATE TRIGGER dataset_versions_no_delete BEFORE DELETE ON dataset_versions
BEGIN SELECT RAISE(ABORT, 'a dataset version is kept for ever'); END;
{no_replace("dataset_versions", "id", "dataset_id seq", why="a dataset version is kept for ever")}
CREATE TABLE dataset_parents (
    dataset_version_id INTEGER NOT NULL REFERENCES dataset_versions,
    parent_id INTEGER NOT NULL REFERENCES dataset_versions,
    PRIMARY KEY (dataset_version_id, parent_id),
    CHECK (parent_id < dataset_version_id)  -- so that no cycle can be
) STRICT, WITHOUT ROWID;
CREATE INDEX dataset_parents_by_parent ON dataset_parents (parent_id);
"""
