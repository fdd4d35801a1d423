from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT_SCIKIT_LEARN = """
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "sklearn":
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Missing())
from lineal.errors import LinealError
from lineal_tui.demo import build
assert "numpy" not in sys.modules
try:
    build(Path(sys.argv[1]))
except LinealError as error:
    print(f"{error}; {error.hint}; {int(error.exit_code)}")
"""


def test_without_scikit_learn_the_demo_says_what_to_install_and_writes_nothing(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT_SCIKIT_LEARN, str(tmp_path / "demo")], capture_output=True, text=True, check=True
    )
    assert "the Python package sklearn is not installed; pip install 'lineal[demo]'; 8" in answer.stdout
    assert not (tmp_path / "demo").exists()
