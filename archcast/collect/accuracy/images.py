"""Image data sets that need no download, split and disturbed as a training protocol says.

| symbol | meaning |
|---|---|
| n | images of a part |
| C, S | channels and side of the images a network takes |
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from archcast.collect.accuracy.protocol import TrainingProtocol
from archcast.collect.accuracy.sources import Images, load_parts
from archcast.core.arrays import Floats
from archcast.core.errors import InputError

PARTS = ("training", "stopping", "testing")


@dataclass(frozen=True, slots=True)
class ImageData:
    """Images for training, for stopping and for testing, standardised by the first part's mean and spread.

    Attributes:
        name: what was asked for, e.g. `digits`.
        sha256: of all pixels and labels as the networks see them.
    """

    name: str
    train: Images
    stop: Images
    test: Images
    sha256: str

    def facts(self) -> dict[str, object]:
        """What identifies the data, for the environment of a measurement."""
        counts = {
            f"{part}_images": len(images.labels)
            for part, images in zip(PARTS, (self.train, self.stop, self.test), strict=True)
        }
        return {"name": self.name, "sha256": self.sha256, **counts}


def load_images(name: str, protocol: TrainingProtocol, *, shape: tuple[int, int], classes: int) -> ImageData:
    """The images of a data set, split and disturbed.

    Args:
        name: `digits`, `shapes`, a folder with one folder of images a class, or `package.module:function`;
            see `archcast.collect.accuracy.sources`.
        shape: channels and side that the networks take.
        classes: outputs of the networks.

    Raises:
        InputError: there is no such data set, its images do not fit the networks, or a part is left empty.
    """
    parts = _three(load_parts(name, shape), protocol, name)
    for part, images in zip(PARTS, parts, strict=True):
        if len(images.labels) < 2:
            raise InputError(f"data {name} must leave 2 images or more for {part}, got {len(images.labels)}")
        wrong = (images.labels < 0) | (images.labels >= classes)
        if wrong.any():
            got = int(images.labels[wrong][0])
            raise InputError(f"labels of {name} must be 0 to {classes - 1} for these networks, got {got}")
    rng = np.random.default_rng([protocol.split_seed, 1])
    noisy = [_disturbed(images.pixels, protocol.noise, rng) for images in parts]
    mean, spread = float(noisy[0].mean()), float(noisy[0].std()) or 1.0
    made = [
        replace(images, pixels=((pixels - mean) / spread).astype(np.float32))
        for images, pixels in zip(parts, noisy, strict=True)
    ]
    digest = hashlib.sha256()
    for images in made:
        digest.update(np.ascontiguousarray(images.pixels).tobytes() + images.labels.tobytes())
    train, stop, test = made
    return ImageData(name, train, stop, test, digest.hexdigest())


def _three(parts: tuple[Images, ...], protocol: TrainingProtocol, name: str) -> tuple[Images, ...]:
    """Images for training, stopping and testing; those missing are drawn from the first part."""
    if len(parts) > 3:
        raise InputError(f"data {name} must have 1 to 3 parts, got {len(parts)}")
    rest = parts[0]
    order = np.random.default_rng([protocol.split_seed, 0]).permutation(len(rest.labels))
    total = len(order)
    splits = list(parts)
    if len(parts) < 2:
        cut = round(protocol.test_share * total)
        splits.append(rest.rows(order[:cut]))
        order = order[cut:]
    if len(parts) < 3:
        cut = round(protocol.stop_share * total)
        splits.insert(1, rest.rows(order[:cut]))
        order = order[cut:]
    splits[0] = rest.rows(order[: protocol.train_images or None])
    return tuple(splits)


def _disturbed(pixels: Floats, noise: float, rng: np.random.Generator) -> Floats:
    noisy: Floats = pixels + np.float32(noise) * rng.standard_normal(pixels.shape, dtype=np.float32)
    return noisy
