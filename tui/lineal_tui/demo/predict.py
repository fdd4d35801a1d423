"""The demo's models as plain arrays: saved as safetensors, loaded and asked for predictions with numpy alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from lineal.errors import BadFormat

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Floats = NDArray[np.floating]


class Family(StrEnum):
    """What the arrays of a model are."""

    NETWORK = "network"
    """Dense layers; without a hidden one it is a linear model."""
    TREES = "trees"
    """A sum of regression trees."""


class Output(StrEnum):
    """What the last sum of a model means."""

    VALUE = "value"
    """A number in the target's unit."""
    PROBABILITY = "probability"
    """Log-odds of the second of two classes."""
    PROBABILITIES = "probabilities"
    """Logits, one for each class."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained model: how to read its arrays, and the arrays."""

    family: Family
    output: Output
    features: tuple[str, ...]
    """Names of the input columns, in the order of the rows' columns."""
    tensors: dict[str, Array]
    """By name: `input.mean`, `input.scale`, `layers.N.weight` (inputs x outputs), `trees.*` (tree x node), ..."""

    @property
    def layers(self) -> int:
        """How many dense layers it has; 0 for trees."""
        return sum(name.endswith(".weight") for name in self.tensors)

    def layer(self, number: int) -> tuple[Floats, Floats]:
        """Weight and bias of a dense layer, from 0; integer weights are multiplied by their scales."""
        weight = self.tensors[f"layers.{number}.weight"]
        if weight.dtype.kind == "i":
            weight = weight * self.tensors[f"layers.{number}.scale"]
        return weight, self.tensors[f"layers.{number}.bias"]


def save(weights: Weights, path: Path) -> None:
    """Write the arrays as a safetensors file; the same weights always give the same bytes."""
    about = {"family": weights.family.value, "output": weights.output.value, "features": weights.features}
    tensors = {name: np.ascontiguousarray(array) for name, array in weights.tensors.items()}
    # One key only: safetensors writes several in an order that changes from one call to the next.
    save_file(tensors, path, metadata={"model": json.dumps(about, sort_keys=True)})


def load(path: Path) -> Weights:
    """Read what `save` wrote.

    Raises:
        BadFormat: the file is not safetensors, or not one of the demo's models.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})["model"])
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
            return Weights(Family(about["family"]), Output(about["output"]), tuple(about["features"]), tensors)
    except (SafetensorError, KeyError, ValueError) as error:
        raise BadFormat(path=path, format="demo model", why=error) from error


def predict(weights: Weights, rows: Floats) -> Floats:
    """What the model says of each row.

    Args:
        weights: the model.
        rows: (rows, features), raw figures in the order of `weights.features`.

    Returns:
        (rows,) values in the target's unit or probabilities of the second class, or (rows, classes) probabilities.
    """
    raw = scores(weights, rows)
    if weights.output is Output.PROBABILITY:
        return sigmoid(raw[:, 0])
    if weights.output is Output.PROBABILITIES:
        return softmax(raw)
    return raw[:, 0]


def scores(weights: Weights, rows: Floats) -> Floats:
    """What comes before the link: (rows, outputs) values, log-odds or logits."""
    return _tree_sums(weights, rows) if weights.family is Family.TREES else _activations(weights, rows)


def sigmoid(log_odds: Floats) -> Floats:
    """Probabilities from log-odds, without overflow at either end."""
    small = np.exp(-np.abs(log_odds))
    answer: Floats = np.where(log_odds >= 0, 1 / (1 + small), small / (1 + small))
    return answer


def softmax(logits: Floats) -> Floats:
    """Probabilities from (rows, classes) logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    answer: Floats = powers / powers.sum(axis=1, keepdims=True)
    return answer


def _activations(weights: Weights, rows: Floats) -> Floats:
    tensors = weights.tensors
    signal: Floats = ((rows - tensors["input.mean"]) / tensors["input.scale"]).astype(np.float32)
    for number in range(weights.layers):
        weight, bias = weights.layer(number)
        signal = signal @ weight + bias
        if number < weights.layers - 1:
            signal = np.maximum(signal, 0)
    if "output.scale" in tensors:
        signal = signal * tensors["output.scale"] + tensors["output.mean"]
    return signal


def _tree_sums(weights: Weights, rows: Floats) -> Floats:
    tensors = weights.tensors
    feature, threshold = tensors["trees.feature"], tensors["trees.threshold"]
    left, right, value = tensors["trees.left"], tensors["trees.right"], tensors["trees.value"]
    # scikit-learn compares 32-bit inputs with 64-bit thresholds; anything else sends rows on the border elsewhere.
    inputs = rows.astype(np.float32)
    each_row, each_tree = np.arange(len(inputs))[:, None], np.arange(len(feature))[None, :]
    node = np.zeros((len(inputs), len(feature)), dtype=np.int64)
    while (inner := left[each_tree, node] >= 0).any():
        goes_left = inputs[each_row, feature[each_tree, node]] <= threshold[each_tree, node]
        child = np.where(goes_left, left[each_tree, node], right[each_tree, node])
        node = np.where(inner, child, node)
    total: Floats = value[each_tree, node].sum(axis=1, keepdims=True) + tensors["trees.start"]
    return total
