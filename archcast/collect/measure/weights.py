"""Seeded weights of a layer graph, the same for every runtime.

Part of the runner: Python 3.8, numpy alone, no import of archcast. A layer is a plain dict with the keys
of `archcast.core.layers.Layer`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

EPSILON = 1e-5
"""Added to the variance by batch normalisation."""


def make_weights(layers: list[dict[str, Any]], seed: int) -> dict[str, np.ndarray]:
    """Random weights under the names `<position>.<role>`, float32.

    Convolutions and linear layers are drawn as He et al. (2015) draw them and batch normalisation is
    near the identity, so activations keep their size: neither overflow nor denormal numbers, which would
    change how long a layer takes.
    """
    rng = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}
    for i, layer in enumerate(layers):
        op, c_in, c_out = layer["op"], layer["shape_in"][0], layer["shape_out"][0]
        if op in ("conv", "linear"):
            kernel = layer["kernel"] if op == "conv" else 1
            fan_in = c_in // layer["groups"] * kernel * kernel
            shape = (c_out, c_in // layer["groups"], kernel, kernel) if op == "conv" else (c_out, c_in)
            weights[f"{i}.weight"] = rng.normal(0.0, (2.0 / fan_in) ** 0.5, shape)
            if layer["bias"]:
                weights[f"{i}.bias"] = rng.normal(0.0, 0.1, c_out)
        elif op == "batch_norm":
            weights[f"{i}.scale"] = rng.uniform(0.8, 1.2, c_out)
            weights[f"{i}.shift"] = rng.normal(0.0, 0.1, c_out)
            weights[f"{i}.mean"] = rng.normal(0.0, 0.1, c_out)
            weights[f"{i}.variance"] = rng.uniform(0.8, 1.2, c_out)
    return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in weights.items()}


def shuffle_groups(layers: list[dict[str, Any]], position: int) -> int:
    """Groups that the channel shuffle at `position` mixes: those of the convolution before it."""
    i = position
    while layers[i]["op"] != "conv":
        if not layers[i]["inputs"]:
            raise ValueError(f"channel_shuffle (layer {position}) must come after a convolution")
        i = layers[i]["inputs"][0]
    return int(layers[i]["groups"])


def check_shape(layer: dict[str, Any], position: int, batch_shape: Any) -> None:
    """Raise ValueError unless what a layer made has the shape that its graph states."""
    made, stated = tuple(batch_shape)[1:], tuple(layer["shape_out"])
    if made != stated and (*made, 1, 1) != stated:
        raise ValueError(
            f"{layer['op']} (layer {position}) gives the shape {list(made)}, "
            f"but its graph states {list(stated)}"
        )
