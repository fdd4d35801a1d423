"""What the guides say is true: what they show is done, and what they name is there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal_tui.main import main
from lineal_tui.view.drawing.lines import line_width
from lineal_tui.view.guidance import guide
from lineal_tui.view.guidance.topics import TOPICS

if TYPE_CHECKING:
    from tests.docs.places import Place, prepare
    from tests.docs.reading import WRITTEN, blocks, commands, expected, mentions, parse
else:
    from places import prepare
    from reading import WRITTEN, blocks, commands, expected, mentions, parse

_SHELL = re.compile(r"[|<>;&$`]")
_QUOTED = re.compile(r"'[^']*'")


def follow(statement: str, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Do what a statement says, as a shell would; it must end as it promises."""
    text, code = expected(place.here(statement))
    is_plain = text.startswith("lineal ") and " -- " not in text and not _SHELL.search(_QUOTED.sub("", text))
    if is_plain:
        ended = main(shlex.split(text)[1:])
        said = "".join(capsys.readouterr())
    else:
        done = subprocess.run(["bash", "-ec", text], capture_output=True, text=True, check=False, timeout=60)
        ended, said = done.returncode, done.stdout + done.stderr
    assert ended == code, f"{text}\nended with {ended}\n{said}"


@pytest.mark.parametrize("topic", WRITTEN)
def test_what_a_guide_shows_can_be_done_in_this_order(
    topic: str, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(topic, place)
    for block in blocks(topic):
        if block.language == "python":
            Path(block.remark).write_text(block.text)
        elif block.language == "sh" and block.remark != "not-run":
            for statement in block.statements:
                follow(statement, place, capsys)


def test_the_workflow_for_ci_does_what_it_says(place: Place) -> None:
    yaml = import_module("yaml")
    prepare("ci", place)
    (written,) = [block.text for block in blocks("ci") if block.language == "yaml"]
    workflow = yaml.safe_load(place.here(written))
    job = workflow["jobs"]["release"]
    known = {"${{ inputs.reason }}": "it's better", "${{ github.actor }}": "ben"}
    environment = {**os.environ, **{name: known.get(value, value) for name, value in job["env"].items()}}
    told = {name: place.folder / name for name in ("GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
    for step in job["steps"]:
        if "run" not in step:
            continue
        assert "${{" not in step["run"], "texts of others must not be put into a script"
        for path in told.values():
            path.touch()
        environment |= {name: str(path) for name, path in told.items()}
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", step["run"]], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{step['name']}\n{done.stdout}{done.stderr}"
        environment |= dict(row.split("=", 1) for row in told["GITHUB_ENV"].read_text().splitlines())
    live = subprocess.run(
        ["lineal", "live", "churn@production"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert live.startswith(environment["VERSION"])
    assert "it's better" in live
    assert environment["VERSION"] in told["GITHUB_STEP_SUMMARY"].read_text()


@pytest.mark.parametrize("topic", TOPICS)
def test_every_command_line_of_a_guide_parses(topic: str) -> None:
    shown = [statement for block in blocks(topic) for statement in block.statements if block.language != "python"]
    if topic == "reference":
        shown = [row for row in shown if not re.search(r"[A-Z]{2,}|\[|\{|\.\.\.", row)]
    found = [words for statement in shown for words in commands(expected(statement)[0])]
    assert found
    for words in found:
        parse([re.sub(r"^\$.*", "churn@production", word) for word in words])


@pytest.mark.parametrize("topic", WRITTEN)
def test_commands_and_options_that_a_guide_speaks_of_exist(topic: str) -> None:
    known = guide.source("reference")
    for code in mentions(topic):
        words = shlex.split(code)
        names = [word for word in words[1:3] if re.fullmatch(r"[a-z]+", word)]
        ways = [f"### {' '.join(['lineal', *names[:count]])}\n" for count in range(1, len(names) + 1)]
        assert not names or any(way in known for way in ways), code
    for option in re.findall(r"`(--[a-z-]+)", guide.source(topic)):
        assert re.search(rf"{option}\b", known), option


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("width", [40, 80, 100])
def test_a_guide_fits_its_width(topic: str, width: int) -> None:
    code = {row for block in blocks(topic) for row in block.text.split("\n")}
    for line in guide.page(topic, width):
        text = "".join(part for part, _ in line)
        if text[2:] in code:
            assert topic == "reference" or line_width(line) <= 80, text
        else:
            assert line_width(line) <= width or width < 60, text
            assert "\N{HORIZONTAL ELLIPSIS}" not in text, text


def test_guides_are_listed_and_printed_where_the_tool_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide"]) == 0
    listed = capsys.readouterr().out
    assert [row.split()[0] for row in listed.splitlines()] == list(TOPICS)
    assert main(["guide", "release"]) == 0
    told = capsys.readouterr().out
    assert "lineal rollback churn@production --plan" in told
    assert "`" not in told
    assert "**" not in told
    assert "\x1b" not in told


def test_a_part_of_a_guide_is_found_by_its_heading_or_by_what_it_tells(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", "release", "roll", "back"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Roll back\n")
    assert "Bind a stage" not in told
    assert main(["guide", "upkeep", "--", "gc", "--retention"]) == 0
    assert capsys.readouterr().out.startswith("End versions\n")
    assert main(["guide", "release", "nothing", "of", "it"]) == 3
    assert "its sections are Stages, Bind a stage to a directory" in capsys.readouterr().err


def test_what_is_no_topic_is_looked_for_in_the_guides(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", "backup"]) == 3
    assert "`lineal guide upkeep` tells of backup" in capsys.readouterr().err


def test_a_guide_that_is_not_there_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", "releases"]) == 3
    assert "did you mean lineal guide release" in capsys.readouterr().err
    assert main(["guide", "\x1b[31m"]) == 3
    assert "\x1b" not in capsys.readouterr().err


def test_a_guide_is_read_without_a_registry_and_without_a_toolkit(place: Place) -> None:
    code = "import sys; from lineal_tui.main import main; main(['guide', 'ci']); print(sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = told.splitlines()[-1]
    assert "'textual'" not in loaded
    assert "'markdown_it'" not in loaded
    assert "'sqlite3'" not in loaded
    assert not (place.folder / "home" / "data").exists()
