"""The tables of a registry, as the first migration creates them.

Times are microseconds since 1970 in UTC; a metric value that is not a number is NULL; digests start with `sha256:`.
"""

from __future__ import annotations

from lineal.schema import (
    automation,
    common,
    data,
    endings,
    gates,
    governance,
    imports,
    models,
    observations,
    runs,
    search,
    stages,
)

TABLES = (
    common.REGISTRY
    + data.DATA
    + runs.RUNS
    + models.MODELS
    + stages.STAGES
    + governance.GOVERNANCE
    + gates.GATES
    + endings.ENDINGS
    + observations.OBSERVATIONS
    + automation.AUTOMATION
    + imports.IMPORTS
    + search.SEARCH
)
