"""An sshd for the session, and a registry whose production is bound."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.bound_stage import Bound, build
    from tests.ssh.loopback import Loopback
    from tests.ssh.service import Service
else:
    from loopback import Loopback
    from service import Service

    sys.path += [str(Path(__file__).parents[1] / "cli"), str(Path(__file__).parents[1] / "tui")]
    from bound_stage import Bound, build


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    """A real sshd; without one these tests fail, they are never skipped."""
    server = Loopback.start(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service account with a registry, and people with keys; without root these tests fail, never skipped."""
    served = Service.start()
    yield served
    served.stop()


@pytest.fixture
def bound(tmp_path: Path) -> Bound:
    """A registry with a bound stage, to be changed."""
    return build(tmp_path)
