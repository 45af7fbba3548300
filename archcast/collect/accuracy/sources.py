"""Where images come from: digits, generated shapes, a folder, or a function that gives torch data sets.

| data | parts |
|---|---|
| `digits` | one: the 1,797 digits of scikit-learn, 8 x 8 |
| `shapes` | one: 12,000 generated images, see `archcast.collect.accuracy.shapes` |
| a folder | one: an image a file, a folder a class, numbered by the folders' sorted names |
| `package.module:function` | what it returns: (training, testing) or (training, stopping, testing) |
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archcast.collect.accuracy.shapes import shape_images
from archcast.core.arrays import Floats, Ints
from archcast.core.errors import InputError, shorten
from archcast.core.optional import require

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm")


@dataclass(frozen=True, slots=True)
class Images:
    """A part of a data set.

    Shapes:
        pixels: float32 (n, C, S, S), 0 to 1 before they are disturbed; labels: int64 (n,)
    """

    pixels: Floats
    labels: Ints

    def rows(self, rows: Ints) -> Images:
        """Some of the images."""
        return Images(self.pixels[rows], self.labels[rows])


def load_parts(name: str, shape: tuple[int, int]) -> tuple[Images, ...]:
    """The parts of a data set.

    Args:
        shape: channels and side that the networks take; only a folder's images are fitted to them.

    Raises:
        InputError: there is no such data set, or its images do not have the shape.
    """
    if name == "digits":
        parts: tuple[Images, ...] = (_digits(),)
    elif name == "shapes":
        parts = (Images(*shape_images()),)
    elif ":" in name and not Path(name).exists():
        parts = _from_function(name)
    elif Path(name).is_dir():
        parts = (_from_folder(Path(name), shape),)
    else:
        raise InputError(
            f"data must be digits, shapes, a folder of images or package.module:function, got {name!r}"
        )
    channels, side = shape
    for images in parts:
        if images.pixels.shape[1:] != (channels, side, side):
            got = " x ".join(map(str, images.pixels.shape[1:]))
            raise InputError(f"images of {name} must be {channels} x {side} x {side} here, got {got}")
    return parts


def _digits() -> Images:
    loaded = require(
        "sklearn.datasets", extra="train", purpose="training on scikit-learn's digits"
    ).load_digits()
    pixels = (loaded.images / 16).astype(np.float32)[:, None]
    return Images(pixels, loaded.target.astype(np.int64))


def _from_folder(folder: Path, shape: tuple[int, int]) -> Images:
    image = require("PIL.Image", extra="train", purpose="reading a folder of images")
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [
        (path, label)
        for label, own in enumerate(classes)
        for path in sorted(own.iterdir())
        if path.suffix.lower() in _SUFFIXES
    ]
    if not files:
        raise InputError(f"folder {folder} must hold a folder of images for each class, found no image")
    channels, side = shape
    if channels not in (1, 3):
        raise InputError(f"a folder's images are read with 1 or 3 channels, not {channels}")
    pixels = np.empty((len(files), channels, side, side), dtype=np.float32)
    for i, (path, _) in enumerate(files):
        pixels[i] = _read(image, path, channels, side)
    return Images(pixels, np.array([label for _, label in files], dtype=np.int64))


def _read(image: Any, path: Path, channels: int, side: int) -> Floats:
    """(C, S, S) pixels of a file, resized."""
    try:
        with image.open(path) as opened:
            fitted = opened.convert("L" if channels == 1 else "RGB").resize((side, side))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as an image: {error}") from error
    pixels: Floats = np.asarray(fitted, dtype=np.float32).reshape(side, side, channels) / np.float32(255)
    return pixels.transpose(2, 0, 1)


def _from_function(name: str) -> tuple[Images, ...]:
    function = _function(name)
    given = function()
    if not isinstance(given, list | tuple) or len(given) not in (2, 3):
        raise InputError(
            f"{name} must return the data sets (training, testing) or (training, stopping, testing), "
            f"got {shorten(given)}"
        )
    return tuple(_from_dataset(dataset, name) for dataset in given)


def _function(name: str) -> Callable[[], Any]:
    module, _, attribute = name.partition(":")
    try:
        named = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"data {name} must name a function that can be imported: {error}") from error
    if not callable(named):
        raise InputError(f"data {name} must name a function, got {shorten(named)}")
    function: Callable[[], Any] = named
    return function


def _from_dataset(dataset: Sequence[Any], name: str) -> Images:
    """All items (image, label) of a map-style data set."""
    try:
        items = [dataset[i] for i in range(len(dataset))]
        pixels = np.stack([np.asarray(image, dtype=np.float32) for image, _ in items])
        labels = np.array([int(label) for _, label in items], dtype=np.int64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"a data set of {name} must hold pairs of image and label, images of one shape: {error}"
        ) from error
    if pixels.ndim != 4:
        raise InputError(f"images of {name} must be (channels, height, width), got {pixels.shape[1:]}")
    return Images(pixels, labels)
