"""Shapley values of decisions: what each adds, averaged over all orders in which decisions are taken.

| symbol | meaning |
|---|---|
| x, z | the architecture; a random network of the space |
| P | decisions |
| f | the predictor |
| v(S) | mean over z of f(z with the decisions in S taken from x) |

The value of decision i is the mean over orders of v(those before i, and i) - v(those before i) (Shapley,
1953); over all decisions they sum to f(x) less the mean of f. In a small space v is looked up for all 2^P
sets, z being every member. Elsewhere each of n pairs draws one z, one order and its reverse (antithetic,
Mitchell et al., Sampling Permutations for Shapley Value Estimation, JMLR 2022); each order's differences sum
to f(x) - f(z), and the pairs' spread gives the errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.places import Decision
from archcast.predictors.lowered.forms import MAX_MEMBERS
from archcast.search.blocks.statistics import Values
from archcast.search.explain.model import Shares

__all__ = ["Shares", "can_enumerate", "exact_shares", "sampled_shares"]
_MOST_DECISIONS = 12
_ORDERS = 2_000
"""Orders that are evaluated at once."""


def can_enumerate(space: Space) -> bool:
    """Whether every member and every set of decisions can be looked at."""
    return space.is_product and space.size <= MAX_MEMBERS and len(space.columns) <= _MOST_DECISIONS


def exact_shares(
    values: Values, space: Space, decisions: Sequence[Decision], choices: tuple[str, ...], codes: Codes
) -> Shares:
    """Shapley values by every set of decisions, over every member of the space.

    Args:
        decisions: one a column, in order.
    """
    whole = np.asarray(values(space.members(np.arange(space.size))), dtype=np.float64)
    tensor = whole.reshape(space.cardinalities)
    players = range(len(decisions))
    worth: dict[frozenset[int], float] = {}
    for size in range(len(decisions) + 1):
        for taken in combinations(players, size):
            index = tuple(int(codes[0, p]) if p in taken else slice(None) for p in players)
            worth[frozenset(taken)] = float(tensor[index].mean())
    shares = np.zeros(len(decisions))
    for taken_set, value in worth.items():
        size = len(taken_set)
        for p in players:
            if p in taken_set:
                shares[p] += value / (len(decisions) * comb(len(decisions) - 1, size - 1))
            else:
                shares[p] -= value / (len(decisions) * comb(len(decisions) - 1, size))
    names = tuple(decision.name for decision in decisions)
    return Shares(names, choices, shares, np.zeros(len(decisions)))


def sampled_shares(
    values: Values,
    space: Space,
    decisions: Sequence[Decision],
    choices: tuple[str, ...],
    codes: Codes,
    pairs: int,
    seed: int,
    rng: np.random.Generator,
) -> Shares:
    """Shapley values by pairs of an order and its reverse, with standard errors.

    Args:
        seed: of the random networks; `rng` draws the orders.
    """
    background = space.complete(space.sample(pairs, seed=seed), seed=seed)
    order = rng.permuted(np.tile(np.arange(len(decisions)), (pairs, 1)), axis=1)
    gains = np.empty((pairs, len(decisions)))
    for start in range(0, pairs, _ORDERS):
        rows = slice(start, min(start + _ORDERS, pairs))
        forward, z = order[rows], background[rows]
        both = [_along(values, space, decisions, codes, z, o) for o in (forward, forward[:, ::-1])]
        gains[rows] = (both[0] + both[1]) / 2.0
    errors = gains.std(axis=0, ddof=1) / np.sqrt(pairs)
    names = tuple(decision.name for decision in decisions)
    return Shares(names, choices, gains.mean(axis=0), errors)


def _along(
    values: Values,
    space: Space,
    decisions: Sequence[Decision],
    codes: Codes,
    z: Codes,
    order: Ints,
) -> Doubles:
    """What each decision adds when decisions of `codes` replace those of `z` in an order.

    Shapes:
        codes: (1, k); z: (n, k); order: (n, P); output: (n, P)
    """
    n, p = order.shape
    position = np.argsort(order, axis=1)
    taken: Bools = position[:, None, :] < np.arange(p + 1)[None, :, None]
    mixed = np.repeat(z[:, None, :], p + 1, axis=1)
    for d, decision in enumerate(decisions):
        for column in decision.columns:
            mixed[:, :, column][taken[:, :, d]] = codes[0, column]
    flat = space.normalise(mixed.reshape(-1, z.shape[1]))
    answers = np.asarray(values(flat), dtype=np.float64).reshape(n, p + 1)
    steps: Doubles = np.take_along_axis(np.diff(answers, axis=1), position, axis=1)
    return steps
