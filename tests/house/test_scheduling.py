"""What is dear to make is made once, and the longest tests are started first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scheduling import FIRST, TOGETHER
else:
    from scheduling import FIRST, TOGETHER

TESTS = Path(__file__).parents[1]

PAIRS = """
import os
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(20))
def test_it(number):
    with (Path(__file__).parent / "seen").open("a") as seen:
        seen.write(f"{Path(__file__).name} {os.environ['PYTEST_XDIST_WORKER']}\\n")
"""


def test_the_tests_of_a_group_run_in_one_process_and_others_beside_them(tmp_path: Path) -> None:
    (tmp_path / "tests" / "demo").mkdir(parents=True)
    for name in ("conftest.py", "scheduling.py"):
        (tmp_path / "tests" / name).write_text((TESTS / name).read_text())
    for name in ("test_server.py", "test_other.py"):
        (tmp_path / "tests" / "demo" / name).write_text(PAIRS)
    words = ["-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, cwd=tmp_path, env=kept)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = (tmp_path / "tests" / "demo" / "seen").read_text().splitlines()
    assert len(seen) == 40
    assert len({line for line in seen if line.startswith("test_server.py")}) == 1
    assert len({line.split()[1] for line in seen}) == 2


def test_every_place_that_is_named_is_there() -> None:
    assert [place for place in (*TOGETHER, *FIRST) if not (TESTS.parent / place).exists()] == []
