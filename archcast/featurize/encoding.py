"""Numeric encodings that predictors learn from: decisions one-hot, features on a log scale.

| symbol | meaning |
|---|---|
| n | architectures |
| d | columns of the encoding |
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats, Ints
from archcast.core.errors import UnknownNameError
from archcast.featurize.features import feature_names, feature_values
from archcast.featurize.spaces import Space

PIECES = ("decisions", "features")


def encode(space: Space, codes: Codes, pieces: tuple[str, ...], dataset: str | None = None) -> Doubles:
    """Pieces side by side.

    Args:
        pieces: names among `PIECES`: `decisions` (one-hot) and `features` (log(1 + x) of every feature).

    Shapes:
        codes: (n, k); output: (n, d)
    """
    made = []
    for piece in pieces:
        if piece == "decisions":
            made.append(one_hot(space, codes).astype(np.float64))
        elif piece == "features":
            made.append(np.log1p(feature_values(space, codes, dataset)))
        else:
            raise UnknownNameError("encoding piece", piece, PIECES)
    return np.concatenate(made, axis=1)


def encoding_names(space: Space, pieces: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the columns of `encode`."""
    names: list[str] = []
    for piece in pieces:
        if piece == "decisions":
            pairs = zip(space.columns, space.cardinalities, strict=True)
            names += [f"{column}={value}" for column, top in pairs for value in range(top)]
        else:
            names += [f"log_{name}" for name in feature_names(space)]
    return tuple(names)


def one_hot(space: Space, codes: Codes) -> Floats:
    """One column a decision and value, 1 where it is taken.

    Shapes:
        codes: (n, k); output: float32 (n, sum of cardinalities)
    """
    out = np.zeros((len(codes), sum(space.cardinalities)), dtype=np.float32)
    rows = np.arange(len(codes))[:, None]
    out[rows, codes.astype(np.int64) + decision_offsets(space)] = 1.0
    return out


def decision_offsets(space: Space) -> Ints:
    """(k,): first one-hot column of each decision."""
    return np.concatenate([[0], np.cumsum(space.cardinalities)[:-1]]).astype(np.int64)
