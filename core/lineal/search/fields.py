"""What can be asked of each kind of thing: its fields, other names for them, and the SQL that tells their values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from lineal.records.models import Relation, Scheme, VersionStatus
from lineal.records.runs import RunKind, RunStatus


class Kind(Enum):
    """How the values of a field compare."""

    TEXT = auto()
    WORD = auto()
    """Text of a few small-lettered words."""
    ID = auto()
    """Text of which the beginning is enough."""
    NUMBER = auto()
    BYTES = auto()
    TIME = auto()
    """Microseconds since 1970."""
    SPAN = auto()
    """Seconds."""
    FLAG = auto()
    LIST = auto()
    """Several texts; a comparison holds when it does for one of them."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that is neither param, metric nor tag."""

    name: str
    kind: Kind
    sql: str
    """The value; of a list the texts of one element, joined by `|||`. `$n` stands for the row number of the thing."""
    also: tuple[str, ...] = ()
    """Other names, in small letters."""
    source: str = ""
    """Of a list: what its elements are read from."""
    link: str = ""
    """Of a list: the column with the row number of the thing."""
    indexed: str = ""
    """What finds the things by this field: `SELECT number FROM ... WHERE` a condition on `column` can be put behind."""
    column: str = ""
    """The column that `indexed` has for `sql`."""
    order: str = ""
    """What it is sorted by, where that is not `sql`."""
    walk: str = ""
    """An index of the thing's own table that has them in this order."""
    words: tuple[str, ...] = ()
    """All values that there can be; empty where there is no end of them."""
    foreign: tuple[str, ...] = ()
    """Values of other programs, which nothing has here."""
    is_stage: bool = False
    """Whether the values are names of stages."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of thing that is searched."""

    name: str
    """For people: `run`."""
    table: str
    """The table, and the alias that `sql` of its attributes uses."""
    number: str
    """Its column with the row number, qualified."""
    tags: str
    """What its tags are filed under; the number of what they belong to is `tagged`."""
    tagged: str
    words: str
    """The table of its words, for searches by plain words; empty without one."""
    attributes: tuple[Attribute, ...]
    newest: str
    """The attribute that it is sorted by, downwards, unless something else is asked for."""
    metrics: bool = True
    """Whether it has metrics and params."""

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of this name, in any case."""
        return _by_name(self).get(name.lower())

    def names(self) -> tuple[str, ...]:
        """The names of all attributes."""
        return tuple(each.name for each in self.attributes)


@lru_cache(maxsize=8)
def _by_name(subject: Subject) -> dict[str, Attribute]:
    return {name: each for each in subject.attributes for name in (each.name, *each.also)}


_TAKEN = "coalesce(r.ended_at, $now)"
_DATA = "JOIN dataset_versions w ON w.id = u.dataset_version_id JOIN datasets d ON d.id = w.dataset_id"
_INPUTS = f"run_inputs u {_DATA}"
_USED = f"version_datasets u {_DATA}"
_MADE = "versions v JOIN models m ON m.id = v.model_id"
_DATASET = "d.name|||'data:' || d.name|||'data:' || d.name || ':' || w.label"
_RUN_ID = "SELECT n FROM runs WHERE"


def _data(source: str, link: str) -> tuple[Attribute, ...]:
    return (
        Attribute("dataset", Kind.LIST, _DATASET, ("data", "input", "inputs"), source, link),
        Attribute("dataset.name", Kind.LIST, "d.name", (), source, link),
        Attribute("dataset.label", Kind.LIST, "w.label", (), source, link),
        Attribute("dataset.digest", Kind.LIST, "w.digest|||substr(w.digest, 8)", (), source, link),
        Attribute("dataset.role", Kind.LIST, "u.role", ("dataset.context",), source, link),
    )


RUNS = Subject(
    name="run",
    table="runs r",
    number="r.n",
    tags="run",
    tagged="$n",
    words="run_words",
    newest="started",
    attributes=(
        Attribute("id", Kind.ID, "r.id", ("run_id", "run_uuid", "run id", "uid", "ref"), indexed=_RUN_ID, column="id"),
        Attribute(
            "name", Kind.TEXT, "r.name", ("run_name", "run name"), indexed=_RUN_ID, column="name", walk="runs_by_name"
        ),
        Attribute("status", Kind.WORD, "r.status", words=tuple(RunStatus), foreign=("scheduled",)),
        Attribute("kind", Kind.WORD, "r.kind", ("type",), words=tuple(RunKind)),
        Attribute(
            "experiment",
            Kind.TEXT,
            "(SELECT e.name FROM experiments e WHERE e.id = r.experiment_id)",
            ("exp", "experiment_name"),
            indexed="SELECT n FROM experiments e CROSS JOIN runs ON runs.experiment_id = e.id WHERE",
            column="e.name",
        ),
        Attribute(
            "started",
            Kind.TIME,
            "r.started_at",
            ("started_at", "start_time", "created", "created_at", "date", "start time"),
            indexed=_RUN_ID,
            column="started_at",
            walk="runs_by_start",
        ),
        Attribute("ended", Kind.TIME, "r.ended_at", ("ended_at", "end_time", "finished_at")),
        Attribute("duration", Kind.SPAN, f"(({_TAKEN} - r.started_at) / 1e6)", ("took", "runtime")),
        Attribute("actor", Kind.TEXT, "r.actor", ("user", "user_id", "created_by")),
        Attribute(
            "parent",
            Kind.ID,
            "(SELECT p.id FROM runs p WHERE p.n = r.parent_n)",
            ("parent_id", "parent_run_id"),
            indexed="SELECT c.n FROM runs p CROSS JOIN runs c ON c.parent_n = p.n WHERE",
            column="p.id",
        ),
        Attribute("nested", Kind.FLAG, "r.nested"),
        Attribute("seed", Kind.NUMBER, "r.seed"),
        Attribute("command", Kind.TEXT, "r.command"),
        Attribute("error", Kind.TEXT, "r.error"),
        Attribute(
            "commit",
            Kind.ID,
            "(SELECT json_extract(c.content, '$.commit') FROM code_states c WHERE c.id = r.code_id)",
            ("git_commit", "source_version"),
        ),
        Attribute(
            "branch",
            Kind.TEXT,
            "(SELECT json_extract(c.content, '$.branch') FROM code_states c WHERE c.id = r.code_id)",
            ("git_branch",),
        ),
        Attribute(
            "version",
            Kind.LIST,
            "m.name || ':' || v.label|||v.label",
            ("versions", "registered", "output", "outputs"),
            _MADE,
            "v.run_n",
        ),
        Attribute("model", Kind.LIST, "m.name", ("models",), _MADE, "v.run_n"),
        *_data(_INPUTS, "u.run_n"),
    ),
)

VERSIONS = Subject(
    name="version",
    table="versions v",
    number="v.id",
    tags="version",
    tagged="$n",
    words="version_words",
    newest="created",
    attributes=(
        Attribute("model", Kind.TEXT, "(SELECT m.name FROM models m WHERE m.id = v.model_id)", ("name",)),
        Attribute("label", Kind.TEXT, "v.label", ("version",), order="counted(v.label)"),
        Attribute("ref", Kind.TEXT, "(SELECT m.name || ':' || v.label FROM models m WHERE m.id = v.model_id)"),
        Attribute("seq", Kind.NUMBER, "v.seq", ("number", "version_number", "#")),
        Attribute("uid", Kind.ID, "v.uid", ("id",), indexed="SELECT id FROM versions WHERE", column="uid"),
        Attribute("status", Kind.WORD, "v.status", words=tuple(VersionStatus)),
        Attribute(
            "stage",
            Kind.LIST,
            "s.name",
            ("stages", "current_stage", "alias", "aliases"),
            "live l JOIN stages s ON s.id = l.stage_id",
            "l.version_id",
            is_stage=True,
        ),
        Attribute("live", Kind.FLAG, "EXISTS (SELECT 1 FROM live l WHERE l.version_id = $n)"),
        Attribute("owner", Kind.TEXT, "v.owner"),
        Attribute("purpose", Kind.TEXT, "v.purpose"),
        Attribute("notes", Kind.TEXT, "v.notes", ("note", "description")),
        Attribute(
            "created",
            Kind.TIME,
            "v.created_at",
            ("created_at", "registered", "creation_time", "creation_timestamp", "date"),
        ),
        Attribute("created_by", Kind.TEXT, "v.created_by", ("actor", "user", "user_id")),
        Attribute(
            "run",
            Kind.ID,
            "(SELECT r.id FROM runs r WHERE r.n = v.run_n)",
            ("run_id",),
            indexed="SELECT w.id FROM runs r CROSS JOIN versions w ON w.run_n = r.n WHERE",
            column="r.id",
        ),
        Attribute(
            "experiment",
            Kind.TEXT,
            "(SELECT e.name FROM runs r JOIN experiments e ON e.id = r.experiment_id WHERE r.n = v.run_n)",
            ("exp", "experiment_name"),
        ),
        Attribute(
            "parent",
            Kind.LIST,
            "m.name || ':' || w.label|||w.label",
            ("parents",),
            "version_parents u JOIN versions w ON w.id = u.parent_id JOIN models m ON m.id = w.model_id",
            "u.version_id",
        ),
        Attribute(
            "relation",
            Kind.LIST,
            "u.relation",
            ("relations",),
            "version_parents u",
            "u.version_id",
            words=tuple(Relation),
        ),
        Attribute(
            "digest",
            Kind.ID,
            "(SELECT a.digest FROM artifacts a WHERE a.id = v.artifact_id)",
            (),
            indexed="SELECT w.id FROM artifacts a CROSS JOIN versions w ON w.artifact_id = a.id WHERE",
            column="a.digest",
        ),
        Attribute("bytes", Kind.BYTES, "(SELECT a.size FROM artifacts a WHERE a.id = v.artifact_id)", ("size",)),
        Attribute("files", Kind.NUMBER, "(SELECT count(*) FROM artifact_files f WHERE f.artifact_id = v.artifact_id)"),
        Attribute(
            "format",
            Kind.LIST,
            "f.format",
            ("formats",),
            "versions x JOIN artifact_files f ON f.artifact_id = x.artifact_id",
            "x.id",
        ),
        Attribute(
            "file",
            Kind.LIST,
            "f.path",
            ("path", "paths"),
            "versions x JOIN artifact_files f ON f.artifact_id = x.artifact_id",
            "x.id",
        ),
        Attribute(
            "architecture",
            Kind.TEXT,
            "(SELECT a.kind FROM architectures a WHERE a.id = v.architecture_id)",
            ("arch", "architecture.kind"),
        ),
        Attribute(
            "parameters", Kind.NUMBER, "(SELECT a.parameters FROM architectures a WHERE a.id = v.architecture_id)"
        ),
        *_data(_USED, "u.version_id"),
    ),
)

DATASETS = Subject(
    name="dataset version",
    table="dataset_versions v JOIN datasets d ON d.id = v.dataset_id",
    number="v.id",
    tags="dataset",
    tagged="v.dataset_id",
    words="dataset_words",
    newest="created",
    metrics=False,
    attributes=(
        Attribute("name", Kind.TEXT, "d.name", ("dataset", "data", "dataset.name")),
        Attribute("label", Kind.TEXT, "v.label", ("version", "dataset.label"), order="counted(v.label)"),
        Attribute("ref", Kind.TEXT, "('data:' || d.name || ':' || v.label)"),
        Attribute("seq", Kind.NUMBER, "v.seq", ("number", "#")),
        Attribute("rows", Kind.NUMBER, "v.rows"),
        Attribute("bytes", Kind.BYTES, "v.bytes", ("size",)),
        Attribute("columns", Kind.NUMBER, "json_array_length(v.columns)"),
        Attribute("uri", Kind.TEXT, "v.uri", ("path", "source")),
        Attribute("digest", Kind.ID, "v.digest", ("dataset.digest",)),
        Attribute("created", Kind.TIME, "v.created_at", ("created_at", "date")),
        Attribute("created_by", Kind.TEXT, "v.created_by", ("actor", "user")),
        Attribute("notes", Kind.TEXT, "coalesce(v.notes, d.notes)", ("note", "description")),
        Attribute("owner", Kind.TEXT, "d.owner"),
        Attribute("purpose", Kind.TEXT, "d.purpose"),
        Attribute("run", Kind.ID, "(SELECT r.id FROM runs r WHERE r.n = v.run_n)", ("run_id",)),
        Attribute(
            "parent",
            Kind.LIST,
            "'data:' || e.name || ':' || w.label|||e.name",
            ("parents",),
            "dataset_parents u JOIN dataset_versions w ON w.id = u.parent_id JOIN datasets e ON e.id = w.dataset_id",
            "u.dataset_version_id",
        ),
    ),
)

MODELS = Subject(
    name="model",
    table="models m",
    number="m.id",
    tags="model",
    tagged="$n",
    words="model_words",
    newest="created",
    metrics=False,
    attributes=(
        Attribute("name", Kind.TEXT, "m.name", ("model",)),
        Attribute("scheme", Kind.WORD, "m.scheme", words=tuple(Scheme)),
        Attribute("metric", Kind.TEXT, "(SELECT x.name FROM names x WHERE x.id = m.primary_id)", ("primary_metric",)),
        Attribute("owner", Kind.TEXT, "m.owner"),
        Attribute("purpose", Kind.TEXT, "m.purpose"),
        Attribute("notes", Kind.TEXT, "m.notes", ("note", "description")),
        Attribute("created", Kind.TIME, "m.created_at", ("created_at", "creation_timestamp", "date")),
        Attribute("created_by", Kind.TEXT, "m.created_by", ("actor", "user")),
        Attribute("versions", Kind.NUMBER, "(SELECT count(*) FROM versions v WHERE v.model_id = $n)"),
        Attribute(
            "live",
            Kind.LIST,
            "s.name|||v.label",
            ("stage", "stages"),
            "live l JOIN stages s ON s.id = l.stage_id JOIN versions v ON v.id = l.version_id",
            "s.model_id",
        ),
    ),
)

EXPERIMENTS = Subject(
    name="experiment",
    table="experiments e",
    number="e.id",
    tags="experiment",
    tagged="$n",
    words="",
    newest="created",
    metrics=False,
    attributes=(
        Attribute("name", Kind.TEXT, "e.name", ("experiment",)),
        Attribute("owner", Kind.TEXT, "e.owner"),
        Attribute("purpose", Kind.TEXT, "e.purpose"),
        Attribute("notes", Kind.TEXT, "e.notes", ("note", "description")),
        Attribute("created", Kind.TIME, "e.created_at", ("created_at", "creation_time", "date")),
        Attribute("created_by", Kind.TEXT, "e.created_by", ("actor", "user")),
        Attribute("runs", Kind.NUMBER, "(SELECT count(*) FROM runs r WHERE r.experiment_id = $n)"),
        Attribute(
            "last_run",
            Kind.TIME,
            "(SELECT max(r.started_at) FROM runs r WHERE r.experiment_id = $n)",
            ("last_run_at", "last_update_time"),
        ),
    ),
)
