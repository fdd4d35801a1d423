"""The words of things, for searches by plain words: read anew at the end of the transaction that changed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_TEXTS = {
    "run": "SELECT r.n, r.name FROM runs r WHERE r.n",
    "version": "SELECT v.id, m.name || char(10) || v.label || char(10) || coalesce(v.owner, '') || char(10) || "
    "coalesce(v.purpose, '') || char(10) || coalesce(v.notes, '') "
    "FROM versions v JOIN models m ON m.id = v.model_id WHERE v.id",
    "dataset": "SELECT d.id, d.name || char(10) || coalesce(d.owner, '') || char(10) || coalesce(d.purpose, '') "
    "|| char(10) || coalesce(d.notes, '') FROM datasets d WHERE d.id",
    "model": "SELECT m.id, m.name || char(10) || coalesce(m.owner, '') || char(10) || coalesce(m.purpose, '') "
    "|| char(10) || coalesce(m.notes, '') FROM models m WHERE m.id",
}


def catch_up(connection: sqlite3.Connection) -> None:
    """Read the words of all things that changed."""
    if connection.execute("SELECT 1 FROM words_due LIMIT 1").fetchone() is None:
        return
    for kind, text in _TEXTS.items():
        due = f"(SELECT subject_id FROM words_due WHERE kind = '{kind}')"
        tags = (
            "SELECT group_concat(n.name || ' ' || t.value, char(10)) FROM tags t JOIN names n ON n.id = t.name_id "
            f"WHERE t.kind = '{kind}' AND t.subject_id = s.number"
        )
        connection.execute(f"DELETE FROM {kind}_words WHERE rowid IN {due}")
        connection.execute(
            f"WITH s (number, words) AS ({text} IN {due}) INSERT INTO {kind}_words (rowid, words) "
            f"SELECT s.number, s.words || char(10) || coalesce(({tags}), '') FROM s"
        )
    connection.execute("DELETE FROM words_due")
