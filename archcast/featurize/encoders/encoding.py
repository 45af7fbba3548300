"""Numeric encodings that predictors learn from.

| piece | columns |
|---|---|
| `decisions` | one a decision and value |
| `terms` | the space's own terms, whose weighted sum can express a cost |
| `features` | log(1 + x) of every named feature |
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.encoders.onehot import one_hot
from archcast.featurize.features import feature_names, feature_values
from archcast.featurize.spaces import Space

PIECES = ("decisions", "terms", "features")


def encode(
    space: Space,
    codes: Codes,
    pieces: tuple[str, ...],
    dataset: str | None = None,
    *,
    features: tuple[str, ...] | None = None,
) -> Doubles:
    """Pieces side by side.

    Args:
        pieces: names among `PIECES`.
        features: the only features wanted, in that order; None takes all.

    Shapes:
        codes: (n, k); output: (n, d)
    """
    _check(pieces)
    blocks = []
    for piece in pieces:
        if piece == "decisions":
            blocks.append(one_hot(codes, space.cardinalities).astype(np.float64))
        elif piece == "terms":
            blocks.append(space.terms(codes)[1])
        else:
            blocks.append(np.log1p(feature_values(space, codes, dataset, names=features)))
    return np.concatenate(blocks, axis=1)


def encoding_names(
    space: Space, pieces: tuple[str, ...], *, features: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Names of the columns of `encode`."""
    _check(pieces)
    names: list[str] = []
    for piece in pieces:
        if piece == "decisions":
            pairs = zip(space.columns, space.cardinalities, strict=True)
            names += [f"{column}={value}" for column, top in pairs for value in range(top)]
        elif piece == "terms":
            names += space.terms(space.sample(1, seed=0))[0]
        else:
            names += [f"log_{name}" for name in (feature_names(space) if features is None else features)]
    return tuple(names)


def encoding_groups(space: Space, pieces: tuple[str, ...]) -> tuple[tuple[int, ...], ...] | None:
    """Groups of decisions over which the columns of `encode` are sums of functions of one group each.

    None where they are no such sums: `features` are logarithms of sums.
    """
    _check(pieces)
    if "features" in pieces:
        return None
    single = tuple((c,) for c in range(len(space.columns)))
    if "terms" not in pieces or space.term_groups is None:
        return single if "terms" not in pieces else None
    grouped = {c for group in space.term_groups for c in group}
    return (*space.term_groups, *(group for group in single if group[0] not in grouped))


def _check(pieces: tuple[str, ...]) -> None:
    if not pieces:
        raise InputError(f"pieces must be at least one of {', '.join(PIECES)}, got none")
    for piece in pieces:
        if piece not in PIECES:
            raise UnknownNameError("encoding piece", piece, PIECES)
