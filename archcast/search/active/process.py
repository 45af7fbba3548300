"""What a Gaussian process believes of candidates, and which of them it would have trained next.

| symbol | meaning |
|---|---|
| N, n | candidates, trained ones |
| u | (n,) normal scores of the trained accuracies |
| mean, deviation | (N,) of the process's posterior, of u |

The process is `archcast.predictors.families.gp`; the next to be trained is the candidate that its
posterior likes best, by one of
- `ucb`: mean + `WIDTH` deviation (Srinivas et al., Gaussian Process Optimization in the Bandit Setting,
  ICML 2010);
- `ei`: expected improvement on the best so far (Jones et al., 1998);
- `thompson`: the best of a function drawn from the posterior (Thompson, 1933), of the candidates with the
  greatest upper ends.
What is in training, and each that was chosen before of a batch, counts as if it had come out as predicted
(Ginsbourger et al., 2010, "kriging believer").
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.featurize.encoders.kernel_blocks import kernel_blocks
from archcast.featurize.spaces import Space
from archcast.predictors.families.gp_evidence import Prior, kernel, noisy, search, variance
from archcast.predictors.scores import NormalScores

STRATEGIES = ("ucb", "ei", "thompson")
WIDTH = 1.5
_TUNED_EVERY = 4
_STEPS = 25
_DRAWN = 400


class Process:
    """The process over candidates whose blocks are computed once."""

    def __init__(self, space: Space, codes: Codes) -> None:
        self._space, self._blocks = space, kernel_blocks(space, codes, space.check_dataset(None))
        self._t = Prior().of(len(self._blocks))[0]
        self._tuned = 0

    def add(self, codes: Codes) -> None:
        """More candidates, behind those there are."""
        more = kernel_blocks(self._space, codes, self._space.check_dataset(None))
        self._blocks = {name: np.concatenate([x, more[name]]) for name, x in self._blocks.items()}

    def choose(
        self, rows: Ints, values: Doubles, busy: Ints, n: int, strategy: str, rng: np.random.Generator
    ) -> Ints:
        """The next n candidates to train.

        Args:
            rows, values: candidates that were trained, in that order, and their accuracies.
            busy: candidates that are not to be chosen: in training, or without result.

        Shapes:
            rows, values: (n trained,); output: (n,)
        """
        u = NormalScores.fit(values).forward(values)
        self._tune(rows, values)
        taken, chosen = np.concatenate([rows, busy]), list[int]()
        if len(busy):
            u = np.concatenate([u, self._posterior(rows, u)[0][busy]])
        for _ in range(n):
            taught = np.concatenate([taken, np.array(chosen, dtype=np.int64)])
            free = np.ones(len(next(iter(self._blocks.values()))), dtype=bool)
            free[taught] = False
            mean, root = self._posterior(taught, u)
            best = self._best(mean, root, free, u.max(), strategy, rng)
            chosen.append(best)
            u = np.append(u, mean[best])
        return np.array(chosen, dtype=np.int64)

    def _tune(self, rows: Ints, values: Doubles) -> None:
        """Learn the kernel's parameters, from the first 4, 8, 12, ... rows, so that they do not depend on
        how many were told at a time."""
        count = max(len(rows) // _TUNED_EVERY * _TUNED_EVERY, min(len(rows), _TUNED_EVERY))
        if count != self._tuned:
            u = NormalScores.fit(values[:count]).forward(values[:count])
            self._t = search(self._rows(rows[:count]), u, Prior(), _STEPS)
            self._tuned = count

    def _rows(self, rows: Ints) -> dict[str, Doubles]:
        return {name: block[rows] for name, block in self._blocks.items()}

    def _posterior(self, rows: Ints, u: Doubles) -> tuple[Doubles, Doubles]:
        """Mean (N,), and L^-1 k (n, N), whose squares are what is known of each variance."""
        taught = self._rows(rows)
        lower = np.linalg.cholesky(noisy(taught, self._t))
        root = np.linalg.solve(lower, kernel(self._blocks, taught, self._t).T)
        mean: Doubles = root.T @ np.linalg.solve(lower, u)
        return mean, root

    def _best(
        self, mean: Doubles, root: Doubles, free: Bools, top: float, strategy: str, rng: np.random.Generator
    ) -> int:
        left = variance(self._blocks, self._t) - (root**2).sum(axis=0)
        deviation = np.sqrt(np.maximum(left, 1e-12))
        upper = mean + WIDTH * deviation
        if strategy == "ei":
            merit = _expected_improvement(mean, deviation, top)
        elif strategy == "ucb":
            merit = upper
        else:
            near = np.argsort(np.where(free, -upper, np.inf))[:_DRAWN]
            merit = np.full(len(mean), -np.inf)
            merit[near] = self._drawn(near, mean, root, rng)
        merit = np.where(free, merit, -np.inf)
        return int(rng.choice(np.flatnonzero(merit >= merit.max() - 1e-12)))

    def _drawn(self, near: Ints, mean: Doubles, root: Doubles, rng: np.random.Generator) -> Doubles:
        """A function of the posterior at some candidates, (near,)."""
        rows = self._rows(near)
        covariance = kernel(rows, rows, self._t) - root[:, near].T @ root[:, near]
        values, vectors = np.linalg.eigh(covariance)
        noise = np.sqrt(np.maximum(values, 0.0)) * rng.standard_normal(len(near))
        drawn: Doubles = mean[near] + vectors @ noise
        return drawn


def _expected_improvement(mean: Doubles, deviation: Doubles, top: float) -> Doubles:
    from scipy.special import ndtr

    z = (mean - top) / deviation
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    improvement: Doubles = (mean - top) * ndtr(z) + deviation * density
    return improvement
