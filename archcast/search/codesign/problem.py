"""What co-optimisation is to reach, and the values of pairs of a network and an accelerator.

| symbol | meaning |
|---|---|
| n, m | pairs; networks among them |
| k, h, V | decisions of a network, accelerators, volumes |
| Q | quantities, in the order of `UNITS` |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError, UnknownNameError
from archcast.search.codesign.costs import CostModels
from archcast.search.codesign.space import JointSpace
from archcast.search.loop.goals import Goal, Limit, Quantity, parse_limit
from archcast.search.loop.problem import Problem
from archcast.search.loop.sources import Scored

Accuracy = Callable[[Codes], Doubles]
"""(m, k) codes of networks -> (m,) accuracy in %."""
UNITS = {
    "accuracy": "%",
    "latency": "ms",
    "energy": "mJ",
    "area": "area units",
    "power": "W",
    "efficiency": "% / (ms mJ area)",
}
"""Of each quantity; area in units of the target's description, power is energy over latency."""
QUANTITIES = tuple(UNITS)
LIMITED = QUANTITIES[:-1]
OBJECTIVES = ("accuracy", "efficiency")
"""Efficiency is accuracy / (latency x energy x area)."""


class PairQuantity(Quantity):
    """A quantity of a pair, which needs no device."""

    @property
    def unit(self) -> str:
        return UNITS[self.metric]


def pair_limit(text: str) -> Limit:
    """`latency<=0.2` or `accuracy>=75`.

    Raises:
        InputError: not of that form, or with the sign that makes no limit.
        UnknownNameError: no such quantity.
    """
    limit = parse_limit(text, read=_quantity, example="latency<=0.2 or accuracy>=75")
    if limit.upper == (limit.quantity.metric == "accuracy"):
        raise InputError(f"a limit of accuracy must be written with >=, of others with <=, got {limit.text}")
    return limit


def _quantity(text: str) -> PairQuantity:
    name = text.strip()
    if name not in LIMITED:
        raise UnknownNameError("quantity of a limit", name, LIMITED)
    return PairQuantity(name)


class PairValues:
    """All quantities of pairs; a network on several accelerators side by side is asked for once.

    Args:
        accuracy: of networks.
        costs: fitted feature models.
    """

    def __init__(self, space: JointSpace, accuracy: Accuracy, costs: CostModels) -> None:
        self.space, self.accuracy, self.costs = space, accuracy, costs
        self._latency, self._energy, self._area = costs.weights(space.grid)

    def __call__(self, codes: Codes) -> Doubles:
        """Quantities in their units.

        Shapes:
            codes: (n, k + 3); output: (n, Q)
        """
        networks, owner, chip = self.space.split(codes)
        volumes = self.costs.volumes(networks).take(owner, axis=0)
        out = np.empty((len(codes), len(QUANTITIES)))
        out[:, 0] = self.accuracy(networks).take(owner)
        out[:, 1] = np.einsum("nv,nv->n", volumes, self._latency.take(chip, axis=0))
        out[:, 2] = np.einsum("nv,nv->n", volumes, self._energy.take(chip, axis=0))
        out[:, 3] = self._area.take(chip)
        out[:, 4] = out[:, 2] / out[:, 1]
        out[:, 5] = out[:, 0] / (out[:, 1] * out[:, 2] * out[:, 3])
        return out

    def column(self, quantity: str) -> Callable[[Codes], Doubles]:
        """One of the quantities, (n, k + 3) -> (n,), as a function of its name."""

        def one(codes: Codes) -> Doubles:
            column: Doubles = self(codes)[:, QUANTITIES.index(quantity)]
            return column

        one.__name__ = quantity
        return one


@dataclass(frozen=True)
class PairProblem(Problem):
    """A problem of the search loop whose quantities are computed together."""

    pairs: PairValues

    @classmethod
    def of(cls, pairs: PairValues, limits: Sequence[Limit] = (), objective: str = "accuracy") -> PairProblem:
        """The best objective that keeps all limits; raise UnknownNameError for no such objective."""
        if objective not in OBJECTIVES:
            raise UnknownNameError("objective", objective, OBJECTIVES)
        goals = (Goal(PairQuantity(objective), maximize=True),)
        names = (objective, *(limit.quantity.metric for limit in limits))
        goal, *bounds = (Scored(pairs.column(name), pairs.space, "codes") for name in names)
        return cls(pairs.space, goals, (goal,), tuple(limits), tuple(bounds), None, pairs)

    def values(self, codes: Codes) -> Doubles:
        return self.of_quantities(self.pairs(codes))

    def of_quantities(self, values: Doubles) -> Doubles:
        """Goal and limits' quantities among all.

        Shapes:
            values: (n, Q); output: (n, 1 + l)
        """
        named = [goal.quantity for goal in self.goals] + [limit.quantity for limit in self.limits]
        return values[:, [QUANTITIES.index(quantity.metric) for quantity in named]]
