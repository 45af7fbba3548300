"""Reading FBNet's notation: 22 numbers or names of blocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Arch, Codes
from archcast.featurize.spaces.checks import check_integer, check_integers, small_integers

BLOCKS = (
    "k3_e1",
    "k3_e1_g2",
    "k3_e3",
    "k3_e6",
    "k5_e1",
    "k5_e1_g2",
    "k5_e3",
    "k5_e6",
    "skip",
)
N_LAYERS = 22


def parse_items(items: Sequence[Arch]) -> Codes:
    """Codes of a batch.

    Shapes:
        output: (n, 22)

    Raises:
        ParseError: names the item and the layer.
    """
    values = small_integers(items, N_LAYERS)
    if values is not None and values.max() < len(BLOCKS):
        return values.astype(np.int8)
    return np.array([_parse_slowly(item, i) for i, item in enumerate(items)], dtype=np.int8)


def _parse_slowly(item: Arch, i: int) -> list[int]:
    """Blocks of one architecture, or a ParseError that says where it goes wrong."""
    values = check_integers(item, N_LAYERS, what="fbnet architecture", item=i)
    if all(isinstance(value, str) and value in BLOCKS for value in values):
        return [BLOCKS.index(value) for value in values]
    return [
        check_integer(value, choices=range(len(BLOCKS)), what=f"fbnet layer {p}", item=i, position=p)
        for p, value in enumerate(values)
    ]
