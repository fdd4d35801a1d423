"""What the tables have in common: well-formed digests, and rows that nobody changes or removes."""

from __future__ import annotations

_DIGEST = "CHECK (length({0}) = 71 AND {0} GLOB 'sha256:*' AND substr({0}, 8) NOT GLOB '*[^0-9a-f]*')"


def digest(column: str) -> str:
    """A column that holds a digest, well-formed and never missing."""
    return f"{column} TEXT NOT NULL {_DIGEST.format(column)}"


def append_only(table: str, *keys: str, what: str) -> str:
    """Triggers that refuse to change, remove or replace a row of `table`; each key names its columns."""
    return f"""
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{what} is append-only'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{what} is append-only'); END;
{no_replace(table, *keys, why=f"{what} is append-only")}"""


def no_replace(table: str, *keys: str, why: str) -> str:
    """A trigger that refuses to put another row in the place of one that has the same key."""
    # With recursive_triggers off, as in other programs, INSERT OR REPLACE goes past the triggers on DELETE.
    same = " OR ".join("(" + " AND ".join(f"{each} = NEW.{each}" for each in key.split()) + ")" for key in keys)
    return f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
BEGIN SELECT RAISE(ABORT, '{why}'); END;
"""
