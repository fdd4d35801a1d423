"""What a process is told through its environment of the run or the reproduction that it is part of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadAddress, NotFound

if TYPE_CHECKING:
    from lineal.write_path.context import Context

RUN = "LINEAL_RUN"
"""Names the run to what the command starts: to `lineal log`, and to `lineal.start_run`, whose runs are its children."""

REGISTRY = "LINEAL_REGISTRY"

REPRODUCES = "LINEAL_REPRODUCES"
"""Names the version that a command trains again, and that what it registers of the same model is a retraining of."""


def surrounding_run(context: Context) -> str | None:
    """Address of the run whose command this process is part of; None when there is none, or none in this registry."""
    ref = os.environ.get(RUN)
    if not ref:
        return None
    try:
        with context.read() as connection:
            return f"run:{addresses.run(connection, ref.removeprefix('run:')).id}"
    except (BadAddress, NotFound):
        return None  # it is another registry's


def reproduced_version(context: Context, model: str) -> str | None:
    """`REF=retrain` of the version of a model that this process trains again; None when it does not."""
    ref = os.environ.get(REPRODUCES)
    if not ref:
        return None
    try:
        with context.read() as connection:
            found = addresses.version(connection, ref)
    except (BadAddress, NotFound):
        return None  # it is another registry's
    return f"{found.ref}=retrain" if found.model == model else None
