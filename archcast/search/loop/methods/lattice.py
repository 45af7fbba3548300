"""A lattice of whole numbers, then ever smaller steps from its minimisers: SHGO in two levels, in batches.

Simplicial homology global optimisation (Endres et al., Journal of Global Optimization 2018) samples a
complex, takes the points that none of their neighbours beat, and starts a local search from each. FLASH
(Li et al., ACM TECS 2021) does so twice, coarsely and then finely. Here both levels hold whole numbers:

1. A lattice along the axes of the genome (`archcast.featurize.spaces.genome.Axis`). Its minimisers are the
   points that are as good as every lattice neighbour along an axis; the best few are kept.
2. From each, one or two genes at a time move by a step, to the best of all such moves. Where none is better
   the step is halved, from half of the lattice's spacing down to one.

| symbol | meaning |
|---|---|
| m, k | starts, genes |
| worth | (n,) what is made as large as it gets, in spreads of the cost |

Where all limits are kept, the worth is the cost, turned, less `TIE` times the largest ratio of a limited
quantity to its limit, so that of members of one cost the one with most room wins. Where one is broken, it is
-`BROKEN` less the violation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, count, product
from math import prod

import numpy as np

from archcast.core.arrays import Bools, Doubles, Ints
from archcast.core.checks import check_at_least
from archcast.featurize.spaces.genome import Axis
from archcast.search.loop.methods.base import METHODS, Method, Task
from archcast.search.loop.problem import Scores

TIE = 1e-4
BROKEN = 1e6
_PART = 2**14
"""Points of the lattice that are scored together."""


@dataclass(frozen=True, slots=True)
class LatticeConfig:
    """Settings of both levels.

    Attributes:
        starts: minimisers of the lattice that are refined.
        steps: most moves from each.
    """

    starts: int = 96
    steps: int = 60

    def __post_init__(self) -> None:
        check_at_least(self, starts=1, steps=1)


def lattice(task: Task) -> None:
    """Both levels, then steps of one from members drawn at random, until the search is over."""
    first = task.first()
    task.scores(first)
    spread = _spread_of(task.scores(minimisers(task)))
    ones = np.ones(first.shape[1], dtype=np.int64)
    for i in count(1):
        drawn = task.genome.genes(task.genome.sample(task.population, seed=task.seed + 1_000_003 * i))
        _refined(task, drawn, ones, spread, LatticeConfig().steps)


def minimisers(task: Task, config: LatticeConfig | None = None) -> Ints:
    """Genes that the second level ends at, best first; where nothing keeps the limits, the least broken.

    Shapes:
        output: (m, k)

    Raises:
        Ended: the search is over before.
    """
    config = LatticeConfig() if config is None else config
    tops = task.genome.cardinalities
    left = task.evaluate.left
    counts = _counts(task.genome.axes, tops, None if left is None else left // 2)
    genes = _points(task.genome.axes, tuple(tops.tolist()), counts)
    parts = [task.scores(genes[i : i + _PART]) for i in range(0, len(genes), _PART)]
    scores = Scores(
        *(np.concatenate(side) for side in zip(*((p.costs, p.excess) for p in parts), strict=True))
    )
    spread = _spread_of(scores)
    worth = _worth(scores, spread)
    rows = np.flatnonzero(_unbeaten(worth.reshape(counts)))
    rows = rows[np.argsort(-worth[rows], kind="stable")][: config.starts]
    first = np.empty(len(tops), dtype=np.int64)
    for axis, points in zip(task.genome.axes, counts, strict=True):
        chosen = list(axis.genes)
        spacing = (tops[chosen] - 1) / max(points - 1, 1)
        first[chosen] = np.maximum(np.ceil(spacing / 2), 1)
    return _refined(task, genes[rows], first, spread, config.steps)


def _spread_of(scores: Scores) -> float:
    return float(np.std(scores.costs[:, 0])) or 1.0


def _worth(scores: Scores, spread: float) -> Doubles:
    violation = scores.violation
    room = 1 + np.maximum.reduce(list(scores.excess.T)) if scores.excess.shape[1] else 0.0
    kept = -scores.costs[:, 0] / spread - TIE * room
    worth: Doubles = np.where(violation > 0, -BROKEN - violation, kept)
    return worth


# -- level 1 ------------------------------------------------------------------------------------------


def _counts(axes: tuple[Axis, ...], tops: Ints, most: int | None) -> tuple[int, ...]:
    """Points along each axis; fewer where there would be more than `most` in all."""
    counts = [min(axis.points, int(tops[list(axis.genes)].max())) for axis in axes]
    while most is not None and prod(counts) > most and max(counts) > 1:
        counts[int(np.argmax(counts))] -= 1
    return tuple(counts)


@lru_cache(maxsize=4)
def _points(axes: tuple[Axis, ...], tops: tuple[int, ...], counts: tuple[int, ...]) -> Ints:
    """Genes of all points, evenly spread with both ends, the last axis counting fastest, (n, k)."""
    genes = np.empty((prod(counts), len(tops)), dtype=np.int64)
    for axis, points, at in zip(axes, counts, np.indices(counts).reshape(len(axes), -1), strict=True):
        for gene in axis.genes:
            genes[:, gene] = np.linspace(0, tops[gene] - 1, points).round()[at]
    return genes


def _unbeaten(worth: Doubles) -> Bools:
    """Which points of a lattice no neighbour along an axis beats."""
    best = np.ones(worth.shape, dtype=bool)
    for axis in range(worth.ndim):
        swapped, kept = np.moveaxis(worth, axis, 0), np.moveaxis(best, axis, 0)
        kept[1:] &= swapped[1:] >= swapped[:-1]
        kept[:-1] &= swapped[:-1] >= swapped[1:]
    return best


# -- level 2 ------------------------------------------------------------------------------------------


def _refined(task: Task, starts: Ints, first: Ints, spread: float, most: int) -> Ints:
    """Where moves by ever smaller steps end from each start, best first, each once."""
    tops = task.genome.cardinalities
    genes, step = starts.copy(), np.tile(first, (len(starts), 1))
    worth = _worth(task.scores(genes), spread)
    active, moves = np.arange(len(genes)), _moves(len(tops))
    for _ in range(most):
        if not len(active):
            break
        tried = np.clip(genes[active, None] + moves * step[active, None], 0, tops - 1)
        worths = _worth(task.scores(tried.reshape(-1, len(tops))), spread).reshape(tried.shape[:2])
        best, row = worths.argmax(axis=1), np.arange(len(active))
        better = worths[row, best] > worth[active]
        won, stuck = active[better], active[~better]
        genes[won], worth[won] = tried[row, best][better], worths[row, best][better]
        done = stuck[step[stuck].max(axis=1) == 1]
        step[stuck] = np.maximum(step[stuck] // 2, 1)
        active = _distinct(genes, np.setdiff1d(active, done))
    order = np.argsort(-worth, kind="stable")
    return genes[_distinct(genes, order)]


def _distinct(genes: Ints, rows: Ints) -> Ints:
    """Of rows that have come to the same genes, the first."""
    _, first = np.unique(genes[rows], axis=0, return_index=True)
    kept: Ints = rows[np.sort(first)]
    return kept


@lru_cache(maxsize=8)
def _moves(k: int) -> Ints:
    """One gene up or down, or two genes each up or down; those alike in their first genes side by side.

    Shapes:
        output: (moves, k)
    """
    steps = [sign * np.eye(k, dtype=np.int64)[gene] for gene in range(k) for sign in (1, -1)]
    for i, j in combinations(range(k), 2):
        for a, b in product((1, -1), repeat=2):
            move = np.zeros(k, dtype=np.int64)
            move[i], move[j] = a, b
            steps.append(move)
    moves = np.stack(steps)
    return moves[np.lexsort(moves.T[::-1])]


METHODS.register("lattice", Method("lattice", lattice))
