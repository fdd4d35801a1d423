"""How the demo's models come about: one record for each way to train one or to make one from others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """Dense layers trained with Adam; without a hidden one a logistic regression."""

    hidden: tuple[int, ...] = ()
    """Units of each hidden layer."""
    epochs: int = 40
    learning_rate: float = 0.003
    alpha: float = 0.0001
    """Strength of the L2 penalty."""
    batch_size: int = 32
    solver: str = "adam"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Ridge:
    """Linear regression with an L2 penalty."""

    alpha: float = 1.0
    """Strength of the L2 penalty."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Boosting:
    """Gradient-boosted regression trees."""

    trees: int = 120
    depth: int = 3
    learning_rate: float = 0.1
    subsample: float = 1.0
    """Share of the rows that each tree sees."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Finetune:
    """A network trained further from where its parent stands."""

    epochs: int = 15
    learning_rate: float = 0.0005
    alpha: float = 0.0001
    batch_size: int = 32
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Prune:
    """A network with its weakest hidden units cut away, trained a little to make up for them."""

    keep: int
    """Units that stay in the (only) hidden layer."""
    epochs: int = 10
    learning_rate: float = 0.0005
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Distill:
    """A small network that learns a larger model's answers instead of the true ones."""

    hidden: tuple[int, ...]
    epochs: int = 80
    learning_rate: float = 0.003
    alpha: float = 0.0001
    batch_size: int = 32
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Quantize:
    """A network with its weights rounded to integers."""

    bits: int = 8


@dataclass(frozen=True, slots=True)
class Merge:
    """The average of two networks that were trained further from the same one."""


Recipe = Network | Ridge | Boosting | Finetune | Prune | Distill | Quantize | Merge
