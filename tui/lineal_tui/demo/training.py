"""Training: from a recipe, rows and parents to the arrays of a model, with its learning curve reported on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import Ridge as RidgeRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

from lineal_tui.demo.measuring import losses
from lineal_tui.demo.predict import Family, Output, Weights, scores
from lineal_tui.demo.recipes import Boosting, Distill, Finetune, Merge, Network, Prune, Quantize, Recipe, Ridge

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lineal_tui.demo.data import Table

    Tensors = dict[str, NDArray[Any]]
    OnStep = Callable[[int, dict[str, float]], None]
    """Is told the step, from 1, and the metrics after it."""

_CURVE_POINTS = 30
_RIDGE_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def make(recipe: Recipe, table: Table, parents: tuple[Weights, ...], on_step: OnStep) -> Weights:
    """Follow a recipe.

    Args:
        recipe: what to do, hyperparameters and seed included.
        table: rows to train and validate on; the hold-out is never part of it.
        parents: models to start from, as many as the recipe takes; others are left aside.
        on_step: called with each point of the learning curve.

    Returns:
        The trained model. The same recipe, rows and parents give the same one.
    """
    match recipe:
        case Network():
            return _network_from_scratch(recipe, table, on_step)
        case Finetune():
            return _finetuned(recipe, table, parents[0], on_step)
        case Prune():
            return _pruned(recipe, table, parents[0], on_step)
        case Distill():
            return _distilled(recipe, table, parents[0], on_step)
        case Quantize():
            return _quantized(recipe, table, parents[0], on_step)
        case Merge():
            return _merged(table, parents[0], parents[1], on_step)
        case Ridge():
            return _ridge(recipe, table, on_step)
        case Boosting():
            return _boosted(recipe, table, on_step)


def _network_from_scratch(recipe: Network, table: Table, on_step: OnStep) -> Weights:
    training, _ = table.split()
    scaling = _input_scaling(training) | _output_scaling(training)
    return _train(_perceptron(recipe, table.output, recipe.hidden), table, scaling, recipe.epochs, on_step)


def _finetuned(recipe: Finetune, table: Table, start: Weights, on_step: OnStep) -> Weights:
    hidden = tuple(len(start.layer(number)[1]) for number in range(start.layers - 1))
    model = _perceptron(recipe, table.output, hidden)
    return _train(model, table, _scaling_of(start), recipe.epochs, on_step, start=start)


def _pruned(recipe: Prune, table: Table, whole: Weights, on_step: OnStep) -> Weights:
    into, into_bias = whole.layer(0)
    out, out_bias = whole.layer(1)
    strength = np.linalg.norm(into, axis=0) * np.linalg.norm(out, axis=1)
    kept = np.sort(np.argsort(strength, kind="stable")[-recipe.keep :])
    smaller = {
        "layers.0.weight": into[:, kept],
        "layers.0.bias": into_bias[kept],
        "layers.1.weight": out[kept],
        "layers.1.bias": out_bias,
    }
    start = replace(whole, tensors=_scaling_of(whole) | smaller)
    further = Finetune(epochs=recipe.epochs, learning_rate=recipe.learning_rate, seed=recipe.seed)
    return _finetuned(further, table, start, on_step)


def _distilled(recipe: Distill, table: Table, teacher: Weights, on_step: OnStep) -> Weights:
    training, _ = table.split()
    lessons = scores(teacher, training.rows)
    scaling = _input_scaling(training)
    scaling |= {"output.mean": lessons.mean(axis=0), "output.scale": lessons.std(axis=0)}
    scaling = {name: array.astype(np.float32) for name, array in scaling.items()}
    model = _perceptron(recipe, Output.VALUE, recipe.hidden)
    return _train(model, table, scaling, recipe.epochs, on_step, lessons=lessons)


def _quantized(recipe: Quantize, table: Table, exact: Weights, on_step: OnStep) -> Weights:
    tensors = _scaling_of(exact)
    most = 2 ** (recipe.bits - 1) - 1
    for number in range(exact.layers):
        weight, bias = exact.layer(number)
        scale = np.maximum(np.abs(weight).max(axis=0), np.finfo(np.float32).tiny) / most
        tensors[f"layers.{number}.weight"] = np.rint(weight / scale).astype(np.int8)
        tensors[f"layers.{number}.scale"] = scale.astype(np.float32)
        tensors[f"layers.{number}.bias"] = bias
    weights = replace(exact, tensors=tensors)
    on_step(1, losses(weights, table))
    return weights


def _merged(table: Table, first: Weights, second: Weights, on_step: OnStep) -> Weights:
    tensors = {
        name: ((array + second.tensors[name]) / 2).astype(array.dtype) if name.startswith("layers.") else array
        for name, array in first.tensors.items()
    }
    weights = replace(first, tensors=tensors)
    on_step(1, losses(weights, table))
    return weights


def _ridge(recipe: Ridge, table: Table, on_step: OnStep) -> Weights:
    training, _ = table.split()
    scaling = _input_scaling(training)
    inputs = _scaled(training.rows, scaling)
    # A closed form has no epochs: its learning curve is over the share of rows it sees.
    for share in _RIDGE_SHARES:
        seen = round(len(training) * share)
        fitted = RidgeRegression(alpha=recipe.alpha).fit(inputs[:seen], training.answers[:seen])
        tensors = scaling | {
            "layers.0.weight": fitted.coef_.astype(np.float32)[:, None],
            "layers.0.bias": np.array([fitted.intercept_], dtype=np.float32),
        }
        weights = Weights(Family.NETWORK, table.output, table.features, tensors)
        on_step(seen, losses(weights, table))
    return weights


def _boosted(recipe: Boosting, table: Table, on_step: OnStep) -> Weights:
    training, _ = table.split()
    kind = GradientBoostingRegressor if table.output is Output.VALUE else GradientBoostingClassifier
    fitted = kind(
        n_estimators=recipe.trees,
        max_depth=recipe.depth,
        learning_rate=recipe.learning_rate,
        subsample=recipe.subsample,
        random_state=recipe.seed,
    ).fit(training.rows, training.answers)
    start = _start_of(fitted, training)
    every = max(1, recipe.trees // _CURVE_POINTS)
    for trees in range(every, recipe.trees + 1, every):
        weights = _forest(fitted, table, start, trees)
        on_step(trees, losses(weights, table))
    return _forest(fitted, table, start, recipe.trees)


def _perceptron(recipe: Network | Finetune | Distill, output: Output, hidden: tuple[int, ...]) -> Any:
    kind = MLPRegressor if output is Output.VALUE else MLPClassifier
    return kind(
        hidden_layer_sizes=hidden,
        solver=recipe.solver if isinstance(recipe, Network) else "adam",
        alpha=recipe.alpha,
        learning_rate_init=recipe.learning_rate,
        batch_size=recipe.batch_size,
        random_state=recipe.seed,
    )


def _train(
    model: Any,
    table: Table,
    scaling: Tensors,
    epochs: int,
    on_step: OnStep,
    *,
    start: Weights | None = None,
    lessons: NDArray[np.floating] | None = None,
) -> Weights:
    """Train epoch by epoch, on the table's answers or on a teacher's, and report the losses after each."""
    training, _ = table.split()
    inputs = _scaled(training.rows, scaling)
    wanted: NDArray[Any] = training.answers if lessons is None else lessons
    if "output.scale" in scaling:
        wanted = ((wanted - scaling["output.mean"]) / scaling["output.scale"]).astype(np.float32)
        wanted = wanted[:, 0] if wanted.ndim > 1 and wanted.shape[1] == 1 else wanted
    # A model that diverges is an answer of the search, which scikit-learn gives as a ValueError.
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(1, epochs + 1):
            _one_epoch(model, inputs, wanted, table)
            if start is not None and epoch == 1:
                _put_back(model, start)
                _one_epoch(model, inputs, wanted, table)
            weights = _network(model, table, scaling)
            on_step(epoch, losses(weights, table))
    return weights


def _one_epoch(model: Any, inputs: NDArray[np.float32], wanted: NDArray[np.floating], table: Table) -> None:
    if isinstance(model, MLPClassifier):
        classes = 2 if table.output is Output.PROBABILITY else 10
        model.partial_fit(inputs, wanted.astype(np.int64), classes=np.arange(classes))
    else:
        model.partial_fit(inputs, wanted)


def _put_back(model: Any, start: Weights) -> None:
    # scikit-learn allocates its arrays in the first epoch, and Adam keeps hold of them: they are overwritten in place.
    for number in range(start.layers):
        weight, bias = start.layer(number)
        model.coefs_[number][...] = weight
        model.intercepts_[number][...] = bias


def _network(model: Any, table: Table, scaling: Tensors) -> Weights:
    tensors = dict(scaling)
    for number, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        tensors[f"layers.{number}.weight"] = weight.astype(np.float32)
        tensors[f"layers.{number}.bias"] = bias.astype(np.float32)
    return Weights(Family.NETWORK, table.output, table.features, tensors)


def _forest(fitted: Any, table: Table, start: float, trees: int) -> Weights:
    """The first so many trees of a fitted ensemble as arrays (tree x node), padded to the largest tree."""
    grown = [tree.tree_ for tree in fitted.estimators_[:trees, 0]]
    most = max(tree.node_count for tree in grown)

    def padded(name: str, kind: type[np.generic], nothing: float) -> NDArray[Any]:
        whole = np.full((trees, most), nothing, dtype=kind)
        for row, tree in zip(whole, grown, strict=True):
            row[: tree.node_count] = getattr(tree, name).reshape(tree.node_count)
        return whole

    tensors = {
        "trees.feature": np.maximum(padded("feature", np.int32, 0), 0),
        "trees.threshold": padded("threshold", np.float64, 0.0),
        "trees.left": padded("children_left", np.int32, -1),
        "trees.right": padded("children_right", np.int32, -1),
        "trees.value": padded("value", np.float64, 0.0) * fitted.learning_rate,
        "trees.start": np.array([start]),
    }
    return Weights(Family.TREES, table.output, table.features, tensors)


def _start_of(fitted: Any, training: Table) -> float:
    """What the ensemble says before its first tree: the mean, or the log-odds of the second class."""
    mean = float(training.answers.mean())
    return mean if isinstance(fitted, GradientBoostingRegressor) else float(np.log(mean / (1 - mean)))


def _input_scaling(training: Table) -> Tensors:
    spread = training.rows.std(axis=0)
    spread[spread == 0] = 1.0
    return {"input.mean": training.rows.mean(axis=0).astype(np.float32), "input.scale": spread.astype(np.float32)}


def _output_scaling(training: Table) -> Tensors:
    if training.output is not Output.VALUE:
        return {}
    found = {"output.mean": training.answers.mean(), "output.scale": training.answers.std()}
    return {name: np.array([value], dtype=np.float32) for name, value in found.items()}


def _scaling_of(weights: Weights) -> Tensors:
    return {name: array for name, array in weights.tensors.items() if name.startswith(("input.", "output."))}


def _scaled(rows: NDArray[np.float64], scaling: Tensors) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = ((rows - scaling["input.mean"]) / scaling["input.scale"]).astype(np.float32)
    return scaled
