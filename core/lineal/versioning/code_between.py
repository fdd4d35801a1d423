"""Tells what lies between two commits, from a repository on this machine, which is kept from running anything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lineal.records.comparison import CodeBetween, Commit, FileChange
from lineal.training import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lineal.records.base import Digest
    from lineal.records.runs import CodeState
    from lineal.write_path.context import Context

MOST_COMMITS: Final = 50
"""Commits of each side that are told."""
MOST_PATCH: Final = 256 << 10
"""Bytes of a patch that are told."""
_MOST_LOG: Final = 64 << 10
_MOST_FILES: Final = 256 << 10

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# A partial clone would fetch what it lacks, through a program that its configuration names; a signature would be
# checked by one, too. What replaces commits is not what was executed.
_NO_FETCH = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_REPLACE_OBJECTS": "1"}
_QUIET = ("--no-pager", "-c", "core.quotePath=false", "-c", "log.showSignature=false")
_LOG = ("log", "-z", "--no-color", "--no-decorate", "--no-notes", "--no-patch", "--no-show-signature")
_FORMAT = "--format=%H%x1f%ct%x1f%an%x1f%s"
_DIFF = (
    "diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--submodule=short", "--no-relative",
    "-O/dev/null", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip


def code_between(
    context: Context, base: CodeState | None, other: CodeState | None, here: Path | None = None
) -> CodeBetween | None:
    """What lies between the code of two runs; None where one has none, or both have the same.

    Args:
        context: The registry, which has the changes that were not committed.
        base: The baseline's.
        other: What is held against it.
        here: A folder in a clone, for runs whose own work tree is not on this machine.
    """
    if base is None or other is None:
        return None
    if (base.commit, base.dirty, base.patch) == (other.commit, other.dirty, other.patch):
        return None
    patches = [kept(context, base.patch), kept(context, other.patch)]
    uncommitted = (patches[0][0], patches[1][0])
    is_cut = patches[0][1] or patches[1][1]
    if base.commit == other.commit:
        return CodeBetween(uncommitted=uncommitted, uncommitted_cut=is_cut)
    found, missing = _repository((base, other), here)
    if found is None:
        return CodeBetween(missing=missing, uncommitted=uncommitted, uncommitted_cut=is_cut)
    counts = _git(found, "rev-list", "--count", "--left-right", f"{base.commit}...{other.commit}", "--")
    stat = _git(found, *_DIFF, "--numstat", "-z", base.commit, other.commit, "--", limit=_MOST_FILES)
    patch = _git(found, *_DIFF, base.commit, other.commit, "--", limit=MOST_PATCH)
    if counts is None or stat is None or patch is None:
        why = f"git did not tell what lies between them in {found}"
        return CodeBetween(str(found), why, uncommitted=uncommitted, uncommitted_cut=is_cut)
    behind, _, ahead = counts[0].partition("\t")
    return CodeBetween(
        repository=str(found),
        ahead=tuple(_log(found, base.commit, other.commit)),
        behind=tuple(_log(found, other.commit, base.commit)),
        ahead_count=int(ahead),
        behind_count=int(behind),
        shallow=(_git(found, "rev-parse", "--is-shallow-repository") or ("", False))[0].strip() == "true",
        files=tuple(_files(*stat)),
        patch=patch[0],
        patch_cut=patch[1],
        uncommitted=uncommitted,
        uncommitted_cut=is_cut,
    )


def _repository(states: Sequence[CodeState], here: Path | None) -> tuple[Path | None, str | None]:
    """A folder whose repository has both commits; else why there is none."""
    commits = list(dict.fromkeys(state.commit for state in states))
    if not all(_COMMIT.fullmatch(commit) for commit in commits):
        return None, "what was recorded as a commit is none of git's"
    named = [state.repository for state in states if state.repository]
    lacking = None
    for folder in dict.fromkeys([*(Path(name) for name in named), *([here] if here is not None else [])]):
        if not _is_folder(folder):
            continue
        absent = [commit for commit in commits if _git(folder, "cat-file", "-e", f"{commit}^{{commit}}") is None]
        if not absent:
            return folder, None
        if lacking is None and str(folder) in named:
            lacking = f"{folder} does not have {' and '.join(f'commit {commit[:12]}' for commit in absent)}"
    if lacking is not None:
        return None, lacking
    where = " and ".join(dict.fromkeys(named))
    return None, f"{where} is not on this machine" if where else "no repository was recorded"


def _is_folder(folder: Path) -> bool:
    try:
        return folder.is_absolute() and folder.is_dir()
    except (OSError, ValueError):
        return False  # a recorded path may be too long, or hold a NUL


def _log(folder: Path, old: str, new: str) -> Iterator[Commit]:
    told = _git(folder, *_LOG, _FORMAT, f"--max-count={MOST_COMMITS}", f"{old}..{new}", "--", limit=_MOST_LOG)
    for entry in told[0].split("\0") if told is not None else ():
        fields = entry.split("\x1f", 3)
        if len(fields) == 4 and fields[1].isdecimal():
            yield Commit(fields[0].strip(), int(fields[1]), fields[2], fields[3])


def _files(text: str, is_cut: bool) -> Iterator[FileChange]:
    entries = text.split("\0")
    for entry in entries[:-1] if is_cut else entries:
        added, _, rest = entry.partition("\t")
        removed, tab, path = rest.partition("\t")
        if tab:
            yield FileChange(
                path, int(added) if added.isdecimal() else None, int(removed) if removed.isdecimal() else None
            )


def _git(folder: Path, *arguments: str, limit: int = 4096) -> tuple[str, bool] | None:
    """What git answers, and whether it was cut; None when it does not answer."""
    told = code.bounded_git(folder, *_QUIET, *arguments, limit=limit, more=_NO_FETCH)
    return None if told is None else (told[:limit].decode(errors="replace"), len(told) > limit)


def kept(context: Context, digest: Digest | None) -> tuple[str | None, bool]:
    """The beginning of the changes that a run had not committed, and whether they are longer; None: not kept."""
    if digest is None:
        return None, False
    try:
        with context.objects.path(digest).open("rb") as file:
            told = file.read(MOST_PATCH + 1)
    except OSError:
        return None, False  # a purge took it, or it was never brought along
    return told[:MOST_PATCH].decode(errors="replace"), len(told) > MOST_PATCH
