"""The digit reader's year: small and quantized branches, and a release that only knew last month's handwriting."""

from __future__ import annotations

from lineal.records.models import Relation
from lineal_tui.demo.calendar import When
from lineal_tui.demo.data import digits
from lineal_tui.demo.recipes import Distill, Finetune, Merge, Network, Prune, Quantize
from lineal_tui.demo.script import Demand, Promotion, Rollback, Rows, Search, Story, Training, Undo

_SCENES = (
    Training(When(0, 1, 9), "first", Network(), "jonas", "Softmax regression on the pixels: the baseline."),
    Promotion(When(0, 1, 14), "first", "staging", "jonas", "first model that exists"),
    Promotion(When(0, 4, 10), "first", "production", "ines", "accuracy {first[accuracy]:.3f} beats typing by hand"),
    Training(
        When(1, 1, 9),
        "second",
        Network(),
        "jonas",
        "Same recipe, new writers.",
        parents=("first",),
        relation=Relation.RETRAIN,
    ),
    Promotion(
        When(1, 1, 12), "second", "staging", "jonas", "accuracy {second[accuracy]:.3f}, {first[accuracy]:.3f} live"
    ),
    Training(
        When(2, 1, 10),
        "hidden",
        Network(hidden=(32,)),
        "jonas",
        "A hidden layer of 32 units.",
        parents=("second",),
        relation=Relation.RETRAIN,
    ),
    Promotion(When(2, 2, 10), "hidden", "staging", "jonas", "accuracy {hidden[accuracy]:.3f} on the hold-out"),
    Promotion(
        When(2, 7, 10), "hidden", "production", "ines", "accuracy {hidden[accuracy]:.3f}, {first[accuracy]:.3f} live"
    ),
    Training(
        When(3, 1, 9),
        "tuned",
        Finetune(),
        "jonas",
        "Trained further on the new writers instead of from scratch.",
        parents=("hidden",),
        relation=Relation.FINETUNE,
    ),
    Search(
        When(4, 2, 19),
        "searched",
        (
            Network(hidden=(32,), epochs=50, seed=3),
            Network(hidden=(64,), epochs=50, seed=3),
            Network(hidden=(64,), epochs=50, alpha=0.1, seed=3),
            Network(hidden=(64,), epochs=50, learning_rate=0.01, seed=3),
            Network(hidden=(128,), epochs=50, seed=3),
            Network(hidden=(64, 32), epochs=50, seed=3),
        ),
        "jonas",
        "Best validation loss of six networks; the hold-out had no say in the choice.",
        parents=("hidden",),
        relation=Relation.RETRAIN,
    ),
    Promotion(
        When(4, 4, 9), "searched", "staging", "jonas", "val_loss {searched[val_loss]:.3f}, the lowest of the search"
    ),
    Promotion(
        When(4, 10, 9),
        "searched",
        "production",
        "ines",
        "log_loss {searched[log_loss]:.3f}, {hidden[log_loss]:.3f} live",
    ),
    Training(
        When(5, 1, 9),
        "wide",
        Network(hidden=(64,), epochs=60),
        "jonas",
        "64 units, trained until the curve is flat.",
        parents=("searched",),
        relation=Relation.RETRAIN,
    ),
    Training(
        When(6, 1, 9),
        "steady",
        Finetune(),
        "jonas",
        "Trained further on the new writers.",
        parents=("wide",),
        relation=Relation.FINETUNE,
    ),
    Promotion(
        When(6, 1, 15), "steady", "staging", "jonas", "accuracy {steady[accuracy]:.3f}, {searched[accuracy]:.3f} live"
    ),
    Promotion(When(6, 6, 10), "steady", "production", "ines", "log_loss {steady[log_loss]:.3f} on the hold-out"),
    Training(
        When(6, 12, 13),
        "eighth",
        Quantize(bits=8),
        "jonas",
        "Weights as 8-bit integers, a scale for each unit.",
        parents=("steady",),
        relation=Relation.QUANTIZE,
        purpose="reads digits on the handheld",
    ),
    Rollback(When(7, 9, 2, 47), "production", "tomas", "alarm: misses far more than before"),
    Undo(When(7, 9, 2, 51), "production", "tomas", "wrong model: the alarm is the tumour classifier's"),
    Training(
        When(7, 12, 9),
        "recent",
        Network(hidden=(64,), epochs=60),
        "petra",
        "Only last month's writers: the old ones will not come back.",
        parents=("steady",),
        relation=Relation.RETRAIN,
        rows=Rows.LATEST,
    ),
    Promotion(
        When(7, 12, 11),
        "recent",
        "staging",
        "petra",
        "val_accuracy {recent[val_accuracy]:.3f} with one month of writers",
    ),
    Promotion(
        When(7, 12, 17),
        "recent",
        "production",
        "petra",
        "val_accuracy {recent[val_accuracy]:.3f} on last month's writers",
    ),
    Rollback(
        When(7, 14, 7, 15),
        "production",
        "jonas",
        "accuracy {recent[accuracy]:.3f} on the hold-out, {steady[accuracy]:.3f} before: knows one month only",
        bad=True,
    ),
    Training(
        When(8, 5, 10),
        "whole",
        Network(hidden=(64,), epochs=60, seed=4),
        "jonas",
        "From scratch on every writer so far.",
        parents=("steady",),
        relation=Relation.RETRAIN,
    ),
    Promotion(When(8, 6, 9), "whole", "staging", "jonas", "accuracy {whole[accuracy]:.3f} on the hold-out"),
    Promotion(
        When(8, 13, 10), "whole", "production", "ines", "log_loss {whole[log_loss]:.3f}, {steady[log_loss]:.3f} live"
    ),
    Training(
        When(9, 1, 9),
        "left",
        Finetune(learning_rate=0.001, seed=1),
        "jonas",
        "One of two, to be averaged.",
        parents=("whole",),
        relation=Relation.FINETUNE,
    ),
    Training(
        When(9, 1, 9, 30),
        "right",
        Finetune(learning_rate=0.001, batch_size=8, seed=2),
        "petra",
        "The other of two, with smaller batches.",
        parents=("whole",),
        relation=Relation.FINETUNE,
    ),
    Training(
        When(9, 2, 10),
        "merged",
        Merge(),
        "jonas",
        "Average of the two that were trained further from the same network.",
        parents=("left", "right"),
        relation=Relation.MERGE,
    ),
    Promotion(
        When(9, 3, 9),
        "merged",
        "staging",
        "jonas",
        "log_loss {merged[log_loss]:.3f}; its halves {left[log_loss]:.3f} and {right[log_loss]:.3f}",
    ),
    Promotion(
        When(9, 11, 10), "merged", "production", "ines", "accuracy {merged[accuracy]:.3f}, {whole[accuracy]:.3f} live"
    ),
    Training(
        When(10, 1, 10),
        "pruned",
        Prune(keep=32),
        "jonas",
        "The 32 strongest of 64 hidden units.",
        parents=("merged",),
        relation=Relation.PRUNE,
        purpose="reads digits on the handheld",
    ),
    Training(
        When(10, 8, 14),
        "pupil",
        Distill(hidden=(16,), epochs=100),
        "petra",
        "16 units, taught by the merged network.",
        parents=("merged",),
        relation=Relation.DISTILL,
        purpose="reads digits on the handheld",
    ),
    Training(
        When(11, 1, 9),
        "latest",
        Finetune(epochs=20),
        "jonas",
        "Trained further on the last two months' writers.",
        parents=("merged",),
        relation=Relation.FINETUNE,
    ),
    Promotion(
        When(11, 2, 9), "latest", "staging", "jonas", "log_loss {latest[log_loss]:.3f}, {merged[log_loss]:.3f} live"
    ),
    Promotion(When(11, 9, 10), "latest", "production", "ines", "accuracy {latest[accuracy]:.3f} on the hold-out"),
    Training(
        When(11, 16, 11),
        "fourth",
        Quantize(bits=4),
        "petra",
        "The pruned network in 4 bits, stored as 8.",
        parents=("pruned",),
        relation=Relation.QUANTIZE,
        purpose="reads digits on the handheld",
    ),
    Demand(
        When(11, 17, 10),
        "production",
        "ines",
        expressions=("metrics.accuracy >= live.metrics.accuracy - 0.003", "metrics.log_loss < 0.2"),
        require=("owner", "purpose", "datasets"),
        after="staging",
        soak="24h",
    ),
)

STORY = Story(
    model="digit-reader",
    experiment="digit-reader",
    table=digits,
    data_purpose="handwritten digits of 8 x 8 pixels in the order of their writers (UCI optical recognition of digits)",
    owner="jonas",
    purpose="reads a handwritten digit from 8 x 8 pixels",
    primary_metric="accuracy",
    tolerances={"accuracy": 0.003, "macro_f1": 0.003, "log_loss": 0.003},
    team="forms",
    scenes=_SCENES,
)
