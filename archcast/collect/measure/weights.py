"""Seeded weights of a network.

Part of the runner: Python 3.8, numpy alone, no import of archcast. A network is the dict that
`archcast.collect.measure.plain_network` makes.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def make_weights(network: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Random elements, float32, of every constant whose elements are not known.

    Convolutions and matrix products are drawn as He et al. (2015) draw them and normalisation is near the
    identity, so activations keep their size: neither overflow nor denormal numbers, which would change how
    long an operator takes.

    Raises:
        ValueError: it is not known how one is drawn; names it.
    """
    rng = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}
    for position, node in enumerate(network["nodes"]):
        for place, name in enumerate(node["inputs"]):
            constant = network["constants"].get(name)
            if constant is None or constant["data"] is not None or name in weights:
                continue
            drawn = _drawn(rng, node, place, tuple(constant["shape"]))
            if drawn is None:
                raise ValueError(f"{name} of {node['op']} (node {position}) cannot be drawn at random here")
            weights[name] = np.ascontiguousarray(drawn, dtype=np.float32)
    return weights


def _drawn(rng: np.random.Generator, node: dict[str, Any], place: int, shape: tuple[int, ...]) -> Any:
    """Elements of input `place` of a node; None where nothing is known of it."""
    op = node["op"]
    if op in ("Conv", "Gemm", "MatMul") and place == 1:
        fan_in = int(np.prod(shape[1:])) if op == "Conv" or node["attributes"].get("transB") else shape[0]
        return rng.normal(0.0, (2.0 / fan_in) ** 0.5, shape)
    if op in ("BatchNormalization", "LayerNormalization") and place in (1, 4):
        return rng.uniform(0.8, 1.2, shape)
    if place == 2 or op == "Add" or (op == "BatchNormalization" and place == 3):
        return rng.normal(0.0, 0.1, shape)
    return None
