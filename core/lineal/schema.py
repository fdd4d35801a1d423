"""The tables of a registry, as the first migration creates them.

Times are microseconds since 1970 in UTC; a metric value that is not a number is NULL; digests start with `sha256:`.
"""

from __future__ import annotations

_DIGEST = "CHECK (length({0}) = 71 AND {0} GLOB 'sha256:*' AND substr({0}, 8) NOT GLOB '*[^0-9a-f]*')"


def _digest(column: str) -> str:
    return f"{column} TEXT NOT NULL {_DIGEST.format(column)}"


def append_only(table: str, *keys: str, what: str) -> str:
    """Triggers that refuse to change, remove or replace a row of `table`; each key names its columns."""
    return f"""
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{what} is append-only'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{what} is append-only'); END;
{_no_replace(table, *keys, why=f"{what} is append-only")}"""


def _no_replace(table: str, *keys: str, why: str) -> str:
    # With recursive_triggers off, as in other programs, INSERT OR REPLACE goes past the triggers on DELETE.
    same = " OR ".join("(" + " AND ".join(f"{each} = NEW.{each}" for each in key.split()) + ")" for key in keys)
    return f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
BEGIN SELECT RAISE(ABORT, '{why}'); END;
"""


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
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
) STRICT;
{append_only("events", "seq", "hash", what="the audit log")}
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
    {_digest("digest")},
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
{_no_replace("dataset_versions", "id", "dataset_id seq", why="a dataset version is kept for ever")}
CREATE TABLE dataset_parents (
    dataset_version_id INTEGER NOT NULL REFERENCES dataset_versions,
    parent_id INTEGER NOT NULL REFERENCES dataset_versions,
    PRIMARY KEY (dataset_version_id, parent_id),
    CHECK (parent_id < dataset_version_id)  -- so that no cycle can be
) STRICT, WITHOUT ROWID;
CREATE INDEX dataset_parents_by_parent ON dataset_parents (parent_id);
"""

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
    {_digest("digest")} UNIQUE,
    content TEXT NOT NULL
) STRICT;

CREATE TABLE code_states (
    id INTEGER PRIMARY KEY,
    {_digest("digest")} UNIQUE,
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

CREATE TABLE run_inputs (
    run_n INTEGER NOT NULL REFERENCES runs,
    dataset_version_id INTEGER NOT NULL REFERENCES dataset_versions,
    role TEXT NOT NULL,
    PRIMARY KEY (run_n, dataset_version_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_inputs_by_dataset ON run_inputs (dataset_version_id);
"""

MODELS = f"""
CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    {_digest("digest")} UNIQUE,
    size INTEGER NOT NULL CHECK (size >= 0),
    created_at INTEGER NOT NULL,
    kept INTEGER NOT NULL DEFAULT 1 CHECK (kept IN (0, 1))  -- 0: known by digest only
) STRICT;

CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY,
    {_digest("digest")} UNIQUE,
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
    {_digest("digest")} UNIQUE,
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
    signature TEXT,
    owner TEXT,
    purpose TEXT,
    notes TEXT,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'bad', 'retired')),
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
{_no_replace("versions", "id", "uid", "model_id seq", why="a version is kept for ever")}
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

TABLES = REGISTRY + DATA + RUNS + MODELS + STAGES + IMPORTS
