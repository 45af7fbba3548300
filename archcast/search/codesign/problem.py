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
    "edp": "mJ ms",
    "efficiency": "% / (ms mJ area)",
}
"""Of each quantity; area in units of the target's description, power is energy over latency, edp the product
of both, efficiency accuracy / (latency x energy x area)."""
QUANTITIES = tuple(UNITS)
LIMITED = QUANTITIES[:-1]
MAXIMISED = ("accuracy", "efficiency")
"""What is better the larger it is; the others are better the smaller they are."""


class PairQuantity(Quantity):
    """A quantity of a pair, which needs no device."""

    @property
    def unit(self) -> str:
        return UNITS[self.metric]


def check_objectives(names: Sequence[str]) -> tuple[str, ...]:
    """Objectives of a search, each once.

    Raises:
        UnknownNameError: no such objective.
        InputError: none, or one that is given twice.
    """
    for name in names:
        if name not in QUANTITIES:
            raise UnknownNameError("objective", name, QUANTITIES)
    if not names or len(set(names)) < len(names):
        raise InputError(f"objectives must be one or several, each once, got {', '.join(names) or 'none'}")
    return tuple(names)


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


def quantities(accuracy: Doubles, latency: Doubles, energy: Doubles, area: Doubles) -> Doubles:
    """All quantities from those that are predicted or estimated.

    Shapes:
        accuracy, latency, energy, area: (n,), in the units of `UNITS`; output: (n, Q)
    """
    product = latency * energy
    columns = (accuracy, latency, energy, area, energy / latency, product, accuracy / (product * area))
    return np.stack(columns, axis=1)


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
        return quantities(
            self.accuracy(networks).take(owner),
            np.einsum("nv,nv->n", volumes, self._latency.take(chip, axis=0)),
            np.einsum("nv,nv->n", volumes, self._energy.take(chip, axis=0)),
            self._area.take(chip),
        )

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
    def of(
        cls, pairs: PairValues, limits: Sequence[Limit] = (), objectives: Sequence[str] = ("accuracy",)
    ) -> PairProblem:
        """The best of one objective, or the front of several, that keeps all limits; errors as
        `check_objectives`."""
        check_objectives(objectives)
        goals = tuple(Goal(PairQuantity(name), maximize=name in MAXIMISED) for name in objectives)
        names = (*objectives, *(limit.quantity.metric for limit in limits))
        sources = [Scored(pairs.column(name), pairs.space, "codes") for name in names]
        m = len(goals)
        return cls(pairs.space, goals, tuple(sources[:m]), tuple(limits), tuple(sources[m:]), None, pairs)

    def values(self, codes: Codes) -> Doubles:
        return self.of_quantities(self.pairs(codes))

    def of_quantities(self, values: Doubles) -> Doubles:
        """Goal and limits' quantities among all.

        Shapes:
            values: (n, Q); output: (n, m + l) of m goals and l limits
        """
        named = [goal.quantity for goal in self.goals] + [limit.quantity for limit in self.limits]
        return values[:, [QUANTITIES.index(quantity.metric) for quantity in named]]
