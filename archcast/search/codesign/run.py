"""Co-optimisation of a network and its accelerator, after FLASH (Li et al., ACM TECS 2021).

Accuracy is predicted from a few trained networks of a space; latency, energy and area by feature models
fitted to a target's estimates. `prepare` fits both, `find` searches their joint space under limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES, Space
from archcast.predictors.contract import PREDICTORS, Predictor
from archcast.predictors.families.gp import GP
from archcast.predictors.families.gp_sums import process_sums
from archcast.predictors.lowered import served_form
from archcast.search.codesign.costs import CostModels, Report, estimate_grid
from archcast.search.codesign.hardware import HardwareGrid
from archcast.search.codesign.problem import LIMITED, UNITS, Accuracy, PairProblem, PairValues
from archcast.search.codesign.space import JointSpace
from archcast.search.loop.budget import Budget
from archcast.search.loop.evaluator import Ended, Evaluator
from archcast.search.loop.goals import Limit
from archcast.search.loop.methods.base import Task
from archcast.search.loop.methods.lattice import LatticeConfig, minimisers
from archcast.search.loop.prepare import start_genes
from archcast.search.loop.problem import ranked
from archcast.training.labels import load_labels

TRAINED = 25
"""Trained networks that the accuracy is learned from."""
ESTIMATED = 6
"""Networks that are estimated at every point of the target's grid."""
_ENOUGH = Budget(10_000_000)
"""More than both levels of the lattice ever score."""


@dataclass(frozen=True, slots=True)
class CodesignModels:
    """What a search asks.

    Attributes:
        accuracy: fitted predictor.
        trained: positions of its networks among the trained ones.
        values: quantities of pairs, by quicker forms of the models.
    """

    accuracy: Predictor
    trained: tuple[int, ...]
    values: PairValues

    def problem(self, limits: Sequence[Limit], objective: str = "accuracy") -> PairProblem:
        """The problem of one search."""
        return PairProblem.of(self.values, limits, objective)


def fit_accuracy(
    space: Space, family: str = "gp", *, n: int = TRAINED, seed: int = 0, dataset: str | None = None
) -> tuple[Predictor, tuple[int, ...]]:
    """A predictor of accuracy from `n` of the trained networks, drawn with `seed`, and which they were.

    Raises:
        UnknownNameError: no such family, or no accuracies of that data set.
        InputError: fewer than `n` networks are trained.
    """
    known = PREDICTORS[family]
    labels = load_labels(space.name, "accuracy", datasets=[space.check_dataset(dataset)])
    if not 2 <= n <= len(labels):
        raise InputError(f"trained networks must be 2 to {len(labels)}, got {n}")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(labels))[:n])
    return known().fit(labels.rows(chosen), seed=seed), tuple(chosen.tolist())


def quick_accuracy(predictor: Predictor) -> Accuracy:
    """What answers as a predictor does: a Gaussian process' sums where it has them, else what is served."""
    sums = process_sums(predictor) if isinstance(predictor, GP) else None
    if sums is not None:
        return sums
    form = served_form(predictor, (0,))
    return lambda codes: form.values(codes)[:, 0].astype(np.float64)


def prepare(
    target: str,
    *,
    grid: HardwareGrid,
    space: str = "skipnet",
    family: str = "gp",
    trained: int = TRAINED,
    estimated: int = ESTIMATED,
    dataset: str | None = None,
    seed: int = 0,
    accuracy_seed: int | None = None,
    report: Report | None = None,
) -> CodesignModels:
    """Fit the accuracy to trained networks and the costs to a target's estimates.

    Args:
        target: a target of `archcast estimate`, by name or file; what was estimated before is not again.
        grid: accelerators that a search may choose; costs are fitted on the target's own grid.
        space: of the networks, with trained ones among its labels.
        estimated: networks estimated at every point of the target's grid, drawn with `seed`.
        dataset: None takes the space's first.
        accuracy_seed: of the draw of trained networks; None takes `seed`.
    """
    if estimated < 2:
        raise InputError(f"estimated networks must be at least 2, got {estimated}")
    networks = SPACES[space]
    data = networks.check_dataset(dataset)
    drawn = seed if accuracy_seed is None else accuracy_seed
    accuracy, chosen = fit_accuracy(networks, family, n=trained, seed=drawn, dataset=data)
    codes = drawn_networks(networks, estimated, seed=seed)
    costs = CostModels.fit(estimate_grid(target, networks, codes, dataset=data, report=report))
    values = PairValues(JointSpace(networks, grid), quick_accuracy(accuracy), costs)
    return CodesignModels(accuracy, chosen, values)


def drawn_networks(space: Space, n: int, *, seed: int) -> Codes:
    """Networks drawn at random, (n, k)."""
    return space.canonical(space.sample(n, seed=seed))


@dataclass(frozen=True, slots=True)
class CodesignResult:
    """What one search found.

    Attributes:
        problem: with its limits.
        codes: (m, k + 3) pairs that the search ended at, best first.
        values: (m, Q) their quantities as predicted.
        evaluations: pairs that were scored.
        seconds: wall time.
    """

    problem: PairProblem
    codes: Codes
    values: Doubles
    evaluations: int
    seconds: float

    @property
    def feasible(self) -> bool:
        """Whether the best pair keeps every limit."""
        return bool(self.kept[0])

    @property
    def kept(self) -> Bools:
        """(m,), which pairs keep every limit."""
        kept: Bools = self.problem.scores(self.problem.of_quantities(self.values)).violation == 0
        return kept

    def records(self, top: int) -> list[dict[str, Any]]:
        """The best pairs that keep all limits, or the nearest one where none does."""
        rows = np.flatnonzero(self.kept)[:top] if self.feasible else np.arange(1)
        space = self.problem.pairs.space
        texts = space.networks.to_text(self.codes[rows, : space.k])
        pairs = zip(space.format(self.codes[rows]), texts, self.values[rows].tolist(), strict=True)
        return [
            pair
            | {"arch": text}
            | {f"{q} ({UNITS[q]})": float(f"{v:.6g}") for q, v in zip(LIMITED, value, strict=False)}
            for pair, text, value in pairs
        ]

    def infeasible_text(self) -> str:
        """One sentence on limits that nothing found keeps."""
        near = ", ".join(f"{q} {v:.4g} {UNITS[q]}" for q, v in zip(LIMITED, self.values[0], strict=False))
        listed = " ".join(limit.text for limit in self.problem.limits)
        return f"limits {listed} are kept by no pair that was found; the nearest has {near}"


def find(problem: PairProblem, config: LatticeConfig | None = None) -> CodesignResult:
    """The pairs of network and accelerator that are best under the problem's limits, by `methods.lattice`."""
    space, genome = problem.pairs.space, problem.space.genome()
    evaluator = Evaluator(problem, _ENOUGH, size=genome.size)
    task = Task(genome, evaluator, start_genes(genome, None), population=1, seed=0)
    try:
        codes = genome.codes(minimisers(task, config))
    except Ended:  # a small space is scored whole
        codes = evaluator.codes[ranked(problem.scores(evaluator.values)).argsort()]
    codes = space.canonical(codes)
    _, first = np.unique(codes, axis=0, return_index=True)
    codes = codes[np.sort(first)]
    return CodesignResult(problem, codes, problem.pairs(codes), len(evaluator), evaluator.seconds)
