"""Objects, artifacts, models and their versions."""

from __future__ import annotations

from lineal.schema.rules import append_only, digest, no_replace

MODELS = f"""
CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    {digest("digest")} UNIQUE,
    size INTEGER NOT NULL CHECK (size >= 0),
    created_at INTEGER NOT NULL,
    kept INTEGER NOT NULL DEFAULT 1 CHECK (kept IN (0, 1))  -- 0: known by digest only
) STRICT;

CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY,
    {digest("digest")} UNIQUE,
    size INTEGER NOT NULL CHECK (size >= 0),
    tensors TEXT,
    metadata TEXT
) STRICT;

CREATE TABLE artifact_files (
    artifact_id INTEGER NOT NULL REFERENCES artifacts,
    path TEXT NOT NULL CHECK (path <> '' AND path NOT GLOB '/*'),
    object_id INTEGER NOT NULL REFERENCES objects,
    format TEXT NOT NULL,
    PRIMARY KEY (artifact_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_files_by_object ON artifact_files (object_id);
{append_only("artifact_files", "artifact_id path", what="a manifest")}
CREATE TABLE architectures (
    id INTEGER PRIMARY KEY,
    {digest("digest")} UNIQUE,
    kind TEXT NOT NULL,
    parameters INTEGER,
    tensors TEXT NOT NULL
) STRICT;

CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scheme TEXT NOT NULL CHECK (scheme IN ('semver', 'timestamp', 'experiment', 'sequence', 'manual')),
    primary_id INTEGER REFERENCES names,
    owner TEXT,
    purpose TEXT,
    notes TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL
) STRICT;

CREATE TABLE versions (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    model_id INTEGER NOT NULL REFERENCES models,
    seq INTEGER NOT NULL CHECK (seq > 0),
    label TEXT NOT NULL,
    label_reason TEXT NOT NULL,
    run_n INTEGER REFERENCES runs,
    artifact_id INTEGER REFERENCES artifacts,
    architecture_id INTEGER REFERENCES architectures,
    signature TEXT CHECK (signature GLOB '{{*}}'),  -- inputs and outputs, as a JSON object
    owner TEXT,
    purpose TEXT,
    notes TEXT,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'bad', 'retired')),
    deprecated_until INTEGER,  -- NULL: it is not
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    claim TEXT,
    UNIQUE (model_id, seq),
    UNIQUE (model_id, label)
) STRICT;
CREATE INDEX versions_by_run ON versions (run_n) WHERE run_n IS NOT NULL;
CREATE INDEX versions_by_artifact ON versions (artifact_id) WHERE artifact_id IS NOT NULL;
CREATE TRIGGER versions_fixed
BEFORE UPDATE OF id, uid, model_id, seq, label, label_reason, run_n, created_at, created_by, claim
ON versions BEGIN SELECT RAISE(ABORT, 'a version is fixed for ever'); END;
-- Files that an import could not find may still arrive, once.
CREATE TRIGGER versions_files_fixed
BEFORE UPDATE OF artifact_id, architecture_id, signature ON versions
WHEN OLD.artifact_id IS NOT NULL OR NOT EXISTS
    (SELECT 1 FROM imported WHERE kind = 'version' AND our_id = OLD.id AND mark IS NULL)
BEGIN SELECT RAISE(ABORT, 'a version is fixed for ever'); END;
CREATE TRIGGER versions_no_delete BEFORE DELETE ON versions
BEGIN SELECT RAISE(ABORT, 'a version is kept for ever'); END;
{no_replace("versions", "id", "uid", "model_id seq", why="a version is kept for ever")}
CREATE TABLE version_parents (
    version_id INTEGER NOT NULL REFERENCES versions,
    position INTEGER NOT NULL,
    parent_id INTEGER NOT NULL REFERENCES versions,
    relation TEXT NOT NULL
        CHECK (relation IN ('retrain', 'finetune', 'distill', 'quantize', 'prune', 'merge')),
    PRIMARY KEY (version_id, position),
    UNIQUE (version_id, parent_id),
    CHECK (parent_id < version_id)  -- so that no cycle can be
) STRICT, WITHOUT ROWID;
CREATE INDEX version_parents_by_parent ON version_parents (parent_id);

CREATE TABLE version_params (
    version_id INTEGER NOT NULL REFERENCES versions,
    name_id INTEGER NOT NULL REFERENCES names,
    kind TEXT NOT NULL CHECK (kind IN ('none', 'bool', 'int', 'float', 'str')),
    text TEXT NOT NULL,
    number REAL,
    PRIMARY KEY (version_id, name_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE version_metrics (
    version_id INTEGER NOT NULL REFERENCES versions,
    name_id INTEGER NOT NULL REFERENCES names,
    position INTEGER NOT NULL,
    value REAL,
    dataset_version_id INTEGER REFERENCES dataset_versions,
    PRIMARY KEY (version_id, name_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE version_datasets (
    version_id INTEGER NOT NULL REFERENCES versions,
    dataset_version_id INTEGER NOT NULL REFERENCES dataset_versions,
    role TEXT NOT NULL,
    PRIMARY KEY (version_id, dataset_version_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX version_datasets_by_dataset ON version_datasets (dataset_version_id);
{append_only("version_parents", "version_id position", "version_id parent_id", what="the parentage of a version")}
{append_only("version_params", "version_id name_id", what="what a version was registered with")}
{append_only("version_metrics", "version_id name_id", what="what a version was registered with")}
{append_only("version_datasets", "version_id dataset_version_id role", what="what a version was registered with")}
CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY,
    version_id INTEGER NOT NULL REFERENCES versions,
    name_id INTEGER NOT NULL REFERENCES names,
    value REAL,
    dataset_version_id INTEGER REFERENCES dataset_versions,
    run_n INTEGER REFERENCES runs,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL
) STRICT;
CREATE INDEX evaluations_by_version ON evaluations (version_id, name_id);
{append_only("evaluations", "id", what="the list of evaluations")}"""
