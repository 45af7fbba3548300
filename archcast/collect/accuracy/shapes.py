"""Generated images of shapes with textures, among clutter: a task on which small networks differ.

| symbol | meaning |
|---|---|
| n | images |
| S | side of an image, 32 pixels |
| P | side of a patch, 4 pixels |

An image shows one of five shapes (disc, square, triangle, cross, ring), upright and brighter than what lies
behind it, filled with one of two textures (stripes, checks): ten classes, class = 2 shape + texture. Place,
size, angle (up to 14 degrees), brightness and the texture's angle, pitch and phase are drawn for each image,
so that no single pixel tells shape or texture. Behind lies a slope of light with three bars of random place,
length, angle and brightness. Networks read an image as its 8 x 8 patches of 4 x 4 pixels, one channel a pixel
of the patch: the first convolution sees every pixel at a sixteenth of the cost it would have at full side.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Bools, Doubles, Floats, Ints

N_IMAGES = 12_000
SIDE, PATCH = 32, 4
SHAPES = ("disc", "square", "triangle", "cross", "ring")
TEXTURES = ("stripes", "checks")
_BARS = 3
_SEED = 20211
_AT_ONCE = 1000

T = TypeVar("T", bound=np.generic)


def shape_images() -> tuple[Floats, Ints]:
    """All images of the task, the same at every call.

    Shapes:
        output: float32 (12000, 16, 8, 8), 0 to 1; int64 (12000,)
    """
    rng = np.random.default_rng(_SEED)
    labels = rng.permutation(np.arange(N_IMAGES) % (len(SHAPES) * len(TEXTURES))).astype(np.int64)
    parts = [drawn(labels[i : i + _AT_ONCE], rng) for i in range(0, N_IMAGES, _AT_ONCE)]
    return patches(np.concatenate(parts)), labels


def drawn(labels: Ints, rng: np.random.Generator) -> Floats:
    """Images of the classes asked for.

    Shapes:
        labels: (n,); output: float32 (n, S, S), 0 to 1
    """
    n = len(labels)
    x, y = _turned(rng.uniform(-0.18, 0.18, (n, 2)), rng.uniform(-0.25, 0.25, n))
    size = _each(rng.uniform(0.65, 0.85, n))
    inside = _inside(labels // len(TEXTURES), x / size, y / size)
    fill = _filled(labels % len(TEXTURES), rng)
    light = _each(rng.uniform(0.3, 0.5, n))
    image = np.where(inside, 0.5 + light * (0.5 + 0.5 * fill), _background(n, rng))
    return np.clip(image, 0.0, 1.0).astype(np.float32)


def patches(images: Floats) -> Floats:
    """Each patch's pixels as channels.

    Shapes:
        images: (n, S, S); output: (n, P P, S / P, S / P)
    """
    n, places = len(images), SIDE // PATCH
    cut = images.reshape(n, places, PATCH, places, PATCH).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(cut.reshape(n, PATCH * PATCH, places, places))


def _turned(centre: Doubles, angle: Doubles) -> tuple[Doubles, Doubles]:
    """Coordinates of all pixels, -1 to 1 over the image, seen from a centre and turned.

    Shapes:
        centre: (n, 2); angle: (n,); output: (n, S, S) twice
    """
    line = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    x = line[None, None, :] - _each(centre[:, 0])
    y = line[None, :, None] - _each(centre[:, 1])
    c, s = _each(np.cos(angle)), _each(np.sin(angle))
    return c * x + s * y, c * y - s * x


def _inside(shape: Ints, x: Doubles, y: Doubles) -> Bools:
    """Which pixels lie in the shape, whose half side or radius is about 1; areas are alike.

    Shapes:
        shape: (n,); x, y, output: (n, S, S)
    """
    across, along, far = np.abs(x), np.abs(y), np.hypot(x, y)
    forms = (
        far < 0.9,
        np.maximum(across, along) < 0.8,
        (y > -0.65) & (1.73 * across + y < 1.3),
        (np.maximum(across, along) < 1.0) & (np.minimum(across, along) < 0.4),
        (far < 1.05) & (far > 0.5),
    )
    return np.choose(_each(shape), forms)


def _filled(texture: Ints, rng: np.random.Generator) -> Doubles:
    """Stripes or checks of random angle and phase, -1 to 1.

    Shapes:
        texture: (n,); output: (n, S, S)
    """
    n = len(texture)
    x, y = _turned(rng.uniform(-1, 1, (n, 2)), rng.uniform(-0.25, 0.25, n))
    wave = _each(2 * np.pi / rng.uniform(0.45, 0.6, n))
    first, second = np.sign(np.sin(wave * x)), np.sign(np.sin(wave * y))
    return np.where(_each(texture) == 0, first, first * second)


def _background(n: int, rng: np.random.Generator) -> Doubles:
    """A slope of light with bars.

    Shapes:
        output: (n, S, S)
    """
    x, _ = _turned(np.zeros((n, 2)), rng.uniform(0, 2 * np.pi, n))
    image: Doubles = 0.5 + _each(rng.uniform(0, 0.15, n)) * x
    for _ in range(_BARS):
        x, y = _turned(rng.uniform(-1, 1, (n, 2)), rng.uniform(0, 2 * np.pi, n))
        long, wide = _each(rng.uniform(0.2, 0.6, n)), _each(rng.uniform(0.06, 0.15, n))
        light = _each(rng.uniform(-0.25, 0.25, n))
        image = np.where((np.abs(x) < long) & (np.abs(y) < wide), 0.5 + light, image)
    return image


def _each(values: NDArray[T]) -> NDArray[T]:
    """A value an image, to be met with (n, S, S)."""
    return values[:, None, None]
