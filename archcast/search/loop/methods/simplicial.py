"""Simplicial homology global optimisation (Endres et al., 2018), by SciPy's `shgo`, coarse first, then fine.

Coarse: decisions are put into at most 4 groups of neighbours, all decisions of a group move together, and
SHGO triangulates the few factors and gives one start for each basin. Fine: from each start, best first,
steps to the best architecture that differs in one decision, until none is better. Then again with twice as
many points. Grouping is what keeps the triangulation small: it would have 2^k vertices with all k decisions.
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.search.loop.methods.base import METHODS, Method, Task
from archcast.search.loop.methods.penalty import Penalty

FACTORS = 4
_POINTS, _MOST_POINTS = 64, 1024


def shgo(task: Task) -> None:
    """Lattices of 64 to 1,024 points, each followed by steps from its basins."""
    from scipy import optimize

    penalty, values = Penalty.from_sample(task)
    tops = task.genome.cardinalities
    group = _groups(len(tops))

    def genes_of(x: Doubles) -> Ints:
        return np.minimum((x[..., group] * tops).astype(np.int64), tops - 1)

    def value(x: Doubles) -> float:
        return float(penalty(task.scores(genes_of(x)[None]))[0])

    _descend(task, penalty, task.genome.codes(task.first()[[int(values.argmin())]]))
    points = _POINTS
    while points <= _MOST_POINTS:
        ended = optimize.shgo(
            value, [(0.0, 1.0)] * (int(group.max()) + 1), n=points, iters=1, sampling_method="sobol"
        )
        starts = ended.xl if ended.success else []
        for x in starts:
            _descend(task, penalty, task.genome.codes(genes_of(np.asarray(x))[None]))
        points *= 2


def _groups(k: int) -> Ints:
    """(k,): factor that moves each decision."""
    return np.arange(k, dtype=np.int64) * min(k, FACTORS) // k


def _descend(task: Task, penalty: Penalty, at: Codes) -> None:
    """Step to the best neighbour until none is better."""
    best = float(penalty(task.evaluate(at))[0])
    while True:
        near = task.genome.neighbours(at)
        values = penalty(task.evaluate(near))
        if values.min() >= best:
            return
        best, at = float(values.min()), near[[int(values.argmin())]]


METHODS.register("shgo", Method("shgo", shgo))
