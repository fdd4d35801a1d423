"""What the demo measures of a model: the points of a learning curve, and the figures that versions are compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lineal_tui.demo.predict import Output, Weights, predict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from lineal_tui.demo.data import Table

    Array = NDArray[Any]
    Figure = Callable[[Array, Array], Any]
    """Takes the answers and what the model says of each row."""


def measure(weights: Weights, table: Table, *, only: tuple[str, ...] = ()) -> dict[str, float]:
    """The figures of a model on some rows, as scikit-learn defines them.

    Written out here because a learning curve has thousands of points, and scikit-learn looks at its arguments for
    longer than it calculates.

    Args:
        weights: the model.
        table: the rows.
        only: which figures; all unless given.

    Returns:
        By name: `auc`, `recall`, `accuracy`, `log_loss` for two classes; `accuracy`, `macro_f1`, `log_loss` for
        more; `mae`, `rmse` (both in the target's unit) and `r2` for values.

    Raises:
        ValueError: the model says what is no number.
    """
    said, true = predict(weights, table.rows), table.answers
    if not np.isfinite(said).all():
        raise ValueError("the model says what is no finite number")
    figures = _FIGURES[table.output]
    return {name: float(figures[name](true, said)) for name in only or figures}


def losses(weights: Weights, table: Table) -> dict[str, float]:
    """One point of a learning curve: the loss on the rows trained on, and loss and quality on those set aside."""
    training, validation = table.split()
    loss, quality = ("rmse", "mae") if table.output is Output.VALUE else ("log_loss", "accuracy")
    if table.output is Output.PROBABILITY:
        quality = "auc"
    before = measure(weights, training, only=(loss,))
    after = measure(weights, validation, only=(loss, quality))
    return {"train_loss": before[loss], "val_loss": after[loss], f"val_{quality}": after[quality]}


def _mae(true: Array, said: Array) -> Any:
    return np.abs(true - said).mean()


def _rmse(true: Array, said: Array) -> Any:
    return np.sqrt(((true - said) ** 2).mean())


def _r2(true: Array, said: Array) -> Any:
    return 1 - ((true - said) ** 2).sum() / ((true - true.mean()) ** 2).sum()


def _auc(true: Array, said: Array) -> Any:
    """The share of pairs of both classes that are in order (Mann and Whitney's U)."""
    _, place, times = np.unique(said, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]  # those that are equal share the mean of their ranks
    second = true == 1
    found = second.sum()
    return (ranks[second].sum() - found * (found + 1) / 2) / (found * (len(true) - found))


def _log_loss(true: Array, shares: Array) -> Any:
    """The mean of minus the logarithm of what each row's class was given, which is never quite nothing."""
    given = shares[np.arange(len(true)), true.astype(np.int64)]
    least = np.finfo(np.float64).eps
    return -np.log(given.clip(least, 1 - least)).mean()


def _shares_of_two(said: Array) -> Array:
    second = said.astype(np.float64)
    return np.column_stack([1 - second, second])


def _shares_of_many(said: Array) -> Array:
    shares = said.astype(np.float64)
    normal: Array = shares / shares.sum(axis=1, keepdims=True)
    return normal


def _macro_f1(true: Array, best: Array) -> Any:
    """The mean over the classes of the harmonic mean of precision and recall, which is 2 hits / (said + true)."""
    return np.mean(
        [
            2 * ((true == each) & (best == each)).sum() / ((true == each).sum() + (best == each).sum())
            for each in np.union1d(true, best)
        ]
    )


_FIGURES: Mapping[Output, Mapping[str, Figure]] = {
    Output.VALUE: {"mae": _mae, "rmse": _rmse, "r2": _r2},
    Output.PROBABILITY: {
        "auc": _auc,
        "recall": lambda true, said: (said[true == 1] >= 0.5).mean(),
        "accuracy": lambda true, said: (true == (said >= 0.5)).mean(),
        "log_loss": lambda true, said: _log_loss(true, _shares_of_two(said)),
    },
    Output.PROBABILITIES: {
        "accuracy": lambda true, said: (true == said.argmax(axis=1)).mean(),
        "macro_f1": lambda true, said: _macro_f1(true, said.argmax(axis=1)),
        "log_loss": lambda true, said: _log_loss(true, _shares_of_many(said)),
    },
}
