"""The most accurate architecture by training as few as possible.

| symbol | meaning |
|---|---|
| N, n | candidates, trained ones |
| u | (n,) normal scores of the trained accuracies |
| mean, deviation | (N,) of the process's posterior, of u |

A Gaussian process (`archcast.predictors.gp`) is fitted to what was trained; the next to be trained is the
candidate that its posterior likes best, by one of
- `ucb`: mean + `WIDTH` deviation (Srinivas et al., Gaussian Process Optimization in the Bandit Setting,
  ICML 2010);
- `ei`: expected improvement on the best so far (Jones et al., 1998);
- `thompson`: the best of a function drawn from the posterior (Thompson, 1933), of the candidates with the
  greatest upper ends.
Of a batch, each next one is chosen as if the ones before had come out as predicted (Ginsbourger et al., 2010,
"kriging believer").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from archcast.core.arrays import Arch, ArchBatch, Bools, Codes, Doubles, Ints
from archcast.core.errors import InputError, shorten
from archcast.featurize.kernel_blocks import kernel_blocks
from archcast.featurize.spaces import SPACES, Space
from archcast.predictors.gp_evidence import Prior, kernel, noisy, search, variance
from archcast.predictors.scores import NormalScores
from archcast.search.prepare import check_whole
from archcast.search.sources import Scored

STRATEGIES = ("ucb", "ei", "thompson")
WIDTH = 1.5
FIRST = 8
CANDIDATES = 20_000
_TUNED_EVERY = 4
_STEPS = 25
_DRAWN = 400
Label = Callable[[list[Arch]], Any]


@dataclass(frozen=True)
class Found:
    """What was trained.

    Attributes:
        archs: trained architectures, in that order.
        accuracies: (n,) theirs.
    """

    archs: list[Arch]
    accuracies: Doubles

    @property
    def best(self) -> Arch:
        """The most accurate of them."""
        return self.archs[int(self.accuracies.argmax())]


def find_best(
    space: str,
    label: Label,
    *,
    budget: int = 60,
    batch: int = 1,
    seed: int = 0,
    candidates: ArchBatch | None = None,
    strategy: str = "ucb",
    enough: float | None = None,
) -> Found:
    """Train few architectures, each chosen by what those before it taught, to find the most accurate.

    Args:
        label: trains architectures and gives their accuracies (%), one each; called with at most `batch`, and
            once with the first `FIRST`, which are drawn at random.
        budget: most architectures to train.
        candidates: the only ones to choose from; None takes the whole of a small space, else 20,000 drawn
            at random. Candidates that are the same network (`Space.canonical`) stay apart, as their
            accuracies differ by chance.
        strategy: `ucb`, `ei` or `thompson`.
        enough: stop as soon as an accuracy reaches it.

    Raises:
        InputError: an argument that cannot be used; fewer candidates than the budget; labels that are not
            finite numbers.
    """
    there = SPACES[space]
    for value, what in ((budget, "budget"), (batch, "batch")):
        check_whole(value, what, least=1)
    if strategy not in STRATEGIES:
        raise InputError(f"strategy must be one of {', '.join(STRATEGIES)}, got {shorten(strategy)}")
    codes = _candidates(there, candidates, seed)
    if len(codes) < budget:
        raise InputError(f"budget must be at most the {len(codes)} candidates, got {budget}")
    rng = np.random.default_rng(seed)
    trained = Scored(label, there, "archs")
    rows = rng.choice(len(codes), min(FIRST, budget), replace=False)
    values = trained.mean(codes[rows])
    process = _Process(there, codes)
    while len(rows) < budget and not _reached(values, enough):
        chosen = process.choose(rows, values, min(batch, budget - len(rows)), strategy, rng)
        rows = np.concatenate([rows, chosen])
        values = np.concatenate([values, trained.mean(codes[chosen])])
    return Found(there.format(codes[rows]), values)


def _reached(values: Doubles, enough: float | None) -> bool:
    return enough is not None and bool(values.max() >= enough)


def _candidates(space: Space, given: ArchBatch | None, seed: int) -> Codes:
    """Distinct candidates, (N, k)."""
    if given is not None:
        drawn = space.parse(given)
    elif space.size <= CANDIDATES:
        return space.members(np.arange(space.size))
    else:
        drawn = space.sample(CANDIDATES, seed=seed)
    _, first = np.unique(drawn, axis=0, return_index=True)
    return drawn[np.sort(first)]


class _Process:
    """The Gaussian process of `archcast.predictors.gp`, over candidates whose blocks are computed once."""

    def __init__(self, space: Space, codes: Codes) -> None:
        self._blocks = kernel_blocks(space, codes, space.datasets[0])
        self._t = Prior().of(len(self._blocks))[0]
        self._tuned = 0

    def choose(self, rows: Ints, values: Doubles, n: int, strategy: str, rng: np.random.Generator) -> Ints:
        """The next n candidates to train.

        Shapes:
            rows, values: (n trained,); output: (n,)
        """
        u = NormalScores.fit(values).forward(values)
        if not self._tuned or len(rows) >= self._tuned + _TUNED_EVERY:
            self._t = search(self._rows(rows), u, Prior(), _STEPS)
            self._tuned = len(rows)
        chosen: list[int] = []
        for _ in range(n):
            taught = np.concatenate([rows, np.array(chosen, dtype=np.int64)])
            free = np.ones(len(next(iter(self._blocks.values()))), dtype=bool)
            free[taught] = False
            mean, root = self._posterior(taught, u)
            best = self._best(mean, root, free, u.max(), strategy, rng)
            chosen.append(best)
            u = np.append(u, mean[best])
        return np.array(chosen, dtype=np.int64)

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
    z = (mean - top) / deviation
    normal = NormalDist()
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    share = np.array([normal.cdf(value) for value in z])
    improvement: Doubles = (mean - top) * share + deviation * density
    return improvement
