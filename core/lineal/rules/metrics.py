"""How the values of a metric are read: which way is better, and whether one value is better than another."""

from __future__ import annotations

import math
import re
import unicodedata
from itertools import pairwise

from lineal.records.comparison import Verdict
from lineal.records.runs import Direction

_WORDS = re.compile(r"[^\W_]+")
_HIGHER = frozenset(
    _WORDS.findall(
        """
    acc accuracy ap auc auprc auroc bleu bleurt chrf coherence concordance corr correlation coverage dice elbo
    elo f f1 f2 fbeta fscore gini goodness hit hits hitrate iou ious jaccard kappa lift likelihood map mar matthews mcc
    meteor miou mrr ndcg npv pass pearson ppv pr prauc precision precisions profit psnr purity r2 recall recalls return
    revenue reward rewards roc rouge rougel score sensitivity silhouette similarity spearman specificity speed ssim
    success throughput tnr top1 top5 tpr utility win winrate
    """
    )
)
_LOWER = frozenset(
    _WORDS.findall(
        """
    aic bic bits bpc brier bytes calories cer co2 cost costs crossentropy delay der deviance divergence duration ece eer
    elapsed emissions energy entropy err error errors failures false fid flops fnr footprint fpr gb hamming hinge huber
    kb kib kl kld latencies latency lag logloss loss losses macs mad mae mape mase maxerr mb medae memory mib minutes
    mismatch mistakes ms mse msle nll ns pinball perplexity ppl ram regret residual residuals risk rmse rmsle rss
    runtime sec seconds secs size smape sse ter time us violations wait wape watts wer wmape
    """
    )
)
_NEGATIONS = frozenset({"neg", "negative", "inverse"})
_PER_TIME = frozenset({"s", "sec", "second", "seconds", "minute", "min", "hour", "ms", "time"})
_CAMEL = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+|[^\W_]+")


def guess_direction(name: str) -> Direction | None:
    """Returns which values of a metric are better, as far as its name tells; None when it does not.

    A word such as loss or error decides over one such as accuracy (`accuracy_loss`), but not where it is negated
    (`neg_mean_squared_error`) or divides (`samples_per_second`).
    """
    tokens = _tokens(name)
    if any(first == "per" and second in _PER_TIME for first, second in pairwise(tokens)):
        return Direction.HIGHER
    if _is_among(tokens, _LOWER):
        return Direction.HIGHER if _NEGATIONS.intersection(tokens) else Direction.LOWER
    return Direction.HIGHER if _is_among(tokens, _HIGHER) else None


def better(direction: Direction | None, tolerance: float, old: float, new: float) -> Verdict:
    """Returns what `new` is beside `old`: better, worse, same, or changed where no direction is known.

    Differences up to `tolerance`, in the metric's unit, are none. NaN is the same as NaN, never better than a number,
    and any number is better than NaN.
    """
    if math.isnan(old) or math.isnan(new):
        if math.isnan(old) and math.isnan(new):
            return Verdict.SAME
        if direction is None:
            return Verdict.CHANGED
        return Verdict.BETTER if math.isnan(old) else Verdict.WORSE
    if old == new or within(tolerance, old, new):
        return Verdict.SAME
    if direction is None:
        return Verdict.CHANGED
    return Verdict.BETTER if (new > old) is (direction is Direction.HIGHER) else Verdict.WORSE


def within(tolerance: float, old: float, new: float) -> bool:
    """Returns whether two values differ by no more than `tolerance`, rounding of binary fractions aside."""
    if tolerance <= 0 or not (math.isfinite(old) and math.isfinite(new)):
        return False
    # 0.9372 - 0.9362 is a hair more than 0.001 in binary; nobody means that.
    return abs(new - old) <= tolerance + 4 * math.ulp(max(abs(old), abs(new)))


def _tokens(name: str) -> list[str]:
    name = unicodedata.normalize("NFKC", name)
    tokens = []
    for word in _WORDS.findall(name):
        parts = _CAMEL.findall(word)
        tokens += [part.lower() for part in parts]
        # mIoU and mAP are words, whatever their capitals look like.
        if len(parts) > 1:
            tokens.append(word.lower())
    return tokens


def _is_among(tokens: list[str], words: frozenset[str]) -> bool:
    return any(token in words or token.rstrip("0123456789") in words for token in tokens if not token.isdigit())
