"""Experiments, runs, their params, and the states of code and machine they ran on."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lineal.queries.names import intern
from lineal.queries.values import scalar, scalar_columns
from lineal.records.base import Actor, Digest, Micros, RunId, Scalar
from lineal.records.runs import CodeState, Environment, Experiment, Run, RunKind, RunStatus
from lineal.rules.canonical import read_back, words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

_EXPERIMENT = """
SELECT e.id, e.name, e.created_at, e.owner, e.purpose,
    (SELECT count(*) FROM runs r WHERE r.experiment_id = e.id),
    (SELECT max(r.started_at) FROM runs r WHERE r.experiment_id = e.id)
FROM experiments e """

_RUN = """
SELECT r.n, r.id, r.name, e.name, r.kind, r.status, r.started_at, r.ended_at, r.actor
FROM runs r JOIN experiments e ON e.id = r.experiment_id """

_RunRow = tuple[int, str, str, str, str, str, int, int | None, str]


def all_experiments(connection: sqlite3.Connection) -> list[Experiment]:
    """Every experiment, the one that ran last first."""
    rows = connection.execute(_EXPERIMENT + "ORDER BY 7 DESC, e.name").fetchall()
    return [_experiment(row) for row in rows]


def experiment(connection: sqlite3.Connection, name: str) -> Experiment | None:
    """The experiment of this name."""
    row = connection.execute(_EXPERIMENT + "WHERE e.name = ?", (name,)).fetchone()
    return _experiment(row) if row else None


def experiment_id(connection: sqlite3.Connection, name: str) -> int | None:
    """The row number of the experiment of this name."""
    row = connection.execute("SELECT id FROM experiments WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else None


def experiment_names(connection: sqlite3.Connection, prefix: str = "", limit: int = 1_000) -> list[str]:
    """Names of experiments that begin with `prefix`."""
    rows = connection.execute(
        "SELECT name FROM experiments WHERE substr(name, 1, ?) = ? ORDER BY name LIMIT ?", (len(prefix), prefix, limit)
    ).fetchall()
    return [row[0] for row in rows]


def insert_experiment(connection: sqlite3.Connection, name: str, at: Micros, actor: str) -> int:
    """Add an experiment; returns its row number."""
    row = connection.execute(
        "INSERT INTO experiments (name, created_at, created_by) VALUES (?, ?, ?) RETURNING id", (name, at, actor)
    ).fetchone()
    return int(row[0])


def describe_experiment(connection: sqlite3.Connection, number: int, field: str, value: str | None) -> None:
    """Set owner, purpose or notes."""
    statements = {
        "owner": "UPDATE experiments SET owner = ? WHERE id = ?",
        "purpose": "UPDATE experiments SET purpose = ? WHERE id = ?",
        "notes": "UPDATE experiments SET notes = ? WHERE id = ?",
    }
    connection.execute(statements[field], (value, number))


def run(connection: sqlite3.Connection, number: int) -> Run | None:
    """The run in this row."""
    row = connection.execute(_RUN + "WHERE r.n = ?", (number,)).fetchone()
    return _run(row) if row else None


def by_numbers(connection: sqlite3.Connection, numbers: Collection[int]) -> dict[int, Run]:
    """Runs by row number."""
    # CROSS JOIN keeps SQLite from beginning with the experiments.
    rows = connection.execute(
        _RUN.replace("FROM runs r", "FROM json_each(?) w CROSS JOIN runs r ON r.n = w.value"),
        (json.dumps(list(numbers)),),
    ).fetchall()
    return {row[0]: _run(row) for row in rows}


def experiments_by_ids(connection: sqlite3.Connection, numbers: Collection[int]) -> dict[int, Experiment]:
    """Experiments by row number."""
    rows = connection.execute(
        _EXPERIMENT + "WHERE e.id IN (SELECT value FROM json_each(?))", (json.dumps(list(numbers)),)
    ).fetchall()
    return {row[0]: _experiment(row) for row in rows}


def runs_by_prefix(connection: sqlite3.Connection, prefix: str, limit: int = 5) -> list[Run]:
    """Runs whose id begins with `prefix`."""
    rows = connection.execute(
        _RUN + "WHERE r.id >= ? AND r.id < ? ORDER BY r.id LIMIT ?", (prefix, prefix + "g", limit)
    ).fetchall()
    return [_run(row) for row in rows]


def page(
    connection: sqlite3.Connection,
    experiment_number: int | None,
    *,
    before: tuple[Micros, int] | None,
    limit: int,
    skip: int = 0,
    outer: bool = False,
) -> list[Run]:
    """Runs that started before (time, row number) but the `skip` latest, latest first.

    Of one experiment or of all; `outer` leaves out those whose parent is of the same experiment.
    """
    source, where, bound = _of(experiment_number, outer=outer)
    at, n = before if before is not None else (1 << 62, 1 << 62)
    rows = connection.execute(
        f"{source}WHERE {where}(r.started_at, r.n) < (?, ?) ORDER BY r.started_at DESC, r.n DESC LIMIT ? OFFSET ?",
        (*bound, at, n, limit, skip),
    ).fetchall()
    return [_run(row) for row in rows]


def page_after(
    connection: sqlite3.Connection,
    experiment_number: int | None,
    *,
    after: tuple[int, int],
    limit: int,
    outer: bool = False,
) -> list[Run]:
    """The `limit` runs that started next after (time, row number), the latest first; otherwise as `page`."""
    source, where, bound = _of(experiment_number, outer=outer)
    rows = connection.execute(
        f"{source}WHERE {where}(r.started_at, r.n) > (?, ?) ORDER BY r.started_at, r.n LIMIT ?", (*bound, *after, limit)
    ).fetchall()
    return [_run(row) for row in rows[::-1]]


def later(
    connection: sqlite3.Connection, experiment_number: int | None, *, than: tuple[int, int], outer: bool = False
) -> int:
    """How many runs started after (time, row number); otherwise as `page`."""
    source, where, bound = _of(experiment_number, outer=outer, what="count(*)")
    row = connection.execute(f"{source}WHERE {where}(r.started_at, r.n) > (?, ?)", (*bound, *than)).fetchone()
    return int(row[0])


def count(connection: sqlite3.Connection, experiment_number: int | None, *, outer: bool = False) -> int:
    """How many runs there are; otherwise as `page`."""
    source, where, bound = _of(experiment_number, outer=outer, what="count(*)")
    return int(connection.execute(f"{source}WHERE {where}true", bound).fetchone()[0])


def nested_in(connection: sqlite3.Connection, number: int, limit: int) -> list[Run]:
    """The runs of the same experiment whose parent is this one, the latest first."""
    rows = connection.execute(
        _RUN + "WHERE r.parent_n = ? AND r.nested = 1 ORDER BY r.started_at DESC, r.n DESC LIMIT ?", (number, limit)
    ).fetchall()
    return [_run(row) for row in rows]


def _of(experiment_number: int | None, *, outer: bool, what: str | None = None) -> tuple[str, str, tuple[int, ...]]:
    """What to read from, the conditions, and what is bound to them."""
    # Without statistics SQLite takes the whole index and looks into each row for whether it is nested.
    index = "runs_outer_by_start" if experiment_number is None else "runs_outer_by_experiment"
    hint = f" INDEXED BY {index} " if outer else " "
    source = f"SELECT {what} FROM runs r{hint}" if what else _RUN.replace("FROM runs r ", f"FROM runs r{hint}")
    where = ("" if experiment_number is None else "r.experiment_id = ? AND ") + ("r.nested = 0 AND " if outer else "")
    return source, where, () if experiment_number is None else (experiment_number,)


def insert(
    connection: sqlite3.Connection,
    *,
    run_id: RunId,
    experiment_number: int,
    name: str,
    kind: RunKind,
    at: Micros,
    actor: Actor,
    parent: int | None,
    command: Sequence[str] | None,
    seed: int | None,
    code: int | None,
    environment: int | None,
    process: str | None,
) -> int:
    """Add a run that is starting; returns its row number."""
    row = connection.execute(
        "INSERT INTO runs (id, experiment_id, name, kind, status, started_at, actor, claim, parent_n, nested, command, "
        "seed, code_id, environment_id, process) VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6, ?7, ?8, "
        "EXISTS (SELECT 1 FROM runs p WHERE p.n = ?8 AND p.experiment_id = ?2), ?9, ?10, ?11, ?12, ?13) RETURNING n",
        (
            run_id,
            experiment_number,
            name,
            kind,
            at,
            actor.user,
            actor.claim,
            parent,
            None if command is None else json.dumps(list(command)),
            seed,
            code,
            environment,
            process,
        ),
    ).fetchone()
    return int(row[0])


def finish(connection: sqlite3.Connection, number: int, status: RunStatus, at: Micros, error: str | None) -> None:
    """Note how and when a run ended."""
    connection.execute("UPDATE runs SET status = ?, ended_at = ?, error = ? WHERE n = ?", (status, at, error, number))


def set_output(connection: sqlite3.Connection, number: int, output: str) -> None:
    """Keep what a run's command printed."""
    connection.execute("UPDATE runs SET output = ? WHERE n = ?", (output, number))


def output(connection: sqlite3.Connection, number: int) -> str | None:
    """What a run's command printed; None when it was not kept."""
    row = connection.execute("SELECT output FROM runs WHERE n = ?", (number,)).fetchone()
    return None if row is None else row[0]


def set_params(connection: sqlite3.Connection, number: int, params: Mapping[str, Scalar]) -> list[str]:
    """Add params of a run; returns the names of those that have another value already, which stay as they are."""
    ids = intern(connection, params)
    clashes = []
    for name, value in params.items():
        kind, text, comparable = scalar_columns(value)
        row = connection.execute(
            "SELECT kind, text FROM params WHERE run_n = ? AND name_id = ?", (number, ids[name])
        ).fetchone()
        if row is None:
            connection.execute(
                "INSERT INTO params (run_n, name_id, kind, text, number) VALUES (?, ?, ?, ?, ?)",
                (number, ids[name], kind, text, comparable),
            )
        elif tuple(row) != (kind, text):
            clashes.append(name)
    return clashes


def params_of(connection: sqlite3.Connection, numbers: Collection[int]) -> dict[int, dict[str, Scalar]]:
    """The params of runs, by row number and name."""
    rows = connection.execute(
        "SELECT p.run_n, n.name, p.kind, p.text FROM params p JOIN names n ON n.id = p.name_id "
        "WHERE p.run_n IN (SELECT value FROM json_each(?)) ORDER BY p.run_n, n.name",
        (json.dumps(list(numbers)),),
    ).fetchall()
    found: dict[int, dict[str, Scalar]] = {number: {} for number in numbers}
    for number, name, kind, text in rows:
        found[number][name] = scalar(kind, text)
    return found


def left_running(connection: sqlite3.Connection) -> list[tuple[Run, str]]:
    """Runs that have not ended, with the host, boot and process id that they are on."""
    rows = connection.execute("SELECT n, process FROM runs WHERE status = 'running' AND process IS NOT NULL").fetchall()
    return [(found, process) for number, process in rows if (found := run(connection, number)) is not None]


def surroundings(
    connection: sqlite3.Connection, numbers: Collection[int]
) -> dict[int, tuple[CodeState | None, Environment | None, tuple[str, ...] | None, int | None]]:
    """Code state, environment, command and seed of runs, by row number."""
    rows = connection.execute(
        "SELECT r.n, c.content, e.digest, e.content, r.command, r.seed FROM runs r "
        "LEFT JOIN code_states c ON c.id = r.code_id LEFT JOIN environments e ON e.id = r.environment_id "
        "WHERE r.n IN (SELECT value FROM json_each(?))",
        (json.dumps(list(numbers)),),
    ).fetchall()
    return {
        number: (
            code_state(code) if code else None,
            _environment(digest, content) if content else None,
            read_back(command, words) if command else None,
            seed,
        )
        for number, code, digest, content, command, seed in rows
    }


def family(connection: sqlite3.Connection, number: int) -> tuple[RunId | None, tuple[RunId, ...], str | None]:
    """A run's parent, its children, and the error it ended with."""
    row = connection.execute(
        "SELECT p.id, r.error FROM runs r LEFT JOIN runs p ON p.n = r.parent_n WHERE r.n = ?", (number,)
    ).fetchone()
    children = connection.execute("SELECT id FROM runs WHERE parent_n = ? ORDER BY n", (number,)).fetchall()
    return (RunId(row[0]) if row[0] else None, tuple(RunId(child[0]) for child in children), row[1])


def outputs(connection: sqlite3.Connection, number: int) -> tuple[str, ...]:
    """Addresses of the versions and dataset versions that a run produced."""
    rows = connection.execute(
        "SELECT m.name || ':' || v.label FROM versions v JOIN models m ON m.id = v.model_id WHERE v.run_n = ? "
        "UNION ALL SELECT 'data:' || d.name || ':' || v.label FROM dataset_versions v "
        "JOIN datasets d ON d.id = v.dataset_id WHERE v.run_n = ?",
        (number, number),
    ).fetchall()
    return tuple(row[0] for row in rows)


def intern_environment(connection: sqlite3.Connection, environment: Environment) -> int:
    """The row of an environment, added where it is new."""
    row = connection.execute("SELECT id FROM environments WHERE digest = ?", (environment.digest,)).fetchone()
    if row is None:
        content = asdict(environment)
        del content["digest"]
        row = connection.execute(
            "INSERT INTO environments (digest, content) VALUES (?, ?) RETURNING id",
            (environment.digest, json.dumps(content)),
        ).fetchone()
    return int(row[0])


def intern_code(connection: sqlite3.Connection, digest: Digest, code: CodeState, *, patch: int | None = None) -> int:
    """The row of a code state, added where it is new; `patch` is the row of the object with its changes."""
    row = connection.execute("SELECT id FROM code_states WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        row = connection.execute(
            "INSERT INTO code_states (digest, content, patch_object_id) VALUES (?, ?, ?) RETURNING id",
            (digest, json.dumps(asdict(code)), patch),
        ).fetchone()
    elif patch is not None:
        connection.execute(
            "UPDATE code_states SET patch_object_id = ? WHERE id = ? AND patch_object_id IS NULL", (patch, row[0])
        )
    return int(row[0])


def code_state(content: str) -> CodeState:
    """The code state that was laid down as JSON."""
    return read_back(content, lambda found: CodeState(**{**found, "untracked": tuple(found.get("untracked", ()))}))


def _environment(digest: str, content: str) -> Environment:
    def make(found: dict[str, Any]) -> Environment:
        packages = tuple((name, version) for name, version in found["packages"])
        return Environment(digest=Digest(digest), **{**found, "packages": packages, "gpus": tuple(found["gpus"])})

    return read_back(content, make)


def _experiment(row: tuple[int, str, int, str | None, str | None, int, int | None]) -> Experiment:
    number, name, created_at, owner, purpose, runs, last = row
    return Experiment(number, name, Micros(created_at), owner, purpose, runs, None if last is None else Micros(last))


def _run(row: _RunRow) -> Run:
    number, run_id, name, experiment_name, kind, status, started_at, ended_at, actor = row
    return Run(
        n=number,
        id=RunId(run_id),
        name=name,
        experiment=experiment_name,
        kind=RunKind(kind),
        status=RunStatus(status),
        started_at=Micros(started_at),
        ended_at=None if ended_at is None else Micros(ended_at),
        actor=actor,
    )
