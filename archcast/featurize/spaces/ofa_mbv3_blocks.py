"""The blocks of Once-for-All networks: where they stand, what they are called, how a search changes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.featurize.spaces.genome import Genome
from archcast.featurize.spaces.ofa_mbv3_notation import (
    DEPTHS,
    EXPANSIONS,
    KERNELS,
    N_POSITIONS,
    N_STAGES,
    POSITIONS,
    RESOLUTIONS,
)
from archcast.featurize.spaces.places import Decision, Forced, Place, Places

if TYPE_CHECKING:
    from archcast.featurize.spaces.base import Space

_PAIRS = [(k, e) for k in range(1, 1 + len(KERNELS)) for e in range(1, 1 + len(EXPANSIONS))]
_NAMES = tuple(f"k{KERNELS[k - 1]}_e{EXPANSIONS[e - 1]}" for k, e in _PAIRS)
_FILL_STREAM = 1


class OFAGenome(Genome):
    """Kernels and expansions count from 0, and those of unused positions are ignored."""

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self.cardinalities[: 2 * N_POSITIONS] -= 1

    def codes(self, genes: Ints) -> Codes:
        codes = genes.astype(np.int8)
        codes[:, : 2 * N_POSITIONS] += 1
        return self.space.parse(codes)

    def genes(self, codes: Codes) -> Ints:
        genes = codes.astype(np.int64)
        genes[:, : 2 * N_POSITIONS] = np.maximum(genes[:, : 2 * N_POSITIONS] - 1, 0)
        return genes


def places() -> Places:
    """Five stages of four layers, each with every pair of kernel and expansion."""
    made, names = [], []
    for unit in range(N_STAGES):
        for layer in range(POSITIONS):
            position = unit * POSITIONS + layer
            least = layer + 1 - DEPTHS[0]
            depth = (2 * N_POSITIONS + unit, least) if least > 0 else None
            forced = (Forced(b, (position, N_POSITIONS + position), pair) for b, pair in enumerate(_PAIRS))
            made.append(Place(unit, layer, depth, tuple(forced)))
            names.append(str(layer + 1))
    units = tuple(f"stage{s + 1}" for s in range(N_STAGES))
    return Places(units, tuple(names), _NAMES, tuple(made))


def complete(codes: Codes, *, seed: int) -> Codes:
    """Codes with a random kernel and expansion in each unused position."""
    out, width = codes.copy(), 2 * N_POSITIONS
    rng = np.random.default_rng([seed, _FILL_STREAM])
    drawn = rng.integers(1, 4, size=(len(codes), width), dtype=np.int8)
    np.copyto(out[:, :width], drawn, where=codes[:, :width] == 0)
    return out


def layer_name(position: int) -> str:
    """Name of the layer at a position, counted from 0."""
    return f"stage{position // POSITIONS + 1}.layer{position % POSITIONS + 1}"


def decisions(codes: Codes) -> tuple[Decision, ...]:
    """Kernel and expansion of each layer that is there together, depths, and the resolution."""
    positions = [p for p in range(N_POSITIONS) if codes[0, p] != 0]
    made = [Decision(layer_name(p), (p, N_POSITIONS + p)) for p in positions]
    made += [Decision(f"stage{s + 1}.depth", (2 * N_POSITIONS + s,)) for s in range(N_STAGES)]
    return (*made, Decision("resolution", (2 * N_POSITIONS + N_STAGES,)))


def choice(columns: Sequence[int], codes: Codes) -> str:
    """Block, depth or resolution of one network, as text."""
    own = tuple(int(codes[0, c]) for c in columns)
    if len(own) == 2:
        return _NAMES[_PAIRS.index((own[0], own[1]))]
    return str((RESOLUTIONS if columns[0] == 2 * N_POSITIONS + N_STAGES else DEPTHS)[own[0]])


def shares(group: Sequence[int], rows: Codes) -> Doubles:
    """Share of the members that hold each kernel and expansion of a position, 0 where it is unused."""
    members = np.array([float(len(_PAIRS)) ** depth for depth in DEPTHS])
    used = float(members[np.array(DEPTHS) > group[0] % POSITIONS].sum() / members.sum())
    kernel, expansion = rows[:, group[0]], rows[:, group[1]]
    both, neither = (kernel > 0) & (expansion > 0), (kernel == 0) & (expansion == 0)
    return np.asarray(both * used / len(_PAIRS) + neither * (1.0 - used))
