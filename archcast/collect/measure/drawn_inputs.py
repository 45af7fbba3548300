"""Inputs of networks, drawn at random by type.

Part of the runner: Python 3.8, numpy, no import of archcast.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def draw_inputs(inputs: Iterable[dict[str, Any]], *, seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays by the inputs' names, the same for the same seed.

    Args:
        inputs: `name`, `shape`, `dtype` (numpy's name) and `kind`: `normal`, `ones`, or `integers`, which are
            from 0 to less than `below`.
    """
    rng = np.random.default_rng(seed)
    return {given["name"]: _draw(given, rng) for given in inputs}


def _draw(given: dict[str, Any], rng: np.random.Generator) -> np.ndarray:
    shape, dtype = tuple(int(d) for d in given["shape"]), np.dtype(given["dtype"])
    if given["kind"] == "normal":
        return np.asarray(rng.normal(size=shape), dtype=dtype)
    if given["kind"] == "ones":
        return np.ones(shape, dtype=dtype)
    return np.asarray(rng.integers(0, int(given["below"]), size=shape), dtype=dtype)
