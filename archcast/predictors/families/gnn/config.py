"""Settings of the graph network."""

from __future__ import annotations

from dataclasses import dataclass

from archcast.core.checks import check_above_zero, check_at_least, check_share
from archcast.core.errors import InputError


@dataclass(frozen=True, slots=True)
class GNNConfig:
    """Settings of the graph network.

    Attributes:
        pieces: graph-level parts beside the graph, see `archcast.featurize.encoders.encoding`.
        hidden: width of node states and of the embedding; layers: rounds of message passing.
        rank: width of a device's embedding.
        epochs: passes over the data; more where they would be fewer than `min_steps` updates.
        learning_rate: highest of the one-cycle schedule.
        weight_decay: AdamW's, on matrices.
        dropout: share of the embedding dropped while training.
        huber: deviations beyond which an error counts linearly.
        threads: processor threads for fitting and predicting; more than one stalls on a busy machine.
    """

    pieces: tuple[str, ...] = ("features",)
    hidden: int = 64
    layers: int = 3
    rank: int = 32
    epochs: int = 60
    min_steps: int = 600
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 1.0
    dropout: float = 0.1
    huber: float = 0.2
    threads: int = 1

    def __post_init__(self) -> None:
        check_at_least(self, hidden=1, layers=0, rank=1, epochs=1, min_steps=1, batch_size=1, threads=1)
        check_above_zero(self, "learning_rate", "huber")
        check_share(self, "dropout")
        if not self.weight_decay >= 0:
            raise InputError(f"weight_decay must be at least 0, got {self.weight_decay!r}")
