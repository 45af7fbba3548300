"""Training of the graph network: a fixed number of epochs, a robust masked loss, no global seeding."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from archcast.core.arrays import Doubles
from archcast.predictors.families.gnn.config import GNNConfig
from archcast.predictors.families.gnn.inputs import Inputs
from archcast.predictors.families.gnn.network import Network, Sizes

_WARM_UP = 0.1
_SHORTEST = 11
"""Steps of the schedule at least: its warm-up must last more than one."""
_MAX_NORM = 1.0


def train(inputs: Inputs, z: Doubles, config: GNNConfig, *, seed: int) -> Network:
    """A network fitted to scaled values, in evaluation mode.

    Shapes:
        inputs: n graphs; z: (n, m), NaN where missing
    """
    with _threads(config.threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # inside fork_rng: the caller's generator is put back
        network = Network(sizes(inputs, z.shape[1], config))
        optimiser = torch.optim.AdamW(_groups(network, config.weight_decay), lr=config.learning_rate)
        rng = np.random.default_rng(seed)
        batches = -(-len(z) // config.batch_size)
        epochs = max(config.epochs, -(-config.min_steps // batches))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            config.learning_rate,
            total_steps=max(epochs * batches, _SHORTEST),
            pct_start=_WARM_UP,
            cycle_momentum=False,
        )
        values = torch.from_numpy(z.astype(np.float32))
        for _ in range(epochs):
            for rows in np.array_split(rng.permutation(len(z)), batches):
                optimiser.zero_grad()
                predicted, _ = network(*tensors(inputs.rows(rows)))
                huber_loss(predicted, values[torch.from_numpy(rows)], bend=config.huber).backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(network.parameters(), _MAX_NORM)
                optimiser.step()
                schedule.step()
    return network.eval()


def tensors(inputs: Inputs) -> tuple[Tensor, ...]:
    """The arrays of a batch in the order that `Network.forward` takes them."""
    return tuple(torch.from_numpy(array) for array in inputs.feed().values())


def huber_loss(predicted: Tensor, values: Tensor, *, bend: float) -> Tensor:
    """Mean over the values that are there of Huber's loss (Huber, Ann. Math. Statist. 1964).

    Shapes:
        predicted, values: (b, m)
    """
    there = torch.isfinite(values)
    error = torch.where(there, predicted - values.nan_to_num(), 0.0)
    size = error.abs().clamp(max=bend)
    return (size * (error.abs() - size / 2)).sum() / there.sum().clamp(min=1)


def sizes(inputs: Inputs, targets: int, config: GNNConfig) -> Sizes:
    """Shapes of the network for what it will read and answer."""
    return Sizes(
        types=inputs.types,
        node_features=inputs.node_features.shape[1],
        graph_features=inputs.graph_features.shape[1],
        targets=targets,
        hidden=config.hidden,
        layers=config.layers,
        rank=config.rank,
        nodes=len(inputs.node_type) / len(inputs.graph_features),
        dropout=config.dropout,
    )


def _groups(network: Network, decay: float) -> list[dict[str, Any]]:
    """Matrices are decayed, biases and norms are not."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
