"""The demo: real models, trained on real data into a sample registry; only dates, people and reasons are made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from lineal_tui.demo.building import Built

_EXTRA = ("numpy", "safetensors", "scipy", "sklearn", "threadpoolctl")


class MissingPackages(MachineError):
    """What the demo trains with is not installed."""

    message = "the demo trains real models, and the Python package {package} is not installed"
    hint_template = "pip install 'lineal[demo]'"


def build(
    registry_dir: Path, *, progress: Callable[[int, int, str], None] | None = None, today: datetime | None = None
) -> Built:
    """Train the demo's models into a new or an empty registry; see `lineal_tui.demo.building.build`.

    Raises:
        MissingPackages: lineal was installed without its `demo` extra. Nothing was written.
        AlreadyExists: the registry has something in it. Nothing was written.
    """
    try:
        # Imported here: numpy and scikit-learn take a second, and belong to an extra.
        from lineal_tui.demo import building  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        raise MissingPackages(package=error.name) from error
    return building.build(registry_dir, progress=progress, today=today)
