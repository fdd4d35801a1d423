"""What lineal writes for other programs, of a registry that somebody evil filled in: each reads it as it was meant."""

from __future__ import annotations

import csv
import io
import json
import re
import tarfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from evil_commands import ask
from evil_texts import unfit

from lineal.data.fingerprint import hash_file
from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from evil_registry import Names
    from trial import Report

_DOT = re.compile(
    r'digraph lineage \{\n(  (rankdir=LR;|node \[fontname="sans-serif"\];'
    r'|[nm]\d+( -> [nm]\d+)? \[(label="(\\.|[^"\\\n])*"|shape=\w+|style=\w+| )*\];)\n)*\}\n'
)
_MERMAID = re.compile(
    r'flowchart LR\n(  ([nm]\d+(\[\(|\(\[|\[|\{\{)"[^"\n<>]*"(\)\]|\]\)|\]|\}\})|[nm]\d+ -->\|"[^"\n<>]*"\| [nm]\d+'
    r"|[nm]\d+ -\.-> [nm]\d+|style n\d+ stroke-width:3px)\n)*"
)


def check(names: Names, folder: Path, report: Report) -> None:
    """Export everything in every way; each way is a trial."""
    before = listing(folder.parent, without=folder)
    for export in (_card, _mlbom, _bundle, _files, _graphs, _tables, _policy, _log):
        for number, version in enumerate(names.versions[:3]):
            report.trials += 1
            place = folder / f"{export.__name__}{number}"
            place.mkdir()
            try:
                problems = export(names, version, place)
            except Exception as error:  # noqa: BLE001  whatever keeps it from being read is what is looked for
                problems = [f"{type(error).__name__}: {error}"]
            report.broken += [f"{export.__name__[1:]} of {version!a}: {problem}" for problem in problems]
    if listing(folder.parent, without=folder) != before:
        report.broken.append("an export wrote outside of its folder")


def listing(folder: Path, *, without: Path) -> dict[str, tuple[int, int]]:
    """All that lies in a folder, but for one folder in it and for registries, which are used."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if not path.is_relative_to(without) and "registry" not in path.parts and not path.is_dir()
    }


def _told(*words: str) -> str:
    answer = ask(words)
    if answer.code:
        raise AssertionError(answer.err.decode(errors="replace"))
    return answer.out.decode()


def _written(names: Names, version: str, place: Path, to: str) -> str:
    _told("--registry", str(names.root), "export", version, "--to", to, "-o", str(place / "out"))
    return (place / "out").read_text(encoding="utf-8")


def _card(names: Names, version: str, place: Path) -> list[str]:
    text = _written(names, version, place, "card")
    _, metadata, page = re.split(r"^---$", text, maxsplit=2, flags=re.MULTILINE)
    fields = yaml.safe_load(metadata)
    with open_registry(names.root) as registry:
        tags = {f"{name}:{value}" for name, value in registry.detail(version).tags.items()}
    problems = [] if set(fields["tags"]) == tags | {"lineal"} else ["its metadata has other tags"]
    problems += _ragged([line for line in page.splitlines() if line.startswith("|")])
    heads = {"Measured", "Hyperparameters", "Data", "Files", "Trained with"}
    problems += [
        f"a heading {line!a}" for line in page.splitlines() if line.startswith("## ") and line[3:] not in heads
    ]
    return problems + [f"it has {letters!a}" for letters in [unfit(page)] if letters]


def _mlbom(names: Names, version: str, place: Path) -> list[str]:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = _written(names, version, place, "mlbom")
    json.loads(text)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return [] if wrong is None else [str(wrong)[:300]]


def _bundle(names: Names, version: str, place: Path) -> list[str]:
    _told("--registry", str(names.root), "export", version, "--to", "bundle", "-o", str(place / "out"))
    with tarfile.open(place / "out") as archive:
        odd = [each.name for each in archive if not re.fullmatch(r"bundle\.json|objects/[0-9a-f]{64}", each.name)]
    create_registry(place / "other").close()
    with open_registry(place / "other") as other, open_registry(names.root) as registry:
        with (place / "out").open("rb") as stream:
            other.import_bundle(stream)
        here, there = registry.detail(version), other.detail(version)
        same = (here.version.uid, here.version.notes, here.tags, here.params, here.artifact) == (
            there.version.uid, there.version.notes, there.tags, there.params, there.artifact
        )  # fmt: skip
        damage = [each.problem for each in other.verify().damage]
    return odd + damage + ([] if same else ["it came back as something else"])


def _files(names: Names, version: str, place: Path) -> list[str]:
    _told("--registry", str(names.root), "export", version, "--to", "files", "-o", str(place / "out"))
    with open_registry(names.root) as registry:
        artifact = registry.detail(version).artifact
    assert artifact is not None
    wanted = {entry.path: entry.digest for entry in artifact.files}
    found = {
        str(path.relative_to(place / "out")): hash_file(path)[0]
        for path in (place / "out").rglob("*")
        if path.is_file() and path.name != "lineal.json"
    }
    return [] if found == wanted else [f"its files are {sorted(found)!a}, not {sorted(wanted)!a}"]


def _graphs(names: Names, version: str, place: Path) -> list[str]:
    del place
    problems = []
    for form, pattern in (("dot", _DOT), ("mermaid", _MERMAID)):
        text = _told("--registry", str(names.root), "lineage", version, "--up", "9", "--format", form)
        if not pattern.fullmatch(text):
            problems.append(f"no {form}: {text[:400]!a}")
    return problems


def _tables(names: Names, version: str, place: Path) -> list[str]:
    del place
    root = ["--registry", str(names.root)]
    problems = []
    for words in (
        ["diff", version, names.versions[3], "--all", "--format", "csv"],
        ["curve", names.runs[0], "--metric", names.metric, "--csv"],
        ["observations", names.place, "--csv"],
    ):
        rows = list(csv.reader(io.StringIO(_told(*root, *words)), strict=True))
        if len({len(row) for row in rows}) > 1:
            problems.append(f"{words[0]}: rows of different lengths")
        problems += [f"{words[0]}: a formula {cell!a}" for row in rows for cell in row if _is_formula(cell)]
    markdown = _told(*root, "diff", version, names.versions[3], "--all", "--format", "markdown")
    return problems + _ragged([line for line in markdown.splitlines() if line.startswith("|")])


def _is_formula(cell: str) -> bool:
    if not cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return False
    try:
        float(cell.replace(",", "").rstrip("%"))
    except ValueError:
        return True
    return False


def _ragged(lines: list[str]) -> list[str]:
    """Rows of a Markdown table with another number of cells than the row above them."""
    problems, width = [], 0
    for place, line in enumerate(lines):
        cells = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1
        begins = place + 1 < len(lines) and re.fullmatch(r"\|([ :]*-+[ :]*\|)+", lines[place + 1]) is not None
        if begins:
            width = cells
        elif cells != width:
            problems.append(f"{cells} cells in a table of {width}: {line!a}")
    return problems


def _policy(names: Names, version: str, place: Path) -> list[str]:
    del version
    text = _told("--registry", str(names.root), "policy", "show")
    tomllib.loads(text)
    (place / "policy.toml").write_text(text, encoding="utf-8")
    answer = ask(["--registry", str(names.root), "policy", "check", "--exit-code", str(place / "policy.toml")])
    return [] if answer.code == 0 else [f"it is not what it says: {(answer.out + answer.err).decode()[:300]}"]


def _log(names: Names, version: str, place: Path) -> list[str]:
    del version
    target = str(place / "log.jsonl")
    _told("--registry", str(names.root), "audit", "export", target)
    lines = Path(target).read_bytes().split(b"\n")
    for line in lines[:-1]:
        json.loads(line)
    answer = ask(["--registry", str(names.root), "audit", "verify", "--file", target])
    return [] if answer.code == 0 else [f"it does not verify: {answer.err.decode()[:300]}"]
