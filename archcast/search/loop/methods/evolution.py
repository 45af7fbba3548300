"""Regularised evolution (Real et al., Regularized Evolution for Image Classifier Search, AAAI 2019).

A child is the best of a few members drawn at random, with one decision changed; the oldest member dies,
however good. Here a tenth of the population is bred at a time, so that predictors answer in batches, and a
child that was scored before is changed further until it is new, which small spaces need. Feasibility comes
first (Deb, An efficient constraint handling method for genetic algorithms, 2000).
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.search.loop.genome import changed
from archcast.search.loop.methods.base import METHODS, Method, Task
from archcast.search.loop.problem import Scores, ranked

DRAWN_SHARE = 0.25
"""Of the population, drawn for each child, as in the paper."""

MOST_CHANGES = 20
"""Of a child that was scored before."""


def evolution(task: Task) -> None:
    """Breed until the search is over."""
    rng = np.random.default_rng(task.seed)
    genes = task.first()
    scores = task.scores(genes)
    keys = np.column_stack([scores.violation, scores.costs[:, 0]])
    children = max(1, task.population // 10)
    drawn = max(2, round(DRAWN_SHARE * task.population))
    while True:
        rank = ranked(Scores(keys[:, 1:], keys[:, :1]))
        parents = _winners(rank, children, drawn, rng)
        bred = _new(task, changed(genes[parents], task.genome.cardinalities, rng), rng)
        scores = task.scores(bred)
        genes = np.concatenate([genes[children:], bred])
        keys = np.concatenate([keys[children:], np.column_stack([scores.violation, scores.costs[:, 0]])])


def _new(task: Task, bred: Ints, rng: np.random.Generator) -> Ints:
    """Children, changed further where they were scored before."""
    for _ in range(MOST_CHANGES):
        old = task.evaluate.has(task.genome.codes(bred))
        if not old.any():
            break
        bred[old] = changed(bred[old], task.genome.cardinalities, rng)
    return bred


def _winners(rank: Doubles, children: int, drawn: int, rng: np.random.Generator) -> Ints:
    """(children,): the best of as many draws."""
    entrants = rng.integers(0, len(rank), size=(children, drawn))
    best: Ints = entrants[np.arange(children), rank[entrants].argmin(axis=1)]
    return best


METHODS.register("evolution", Method("evolution", evolution))
