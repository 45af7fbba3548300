"""Where blocks can be put in the networks of a space, and how a block is forced there.

| symbol | meaning |
|---|---|
| P | places: layers of units |
| K | blocks |

Forcing a block at a layer beyond the unit's depth raises the depth to that layer; layers between that come
into being so are drawn at random (`Space.complete`, `Space.raised`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Codes, Ints


class Decision(NamedTuple):
    """Columns of codes that are chosen together, and what they are called."""

    name: str
    columns: tuple[int, ...]


class Forced(NamedTuple):
    """What a block writes where it is forced: `codes` into `columns`."""

    block: int
    columns: tuple[int, ...]
    codes: tuple[int, ...]

    def force(self, members: Codes) -> None:
        """Write the block into members (n, k) whose layer is there."""
        for column, code in zip(self.columns, self.codes, strict=True):
            members[:, column] = code


class Place(NamedTuple):
    """A layer of a unit.

    Attributes:
        unit, layer: counted from 0.
        depth: column and least code of the unit's depth for the layer to be there; None where it always is.
        forced: the blocks that fit there.
    """

    unit: int
    layer: int
    depth: tuple[int, int] | None
    forced: tuple[Forced, ...]

    def alternatives(self) -> list[list[int]]:
        """Blocks that write the same columns, so that one excludes the others."""
        blocks: dict[tuple[int, ...], list[int]] = {}
        for forced in self.forced:
            blocks.setdefault(forced.columns, []).append(forced.block)
        return list(blocks.values())


@dataclass(frozen=True, slots=True)
class Places:
    """Units, layers and blocks of a space.

    Attributes:
        units, blocks: their names.
        layers: name of each place's layer.
    """

    units: tuple[str, ...]
    layers: tuple[str, ...]
    blocks: tuple[str, ...]
    places: tuple[Place, ...]

    @property
    def product(self) -> bool:
        """Whether every layer is always there, so that forcing a block is choosing one code."""
        return all(place.depth is None for place in self.places)

    @property
    def numbers(self) -> tuple[Ints, Ints]:
        """Unit and layer of each place, counted from 0; (P,) each."""
        pairs = np.array([(place.unit, place.layer) for place in self.places], dtype=np.int64)
        return pairs[:, 0], pairs[:, 1]

    def columns(self) -> dict[tuple[int, ...], dict[tuple[int, ...], int]]:
        """Columns that blocks are alternatives in -> their codes -> the block."""
        blocks: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
        for place in self.places:
            for forced in place.forced:
                blocks.setdefault(forced.columns, {})[forced.codes] = forced.block
        return blocks


def column_places(
    units: tuple[str, ...],
    stages: Sequence[Sequence[int]],
    blocks: tuple[str, ...],
    layers: tuple[str, ...] | None = None,
) -> Places:
    """Places of a space with one column a layer, whose codes are the blocks.

    Args:
        stages: columns of each unit's layers.
        layers: names of the layers; None counts them within their unit, from 1.
    """
    places, names = [], []
    for unit, columns in enumerate(stages):
        for layer, column in enumerate(columns):
            forced = tuple(Forced(b, (column,), (b,)) for b in range(len(blocks)))
            places.append(Place(unit, layer, None, forced))
            names.append(str(layer + 1))
    return Places(units, layers or tuple(names), blocks, tuple(places))


def decision_places(columns: tuple[str, ...], shown: Sequence[Sequence[str]]) -> Places:
    """Places of any space of independent decisions: one unit, a layer a decision, its values the blocks.

    Args:
        shown: each decision's values, as text.
    """
    blocks = tuple(f"{column}={value}" for column, own in zip(columns, shown, strict=True) for value in own)
    places, first = [], 0
    for c, own in enumerate(shown):
        places.append(Place(0, c, None, tuple(Forced(first + v, (c,), (v,)) for v in range(len(own)))))
        first += len(own)
    return Places(("network",), columns, blocks, tuple(places))
