"""MLflow's own filter strings find what MLflow means by them: a comparison holds only for what has the field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.importers.stores import Store

    from lineal.records.imports import Imported
    from lineal.registry import Registry

METRIC = "EXISTS (SELECT 1 FROM latest_metrics m WHERE m.run_uuid = r.run_uuid AND m.key = '{}' AND m.value {})"
PARAM = "EXISTS (SELECT 1 FROM params p WHERE p.run_uuid = r.run_uuid AND p.key = '{}' AND p.value {})"
TAG = "EXISTS (SELECT 1 FROM tags t WHERE t.run_uuid = r.run_uuid AND t.key = '{}' AND t.value {})"
INPUT = (
    "EXISTS (SELECT 1 FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id "
    "WHERE i.destination_id = r.run_uuid AND d.{})"
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("metrics.val_accuracy > 0.92", METRIC.format("val_accuracy", "> 0.92")),
        ("metric.val_accuracy >= 0.5", METRIC.format("val_accuracy", ">= 0.5")),
        ("metrics.`val auc` != 1", METRIC.format("val auc", "<> 1")),
        ('metrics."val auc" < .9', METRIC.format("val auc", "< 0.9")),
        ("metrics.rmse <= 5.6e1", METRIC.format("rmse", "<= 56")),
        ("metrics.train_loss = -1", METRIC.format("train_loss", "= -1")),
        ('params.optimizer = "adam"', PARAM.format("optimizer", "= 'adam'")),
        ("params.hidden = '16'", PARAM.format("hidden", "= '16'")),
        ("params.hidden != '16'", PARAM.format("hidden", "<> '16'")),
        ("parameters.alpha = '1e-05'", PARAM.format("alpha", "= '1e-05'")),
        ("param.learning_rate LIKE '0.00%'", PARAM.format("learning_rate", "LIKE '0.00%'")),
        ("params.optimizer ILIKE 'ADA%'", PARAM.format("optimizer", "LIKE 'ada%'")),
        ("params.seed IN ('0', '2')", PARAM.format("seed", "IN ('0', '2')")),
        ("tags.team = 'risk'", TAG.format("team", "= 'risk'")),
        ("tag.team != 'risk'", TAG.format("team", "<> 'risk'")),
        ("tags.`data version` = '2026-02'", TAG.format("data version", "= '2026-02'")),
        ('tags."data version" LIKE "2026-0%"', TAG.format("data version", "LIKE '2026-0%'")),
        ("attributes.status = 'FINISHED'", "r.status = 'FINISHED'"),
        ("attribute.status != 'FAILED'", "r.status <> 'FAILED'"),
        ("status = 'FAILED'", "r.status = 'FAILED'"),
        ("attributes.run_name LIKE 'trial%'", "r.name LIKE 'trial%'"),
        ("run_name = 'trial 1'", "r.name = 'trial 1'"),
        ("attributes.`run name` ILIKE 'RIDGE%'", "r.name LIKE 'ridge%'"),
        ('attr.user_id = "root"', "r.user_id = 'root'"),
        ("attributes.start_time > 1795424060000", "r.start_time > 1795424060000"),
        ("attributes.end_time <= 1795424060000", "r.end_time <= 1795424060000"),
        ("dataset.name = 'digits'", INPUT.format("name = 'digits'")),
        ("datasets.name LIKE '%wine%'", INPUT.format("name LIKE '%wine%'")),
        ("dataset.name IN ('digits', 'breast cancer')", INPUT.format("name IN ('digits', 'breast cancer')")),
        (
            'params.optimizer = "adam" and params.learning_rate = "0.001" and metrics.val_loss <= 0.5',
            " AND ".join(
                (
                    PARAM.format("optimizer", "= 'adam'"),
                    PARAM.format("learning_rate", "= '0.001'"),
                    METRIC.format("val_loss", "<= 0.5"),
                )
            ),
        ),
        (
            "metrics.val_accuracy > 0.5 AND attributes.status = 'FINISHED' AND tags.team = 'risk'",
            " AND ".join(
                (METRIC.format("val_accuracy", "> 0.5"), "r.status = 'FINISHED'", TAG.format("team", "= 'risk'"))
            ),
        ),
        (
            "metrics.val_accuracy > 0.9 OR params.alpha = '0.1'",
            f"{METRIC.format('val_accuracy', '> 0.9')} OR {PARAM.format('alpha', chr(61) + chr(39) + '0.1' + chr(39))}",
        ),
    ],
)
def test_a_filter_string_of_mlflow_finds_the_same_runs(
    brought: tuple[Registry, Imported, Store], text: str, meant: str
) -> None:
    registry, _, store = brought
    theirs = store.sql(f"SELECT r.name FROM runs r WHERE {meant}")  # noqa: S608
    assert sorted(run.name for run in registry.search_runs(text)) == sorted(row[0] for row in theirs)


@pytest.mark.parametrize(
    "order", ["metrics.val_accuracy DESC", "attributes.start_time ASC", "params.`hidden`", "tags.team"]
)
def test_an_order_of_mlflow_is_understood(brought: tuple[Registry, Imported, Store], order: str) -> None:
    registry, _, store = brought
    count = store.sql("SELECT count(*) FROM runs")[0][0]
    assert len(registry.search_runs(sort=order)) == count


def test_negation_over_a_missing_metric_finds_nothing(brought: tuple[Registry, Imported, Store]) -> None:
    registry, _, store = brought
    below = METRIC.format("rmse", "<= 56")
    theirs = store.sql(f"SELECT r.name FROM runs r WHERE {below}")  # noqa: S608
    assert sorted(run.name for run in registry.search_runs("NOT metrics.rmse > 56")) == sorted(row[0] for row in theirs)
