"""Accuracy against cost on a device over a space: the front, one architecture, its neighbours by one edit.

| symbol | meaning |
|---|---|
| n, k | members looked at, decisions |
| m | neighbours |

Small spaces are looked at whole; of others some members are drawn, always the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.core.errors import InputError
from archcast.core.metric import METRICS
from archcast.featurize.spaces import Space
from archcast.serving.loaded import LoadedPredictor
from archcast.serving.overview import CostModel, MemberCosts

WHOLE = 65_536
"""Largest space that is looked at whole."""
DRAWN = 20_000
"""Members that are drawn of larger ones."""
DRAWN_BUILT = 96
"""The same where each has to be built as a network, which takes long."""
MOST_NEIGHBOURS = 12
"""Neighbours that are told."""
_EDITS_TOLD = 3


@dataclass(frozen=True, slots=True)
class Cloud:
    """Members of a space with what they cost and reach.

    Shapes:
        codes: (n, k); cost, accuracy: float64 (n,), in the metrics' units

    Attributes:
        whole: whether these are all members.
    """

    codes: Codes
    cost: Doubles
    accuracy: Doubles
    whole: bool


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A member one edit away from an architecture.

    Attributes:
        arch: as text in the space's notation.
        cost, accuracy: in the metrics' units.
        edit: the decisions that differ, `edge: before -> after`.
        better: in what it is better than the architecture: `both`, `cost` or `accuracy`.
    """

    arch: str
    cost: float
    accuracy: float
    edit: str
    better: str


@lru_cache(maxsize=8)
def cloud(cost: CostModel, accuracy: LoadedPredictor) -> Cloud:
    """Members of a space; worked out once for two predictors."""
    space = accuracy.space
    built = isinstance(cost, MemberCosts)
    whole = space.is_product and space.size <= (DRAWN_BUILT if built else WHOLE)
    if whole:
        codes = space.members(np.arange(space.size))
    else:
        codes = np.unique(space.sample(DRAWN_BUILT if built else DRAWN, seed=0), axis=0)
    return Cloud(codes, *_both(cost, accuracy, codes), whole)


def front_rows(cost: Doubles, accuracy: Doubles, *, lower_is_better: bool = True) -> Ints:
    """Rows that none beats in cost and in accuracy, cheapest first; of equal ones the first alone.

    Shapes:
        cost, accuracy: (n,); output: (front,)
    """
    signed = cost if lower_is_better else -cost
    order = np.lexsort((np.arange(len(cost)), -accuracy, signed))
    best = np.maximum.accumulate(np.r_[-np.inf, accuracy[order]])[:-1]
    kept: Ints = order[accuracy[order] > best]
    return kept


def neighbours(cost: CostModel, accuracy: LoadedPredictor, code: Codes) -> list[Neighbour]:
    """Neighbours by one edit that are better than an architecture in something, the best of them.

    They are those that no other neighbour beats in both; the ones better in both come first, and then those
    that give up least of the one for the other. Neighbours that are the same network are left out.

    Shapes:
        code: (1, k)

    Raises:
        InputError: the space has no notion of neighbours.
    """
    space = accuracy.space
    around = _others(space, code)
    if not len(around):
        return []
    lower = METRICS[cost.entry.metric].lower_is_better
    costs, reached = _both(cost, accuracy, np.concatenate([code, around]))
    saved = (costs[0] - costs[1:]) / abs(costs[0]) * (1 if lower else -1)
    gained = (reached[1:] - reached[0]) / 100
    rows = front_rows(-saved, gained)
    rows = rows[(saved[rows] > 0) | (gained[rows] > 0)]
    order = np.lexsort((-(saved[rows] + gained[rows]), -np.minimum(saved[rows], gained[rows]).clip(max=0)))
    rows = rows[order][:MOST_NEIGHBOURS]
    texts = space.to_text(around[rows])
    return [
        Neighbour(
            text,
            float(costs[1 + row]),
            float(reached[1 + row]),
            edit(space, code, around[row][None]),
            _better(float(saved[row]), float(gained[row])),
        )
        for text, row in zip(texts, rows.tolist(), strict=True)
    ]


def edit(space: Space, before: Codes, after: Codes) -> str:
    """What differs between two architectures: `place: before -> after`, of many places the first ones.

    Shapes:
        before, after: (1, k)
    """
    places = [_choices(space, codes) for codes in (before, after)]
    names = dict.fromkeys([*places[0], *places[1]])
    changed = [name for name in names if places[0].get(name) != places[1].get(name)]
    changes = [
        f"{name}: {places[0].get(name, 'none')} -> {places[1].get(name, 'none')}"
        for name in changed[:_EDITS_TOLD]
    ]
    more = len(changed) - len(changes)
    return "; ".join(changes) + (f"; and {more} more" if more else "")


def _choices(space: Space, codes: Codes) -> dict[str, str]:
    """What an architecture has by the name of each decision, or by place in its notation.

    Shapes:
        codes: (1, k)
    """
    if space.is_product:
        return {decision.name: space.choice(decision, codes) for decision in space.decisions(codes)}
    flat: dict[str, str] = {}
    written = space.format(codes)[0]
    parts = written.items() if isinstance(written, dict) else enumerate(np.atleast_1d(written).tolist())
    for name, value in parts:
        for i, own in enumerate(value) if isinstance(value, list) else (("", value),):
            flat[f"{name}[{i}]" if i != "" else str(name)] = str(own)
    return flat


def _better(saved: float, gained: float) -> str:
    if saved > 0 and gained > 0:
        return "both"
    return "cost" if saved > 0 else "accuracy"


def _others(space: Space, code: Codes) -> Codes:
    """Neighbours that are other networks, each network once.

    Shapes:
        code: (1, k); output: (m, k)
    """
    try:
        around, _ = space.neighbours(code)
    except InputError:
        raise InputError(f"{space.name} has no neighbours by one edit") from None
    groups = space.network_groups(np.concatenate([code, around]))
    _, first = np.unique(groups, return_index=True)
    kept: Codes = around[np.sort(first[first > 0]) - 1]
    return kept


def _both(cost: CostModel, accuracy: LoadedPredictor, codes: Codes) -> tuple[Doubles, Doubles]:
    """Cost and accuracy of members."""
    return cost.predict_codes(codes).astype(np.float64), accuracy.predict_codes(codes).astype(np.float64)
