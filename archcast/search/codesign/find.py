"""The search of pairs of a network and an accelerator, and what it found."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles
from archcast.search.codesign.problem import LIMITED, UNITS, PairProblem
from archcast.search.loop.budget import Budget
from archcast.search.loop.evaluator import Ended, Evaluator
from archcast.search.loop.methods.base import Task
from archcast.search.loop.methods.lattice import LatticeConfig, minimisers
from archcast.search.loop.prepare import start_genes
from archcast.search.loop.problem import front_rows, ranked
from archcast.search.loop.run import solve

_ENOUGH = Budget(10_000_000)
"""More than both levels of the lattice ever score."""
SCORED_WHOLE = 1_000_000
"""Pairs of a space that are all scored rather than searched."""
_PART = 2**16
FRONT_EVALUATIONS = 20_000
"""Pairs that NSGA-II scores for a front of several objectives."""


@dataclass(frozen=True, slots=True)
class CodesignResult:
    """What one search found.

    Attributes:
        problem: with its limits.
        codes: (m, k + 3) pairs that the search ended at, best first; of several objectives the front, best
            first objective first.
        values: (m, Q) their quantities as predicted, or as estimated once they were confirmed.
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
        return bool(len(self.codes)) and bool(self.kept[0])

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


def find(problem: PairProblem, config: LatticeConfig | None = None, *, seed: int = 0) -> CodesignResult:
    """The pairs of network and accelerator that are best under the problem's limits.

    Up to `SCORED_WHOLE` pairs are all scored. Of more, one objective is searched by `methods.lattice`,
    several by NSGA-II, whose draws take `seed`.
    """
    if problem.space.size <= SCORED_WHOLE and problem.space.is_product:
        return _whole(problem)
    if len(problem.goals) > 1:
        return breed_front(problem, seed)
    space, genome = problem.pairs.space, problem.space.genome()
    evaluator = Evaluator(problem, _ENOUGH, size=genome.size)
    task = Task(genome, evaluator, start_genes(genome, None), population=1, seed=0)
    try:
        codes = genome.codes(minimisers(task, config))
    except Ended:  # a small space that is no product
        codes = evaluator.codes[ranked(problem.scores(evaluator.values)).argsort()]
    codes = _distinct(space.canonical(codes))
    return CodesignResult(problem, codes, problem.pairs(codes), len(evaluator), evaluator.seconds)


def _whole(problem: PairProblem) -> CodesignResult:
    """The best of one objective, or the front of several, among all pairs."""
    space, began = problem.pairs.space, time.monotonic()
    codes = np.empty((0, len(space.columns)), dtype=np.int8)
    for start in range(0, space.size, _PART):
        part = space.members(np.arange(start, min(start + _PART, space.size)))
        codes = _best(problem, np.concatenate([codes, space.canonical(part)]))
    return CodesignResult(problem, codes, problem.pairs(codes), space.size, time.monotonic() - began)


def _best(problem: PairProblem, codes: Codes) -> Codes:
    """Best first, each once; of several objectives the front, where nothing keeps the limits the nearest."""
    scores = problem.scores(problem.values(codes))
    order = ranked(scores).argsort()
    if len(problem.goals) > 1:
        order = order[front_rows(scores)[order]] if (scores.violation == 0).any() else order[:1]
    return _distinct(codes[order])[: LatticeConfig().starts if len(problem.goals) == 1 else None]


def _distinct(codes: Codes) -> Codes:
    _, first = np.unique(codes, axis=0, return_index=True)
    return codes[np.sort(first)]


def breed_front(problem: PairProblem, seed: int) -> CodesignResult:
    """The front that NSGA-II finds; where nothing keeps the limits, the nearest pair."""
    solved = solve(problem, Budget(FRONT_EVALUATIONS), method="nsga2", seed=seed)
    rows = solved.front_rows
    if not len(rows):
        rows = np.lexsort((solved.scores.costs[:, 0], solved.scores.violation))[:1]
    codes = problem.pairs.space.canonical(solved.codes[rows])
    return CodesignResult(problem, codes, problem.pairs(codes), len(solved.codes), solved.seconds)
