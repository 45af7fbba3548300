"""Settings of the graph network."""

from __future__ import annotations

from dataclasses import dataclass

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
        threads: processor threads for fitting and predicting.
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
    threads: int = 2

    def __post_init__(self) -> None:
        for name in ("hidden", "rank", "epochs", "min_steps", "batch_size", "threads"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
        if isinstance(self.layers, bool) or not isinstance(self.layers, int) or self.layers < 0:
            raise InputError(f"layers must be a whole number of at least 0, got {self.layers!r}")
        for name in ("learning_rate", "huber"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above 0, got {getattr(self, name)!r}")
        if not self.weight_decay >= 0:
            raise InputError(f"weight_decay must be at least 0, got {self.weight_decay!r}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout must be at least 0 and below 1, got {self.dropout!r}")
