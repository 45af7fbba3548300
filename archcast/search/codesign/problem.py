"""What co-optimisation is to reach, and how good pairs of a network and an accelerator are at it.

| symbol | meaning |
|---|---|
| n, h | pairs or networks, accelerators |
| Q = 5 | quantities, in the order of `UNITS` |
| score | what a search makes as large as it gets |

Where all limits are kept, the score is the objective less `TIE` times the largest ratio of a limited quantity
to its limit, so that of pairs of one objective the one with most room wins. Where one is broken, it is
-`BROKEN` less the sum of relative excesses, so any pair that keeps all limits is better.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.search.codesign.accuracy import Accuracy
from archcast.search.codesign.costs import CostModels
from archcast.search.codesign.space import N_DECISIONS, HardwareGrid, volume_sums

UNITS = {"accuracy": "%", "latency": "ms", "energy": "mJ", "area": "area units", "power": "W"}
"""Quantities of a pair; the area's unit is that of the target's description, power is energy over latency."""
QUANTITIES = tuple(UNITS)
OBJECTIVES = ("accuracy", "efficiency")
TIE = 1e-3
BROKEN = 1e6
UNKNOWN_ACCURACY = 1e3
"""Excess in place of that of the accuracy where costs are broken and accuracy was not asked for."""
_LIMIT = re.compile(r"\s*([a-z]+)\s*(<=|>=)\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a quantity in its unit: accuracy at least, others at most `value`."""

    quantity: str
    value: float

    def __post_init__(self) -> None:
        if self.quantity not in UNITS:
            raise UnknownNameError("quantity of a limit", self.quantity, QUANTITIES)
        if not 0 < self.value < math.inf:
            raise InputError(f"limit of {self.quantity} must be above 0, got {self.value}")

    @property
    def text(self) -> str:
        """As it is written: `latency<=0.1`."""
        return f"{self.quantity}{_sign(self.quantity)}{self.value:g}"

    def excess(self, values: Doubles) -> Doubles:
        """Relative amount by which the quantity breaks the limit; 0 or less where it is kept.

        Shapes:
            values: (...,); output: (...,)
        """
        over: Doubles = values / self.value - 1
        return -over if self.quantity == "accuracy" else over


def parse_limit(text: str) -> Limit:
    """`latency<=0.1`, `accuracy>=75`; raise InputError for another form or the sign that makes no limit."""
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise InputError(f"limit must be written as latency<=0.1 or accuracy>=75, got {shorten(text)}")
    quantity, sign, number = match.groups()
    try:
        value = float(number)
    except ValueError:
        raise InputError(f"limit of {quantity} must be a number, got {shorten(number)}") from None
    limit = Limit(quantity, value)
    if sign != _sign(quantity):
        raise InputError(f"limit of {quantity} must be written with {_sign(quantity)}, got {shorten(text)}")
    return limit


def _sign(quantity: str) -> str:
    return ">=" if quantity == "accuracy" else "<="


class CodesignProblem:
    """Quantities and scores of pairs.

    Args:
        objective: `accuracy`, or `efficiency`: the logarithm of accuracy / (latency x energy x area).
        limits: one a quantity at most.

    Attributes:
        evaluations: pairs scored so far.
    """

    def __init__(
        self,
        accuracy: Accuracy,
        costs: CostModels,
        grid: HardwareGrid,
        *,
        limits: Sequence[Limit] = (),
        objective: str = "accuracy",
    ) -> None:
        if objective not in OBJECTIVES:
            raise UnknownNameError("objective", objective, OBJECTIVES)
        named = [limit.quantity for limit in limits]
        if len(set(named)) != len(named):
            raise InputError(
                f"limits must be one a quantity, got {', '.join(limit.text for limit in limits)}"
            )
        self.accuracy, self.grid, self.objective = accuracy, grid, objective
        self.limits = tuple(limits)
        self.evaluations = 0
        self._volumes = volume_sums(costs.dataset)
        self._latency, self._energy, self._area = costs.weights(grid)

    def values(self, pairs: Ints) -> Doubles:
        """All quantities.

        Shapes:
            pairs: (n, 12); output: (n, Q)
        """
        codes = _networks(pairs)
        values = self._costs(self._volumes(codes), self._numbers(pairs[:, N_DECISIONS:]))
        values[:, 0] = self.accuracy(codes)
        return values

    def scores(self, pairs: Ints) -> Doubles:
        """Scores of pairs.

        Shapes:
            pairs: (n, 12); output: (n,)
        """
        return self.joint_scores(_networks(pairs), pairs[:, N_DECISIONS:], np.arange(len(pairs)))

    def joint_scores(self, codes: Codes, chips: Ints, network: Ints) -> Doubles:
        """Scores of pairs of which several have one network, which is then looked at once.

        Accuracy is asked for only where costs keep their limits.

        Args:
            chips: positions of each pair's accelerator.
            network: each pair's row of `codes`.

        Shapes:
            codes: (m, 9); chips: (n, 3); network, output: (n,)
        """
        values = self._costs(self._volumes(codes).take(network, axis=0), self._numbers(chips))
        kept = np.ones(len(values), dtype=bool)
        for limit, excess in self._excesses(values):
            if limit.quantity != "accuracy":
                kept &= excess <= 0
        if kept.any():  # not every predictor takes an empty batch
            asked = np.zeros(len(codes), dtype=bool)
            asked[network[kept]] = True
            accuracy = np.empty(len(codes))
            accuracy[asked] = self.accuracy(codes[asked])
            values[kept, 0] = accuracy.take(network[kept])
        self.evaluations += len(values)
        return self.score_of(values)

    def product_scores(self, codes: Codes) -> Doubles:
        """Scores of networks on every accelerator of the grid.

        Shapes:
            codes: (n, 9); output: (n, h)
        """
        volumes = self._volumes(codes)
        values = np.empty((len(codes), self.grid.size, len(QUANTITIES)))
        values[..., 0] = self.accuracy(codes)[:, None]
        self._fill(values, volumes @ self._latency.T, volumes @ self._energy.T, self._area)
        self.evaluations += len(codes) * self.grid.size
        return self.score_of(values)

    def score_of(self, values: Doubles) -> Doubles:
        """Scores of quantities; accuracy may be NaN where another limit is broken.

        Shapes:
            values: (..., Q); output: (...,)
        """
        room, broken = np.zeros(values.shape[:-1]), np.zeros(values.shape[:-1])
        for limit, excess in self._excesses(values):
            if limit.quantity == "accuracy":
                excess = np.where(np.isnan(excess), UNKNOWN_ACCURACY, excess)
            np.maximum(room, excess + 1, out=room)
            broken += np.maximum(excess, 0)
        scores: Doubles = np.where(broken > 0, -BROKEN - broken, self._goal(values) - TIE * room)
        return np.nan_to_num(scores, nan=-BROKEN)

    def keeps(self, values: Doubles) -> Bools:
        """Whether every limit is kept.

        Shapes:
            values: (..., Q); output: (...,)
        """
        kept: Bools = np.ones(values.shape[:-1], dtype=bool)
        for _, excess in self._excesses(values):
            kept &= excess <= 0
        return kept

    def objective_of(self, values: Doubles) -> Doubles:
        """The objective in its own unit: accuracy in %, or accuracy / (latency x energy x area).

        Shapes:
            values: (..., Q); output: (...,)
        """
        if self.objective == "accuracy":
            return values[..., 0]
        efficiency: Doubles = values[..., 0] / values[..., 1:4].prod(axis=-1)
        return efficiency

    def _goal(self, values: Doubles) -> Doubles:
        goal = self.objective_of(values)
        if self.objective == "accuracy":
            return goal
        logarithm: Doubles = np.log(np.maximum(goal, np.finfo(float).tiny))
        return logarithm

    def _excesses(self, values: Doubles) -> Iterator[tuple[Limit, Doubles]]:
        """Each limit with the relative amount by which it is broken; (..., Q) -> (...)."""
        for limit in self.limits:
            yield limit, limit.excess(values[..., QUANTITIES.index(limit.quantity)])

    def _numbers(self, chips: Ints) -> Ints:
        """Numbers of accelerators at three positions each, (n, 3) -> (n,)."""
        _, buffers, clocks = self.grid.shape
        numbers: Ints = (chips[:, 0] * buffers + chips[:, 1]) * clocks + chips[:, 2]
        return numbers

    def _costs(self, volumes: Doubles, chip: Ints) -> Doubles:
        """Volumes (n, V) and numbers of accelerators (n,) -> (n, Q), accuracy NaN."""
        values = np.full((len(volumes), len(QUANTITIES)), np.nan)
        latency = np.einsum("nv,nv->n", volumes, self._latency.take(chip, axis=0))
        energy = np.einsum("nv,nv->n", volumes, self._energy.take(chip, axis=0))
        self._fill(values, latency, energy, self._area.take(chip))
        return values

    @staticmethod
    def _fill(values: Doubles, latency: Doubles, energy: Doubles, area: Doubles) -> None:
        values[..., 1], values[..., 2], values[..., 3] = latency, energy, area
        values[..., 4] = energy / latency


def _networks(pairs: Ints) -> Codes:
    codes: Codes = pairs[:, :N_DECISIONS].astype(np.int8)
    return codes
