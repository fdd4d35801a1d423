"""Which versions bear some words: the plain filter of a list, read in stretches so that none takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_BEARS = r"""(v.label LIKE ?1 ESCAPE '\' OR v.notes LIKE ?1 ESCAPE '\' OR v.owner LIKE ?1 ESCAPE '\'
    OR v.purpose LIKE ?1 ESCAPE '\' OR v.status LIKE ?1 ESCAPE '\'
    OR v.id IN (SELECT l.version_id FROM stages s JOIN live l ON l.stage_id = s.id
        WHERE s.model_id = v.model_id AND s.name LIKE ?1 ESCAPE '\')
    OR EXISTS (SELECT 1 FROM tags t JOIN names n ON n.id = t.name_id WHERE t.kind = 'version' AND t.subject_id = v.id
        AND (t.value LIKE ?1 ESCAPE '\' OR n.name LIKE ?1 ESCAPE '\')))"""


def versions(
    connection: sqlite3.Connection, model: int, words: Sequence[str], *, before: int, after: int
) -> list[tuple[int, int]]:
    """(row number, sequence number) of the versions between two sequence numbers that bear all words, newest first.

    A word stands for itself, whatever LIKE makes of `%` and `_`, and in any case as far as ASCII goes. It is looked for
    in the label, notes, owner, purpose, status, tags, and the names of the stages at which the version is live.
    """
    bears = " AND ".join(_BEARS.replace("?1", f"?{place}") for place, _ in enumerate(words, start=4)) or "1"
    return connection.execute(
        f"SELECT v.id, v.seq FROM versions v WHERE v.model_id = ?1 AND v.seq < ?2 AND v.seq > ?3 AND {bears} "
        "ORDER BY v.seq DESC",
        (model, before, after, *(pattern(word) for word in words)),
    ).fetchall()


def pattern(word: str) -> str:
    """What LIKE has to be given to look for a word anywhere in a text."""
    for special in "\\%_":
        word = word.replace(special, "\\" + special)
    return f"%{word}%"
