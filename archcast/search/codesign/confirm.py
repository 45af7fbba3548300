"""What was found, estimated: costs by the target's estimator in place of the models', limits held by them.

A search goes to where its models are too hopeful, so that pairs at a limit of latency often break it by
what the estimator says. The best pairs are therefore estimated. Those that break a limit are dropped, the
limits are tightened by how far the models were off, and the search is run again, until enough are left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.search.codesign.find import CodesignResult, find
from archcast.search.codesign.problem import QUANTITIES, PairProblem, quantities
from archcast.search.loop.goals import Limit
from archcast.search.loop.problem import front_rows, ranked

Estimates = Callable[[Codes], tuple[Doubles, Doubles, Doubles]]
"""(n, k + 3) pairs -> latency (n,) ms, energy (n,) mJ and area (n,)."""
ROUNDS = 3
"""Searches, each under limits tightened by what the ones before were off."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Pairs that keep every limit by the estimator's costs.

    Attributes:
        result: those pairs, best first, with costs as estimated and the accuracy as predicted; where none
            keeps the limits, those that were estimated.
        dropped: estimated pairs that broke a limit.
    """

    result: CodesignResult
    dropped: int


def confirmed(found: CodesignResult, estimates: Estimates, *, top: int) -> Confirmed:
    """Estimate `top` pairs of what was found, and replace those that break a limit.

    Args:
        found: what `find` gave; it keeps its limits by the models.
        estimates: of pairs, see `costs.estimate_pairs`.
        top: the best so many are estimated, of a front so many evenly spread over it.
    """
    if not found.feasible:
        return Confirmed(found, 0)
    problem = found.problem
    codes = np.empty((0, found.codes.shape[1]), dtype=found.codes.dtype)
    values, said = np.empty((0, len(QUANTITIES))), np.empty((0, len(QUANTITIES)))
    for _ in range(ROUNDS):
        fresh = _unseen(found.codes[found.kept], codes)
        if len(problem.goals) > 1 and len(fresh) > top:
            fresh = fresh[np.unique(np.linspace(0, len(fresh) - 1, top).round().astype(int))]
        fresh = fresh[:top]
        if not len(fresh):
            break
        model = problem.pairs(fresh)
        estimated = quantities(model[:, 0], *estimates(fresh))
        codes, values = np.concatenate([codes, fresh]), np.concatenate([values, estimated])
        said = np.concatenate([said, model])
        if _kept(problem, estimated).all() or _kept(problem, values).sum() >= top:
            break
        found = find(replace(problem, limits=_tightened(problem.limits, said, values)))
    return Confirmed(_best(found, problem, codes, values), int((~_kept(problem, values)).sum()))


def _unseen(codes: Codes, seen: Codes) -> Codes:
    known = {row.tobytes() for row in seen}
    return codes[[row.tobytes() not in known for row in codes]]


def _kept(problem: PairProblem, values: Doubles) -> np.ndarray:
    kept: np.ndarray = problem.scores(problem.of_quantities(values)).violation == 0
    return kept


def _tightened(limits: tuple[Limit, ...], model: Doubles, told: Doubles) -> tuple[Limit, ...]:
    """Limits over the largest ratio of what was estimated to what the models said, where that is above 1."""
    out = []
    for limit in limits:
        column = QUANTITIES.index(limit.quantity.metric)
        ratio = max(1.0, float((told[:, column] / model[:, column]).max())) if limit.upper else 1.0
        out.append(replace(limit, value=limit.value / ratio))
    return tuple(out)


def _best(found: CodesignResult, problem: PairProblem, codes: Codes, values: Doubles) -> CodesignResult:
    """Those that keep the problem's own limits, best first; all where none does."""
    scores = problem.scores(problem.of_quantities(values))
    rows = ranked(scores).argsort()
    kept = scores.violation[rows] == 0
    if kept.any():
        rows = rows[kept]
    if len(problem.goals) > 1 and kept.any():
        rows = rows[front_rows(scores)[rows]]
    return replace(found, problem=problem, codes=codes[rows], values=values[rows])
