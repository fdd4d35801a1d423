from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import Ridge as RidgeRegression
from sklearn.neural_network import MLPClassifier

from lineal.errors import BadFormat
from lineal_tui.demo.calendar import LAST_DAY, MONTHS, Calendar, When
from lineal_tui.demo.data import digits, patients, tumours
from lineal_tui.demo.measuring import measure
from lineal_tui.demo.predict import Weights, load, predict, save
from lineal_tui.demo.recipes import Boosting, Distill, Finetune, Merge, Network, Prune, Quantize, Recipe, Ridge
from lineal_tui.demo.training import make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lineal_tui.demo.data import Table

SHORT = Network(hidden=(12,), epochs=3)


def made(recipe: Recipe, table: Table, *parents: Weights) -> Weights:
    return make(recipe, table, parents, lambda _step, _point: None)


def noted_in(curve: list[tuple[int, dict[str, float]]]) -> Callable[[int, dict[str, float]], None]:
    return lambda step, point: curve.append((step, point))


def scaled(table: Table) -> tuple[np.ndarray, np.ndarray]:
    training, _ = table.split()
    mean, scale = training.rows.mean(axis=0).astype(np.float32), training.rows.std(axis=0).astype(np.float32)
    scale[scale == 0] = 1
    return ((training.rows - mean) / scale).astype(np.float32), ((table.rows - mean) / scale).astype(np.float32)


@pytest.mark.parametrize(
    ("recipe", "parents"),
    [
        (SHORT, 0),
        (Finetune(epochs=2), 1),
        (Prune(keep=4, epochs=2), 1),
        (Distill(hidden=(4,), epochs=2), 1),
        (Quantize(bits=8), 1),
        (Merge(), 2),
        (Boosting(trees=5, subsample=0.5), 0),
    ],
    ids=lambda value: type(value).__name__.lower() if not isinstance(value, int) else str(value),
)
def test_the_same_recipe_rows_and_parents_give_the_same_bytes_and_figures(
    recipe: Recipe, parents: int, tmp_path: Path
) -> None:
    table = tumours().until(0)
    known = [made(Network(hidden=(12,), epochs=2, seed=seed), table) for seed in range(parents)]
    paths = [tmp_path / "one", tmp_path / "two"]
    curves: list[list[tuple[int, dict[str, float]]]] = [[], []]
    for path, curve in zip(paths, curves, strict=True):
        save(make(recipe, table, tuple(known), noted_in(curve)), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert curves[0] == curves[1]
    assert curves[0]


def test_a_saved_network_says_what_scikit_learn_says(tmp_path: Path) -> None:
    table = digits().until(0)
    training, _ = table.split()
    theirs = MLPClassifier(
        hidden_layer_sizes=(12,),
        alpha=SHORT.alpha,
        learning_rate_init=SHORT.learning_rate,
        batch_size=32,
        random_state=0,
    )
    inputs, everything = scaled(table)
    for _ in range(SHORT.epochs):
        theirs.partial_fit(inputs, training.answers.astype(int), classes=np.arange(10))
    save(made(SHORT, table), tmp_path / "model.safetensors")
    ours = predict(load(tmp_path / "model.safetensors"), table.rows)
    np.testing.assert_allclose(ours, theirs.predict_proba(everything), atol=1e-5)


def test_saved_trees_say_what_scikit_learn_says(tmp_path: Path) -> None:
    for table, kind in ((tumours(), GradientBoostingClassifier), (patients(), GradientBoostingRegressor)):
        training, _ = table.until(3).split()
        theirs = kind(n_estimators=20, max_depth=4, learning_rate=0.1, subsample=0.7, random_state=5)
        theirs.fit(training.rows, training.answers)
        recipe = Boosting(trees=20, depth=4, learning_rate=0.1, subsample=0.7, seed=5)
        save(made(recipe, table.until(3)), tmp_path / "model.safetensors")
        ours = predict(load(tmp_path / "model.safetensors"), table.rows)
        wanted = (
            theirs.predict_proba(table.rows)[:, 1] if hasattr(theirs, "predict_proba") else theirs.predict(table.rows)
        )
        np.testing.assert_allclose(ours, wanted, rtol=1e-9)


def test_a_saved_ridge_regression_says_what_scikit_learn_says(tmp_path: Path) -> None:
    table = patients().until(5)
    training, _ = table.split()
    inputs, everything = scaled(table)
    theirs = RidgeRegression(alpha=10.0).fit(inputs, training.answers)
    save(made(Ridge(alpha=10.0), table), tmp_path / "model.safetensors")
    ours = predict(load(tmp_path / "model.safetensors"), table.rows)
    np.testing.assert_allclose(ours, theirs.predict(everything), rtol=1e-4)


def test_finetuning_starts_where_the_parent_stands() -> None:
    table = tumours().until(2)
    parent = made(Network(hidden=(12,), epochs=20), table)
    training, _ = table.split()
    gently = made(Finetune(epochs=1, learning_rate=1e-9), table, parent)
    np.testing.assert_allclose(predict(gently, training.rows), predict(parent, training.rows), atol=1e-4)


def test_pruning_leaves_fewer_units_and_quantizing_leaves_integers() -> None:
    table = tumours().until(2)
    parent = made(SHORT, table)
    assert made(Prune(keep=4, epochs=1), table, parent).tensors["layers.0.weight"].shape == (30, 4)
    whole = made(Quantize(bits=4), table, parent).tensors["layers.0.weight"]
    assert whole.dtype == np.int8
    assert np.abs(whole).max() == 7


def test_training_that_diverges_fails() -> None:
    with pytest.raises(ValueError, match="non-finite"):
        made(Network(hidden=(16,), learning_rate=3.0, solver="sgd"), patients().until(3))


def test_a_file_that_is_no_model_is_named_and_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"\x80\x04\x95 a pickle, or something")
    with pytest.raises(BadFormat, match=r"model\.safetensors is no valid demo model"):
        load(path)


def test_a_model_file_is_a_header_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save(made(SHORT, tumours().until(0)), path)
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    del header["__metadata__"]
    assert max(end for entry in header.values() for end in [entry["data_offsets"][1]]) == len(content) - 8 - size


@pytest.mark.parametrize("table", [tumours(), digits(), patients()], ids=lambda table: table.name)
def test_data_only_grows_and_the_hold_out_stays_out(table: Table) -> None:
    held = {row.tobytes() for row in table.hold_out().rows}
    before: list[bytes] = []
    for month in range(MONTHS):
        now = [row.tobytes() for row in table.until(month).rows]
        assert now[: len(before)] == before
        assert len(now) > len(before)
        assert not held & set(now)
        before = now
    assert len(before) + len(table.hold_out()) == len(table)


def test_a_row_stays_on_its_side_of_the_split_as_more_arrive() -> None:
    table = tumours()
    for early, late in zip(table.until(1).split(), table.until(8).split(), strict=True):
        np.testing.assert_array_equal(late.rows[: len(early)], early.rows)


def test_a_table_written_is_the_table_that_is_trained_on(tmp_path: Path) -> None:
    table = patients().until(0)
    table.write(tmp_path / "patients.csv")
    header, *lines = (tmp_path / "patients.csv").read_text().splitlines()
    assert header.split(",") == [*table.features, "progression"]
    read = np.array([[float(word) for word in line.split(",")] for line in lines])
    np.testing.assert_array_equal(read, np.column_stack([table.rows, table.answers]))


@pytest.mark.parametrize("epochs", [1, 12])
def test_figures_are_those_of_scikit_learn(epochs: int) -> None:
    two, many, values = tumours().until(3), digits().until(1), patients().until(11)
    model = made(Network(hidden=(6,), epochs=epochs), two)
    said = predict(model, two.rows).astype(np.float64)
    assert measure(model, two) == pytest.approx(
        {
            "auc": sklearn.metrics.roc_auc_score(two.answers, said),
            "recall": sklearn.metrics.recall_score(two.answers, said >= 0.5),
            "accuracy": sklearn.metrics.accuracy_score(two.answers, said >= 0.5),
            "log_loss": sklearn.metrics.log_loss(two.answers, said, labels=[0, 1]),
        },
        rel=1e-9,
    )
    model = made(Network(hidden=(6,), epochs=epochs), many)
    shares = predict(model, many.rows).astype(np.float64)
    assert measure(model, many) == pytest.approx(
        {
            "accuracy": sklearn.metrics.accuracy_score(many.answers, shares.argmax(axis=1)),
            "macro_f1": sklearn.metrics.f1_score(many.answers, shares.argmax(axis=1), average="macro"),
            "log_loss": sklearn.metrics.log_loss(
                many.answers, shares / shares.sum(axis=1, keepdims=True), labels=np.arange(10)
            ),
        },
        rel=1e-9,
    )
    model = made(Network(hidden=(6,), epochs=epochs), values)
    answer = predict(model, values.rows)
    assert measure(model, values) == pytest.approx(
        {
            "mae": sklearn.metrics.mean_absolute_error(values.answers, answer),
            "rmse": sklearn.metrics.root_mean_squared_error(values.answers, answer),
            "r2": sklearn.metrics.r2_score(values.answers, answer),
        },
        rel=1e-9,
    )
    assert measure(model, values, only=("mae",)).keys() == {"mae"}


def test_trees_that_say_the_same_of_many_rows_are_ranked_as_scikit_learn_does() -> None:
    table = tumours().until(5)
    model = made(Boosting(trees=1, depth=2, subsample=1.0), table)
    said = predict(model, table.rows)
    assert len(set(said.tolist())) < 8
    assert measure(model, table)["auc"] == pytest.approx(sklearn.metrics.roc_auc_score(table.answers, said), rel=1e-9)


def test_errors_are_measured_in_the_unit_of_the_target() -> None:
    table = patients().until(11)
    model = made(Ridge(), table)
    off = predict(model, table.rows) - table.answers
    found = measure(model, table)
    assert found["mae"] == pytest.approx(np.abs(off).mean())
    assert found["rmse"] == pytest.approx(np.sqrt((off**2).mean()))
    assert found["r2"] == pytest.approx(1 - (off**2).mean() / table.answers.var())


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_calendar_covers_a_year_that_ends_yesterday(today: datetime) -> None:
    calendar = Calendar(today)
    labels = [calendar.label(month) for month in range(MONTHS)]
    assert labels == sorted(set(labels))
    last = datetime.fromtimestamp(calendar.moment(When(MONTHS - 1, LAST_DAY, 23, 59)) / 1e6, UTC)
    assert last < today
    assert (today - last).days <= 4
    for month in range(MONTHS - 1):
        assert calendar.moment(When(month, LAST_DAY, 23, 59)) < calendar.moment(When(month + 1, 0, 0))


def test_the_calendar_never_runs_back() -> None:
    calendar = Calendar(datetime(2026, 11, 23, tzinfo=UTC))
    calendar.set(When(3, 4))
    later = calendar()
    calendar.set(When(2, 0))
    assert calendar() >= later
