"""A search's goals and limits as numbers.

| symbol | meaning |
|---|---|
| n, k | architectures, decisions |
| m, l | goals, limits |
| costs | (n, m) goals, turned so that less is better |
| excess | (n, l) how far a limit is broken, as a share of the limit; 0 or less where it is kept |
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles
from archcast.featurize.spaces import Space
from archcast.search.loop.goals import Goal, Limit
from archcast.search.loop.sources import Source

_PART = 1024
"""Rows that are held against a front together."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Costs and excess of a batch, see the module's table."""

    costs: Doubles
    excess: Doubles

    @property
    def violation(self) -> Doubles:
        """(n,): sum of what limits are broken by; 0 where all are kept."""
        total: Doubles = np.maximum(self.excess, 0.0).sum(axis=1)
        return total


@dataclass(frozen=True)
class Problem:
    """Goals, limits and where their values come from.

    Attributes:
        goal_sources, limit_sources: one a goal, one a limit.
        hold: probability with which a limit is to be kept; None holds limits by the prediction.
    """

    space: Space
    goals: tuple[Goal, ...]
    goal_sources: tuple[Source, ...]
    limits: tuple[Limit, ...]
    limit_sources: tuple[Source, ...]
    hold: float | None

    @cached_property
    def signs(self) -> Doubles:
        """(m,): -1 for what is to be maximised."""
        return np.array([-1.0 if goal.maximize else 1.0 for goal in self.goals])

    def values(self, codes: Codes) -> Doubles:
        """Goals as predicted, and limits' quantities as they are held, in their units.

        Shapes:
            codes: (n, k); output: (n, m + l)
        """
        columns = [source.mean(codes) for source in self.goal_sources]
        for limit, source in zip(self.limits, self.limit_sources, strict=True):
            held = (
                source.mean(codes) if self.hold is None else source.end(codes, self.hold, upper=limit.upper)
            )
            columns.append(held)
        return np.stack(columns, axis=1)

    def scores(self, values: Doubles) -> Scores:
        """What a method compares.

        Shapes:
            values: (n, m + l), as `values` gives them
        """
        m = len(self.goals)
        bounds = np.array([limit.value for limit in self.limits])
        turned = np.array([1.0 if limit.upper else -1.0 for limit in self.limits])
        scale = np.where(bounds == 0, 1.0, np.abs(bounds))
        excess = (values[:, m:] - bounds) * turned / scale
        return Scores(values[:, :m] * self.signs, excess.reshape(len(values), len(self.limits)))


def front_rows(scores: Scores) -> Bools:
    """Which rows keep all limits and are beaten by no other such row in every goal.

    Shapes:
        output: (n,)
    """
    kept = np.flatnonzero(scores.violation == 0)
    out = np.zeros(len(scores.costs), dtype=bool)
    if not len(kept):
        return out
    costs = scores.costs[kept]
    if costs.shape[1] == 1:
        out[kept[costs[:, 0] == costs.min()]] = True
        return out
    order = np.lexsort(costs.T[::-1])
    front = np.empty((0, costs.shape[1]))
    for start in range(0, len(order), _PART):  # in this order nothing later beats what is on the front
        part = order[start : start + _PART]
        for i in part[~_beaten(costs[part], front)]:
            if not _beaten(costs[i : i + 1], front)[0]:
                front = np.vstack([front, costs[i]])
                out[kept[i]] = True
    return out


def _beaten(costs: Doubles, front: Doubles) -> Bools:
    """Which rows (n, m) some row of the front (f, m) beats, (n,)."""
    at_most = (front[:, None] <= costs).all(axis=2)
    less = (front[:, None] < costs).any(axis=2)
    beaten: Bools = np.any(at_most & less, axis=0)
    return beaten


def ranked(scores: Scores) -> Doubles:
    """Rank of each row by one cost: those that keep the limits first, then by what they break (Deb, 2000).

    Shapes:
        output: (n,), 0 is best
    """
    rank = np.empty(len(scores.costs))
    rank[np.lexsort((scores.costs[:, 0], scores.violation))] = np.arange(len(rank))
    return rank
