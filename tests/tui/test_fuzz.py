from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui import fuzz
else:
    import fuzz


@pytest.mark.parametrize("seed", [1, 11])
def test_keys_and_sizes_at_random_crash_nothing_and_change_nothing(seed: int, tmp_path: Path) -> None:
    fuzz.run(seed, 60, tmp_path)
