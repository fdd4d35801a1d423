"""lineal keeps every version of every model: what it is, how it was trained, where it is live.

import lineal

with lineal.start_run("churn", params={"lr": 0.01}) as run:
    run.use_dataset("customers", "train.parquet", role="train")
    run.log_metric("loss", 0.31, step=1)
    version = run.register("churn", "model.safetensors", purpose="monthly retrain")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lineal.errors import LinealError
    from lineal.facade.door import StrPath
    from lineal.registry import Registry, create_registry, open_registry
    from lineal.tracking import run
    from lineal.training.recording import RunHandle

from lineal.about import __version__

__all__ = [
    "LinealError",
    "Registry",
    "RunHandle",
    "__version__",
    "create_registry",
    "open_registry",
    "run",
    "start_run",
]

_HOMES = {
    "LinealError": "lineal.errors",
    "Registry": "lineal.registry",
    "create_registry": "lineal.registry",
    "open_registry": "lineal.registry",
    "RunHandle": "lineal.training.recording",
    "run": "lineal.tracking",
}


def __getattr__(name: str) -> object:
    # Whoever only asks for the version, or for one noun, does not pay for the rest.
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415  as above

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def start_run(
    experiment: str,
    *,
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    name: str | None = None,
    kind: str = "train",
    parent: str | RunHandle | None = None,
    seed: int | None = None,
    registry: Registry | StrPath | None = None,
) -> RunHandle:
    """Start a run in a registry; the user's own is made, with a warning in the log, if none is found.

    Arguments as `Registry.start_run`; `registry` is an open one, a directory, or None for the one found from here.
    Within `lineal run`, the run is a part of that one unless another parent is given.

    Raises:
        LinealError: the registry cannot be used, or the run not recorded.
    """
    from lineal.registry import Registry, create_registry, open_registry  # noqa: PLC0415  as above
    from lineal.training.surroundings import surrounding_run  # noqa: PLC0415  as above

    if not isinstance(registry, Registry):
        from contextlib import suppress  # noqa: PLC0415  as above

        from lineal.errors import AlreadyExists  # noqa: PLC0415  as above
        from lineal.machine.locate import find_registry  # noqa: PLC0415  as above

        root = find_registry(registry)
        if not (root / "registry.db").exists():
            with suppress(AlreadyExists):  # another process of the same job was faster
                create_registry(root).close()
                import logging  # noqa: PLC0415  as above

                told = "made a registry at %s; `lineal init` makes one for the current folder and all below it"
                logging.getLogger("lineal").warning(told, root)
        registry = open_registry(root)
    if parent is None:
        parent = surrounding_run(registry.context)
    return registry.start_run(experiment, params=params, tags=tags, name=name, kind=kind, parent=parent, seed=seed)
