"""What it takes to train a version again, as lines and as JSON."""

from __future__ import annotations

from shlex import join
from typing import TYPE_CHECKING

from lineal.records.reproduction import Answer
from lineal_tui.view.as_json.values import scalar
from lineal_tui.view.drawing.lines import Line, Span, Tone
from lineal_tui.view.drawing.text import fields, heading, table
from lineal_tui.view.drawing.words import counted, short_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.reproduction import Compared, Prepared, Recipe

_TONES = {
    Answer.SAME: Tone.BETTER,
    Answer.DIFFERENT: Tone.CHANGED,
    Answer.MISSING: Tone.WORSE,
    Answer.UNKNOWN: Tone.MUTED,
}


def recipe(found: Recipe) -> list[Line]:
    """What to check out, install and run."""
    code, environment = found.code, found.environment
    packages = "" if environment is None else counted(len(environment.packages), "package")
    changes = None
    if code is not None and code.dirty:
        changes = f"kept as {short_digest(found.patch)}" if found.patch else code.patch_missing or "not kept here"
    lines = [
        heading(found.ref, f"trained by run:{found.run}" if found.version else ""),
        *fields(
            [
                ("check out", None if code is None else code.commit),
                ("from", None if code is None else code.remote or code.repository),
                ("uncommitted changes", changes),
                ("untracked", None if code is None else ", ".join(code.untracked)),
                ("folder", None if code is None else code.folder),
                ("python", None if environment is None else f"{environment.implementation} {environment.python}"),
                ("packages", f"{packages}; --lock prints them for pip and uv" if packages else None),
                ("command", None if found.command is None else join(found.command)),
                ("seed", None if found.seed is None else str(found.seed)),
            ]
        ),
    ]
    rows: list[tuple[Span, ...]] = [
        (
            (each.role, Tone.MUTED),
            (each.ref, Tone.TEXT),
            (short_digest(each.digest), Tone.MUTED),
            (each.uri or "handed over in memory", Tone.TEXT),
        )
        for each in found.data
    ]
    return lines + ([heading("Data"), *table((), rows, width=None, indent=2)] if rows else [])


def compared(points: Sequence[Compared], width: int | None) -> list[Line]:
    """Point by point what the run had and what this machine has."""
    rows: list[tuple[Span, ...]] = [
        (
            (each.answer.value, _TONES[each.answer]),
            (each.name, Tone.TEXT),
            (each.wanted, Tone.TEXT),
            (each.found, Tone.TEXT),
        )
        for each in points
    ]
    return table(("", "POINT", "THE RUN HAD", "HERE"), rows, width=width)


def recipe_json(found: Recipe, lock: str) -> dict[str, object]:
    """A recipe as JSON; `requirements` are the lines of the lock file."""
    code, environment = found.code, found.environment
    return {
        "ref": found.ref,
        "run": f"run:{found.run}",
        "experiment": found.experiment,
        "code": None
        if code is None
        else {
            "remote": code.remote,
            "repository": code.repository,
            "commit": code.commit,
            "folder": code.folder,
            "dirty": code.dirty,
            "patch": found.patch,
            "patch_missing": code.patch_missing,
            "untracked": list(code.untracked),
        },
        "datasets": [
            {"ref": each.ref, "role": each.role, "digest": each.digest, "uri": each.uri, "bytes": each.bytes}
            for each in found.data
        ],
        "python": None if environment is None else environment.python,
        "implementation": None if environment is None else environment.implementation,
        "requirements": lock.splitlines(),
        "command": None if found.command is None else list(found.command),
        "seed": found.seed,
        "params": {name: scalar(value) for name, value in found.params.items()},
    }


def compared_json(points: Sequence[Compared]) -> list[dict[str, str]]:
    """Points as JSON."""
    return [
        {
            "subject": each.subject,
            "name": each.name,
            "wanted": each.wanted,
            "found": each.found,
            "answer": each.answer,
        }
        for each in points
    ]


def prepared_json(found: Prepared) -> dict[str, object]:
    """A prepared folder as JSON."""
    return {
        "folder": str(found.folder),
        "source": None if found.source is None else str(found.source),
        "working": str(found.working),
        "command": list(found.command),
        "lacking": list(found.lacking),
    }
