"""What a person can look at, and what the places have that keys act on."""

from __future__ import annotations

from enum import StrEnum


class View(StrEnum):
    """What a person looks at; the pane that has the keys."""

    MODELS = "models"
    TREE = "tree"
    DIFF = "diff"
    LINEAGE = "lineage"
    HISTORY = "history"
    VERSION = "version"
    EXPERIMENTS = "experiments"
    RUNS = "runs"
    COLUMNS = "columns"
    RUN = "run"
    FILES = "files"
    FILE = "file"
    DATASETS = "datasets"
    DATASET = "dataset"
    CURVES = "curves"
    STAGES = "stages"
    STAGE = "stage"
    FINDINGS = "findings"
    ALERTS = "alerts"
    ALERT = "alert"
    AUTOMATIONS = "automations"
    DELIVERIES = "deliveries"
    DELIVERY = "delivery"
    AUDIT = "audit"
    EVENT = "event"
    POLICY = "policy"
    INBOX = "inbox"
    HELP = "help"


LISTS = frozenset(
    {
        View.MODELS,
        View.TREE,
        View.LINEAGE,
        View.HISTORY,
        View.EXPERIMENTS,
        View.RUNS,
        View.COLUMNS,
        View.RUN,
        View.FILES,
        View.DATASETS,
        View.STAGES,
        View.ALERTS,
        View.AUTOMATIONS,
        View.DELIVERIES,
        View.AUDIT,
        View.EVENT,
        View.INBOX,
    }
)
WITH_VERSION = frozenset({View.TREE, View.DIFF, View.VERSION, View.FILES, View.POLICY})
WITH_MODEL = WITH_VERSION | {View.HISTORY, View.STAGES, View.STAGE}
WITH_ALERT = frozenset({View.ALERTS, View.ALERT})
WITH_STAGE = WITH_MODEL | WITH_ALERT | {View.MODELS}
WITH_DELIVERY = frozenset({View.DELIVERIES, View.DELIVERY})
WITH_AUTOMATION = WITH_DELIVERY | {View.AUTOMATIONS}
WITH_RUN = frozenset({View.RUNS, View.RUN})
WITH_DATA = frozenset({View.DATASETS, View.DATASET})
WITH_LINEAGE = frozenset({View.LINEAGE})
SORTED = frozenset({View.MODELS, View.ALERTS, View.AUTOMATIONS, View.DELIVERIES})
"""Lists that go through orders by one key; a table of runs has its own."""
WITHOUT_MODEL = frozenset(
    {
        View.EXPERIMENTS,
        View.RUNS,
        View.COLUMNS,
        View.RUN,
        View.DIFF,
        View.LINEAGE,
        View.CURVES,
        View.DATASETS,
        View.DATASET,
        View.FINDINGS,
        View.HELP,
        View.ALERTS,
        View.ALERT,
        View.AUTOMATIONS,
        View.DELIVERIES,
        View.DELIVERY,
        View.AUDIT,
        View.EVENT,
        View.INBOX,
    }
)
"""Places that have something to show also in a registry without models."""
WITH_MARKS = frozenset({View.TREE, View.RUNS})
WITH_TABLE = frozenset({View.RUNS, View.COLUMNS})
WITH_CURVES = frozenset({View.CURVES})
EVERYWHERE = frozenset(View)
