"""What chain spaces whose parts repeat are made of: the same block costs the same at every like place.

| symbol | meaning |
|---|---|
| n | architectures |
| place | parts that are built alike and so take the same forms, such as all but the first layer of a stage |
| f | forms of all places |

`forms` (n, f) counts how often each form of each place occurs; `place` (n, 3 places) sums the layers,
multiply-adds and bytes of each place, in thirds of their usual spread.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.featurize.cost import bytes_moved, nodes_cost
from archcast.featurize.spaces.builder import NetworkBuilder

if TYPE_CHECKING:
    from archcast.featurize.spaces.chain import ChainSpace, Part

_MOST_FORMS = 256
_PROBES = 512


def has_repeats(space: ChainSpace) -> bool:
    """Whether parts of the space repeat, and their forms are few enough to count each."""
    places, offsets = _places(space)
    return len(set(places.values())) < len(places) and int(offsets[-1]) <= _MOST_FORMS


def repeat_groups(space: ChainSpace, codes: Codes, dataset: str) -> dict[str, Doubles]:
    """Groups `place` and `forms` of a space that has them.

    Shapes:
        codes: (n, k); output: (n, 3 places) and (n, f)
    """
    forms, (table, unit) = _forms(space, codes), _form_costs(space, dataset)
    return {"place": forms @ table / unit, "forms": forms}


def _forms(space: ChainSpace, codes: Codes) -> Doubles:
    places, offsets = _places(space)
    keys = space.part_keys(codes)
    counts = np.zeros((len(codes), int(offsets[-1])))
    rows = np.arange(len(codes))
    for part, place in places.items():
        counts[rows, offsets[place] + keys[:, part]] += 1.0
    return counts


@lru_cache(maxsize=32)
def _places(space: ChainSpace) -> tuple[dict[int, int], Ints]:
    """Place of each part that has a choice, and where the forms of each place begin (last: f)."""
    numbers: dict[tuple[object, ...], int] = {}
    places, sizes = {}, [0]
    for i, part in enumerate(space.parts(space.check_dataset(None))):
        if part.n_keys > 1:
            alike = (part.n_keys, part.build, part.input_shape)
            if alike not in numbers:
                numbers[alike] = len(numbers)
                sizes.append(part.n_keys)
            places[i] = numbers[alike]
    return places, np.cumsum(sizes)


@lru_cache(maxsize=32)
def _form_costs(space: ChainSpace, dataset: str) -> tuple[Doubles, Doubles]:
    """Layers, multiply-adds and bytes of each form in its place's columns, and the columns' unit."""
    places, offsets = _places(space)
    table = np.zeros((int(offsets[-1]), 3 * (len(offsets) - 1)))
    parts = space.parts(dataset)
    for part, place in places.items():
        for key in range(parts[part].n_keys):
            costs = _form_cost(parts[part], key)
            moved = bytes_moved(costs[None])[0]
            own = (costs[:, 0].sum(), costs[:, 2].sum(), moved.sum())
            table[offsets[place] + key, 3 * place : 3 * place + 3] = own
    spread = (_forms(space, space.sample(_PROBES, seed=0)) @ table).std(axis=0)
    return table, 3.0 * np.where(spread > 0.0, spread, 1.0)


def _form_cost(part: Part, key: int) -> Doubles:
    """Costs (C, Q) of one form."""
    builder = NetworkBuilder()
    part.build(builder, builder.input(*part.input_shape(key)), key)
    return nodes_cost(builder.nodes, builder.values)
