"""What the demo measures of a model: the points of a learning curve, and the figures that versions are compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    recall_score,
    roc_auc_score,
)

from lineal_tui.demo.predict import Output, Weights, predict

if TYPE_CHECKING:
    from lineal_tui.demo.data import Table


def measure(weights: Weights, table: Table) -> dict[str, float]:
    """The figures of a model on some rows.

    Returns:
        By name: `auc`, `recall`, `accuracy`, `log_loss` for two classes; `accuracy`, `macro_f1`, `log_loss` for
        more; `mae`, `rmse` (both in the target's unit) and `r2` for values.
    """
    said, true = predict(weights, table.rows), table.answers
    if table.output is Output.VALUE:
        found = {
            "mae": mean_absolute_error(true, said),
            "rmse": np.sqrt(mean_squared_error(true, said)),
            "r2": r2_score(true, said),
        }
    elif table.output is Output.PROBABILITY:
        found = {
            "auc": roc_auc_score(true, said),
            "recall": recall_score(true, said >= 0.5),
            "accuracy": accuracy_score(true, said >= 0.5),
            "log_loss": log_loss(true, said.astype(np.float64), labels=[0, 1]),
        }
    else:
        best = said.argmax(axis=1)
        shares = said.astype(np.float64)
        found = {
            "accuracy": accuracy_score(true, best),
            "macro_f1": f1_score(true, best, average="macro"),
            "log_loss": log_loss(true, shares / shares.sum(axis=1, keepdims=True), labels=np.arange(10)),
        }
    return {name: float(value) for name, value in found.items()}


def losses(weights: Weights, table: Table) -> dict[str, float]:
    """One point of a learning curve: the loss on the rows trained on, and loss and quality on those set aside."""
    training, validation = table.split()
    before = measure(weights, training)
    after = measure(weights, validation)
    loss, quality = ("rmse", "mae") if table.output is Output.VALUE else ("log_loss", "accuracy")
    if table.output is Output.PROBABILITY:
        quality = "auc"
    return {"train_loss": before[loss], "val_loss": after[loss], f"val_{quality}": after[quality]}
