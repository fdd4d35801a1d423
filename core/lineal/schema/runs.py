"""Experiments, runs, and the metrics they logged."""

from __future__ import annotations

from lineal.schema.rules import digest

RUNS = f"""
CREATE TABLE experiments (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    owner TEXT,
    purpose TEXT,
    notes TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL
) STRICT;

CREATE TABLE environments (
    id INTEGER PRIMARY KEY,
    {digest("digest")} UNIQUE,
    content TEXT NOT NULL
) STRICT;

CREATE TABLE code_states (
    id INTEGER PRIMARY KEY,
    {digest("digest")} UNIQUE,
    content TEXT NOT NULL,
    patch_object_id INTEGER REFERENCES objects  -- the changes that were not committed
) STRICT;
CREATE INDEX code_states_by_patch ON code_states (patch_object_id) WHERE patch_object_id IS NOT NULL;

CREATE TABLE runs (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    experiment_id INTEGER NOT NULL REFERENCES experiments,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('train', 'evaluate', 'transform', 'import')),
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed', 'killed')),
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    actor TEXT NOT NULL,
    claim TEXT,
    parent_n INTEGER REFERENCES runs CHECK (parent_n < n),
    nested INTEGER NOT NULL DEFAULT 0 CHECK (nested IN (0, 1)),  -- whether its parent is of the same experiment
    command TEXT,
    seed INTEGER,
    code_id INTEGER REFERENCES code_states,
    environment_id INTEGER REFERENCES environments,
    process TEXT,  -- host, boot and process id, to tell a running run from a dead one
    output TEXT,  -- the beginning and the end of what a wrapped command printed
    error TEXT
) STRICT;
CREATE INDEX runs_by_experiment ON runs (experiment_id, started_at);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX runs_outer_by_experiment ON runs (experiment_id, started_at) WHERE nested = 0;
CREATE INDEX runs_outer_by_start ON runs (started_at) WHERE nested = 0;
CREATE INDEX runs_running ON runs (n) WHERE status = 'running';
CREATE INDEX runs_by_parent ON runs (parent_n) WHERE parent_n IS NOT NULL;

CREATE TABLE params (
    run_n INTEGER NOT NULL REFERENCES runs,
    name_id INTEGER NOT NULL REFERENCES names,
    kind TEXT NOT NULL CHECK (kind IN ('none', 'bool', 'int', 'float', 'str')),
    text TEXT NOT NULL,
    number REAL,
    PRIMARY KEY (run_n, name_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    run_n INTEGER NOT NULL REFERENCES runs,
    name_id INTEGER NOT NULL REFERENCES names,
    dataset_version_id INTEGER REFERENCES dataset_versions,
    count INTEGER NOT NULL,
    last REAL,
    last_step INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    min REAL,
    max REAL,
    best REAL,
    UNIQUE (run_n, name_id)
) STRICT;

CREATE TABLE points (
    series_id INTEGER NOT NULL REFERENCES series,
    step INTEGER NOT NULL,
    at INTEGER NOT NULL,
    n INTEGER NOT NULL DEFAULT 0,  -- tells values of one step and time apart
    value REAL,
    PRIMARY KEY (series_id, step, at, n)
) STRICT, WITHOUT ROWID;

-- What the points of a long series come to, so that a curve of it never reads them all: 32 points in a block as they
-- were logged, and four blocks of a level in one of the next.
CREATE TABLE point_blocks (
    series_id INTEGER NOT NULL REFERENCES series,
    level INTEGER NOT NULL CHECK (level >= 0),
    n INTEGER NOT NULL CHECK (n >= 0),
    count INTEGER NOT NULL CHECK (count > 0),
    first_step INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    least REAL,  -- of the finite values; NULL without any
    most REAL,
    total REAL,
    nans INTEGER NOT NULL,
    above INTEGER NOT NULL,  -- infinities
    below INTEGER NOT NULL,
    PRIMARY KEY (series_id, level, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_inputs (
    run_n INTEGER NOT NULL REFERENCES runs,
    dataset_version_id INTEGER NOT NULL REFERENCES dataset_versions,
    role TEXT NOT NULL,
    PRIMARY KEY (run_n, dataset_version_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_inputs_by_dataset ON run_inputs (dataset_version_id);
"""
