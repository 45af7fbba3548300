"""Generalised simulated annealing (Xiang et al., 1997), by SciPy's `dual_annealing` without its local search.

It moves one architecture at a time, so predictors answer one by one: it is the slowest of the methods per
evaluation but for `tpe`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from archcast.search.loop.methods.base import METHODS, Method, Task
from archcast.search.loop.methods.penalty import Penalty

_ENDLESS = 10**9
_RESTARTS = 10**6


def annealing(task: Task) -> None:
    """Anneal from the best of the first population; when it has cooled, heat it again."""
    from scipy import optimize

    penalty, values = Penalty.from_sample(task)
    tops = task.genome.cardinalities
    begin = (task.first()[int(values.argmin())] + 0.5) / tops

    def value(x: np.ndarray[Any, Any]) -> float:
        genes = np.minimum((x * tops).astype(np.int64), tops - 1)
        return float(penalty(task.scores(genes[None]))[0])

    for restart in range(_RESTARTS):
        ended = optimize.dual_annealing(
            value,
            [(0.0, 1.0)] * len(tops),
            maxfun=_ENDLESS,
            no_local_search=True,
            rng=np.random.default_rng([task.seed, restart]),
            x0=begin,
        )
        begin = ended.x


METHODS.register("annealing", Method("annealing", annealing))
