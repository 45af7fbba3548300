"""Training of one network with one seed; see `archcast.collect.accuracy.protocol` for the rules."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from archcast.collect.accuracy.images import ImageData
from archcast.collect.accuracy.network import trainable
from archcast.collect.accuracy.protocol import TrainingProtocol
from archcast.collect.accuracy.sources import Images
from archcast.collect.measure.torch_network import TorchNetwork
from archcast.core.network import Network

_TESTED = 512
"""Images a pass when nothing is learned."""

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Trained:
    """One training.

    Attributes:
        accuracy: on the images for testing, in %; None when training failed.
        epochs: passes over the images for training.
        failure: why there is no accuracy; empty when there is one.
    """

    accuracy: float | None
    epochs: int
    failure: str = ""


def train_network(
    network: Network, data: ImageData, protocol: TrainingProtocol, *, seed: int, accelerator: str = "cpu"
) -> Trained:
    """Train and test a network on one thread; the caller's generators and thread count are put back.

    A loss that is not finite ends training as failed, and so does running out of memory.
    """
    devices = [torch.cuda.current_device()] if accelerator == "cuda" else []
    with _one_thread(), torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)  # inside fork_rng: the caller's generators are put back
        try:
            module = trainable(network).to(accelerator)
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            return _train(module, data, protocol, seed, accelerator)
        except torch.OutOfMemoryError as error:
            return Trained(None, 0, f"out of memory with seed {seed}: {str(error).splitlines()[0]}")


def _train(
    module: TorchNetwork, data: ImageData, protocol: TrainingProtocol, seed: int, accelerator: str
) -> Trained:
    train, stop, test = (_on(images, accelerator) for images in (data.train, data.stop, data.test))
    optimiser = torch.optim.Adam(module.parameters(), lr=protocol.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, protocol.epochs)
    rng = np.random.default_rng(seed)
    lowest, best_epoch, best = float("inf"), 0, {}
    for epoch in range(1, protocol.epochs + 1):
        _one_epoch(module, train, optimiser, protocol.batch_size, rng)
        schedule.step()
        loss, _ = _tested(module, stop)
        if not np.isfinite(loss):
            return Trained(None, epoch, f"diverged: loss not finite in epoch {epoch} with seed {seed}")
        if loss < lowest:
            lowest, best_epoch, best = loss, epoch, copy.deepcopy(module.state_dict())
        elif epoch - best_epoch >= protocol.patience:
            break
    module.load_state_dict(best)
    return Trained(_tested(module, test)[1], epoch)


def _one_epoch(
    module: TorchNetwork, train: Pair, optimiser: torch.optim.Optimizer, size: int, rng: np.random.Generator
) -> None:
    images, labels = train
    module.train()
    order = rng.permutation(len(labels))
    for rows in np.array_split(order, -(-len(order) // size)):
        chosen = torch.from_numpy(rows).to(labels.device)
        optimiser.zero_grad()
        cross_entropy(module(images[chosen]), labels[chosen]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def _tested(module: TorchNetwork, part: Pair) -> tuple[float, float]:
    """Mean cross-entropy, and accuracy in %."""
    images, labels = part
    module.eval()
    loss, right = 0.0, 0
    with torch.inference_mode():
        for i in range(0, len(labels), _TESTED):
            answers, own = module(images[i : i + _TESTED]), labels[i : i + _TESTED]
            loss += float(cross_entropy(answers, own, reduction="sum"))
            right += int((answers.argmax(dim=1) == own).sum())
    return loss / len(labels), 100.0 * right / len(labels)


def _on(images: Images, accelerator: str) -> Pair:
    return torch.from_numpy(images.pixels).to(accelerator), torch.from_numpy(images.labels).to(accelerator)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
