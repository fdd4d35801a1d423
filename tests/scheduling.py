"""Which tests run in one process and which run first: nothing is made twice, and no long test is left to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

TOGETHER = {
    "tests/demo/test_retraining.py": "the demo's registry",
    "tests/demo/test_server.py": "the demo's registry",
    "tests/demo/test_story.py": "the demo's registry",
    "tests/ssh/test_service_account.py": "the service account",  # its users exist once on a machine
}
"""Files whose tests share what is dear to make, or what a machine has but one of."""

FIRST = (
    "tests/demo/test_retraining.py",
    "tests/demo/test_server.py",
    "tests/demo/test_story.py",
    "tests/ssh/test_service_account.py",
    "tests/house/",  # in a new checkout nothing is cached
    "tests/faults/",
    "tests/bench/",
    "tests/tui/",
    "tests/ssh/",
    "tests/demo/",
)
"""Where the longest tests are; all others follow."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands tests out one by one, but those of a group to one worker."""

    # xdist's own groups write the group behind a test's id, which pytest does not allow since 9.2

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)


def place_in_order(item: pytest.Item) -> int:
    """What the tests are sorted by, which keeps the order of those of one place."""
    return next((place for place, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))
