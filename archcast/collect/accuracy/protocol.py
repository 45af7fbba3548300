"""How every network is trained and tested: stated once, the same for all, kept beside every accuracy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archcast.core.errors import InputError


@dataclass(frozen=True, slots=True)
class TrainingProtocol:
    """Settings of training. Two accuracies compare only where these and the images are the same.

    The images are split once, by `split_seed`, into three parts that share none: for training, for stopping
    and for testing. Adam with a cosine schedule from `learning_rate` to 0 over `epochs` minimises the
    cross-entropy. After every epoch the loss on the images for stopping is taken; when it has not fallen
    for `patience` epochs, training ends. The weights of its lowest loss are tested once on the images for
    testing, which neither training nor stopping has seen.

    Attributes:
        seeds: trainings a network, with seeds 0 to seeds - 1 for initial weights and order of images.
        epochs: most passes over the images for training.
        patience: epochs without a lower loss on the images for stopping after which training ends.
        train_images: most images for training; 0 takes all that there are.
        test_share: share of all images that is for testing, where the data set has no such part of its own.
        stop_share: share of all images that is for stopping, where the data set has no such part of its own.
        noise: standard deviation of normal noise added once to every image, whose values lie in 0 to 1;
            makes an easy data set hard enough that networks differ.
        batch_size: most images a step.
        learning_rate: of Adam, at the start.
        split_seed: of the split and of the noise.
    """

    seeds: int = 2
    epochs: int = 12
    patience: int = 4
    train_images: int = 400
    test_share: float = 0.5
    stop_share: float = 0.1
    noise: float = 0.3
    batch_size: int = 32
    learning_rate: float = 3e-3
    split_seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("seeds", 1), ("epochs", 1), ("patience", 1), ("batch_size", 4)):
            _check(name, getattr(self, name), getattr(self, name) >= least, f"at least {least}")
        for name in ("train_images", "noise", "split_seed"):
            value = getattr(self, name)
            _check(name, value, math.isfinite(value) and value >= 0, "0 or more")
        _check("learning_rate", self.learning_rate, 0 < self.learning_rate < math.inf, "above 0")
        for name in ("test_share", "stop_share"):
            _check(name, getattr(self, name), 0 < getattr(self, name) < 1, "between 0 and 1")
        together = self.test_share + self.stop_share
        _check("test_share and stop_share together", together, together < 1, "below 1")


def _check(name: str, value: float, good: bool, must_be: str) -> None:
    if not good:
        raise InputError(f"{name} must be {must_be}, got {value}")
