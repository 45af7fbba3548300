"""The decisions of a space that can be taken one without the other, in words."""

from __future__ import annotations

from typing import NamedTuple

from archcast.core.arrays import Codes
from archcast.featurize.spaces import Space
from archcast.featurize.spaces import mnasnet as _mnasnet
from archcast.featurize.spaces import ofa_mbv3_notation as _ofa
from archcast.featurize.spaces import skipnet_notation as _skipnet
from archcast.search.blocks.places import places_of

_HAT_DECODER = (5, 6, 7, 8, 9)
"""Decoder layers, and what is summed over them."""


class Decision(NamedTuple):
    """Columns of codes that are chosen together."""

    name: str
    columns: tuple[int, ...]


def decisions_of(space: Space, codes: Codes) -> tuple[Decision, ...]:
    """Decisions of one architecture: those of its space, without the blocks of layers that it does not have.

    Shapes:
        codes: (1, k)
    """
    if space.name == "ofa_mbv3":
        return _ofa_decisions(space, codes)
    if space.name == "hat":
        alone = [c for c, top in enumerate(space.cardinalities) if top > 1 and c not in _HAT_DECODER]
        made = [Decision(space.columns[c], (c,)) for c in alone]
        return (*made, Decision("decoder_layers_and_their_sums", _HAT_DECODER))
    return tuple(Decision(name, (c,)) for c, name in enumerate(space.columns))


def _ofa_decisions(space: Space, codes: Codes) -> tuple[Decision, ...]:
    n = _ofa.N_POSITIONS
    made = [
        Decision(f"stage{p // _ofa.POSITIONS + 1}.layer{p % _ofa.POSITIONS + 1}", (p, n + p))
        for p in range(n)
        if codes[0, p] != 0
    ]
    made += [Decision(f"stage{s + 1}.depth", (2 * n + s,)) for s in range(_ofa.N_STAGES)]
    return (*made, Decision("resolution", (len(space.columns) - 1,)))


def shown_choice(space: Space, decision: Decision, codes: Codes) -> str:
    """What an architecture has for a decision.

    Shapes:
        codes: (1, k)
    """
    own = tuple(int(codes[0, c]) for c in decision.columns)
    first = decision.columns[0]
    if space.name == "ofa_mbv3" and len(own) == 1:
        values = _ofa.RESOLUTIONS if first == len(space.columns) - 1 else _ofa.DEPTHS
        return str(values[own[0]])
    if space.name == "mnasnet":
        return str(_mnasnet.CHOICES[first][own[0]])
    if space.name == "skipnet":
        return str(_skipnet.CHOICES[first][own[0]])
    if space.name == "hat":
        shown = space.format(codes)[0]
        return ", ".join(f"{shown[space.columns[c]]:.4g}" for c in decision.columns)
    places = places_of(space.name)
    return places.blocks[places.columns()[decision.columns][own]]
