"""The network's weights as plain products of NumPy arrays, folded as far as that changes no result.

| symbol | meaning | shape |
|---|---|---|
| H | hidden width | |
| c_v | state of a node less its mean, h_v C with C = I - 1/H | (N, H) |
| x_v | c_v over its deviation: the layer norm before gain and shift | (N, H) |

Layer norms see a state only less its mean, so C is folded into whatever makes states, and gain and shift
into what reads them. silu(u) = y + y tanh(y) with y = u / 2: what feeds one is halved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Doubles, Floats
from archcast.core.errors import ArtifactError

EPSILON = 1e-5
"""Of torch's layer norm."""
_NAME = "weights.safetensors"


@dataclass(frozen=True, slots=True)
class Round:
    """One round of messages.

    Shapes:
        mix: (H, 3 H), for the node, its predecessors and its successors; shifts: (3, H), theirs;
        out: (H, H); out_shift: (H,)
    """

    mix: Floats
    shifts: Floats
    out: Floats
    out_shift: Floats

    @classmethod
    def of(cls, weights: Mapping[str, Doubles], layer: str, centre: Doubles) -> Self:
        """From torch's names."""
        width = len(centre)
        gain, shift = weights[f"{layer}.norm.weight"], weights[f"{layer}.norm.bias"]
        mix = weights[f"{layer}.mix.weight"].T.reshape(3, width, width) / 2
        shifts = shift @ mix
        shifts[0] += weights[f"{layer}.mix.bias"] / 2
        return cls(
            mix=_single(np.concatenate(list(gain[:, None] * mix), axis=1)),
            shifts=_single(shifts),
            out=_single(weights[f"{layer}.out.weight"].T @ centre),
            out_shift=_single(weights[f"{layer}.out.bias"] @ centre),
        )


@dataclass(frozen=True, slots=True)
class Linear:
    """A product and a shift.

    Shapes:
        matrix: (inputs, outputs); shift: (outputs,)
    """

    matrix: Floats
    shift: Floats

    def __call__(self, x: Floats) -> Floats:
        """(rows, inputs) -> (rows, outputs)."""
        made: Floats = x @ self.matrix
        made += self.shift
        return made

    @classmethod
    def of(cls, weights: Mapping[str, Doubles], name: str, *, by: float = 1.0) -> Self:
        """From torch's names, all outputs times a factor."""
        return cls(_single(weights[f"{name}.weight"].T * by), _single(weights[f"{name}.bias"] * by))


@dataclass(frozen=True, slots=True)
class Weights:
    """See the module's head.

    Shapes:
        kinds: (types, H), what a node's type brings; features: (F, H) and (H,), what its features do;
        read: (H, H); trunk: (2 H + d, 2 H) and (2 H, H); answer: (H, m); lines: (d, m)
    """

    kinds: Floats
    features: Linear
    rounds: tuple[Round, ...]
    read: Linear
    trunk_in: Linear
    trunk_out: Linear
    answer: Linear
    lines: Floats

    @classmethod
    def of(cls, content: bytes) -> Self:
        """From a saved network's file; raise ArtifactError unless it holds one."""
        weights = _arrays(content)
        try:
            return cls._of(weights)
        except (KeyError, ValueError) as error:
            raise ArtifactError(f"{_NAME} must hold a graph network's weights: {error}") from error

    @classmethod
    def _of(cls, weights: Mapping[str, Doubles]) -> Self:
        width = weights["last_norm.weight"].size
        centre = np.eye(width) - 1 / width
        count = len({name.split(".")[1] for name in weights if name.startswith("layers.")})
        gain, shift = weights["last_norm.weight"], weights["last_norm.bias"]
        read = weights["read_node.weight"].T / 2
        devices = weights["devices"].T
        return cls(
            kinds=_single(weights["node_type.weight"] @ centre),
            features=Linear(
                _single(weights["node_features.weight"].T @ centre),
                _single(weights["node_features.bias"] @ centre),
            ),
            rounds=tuple(Round.of(weights, f"layers.{i}", centre) for i in range(count)),
            read=Linear(_single(gain[:, None] * read), _single(shift @ read + weights["read_node.bias"] / 2)),
            trunk_in=Linear.of(weights, "trunk_in", by=0.5),
            trunk_out=Linear.of(weights, "trunk_out", by=0.5),
            answer=Linear(
                _single(weights["project.weight"].T @ devices),
                _single(weights["project.bias"] @ devices + weights["bias"]),
            ),
            lines=_single(weights["lines"].T),
        )


def silu_of_twice(y: Floats) -> Floats:
    """silu(2 y), in the place of `y`."""
    tanh: Floats = np.tanh(y)
    tanh *= y
    y += tanh
    return y


def normed(state: Floats) -> Floats:
    """States of mean 0 over their deviation.

    Shapes:
        state: (N, H); output: (N, H)
    """
    size: Floats = np.einsum("vh,vh->v", state, state)
    size /= state.shape[1]
    size += EPSILON
    np.sqrt(size, out=size)
    np.reciprocal(size, out=size)
    made: Floats = state * size[:, None]
    return made


def _single(values: Doubles) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float32)


def _arrays(content: bytes) -> dict[str, Doubles]:
    """Arrays of a safetensors file, which only training needs a package to read."""
    try:
        size = int.from_bytes(content[:8], "little")
        names: dict[str, Any] = json.loads(content[8 : 8 + size])
        names.pop("__metadata__", None)
        return {name: _array(content[8 + size :], about) for name, about in names.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{_NAME} must be a safetensors file of single-precision arrays") from error


def _array(data: bytes, about: Mapping[str, Any]) -> Doubles:
    if about["dtype"] != "F32":
        raise ValueError(about["dtype"])
    start, end = about["data_offsets"]
    values: NDArray[Any] = np.frombuffer(data[start:end], dtype="<f4")
    return values.reshape(about["shape"]).astype(np.float64)
