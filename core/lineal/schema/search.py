"""What searches stand on: orders of values, and the words of things."""

from __future__ import annotations


def _words(table: str, kind: str, number: str, *columns: str) -> str:
    """A table of the words in names, notes and tags of things of one kind, and what notes whose words have changed."""
    # Not OR IGNORE: within a trigger, the statement that fires it decides on conflicts.
    due = (
        f"INSERT INTO words_due (kind, subject_id) SELECT '{kind}', {{0}} "
        f"WHERE NOT EXISTS (SELECT 1 FROM words_due WHERE kind = '{kind}' AND subject_id = {{0}});"
    )
    return f"""
CREATE VIRTUAL TABLE {kind}_words USING fts5 (words, tokenize = "unicode61 remove_diacritics 2");
CREATE TRIGGER {kind}_words_added AFTER INSERT ON {table} BEGIN {due.format(f"NEW.{number}")} END;
CREATE TRIGGER {kind}_words_changed AFTER UPDATE OF {", ".join(columns)} ON {table}
BEGIN {due.format(f"NEW.{number}")} END;
CREATE TRIGGER {kind}_words_tagged AFTER INSERT ON tags WHEN NEW.kind = '{kind}'
BEGIN {due.format("NEW.subject_id")} END;
CREATE TRIGGER {kind}_words_retagged AFTER UPDATE ON tags WHEN NEW.kind = '{kind}'
BEGIN {due.format("NEW.subject_id")} END;
CREATE TRIGGER {kind}_words_untagged AFTER DELETE ON tags WHEN OLD.kind = '{kind}'
BEGIN {due.format("OLD.subject_id")} END;
"""


_DESCRIBED = ("name", "owner", "purpose", "notes")

SEARCH = f"""
-- What metrics came to, params and tags, in the order of their values; each entry has the row number of the run, too.
CREATE INDEX series_by_last ON series (name_id, last, run_n);
CREATE INDEX series_by_min ON series (name_id, min, run_n);
CREATE INDEX series_by_max ON series (name_id, max, run_n);
CREATE INDEX params_by_number ON params (name_id, number, run_n) WHERE number IS NOT NULL;
CREATE INDEX params_by_text ON params (name_id, text, run_n, number) WHERE number IS NULL;
CREATE INDEX tags_by_value ON tags (kind, name_id, value, subject_id);
CREATE INDEX runs_by_name ON runs (name);
CREATE INDEX runs_unfinished ON runs (status, started_at) WHERE status <> 'finished';
CREATE INDEX version_metrics_by_value ON version_metrics (name_id, value, version_id);
CREATE INDEX version_params_by_name ON version_params (name_id, version_id);
CREATE INDEX evaluations_by_name ON evaluations (name_id);

-- Whose words have to be read anew before the transaction ends: a schema that is not trusted may not let triggers
-- write virtual tables.
CREATE TABLE words_due (
    kind TEXT NOT NULL,
    subject_id INTEGER NOT NULL,
    PRIMARY KEY (kind, subject_id)
) STRICT, WITHOUT ROWID;
{_words("runs", "run", "n", "name")}
{_words("versions", "version", "id", "owner", "purpose", "notes")}
{_words("datasets", "dataset", "id", *_DESCRIBED)}
{_words("models", "model", "id", *_DESCRIBED)}
"""
