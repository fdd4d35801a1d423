"""Which model and stage were looked at last, for each registry, so that the next start opens there."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person was."""

    model: str | None = None
    """None: nowhere yet."""
    stage: str | None = None


class Unreadable(Exception):
    """What was remembered cannot be used."""


def state_file(uid: str) -> Path:
    """The file for the registry with this uid."""
    from platformdirs import user_state_path  # noqa: PLC0415  it asks the environment, so when it is needed

    return user_state_path("lineal") / f"{uid}.json"


def recall(path: Path) -> Place:
    """Read where a person was.

    Raises:
        Unreadable: The file is there and is none of ours, or may not be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        model, stage = found["model"], found["stage"]
    except FileNotFoundError:
        return Place()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"where you were last cannot be read: {path}: {error}") from error
    if not isinstance(model, str) or not isinstance(stage, str):
        raise Unreadable(f"where you were last cannot be read: {path}: not names")
    return Place(model, stage)


def remember(path: Path, place: Place) -> None:
    """Write where a person is, whole or not at all.

    Raises:
        Unreadable: The folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"model": place.model, "stage": place.stage}, file)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise Unreadable(f"where you are cannot be kept for the next time: {error}") from error
