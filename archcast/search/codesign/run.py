"""Co-optimisation of a network and its accelerator, after FLASH (Li et al., ACM TECS 2021).

Accuracy is predicted from a few trained `skipnet` networks; latency, energy and area by feature models fitted
to a target's estimates. `prepare` fits both, `find` searches under limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.predictors.contract import PREDICTORS, Predictor
from archcast.search.codesign.accuracy import Accuracy, quick_accuracy
from archcast.search.codesign.costs import CostModels, Report, estimate_grid
from archcast.search.codesign.problem import QUANTITIES, UNITS, CodesignProblem, Limit
from archcast.search.codesign.shgo import Found, ShgoConfig, search
from archcast.search.codesign.space import N_DECISIONS, SPACE, HardwareGrid
from archcast.training.labels import load_labels

TRAINED = 25
"""Trained networks that the accuracy is learned from."""
ESTIMATED = 6
"""Networks that are estimated at every point of the target's grid."""


@dataclass(frozen=True, slots=True)
class CodesignModels:
    """What a search asks.

    Attributes:
        accuracy: fitted predictor.
        ask: what answers as it does, quicker.
        trained: positions of its networks among the trained ones.
        grid: the accelerators that may be chosen.
    """

    accuracy: Predictor
    ask: Accuracy
    trained: tuple[int, ...]
    costs: CostModels
    grid: HardwareGrid

    def problem(self, limits: Sequence[Limit], objective: str = "accuracy") -> CodesignProblem:
        """The problem of one search."""
        return CodesignProblem(self.ask, self.costs, self.grid, limits=limits, objective=objective)


def fit_accuracy(
    family: str = "gp", *, n: int = TRAINED, seed: int = 0, dataset: str = "digits"
) -> tuple[Predictor, tuple[int, ...]]:
    """A predictor of accuracy from `n` of the trained networks, drawn with `seed`, and which they were.

    Raises:
        UnknownNameError: no such family, or no accuracies of that data set.
        InputError: fewer than `n` networks are trained.
    """
    known = PREDICTORS[family]
    labels = load_labels(SPACE, "accuracy", datasets=[dataset])
    if not 2 <= n <= len(labels):
        raise InputError(f"trained networks must be 2 to {len(labels)}, got {n}")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(labels))[:n])
    return known().fit(labels.rows(chosen), seed=seed), tuple(chosen.tolist())


def prepare(
    target: str,
    *,
    grid: HardwareGrid,
    family: str = "gp",
    trained: int = TRAINED,
    estimated: int = ESTIMATED,
    dataset: str = "digits",
    seed: int = 0,
    accuracy_seed: int | None = None,
    report: Report | None = None,
) -> CodesignModels:
    """Fit the accuracy to trained networks and the costs to a target's estimates.

    Args:
        target: a target of `archcast estimate`, by name or file; what was estimated before is not again.
        grid: accelerators that a search may choose; costs are fitted on the target's own grid.
        estimated: networks estimated at every point of the target's grid, drawn with `seed`.
        accuracy_seed: of the draw of trained networks; None takes `seed`.
    """
    if estimated < 2:
        raise InputError(f"estimated networks must be at least 2, got {estimated}")
    drawn = seed if accuracy_seed is None else accuracy_seed
    accuracy, chosen = fit_accuracy(family, n=trained, seed=drawn, dataset=dataset)
    costs = CostModels.fit(
        estimate_grid(target, drawn_networks(estimated, seed=seed), dataset=dataset, report=report)
    )
    return CodesignModels(accuracy, quick_accuracy(accuracy), chosen, costs, grid)


def drawn_networks(n: int, *, seed: int) -> Codes:
    """Networks drawn at random, (n, 9)."""
    space = SPACES[SPACE]
    return space.canonical(space.sample(n, seed=seed))


@dataclass(frozen=True, slots=True)
class CodesignResult:
    """What one search found.

    Attributes:
        problem: with its limits.
        found: all refined pairs, best first.
        values: (m, Q) their quantities as predicted.
    """

    problem: CodesignProblem
    found: Found
    values: Doubles

    @property
    def feasible(self) -> bool:
        """Whether the best pair keeps every limit."""
        return bool(self.problem.keeps(self.values[0]))

    def records(self, top: int) -> list[dict[str, Any]]:
        """The best pairs that keep all limits, or the nearest one where none does."""
        rows = np.flatnonzero(self.problem.keeps(self.values))[:top] if self.feasible else np.arange(1)
        pairs = self.found.pairs[rows]
        archs = SPACES[SPACE].to_text(pairs[:, :N_DECISIONS].astype(np.int8))
        return [
            {"arch": arch, **self.problem.grid.describe(pair[-3:])}
            | {f"{q} ({UNITS[q]})": float(f"{v:.6g}") for q, v in zip(QUANTITIES, value, strict=True)}
            for arch, pair, value in zip(archs, pairs, self.values[rows].tolist(), strict=True)
        ]

    def infeasible_text(self) -> str:
        """One sentence on limits that nothing found keeps."""
        value = self.values[0]
        near = ", ".join(f"{q} {v:.4g} {UNITS[q]}" for q, v in zip(QUANTITIES, value.tolist(), strict=True))
        listed = " ".join(limit.text for limit in self.problem.limits)
        return f"limits {listed} are kept by no pair that was found; the nearest has {near}"


def find(problem: CodesignProblem, config: ShgoConfig | None = None) -> CodesignResult:
    """Search for the pair of network and accelerator that is best under the problem's limits."""
    found = search(problem, config)
    return CodesignResult(problem, found, problem.values(found.pairs))
