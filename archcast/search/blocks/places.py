"""Where blocks can be put in the networks of a space, and how a block is forced there.

| space | units | layers of a unit | blocks |
|---|---|---|---|
| nasbench201 | 1 cell | 6 edges | 5 operations |
| macro | 3 stages | 2, 3, 3 | 3 |
| fbnet | 7 stages | 1, 4, 4, 4, 4, 4, 1 | 9 |
| ofa_mbv3 | 5 stages | 4 | 9, kernel and expansion together |
| mnasnet | 7 blocks | 3, in one 4 | 12, expansion, kernel and squeeze-excite together |
| skipnet | 3 cells | 12 | each width and each number of skips |

Forcing a block at a layer beyond the unit's depth raises the depth to that layer; layers between that come
into being so are drawn at random. The layers of a mnasnet block and of a skipnet cell are all alike, so there
a block is forced on the whole unit, and the layer says how deep the unit is at least.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Codes, Ints
from archcast.core.errors import InputError
from archcast.core.registry import Registry
from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces import fbnet as _fbnet
from archcast.featurize.spaces import macro as _macro
from archcast.featurize.spaces import mnasnet as _mnasnet
from archcast.featurize.spaces import ofa_mbv3_notation as _ofa
from archcast.featurize.spaces import skipnet_notation as _skipnet
from archcast.featurize.spaces.nasbench201_notation import EDGES, OPERATIONS

_FILL_STREAM = 1


class Forced(NamedTuple):
    """What a block writes where it is forced: `codes` into `columns`."""

    block: int
    columns: tuple[int, ...]
    codes: tuple[int, ...]


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
        found: dict[tuple[int, ...], list[int]] = {}
        for forced in self.forced:
            found.setdefault(forced.columns, []).append(forced.block)
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Places:
    """Units, layers and blocks of a space.

    Attributes:
        units, blocks: their names.
        layers: name of each place's layer.
    """

    space: str
    units: tuple[str, ...]
    layers: tuple[str, ...]
    blocks: tuple[str, ...]
    places: tuple[Place, ...]

    @property
    def product(self) -> bool:
        """Whether every layer is always there, so that forcing a block is choosing one code."""
        return all(place.depth is None for place in self.places)

    def columns(self) -> dict[tuple[int, ...], dict[tuple[int, ...], int]]:
        """Columns that blocks are alternatives in -> their codes -> the block."""
        found: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
        for place in self.places:
            for forced in place.forced:
                found.setdefault(forced.columns, {})[forced.codes] = forced.block
        return found

    def complete(self, codes: Codes, *, seed: int) -> Codes:
        """Codes with random blocks in layers that are not there, for `raised` to bring up.

        Shapes:
            codes: (n, k); output: (n, k), which `finished` turns back into members
        """
        out = codes.copy()
        if self.space == "ofa_mbv3":
            width = 2 * _ofa.N_POSITIONS
            rng = np.random.default_rng([seed, _FILL_STREAM])
            drawn = rng.integers(1, 4, size=(len(codes), width), dtype=np.int8)
            np.copyto(out[:, :width], drawn, where=codes[:, :width] == 0)
        return out

    def raised(self, complete: Codes, place: Place) -> Codes:
        """Members in which the place's layer is there.

        Shapes:
            complete: (n, k), see `complete`; output: (n, k)
        """
        out = complete.copy()
        if place.depth is not None:
            column, least = place.depth
            np.maximum(out[:, column], np.int8(least), out=out[:, column])
        return self.finished(out)

    def finished(self, codes: Codes) -> Codes:
        """Members of completed codes; may write into its argument.

        Shapes:
            codes, output: (n, k)
        """
        if self.space == "ofa_mbv3":
            n = _ofa.N_POSITIONS
            used = _ofa.used_positions(codes[:, 2 * n : 2 * n + _ofa.N_STAGES])
            codes[:, :n] *= used
            codes[:, n : 2 * n] *= used
        return codes


def force(codes: Codes, forced: Forced) -> None:
    """Write a block into members whose layer is there (`Places.raised`)."""
    for column, code in zip(forced.columns, forced.codes, strict=True):
        codes[:, column] = code


def places_of(space: str) -> Places:
    """Units, layers and blocks of a space.

    Raises:
        InputError: the space has none.
        UnknownNameError: there is no such space.
    """
    known: Space = SPACES[space]
    if space not in _MAKERS:
        raise InputError(
            f"{space} has no blocks in places: its decisions describe whole networks; choose one of "
            f"{', '.join(_MAKERS)}"
        )
    made = _MAKERS[space]()
    top = np.array(known.cardinalities)
    for place in made.places:
        for forced in place.forced:
            if any(code >= top[c] for c, code in zip(forced.columns, forced.codes, strict=True)):
                raise ValueError(f"{space} has no code {forced.codes} in columns {forced.columns}")
    return made


def place_numbers(places: Places) -> tuple[Ints, Ints]:
    """Unit and layer of each place, counted from 0.

    Shapes:
        output: (P,) and (P,)
    """
    pairs = np.array([(place.unit, place.layer) for place in places.places], dtype=np.int64)
    return pairs[:, 0], pairs[:, 1]


_MAKERS: Registry[Callable[[], Places]] = Registry("space with places")


def _simple(
    space: str, units: tuple[str, ...], stages: tuple[tuple[int, ...], ...], blocks: tuple[str, ...]
) -> Places:
    """One column a layer, whose codes are the blocks."""
    made, names = [], []
    for unit, columns in enumerate(stages):
        for layer, column in enumerate(columns):
            forced = tuple(Forced(b, (column,), (b,)) for b in range(len(blocks)))
            made.append(Place(unit, layer, None, forced))
            names.append(str(layer + 1))
    return Places(space, units, tuple(names), blocks, tuple(made))


def _nasbench201() -> Places:
    made = _simple("nasbench201", ("cell",), (tuple(range(len(EDGES))),), tuple(OPERATIONS))
    names = tuple(f"{u}-{v}" for u, v in EDGES)
    return Places(made.space, made.units, names, made.blocks, made.places)


def _macro_places() -> Places:
    blocks = ("identity", *(f"e{e}_k{k}" for e, k in _macro.BLOCKS.values()))
    units = tuple(f"stage{s + 1}" for s in range(len(_macro.STAGES)))
    return _simple("macro", units, _macro.STAGES, blocks)


def _fbnet_places() -> Places:
    ends = np.cumsum([0, *_fbnet.STAGES]).tolist()
    stages = tuple(tuple(range(a, b)) for a, b in pairwise(ends))
    units = tuple(f"stage{s}" for s in range(len(stages)))
    return _simple("fbnet", units, stages, _fbnet.BLOCKS)


def _ofa_places() -> Places:
    pairs = [(k, e) for k in range(1, 4) for e in range(1, 4)]
    blocks = tuple(f"k{_ofa.KERNELS[k - 1]}_e{_ofa.EXPANSIONS[e - 1]}" for k, e in pairs)
    n, made, names = _ofa.N_POSITIONS, [], []
    for unit in range(_ofa.N_STAGES):
        for layer in range(_ofa.POSITIONS):
            position = unit * _ofa.POSITIONS + layer
            least = layer + 1 - _ofa.DEPTHS[0]
            depth = (2 * n + unit, least) if least > 0 else None
            forced = tuple(Forced(b, (position, n + position), pair) for b, pair in enumerate(pairs))
            made.append(Place(unit, layer, depth, forced))
            names.append(str(layer + 1))
    units = tuple(f"stage{s + 1}" for s in range(_ofa.N_STAGES))
    return Places("ofa_mbv3", units, tuple(names), blocks, tuple(made))


def _mnasnet_places() -> Places:
    codes = [
        (e, k, se)
        for e in range(len(_mnasnet.EXPANSIONS))
        for k in range(len(_mnasnet.KERNELS))
        for se in range(2)
    ]
    blocks = tuple(
        f"e{_mnasnet.EXPANSIONS[e]}_k{_mnasnet.KERNELS[k]}" + ("_se" if se else "") for e, k, se in codes
    )
    made, names = [], []
    for unit, layers in enumerate(_mnasnet.LAYERS):
        columns = (4 * unit, 4 * unit + 1, 4 * unit + 3)
        for layer in range(len(layers)):
            depth = (4 * unit + 2, layer) if layer else None
            made.append(Place(unit, layer, depth, tuple(Forced(b, columns, c) for b, c in enumerate(codes))))
            names.append(str(layer + 1))
    units = tuple(f"block{u}" for u in range(len(_mnasnet.LAYERS)))
    return Places("mnasnet", units, tuple(names), blocks, tuple(made))


def _skipnet_places() -> Places:
    widths = sorted({w for choices in _skipnet.WIDTHS for w in choices})
    blocks = tuple(f"w{w}" for w in widths) + tuple(f"t{t}" for t in _skipnet.SKIPS)
    cells, made, names = _skipnet.N_CELLS, [], []
    for unit, own in enumerate(_skipnet.WIDTHS):
        forced = [Forced(widths.index(w), (cells + unit,), (code,)) for code, w in enumerate(own)]
        forced += [Forced(len(widths) + t, (2 * cells + unit,), (t,)) for t in range(len(_skipnet.SKIPS))]
        for layer in range(_skipnet.DEPTHS[-1]):
            least = layer + 1 - _skipnet.DEPTHS[0]
            made.append(Place(unit, layer, (unit, least) if least > 0 else None, tuple(forced)))
            names.append(str(layer + 1))
    units = tuple(f"cell{u + 1}" for u in range(cells))
    return Places("skipnet", units, tuple(names), blocks, tuple(made))


_MAKERS.register("nasbench201", _nasbench201)
_MAKERS.register("macro", _macro_places)
_MAKERS.register("fbnet", _fbnet_places)
_MAKERS.register("ofa_mbv3", _ofa_places)
_MAKERS.register("mnasnet", _mnasnet_places)
_MAKERS.register("skipnet", _skipnet_places)
