"""The demo's data: three real tables out of scikit-learn, dealt out month by month, each with a fixed hold-out."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

from lineal_tui.demo.calendar import MONTHS
from lineal_tui.demo.predict import Output

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_SEED = 20
_HOLD_OUT_SHARE = 0.25
_FIRST_SHARE = 0.3
_VALIDATION_EVERY = 5


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures and what is to be said of each."""

    name: str
    output: Output
    """What a model of it answers."""
    features: tuple[str, ...]
    target: str
    """Name of the last column."""
    rows: NDArray[np.float64]
    """(rows, features)."""
    answers: NDArray[np.float64]
    """(rows,): the value, or the number of the class."""
    arrived: NDArray[np.int64]
    """(rows,): the month each row arrived in, from 0; -1 for the hold-out."""

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, chosen: NDArray[np.bool_]) -> Table:
        """The rows for which `chosen` is true."""
        return replace(self, rows=self.rows[chosen], answers=self.answers[chosen], arrived=self.arrived[chosen])

    def until(self, month: int) -> Table:
        """What had arrived by the end of a month, from 0."""
        return self.where((self.arrived >= 0) & (self.arrived <= month))

    def of(self, month: int) -> Table:
        """What arrived in one month."""
        return self.where(self.arrived == month)

    def hold_out(self) -> Table:
        """The rows that no model is ever trained on."""
        return self.where(self.arrived < 0)

    def split(self) -> tuple[Table, Table]:
        """Rows to train on and rows to validate on; a row stays on its side as more arrive."""
        validation = np.arange(len(self)) % _VALIDATION_EVERY == _VALIDATION_EVERY - 1
        return self.where(~validation), self.where(validation)

    def only(self, features: tuple[str, ...]) -> Table:
        """The same rows with fewer columns."""
        columns = [self.features.index(name) for name in features]
        return replace(self, features=features, rows=self.rows[:, columns])

    def write(self, path: Path) -> None:
        """Write it as a CSV file, the answers in the last column."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*self.features, self.target])
            writer.writerows(
                [f"{number:.10g}" for number in (*row, answer)]
                for row, answer in zip(self.rows.tolist(), self.answers.tolist(), strict=True)
            )


def tumours() -> Table:
    """569 biopsies (Wisconsin breast cancer): 30 measures of cell nuclei, and whether the tumour was malignant."""
    bunch = load_breast_cancer()
    features = tuple(str(name).replace(" ", "_") for name in bunch.feature_names)
    # scikit-learn counts benign as 1; recall is about the malignant ones.
    return _dealt("tumours", Output.PROBABILITY, features, "malignant", rows=bunch.data, answers=1 - bunch.target)


def digits() -> Table:
    """1,797 handwritten digits of 8 x 8 pixels from 0 to 16, in the order of their writers, so that months differ."""
    bunch = load_digits()
    features = tuple(str(name) for name in bunch.feature_names)
    return _dealt(
        "digits", Output.PROBABILITIES, features, "digit", rows=bunch.data, answers=bunch.target, shuffled=False
    )


def patients() -> Table:
    """442 diabetes patients: ten measures at the first visit, and how far the disease had come a year later."""
    bunch = load_diabetes(scaled=False)
    features = tuple(str(name) for name in bunch.feature_names)
    return _dealt("patients", Output.VALUE, features, "progression", rows=bunch.data, answers=bunch.target)


def _dealt(
    name: str,
    output: Output,
    features: tuple[str, ...],
    target: str,
    *,
    rows: NDArray[np.float64],
    answers: NDArray[np.float64],
    shuffled: bool = True,
) -> Table:
    """Set a hold-out aside and say of every other row in which month it arrives."""
    order = np.random.default_rng(_SEED).permutation(len(rows))
    held = order[: round(len(rows) * _HOLD_OUT_SHARE)]
    rest = order[len(held) :] if shuffled else np.sort(order[len(held) :])
    ends = np.linspace(len(rest) * _FIRST_SHARE, len(rest), MONTHS).round()
    months = np.searchsorted(ends, np.arange(len(rest)), side="right")
    sequence = np.concatenate([held, rest])
    arrived = np.concatenate([np.full(len(held), -1), months])
    return Table(name, output, features, target, rows[sequence], answers[sequence].astype(np.float64), arrived)
