"""The disease-progression regressor's year: trees that learned their patients by heart give way to what came before."""

from __future__ import annotations

from lineal.records.models import Relation
from lineal_tui.demo.calendar import When
from lineal_tui.demo.data import patients
from lineal_tui.demo.recipes import Boosting, Distill, Finetune, Network, Prune, Ridge
from lineal_tui.demo.script import Clearing, Promotion, Rollback, Search, Story, Training

_FIRST_VISIT = ("age", "sex", "bmi", "bp")

_SCENES = (
    Training(When(0, 3, 9), "first", Ridge(alpha=1.0), "priya", "Ridge regression: what a straight line can do."),
    Promotion(When(0, 3, 13), "first", "staging", "priya", "first model that exists"),
    Promotion(When(0, 8, 9), "first", "production", "ines", "mae {first[mae]:.1f} on the hold-out; a ruler gives more"),
    Training(
        When(1, 3, 9),
        "second",
        Ridge(alpha=1.0),
        "priya",
        "Same recipe, another month of patients.",
        parents=("first",),
        relation=Relation.RETRAIN,
    ),
    Training(
        When(2, 3, 9),
        "third",
        Ridge(alpha=10.0),
        "priya",
        "A stronger penalty: columns s1 to s4 say much the same.",
        parents=("second",),
        relation=Relation.RETRAIN,
    ),
    Promotion(When(2, 4, 9), "third", "staging", "priya", "rmse {third[rmse]:.1f}, {first[rmse]:.1f} live"),
    Promotion(When(2, 10, 9), "third", "production", "ines", "r2 {third[r2]:.3f}, {first[r2]:.3f} live"),
    Training(
        When(3, 3, 10),
        "boosted",
        Boosting(trees=60, depth=2, subsample=0.7),
        "priya",
        "Boosted trees, for the bends.",
        parents=("third",),
        relation=Relation.RETRAIN,
    ),
    Search(
        When(4, 4, 18),
        "searched",
        (
            Boosting(trees=120, depth=1, learning_rate=0.1, subsample=0.5),
            Boosting(trees=120, depth=2, learning_rate=0.05, subsample=0.5),
            Boosting(trees=240, depth=2, learning_rate=0.02, subsample=0.5),
            Boosting(trees=120, depth=3, learning_rate=0.05, subsample=0.5),
            Boosting(trees=120, depth=3, learning_rate=0.1),
            Network(hidden=(16,), learning_rate=3.0, solver="sgd"),
        ),
        "priya",
        "Best validation loss of the search; the hold-out had no say in the choice.",
        parents=("boosted",),
        relation=Relation.RETRAIN,
    ),
    Promotion(
        When(4, 6, 9), "searched", "staging", "priya", "val_loss {searched[val_loss]:.1f}, the lowest of the search"
    ),
    Clearing(
        When(4, 12, 9),
        "staging",
        "priya",
        "mae {searched[mae]:.1f} on the hold-out, {third[mae]:.1f} live: not going on",
    ),
    Training(
        When(5, 3, 10),
        "network",
        Network(hidden=(16,), epochs=60, alpha=1.0),
        "priya",
        "A small network, well held back.",
        parents=("third",),
        relation=Relation.RETRAIN,
    ),
    Promotion(When(5, 4, 9), "network", "staging", "priya", "rmse {network[rmse]:.1f}, {third[rmse]:.1f} live"),
    Promotion(When(5, 11, 9), "network", "production", "ines", "r2 {network[r2]:.3f}, {third[r2]:.3f} live"),
    Training(
        When(6, 2, 9),
        "deep",
        Boosting(trees=400, depth=8),
        "marek",
        "Deeper trees and more of them, until nothing is left over.",
        parents=("searched",),
        relation=Relation.RETRAIN,
    ),
    Promotion(When(6, 2, 14), "deep", "staging", "marek", "train_loss {deep[train_loss]:.2f}: fits every patient"),
    Promotion(
        When(6, 3, 17, 40),
        "deep",
        "production",
        "marek",
        "train_loss {deep[train_loss]:.2f}, was {network[train_loss]:.1f}",
    ),
    Rollback(
        When(6, 7, 22, 5),
        "production",
        "tomas",
        "mae {deep[mae]:.1f} on the hold-out, {network[mae]:.1f} before: learned its patients by heart",
        bad=True,
    ),
    Promotion(When(6, 8, 9), "network", "staging", "priya", "staging back to what production runs"),
    Training(
        When(7, 3, 9),
        "tuned",
        Finetune(epochs=20, learning_rate=0.001, alpha=1.0),
        "priya",
        "Trained further on two more months of patients.",
        parents=("network",),
        relation=Relation.FINETUNE,
    ),
    Promotion(
        When(7, 4, 9),
        "tuned",
        "staging",
        "priya",
        "rmse {tuned[rmse]:.1f}, {network[rmse]:.1f} live; two more months of data",
    ),
    Promotion(When(7, 12, 9), "tuned", "production", "ines", "mae {tuned[mae]:.1f} on the hold-out"),
    Training(
        When(8, 3, 9),
        "pruned",
        Prune(keep=8),
        "priya",
        "The 8 strongest of 16 hidden units.",
        parents=("tuned",),
        relation=Relation.PRUNE,
    ),
    Training(
        When(9, 3, 10),
        "stumps",
        Boosting(trees=160, depth=1, learning_rate=0.08, subsample=0.6),
        "marek",
        "Trees of one question each: a sum of steps that can be read.",
        parents=("searched",),
        relation=Relation.RETRAIN,
    ),
    Training(
        When(9, 9, 14),
        "pupil",
        Distill(hidden=(8,)),
        "marek",
        "A smooth curve through the stumps' steps.",
        parents=("stumps",),
        relation=Relation.DISTILL,
    ),
    Training(
        When(10, 4, 11),
        "visit",
        Ridge(alpha=10.0),
        "priya",
        "Only what is known at the first visit, no blood values. Another signature, so a major version.",
        parents=("third",),
        relation=Relation.RETRAIN,
        purpose="a first guess before the laboratory answers",
        features=_FIRST_VISIT,
    ),
    Promotion(
        When(10, 6, 9),
        "visit",
        "staging",
        "priya",
        "mae {visit[mae]:.1f} without blood values, {tuned[mae]:.1f} with them",
    ),
    Training(
        When(11, 2, 9),
        "latest",
        Network(hidden=(16,), epochs=60, alpha=1.0),
        "priya",
        "From scratch on every patient so far.",
        parents=("tuned",),
        relation=Relation.RETRAIN,
    ),
    Promotion(When(11, 3, 9), "latest", "staging", "priya", "rmse {latest[rmse]:.1f}, {tuned[rmse]:.1f} live"),
    Promotion(
        When(11, 13, 9), "latest", "production", "ines", "ten days in staging; mae {latest[mae]:.1f} on the hold-out"
    ),
    Training(
        When(11, 17, 15),
        "straight",
        Ridge(alpha=10.0),
        "marek",
        "The straight line again, on everything, to know what the network adds.",
        parents=("third",),
        relation=Relation.RETRAIN,
    ),
)

STORY = Story(
    model="disease-progression",
    experiment="disease-progression",
    table=patients,
    data_purpose="ten measures at a diabetes patient's first visit, and the disease's progression a year later",
    owner="priya",
    purpose="foretells how far diabetes will have come in a year",
    primary_metric="mae",
    tolerances={"mae": 0.3, "rmse": 0.3, "r2": 0.005},
    team="outpatients",
    scenes=_SCENES,
)
