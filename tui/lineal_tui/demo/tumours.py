"""The tumour classifier's year: a regularised release with fine curves misses tumours and is rolled back at night."""

from __future__ import annotations

from lineal.records.models import Relation
from lineal_tui.demo.calendar import When
from lineal_tui.demo.data import tumours
from lineal_tui.demo.recipes import Boosting, Distill, Finetune, Network, Prune, Quantize
from lineal_tui.demo.script import Promotion, Rollback, Search, Story, Training
from lineal_tui.demo.serving import DRILL

_MEANS = tuple(
    f"mean_{measure}"
    for measure in (
        "radius",
        "texture",
        "perimeter",
        "area",
        "smoothness",
        "compactness",
        "concavity",
        "concave_points",
        "symmetry",
        "fractal_dimension",
    )
)

_SCENES = (
    Training(When(0, 2, 10), "first", Network(), "mara", "Logistic regression: something to be better than."),
    Promotion(When(0, 2, 15), "first", "staging", "mara", "first model that exists"),
    Promotion(
        When(0, 6, 9, 30),
        "first",
        "production",
        "ines",
        "auc {first[auc]:.3f} on the hold-out; reviewed with pathology",
    ),
    Training(
        When(1, 2, 10),
        "second",
        Network(),
        "mara",
        "Same recipe, another month of biopsies.",
        parents=("first",),
        relation=Relation.RETRAIN,
    ),
    Promotion(
        When(1, 3, 11), "second", "staging", "mara", "log_loss {second[log_loss]:.3f} against {first[log_loss]:.3f}"
    ),
    Training(
        When(2, 3, 9, 40),
        "third",
        Network(),
        "mara",
        "Same recipe, another month of biopsies.",
        parents=("second",),
        relation=Relation.RETRAIN,
    ),
    Promotion(When(2, 3, 16), "third", "staging", "mara", "newest data"),
    Promotion(
        When(2, 9, 10), "third", "production", "ines", "auc {third[auc]:.3f} on the hold-out, {first[auc]:.3f} live"
    ),
    Training(
        When(3, 4, 14),
        "hidden",
        Network(hidden=(16,), alpha=0.001),
        "mara",
        "One hidden layer of 16 units: does the linear model leave anything on the table?",
        parents=("third",),
        relation=Relation.RETRAIN,
    ),
    Promotion(
        When(3, 5, 10), "hidden", "staging", "mara", "recall {hidden[recall]:.3f}, {third[recall]:.3f} in production"
    ),
    Promotion(
        When(3, 11, 9), "hidden", "production", "ines", "a week in staging; auc {hidden[auc]:.3f} on the hold-out"
    ),
    Search(
        When(4, 3, 18),
        "searched",
        (
            Network(hidden=(8,), alpha=0.001, seed=1),
            Network(hidden=(16,), alpha=0.001, seed=1),
            Network(hidden=(32,), alpha=0.001, seed=1),
            Network(hidden=(16,), alpha=0.1, seed=1),
            Network(hidden=(16, 8), alpha=0.001, seed=1),
            Network(hidden=(32,), alpha=0.1, learning_rate=0.01, seed=1),
        ),
        "mara",
        "Best validation loss of six networks; the hold-out had no say in the choice.",
        parents=("hidden",),
        relation=Relation.RETRAIN,
    ),
    Promotion(
        When(4, 5, 10), "searched", "staging", "mara", "val_loss {searched[val_loss]:.3f}, the lowest of the search"
    ),
    Training(
        When(5, 5, 11),
        "boosted",
        Boosting(),
        "ines",
        "Boosted trees on the same columns, to see what another kind of model makes of them.",
        parents=("third",),
        relation=Relation.RETRAIN,
    ),
    Training(
        When(6, 2, 10),
        "tuned",
        Finetune(epochs=20),
        "mara",
        "Trained further from where the searched network stood.",
        parents=("searched",),
        relation=Relation.FINETUNE,
    ),
    Promotion(When(6, 2, 15), "tuned", "staging", "mara", "auc {tuned[auc]:.3f}, {hidden[auc]:.3f} in production"),
    Promotion(
        When(6, 8, 9), "tuned", "production", "ines", "log_loss {tuned[log_loss]:.3f} on two more months of data"
    ),
    Training(
        When(7, 2, 10),
        "calm",
        Network(alpha=30.0),
        "mara",
        "Linear again with a strong penalty, so that probabilities are less extreme and weights easier to explain.",
        parents=("third",),
        relation=Relation.RETRAIN,
    ),
    Promotion(When(7, 3, 9), "calm", "staging", "mara", "val_auc {calm[val_auc]:.3f}: ranks as well as the networks"),
    Promotion(
        When(7, 6, 16, 30),
        "calm",
        "production",
        "mara",
        "val_auc {calm[val_auc]:.3f}, and the weights can be explained",
    ),
    Rollback(
        When(7, 9, 2, 53),
        "production",
        "tomas",
        "misses tumours: recall {calm[recall]:.3f} on the hold-out, {tuned[recall]:.3f} before",
        bad=True,
    ),
    Promotion(When(7, 9, 8, 30), "tuned", "staging", "ines", "staging back to what production runs"),
    Training(
        When(8, 3, 10),
        "fresh",
        Network(hidden=(32,), alpha=0.001),
        "mara",
        "From scratch on everything that has arrived; the recall at one half is in the report from now on.",
        parents=("tuned",),
        relation=Relation.RETRAIN,
    ),
    Promotion(
        When(8, 4, 10), "fresh", "staging", "mara", "recall {fresh[recall]:.3f}, {tuned[recall]:.3f} in production"
    ),
    Promotion(
        When(8, 12, 9),
        "fresh",
        "production",
        "ines",
        "recall {fresh[recall]:.3f} and auc {fresh[auc]:.3f} on the hold-out",
    ),
    Training(
        When(8, 14, 13),
        "pruned",
        Prune(keep=12),
        "mara",
        "12 of 32 hidden units kept, for the analyser in the clinic.",
        parents=("fresh",),
        relation=Relation.PRUNE,
        purpose="runs on the analyser in the clinic",
    ),
    Training(
        When(9, 3, 15),
        "pupil",
        Distill(hidden=(8,)),
        "ines",
        "A small network taught by the boosted trees.",
        parents=("boosted",),
        relation=Relation.DISTILL,
        purpose="the boosted trees' answers from a small network",
    ),
    Training(
        When(10, 2, 11),
        "regrown",
        Boosting(trees=150, depth=2, subsample=0.8),
        "ines",
        "Shallower trees, each on a sample of the rows.",
        parents=("boosted",),
        relation=Relation.RETRAIN,
    ),
    Training(
        When(10, 5, 14),
        "means",
        Network(hidden=(12,), alpha=0.001),
        "mara",
        "Only the ten mean measures: the older scanners give no others. Another signature, so a major version.",
        parents=("fresh",),
        relation=Relation.RETRAIN,
        purpose="clinics with older scanners",
        features=_MEANS,
    ),
    Training(
        When(11, 3, 10),
        "latest",
        Finetune(epochs=20),
        "mara",
        "Trained further on three more months of biopsies.",
        parents=("fresh",),
        relation=Relation.FINETUNE,
    ),
    Promotion(
        When(11, 4, 9),
        "latest",
        "staging",
        "mara",
        "log_loss {latest[log_loss]:.3f}, {fresh[log_loss]:.3f} in production",
    ),
    Promotion(
        When(11, 12, 9, 30),
        "latest",
        "production",
        "ines",
        "a week in staging; recall {latest[recall]:.3f} on the hold-out",
    ),
    Training(
        When(11, 16, 14),
        "numb",
        Network(alpha=3000.0),
        "tomas",
        "For drills: a penalty a hundred times that of the release which missed tumours. It calls next to everything "
        "benign (recall {numb[recall]:.3f}, {latest[recall]:.3f} in production); the server's health check refuses it.",
        parents=("calm",),
        relation=Relation.RETRAIN,
        purpose=DRILL,
    ),
    Training(
        When(11, 17, 16),
        "eighth",
        Quantize(bits=8),
        "mara",
        "Weights as 8-bit integers, a scale for each unit.",
        parents=("latest",),
        relation=Relation.QUANTIZE,
        purpose="runs on the analyser in the clinic",
    ),
    Promotion(
        When(11, 18, 10, 20), "eighth", "staging", "mara", "auc {eighth[auc]:.3f}, {latest[auc]:.3f} with all bits"
    ),
)

STORY = Story(
    model="tumour-classifier",
    experiment="tumour-classifier",
    table=tumours,
    data_purpose="measures of cell nuclei from biopsies and whether the tumour was malignant (Wisconsin breast cancer)",
    owner="mara",
    purpose="says how likely a tumour is malignant, from measures of its cell nuclei",
    primary_metric="auc",
    tolerances={"auc": 0.002, "recall": 0.01, "accuracy": 0.005, "log_loss": 0.002},
    team="oncology",
    scenes=_SCENES,
)
