"""Folds of networks that keep every family on one side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def family_folds(families: Sequence[str], folds: int) -> NDArray[np.int64]:
    """The fold of each network: families in the order of the sha256 of their names, dealt round.

    Shapes:
        output: (n,), from 0; fewer folds where there are fewer families
    """
    order = sorted(set(families), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    place = {name: i % folds for i, name in enumerate(order)}
    return np.array([place[name] for name in families], dtype=np.int64)
