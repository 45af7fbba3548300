"""Which architectures to measure on a new device: those that leave the least to guess.

| symbol | meaning |
|---|---|
| N | candidates |
| r | rank of a component's covariance |
| A | (N, r) structure @ root of a component, and a column for the unknown offset |
| C | (r + 1, r + 1) covariance of a component's coordinates given what is measured |
| L | (r + 1, r) root of A'A / N without the offset, so that |A C a|^2 / N = |L' C a|^2 |

Greedy and A-optimal: each step takes the candidate that lowers the variance over all candidates most,
gain(a) = |A C a|^2 / N / (a'Ca + noise), summed over the prior's components by their scope, each scaled to
total variance 1. Values are not needed, only which ones were measured. A network whose output does not
depend on its input is never taken: runtimes may fold it to a constant, and it would tell of nothing else.
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.core.errors import InputError, shorten
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.structure import stacked
from archcast.predictors.adapt.config import PriorConfig
from archcast.predictors.adapt.prior import DevicePrior

MAX_CANDIDATES = 20_000


def suggest_references(
    prior: DevicePrior, candidates: Codes, n: int, *, measured: Codes | None = None, seed: int = 0
) -> Ints:
    """Positions of `n` candidates, in the order in which to measure them.

    Args:
        measured: what the device was measured on already.
        seed: draws the `MAX_CANDIDATES` that are looked at when there are more.

    Shapes:
        candidates: (N, k); measured: (any, k); output: (n,), of distinct architectures

    Raises:
        InputError: fewer than `n` distinct, connected candidates that are not measured yet.
    """
    space = SPACES[prior.space]
    places = np.arange(len(candidates))
    if len(places) > MAX_CANDIDATES:
        rng = np.random.default_rng(seed)
        places = np.sort(rng.choice(len(places), MAX_CANDIDATES, replace=False))
    done = candidates[:0] if measured is None else measured
    codes = np.concatenate([candidates[places], done])
    same = space.network_groups(codes)
    free = ~np.isin(same[: len(places)], same[len(places) :]) & space.connected(codes[: len(places)])
    distinct = len(np.unique(same[: len(places)][free]))
    if not isinstance(n, int | np.integer) or not 1 <= n <= distinct:
        raise InputError(
            f"n must be 1 to {distinct}, the distinct, connected candidates not measured yet, "
            f"got {shorten(n)}"
        )
    groups = space.structure(codes, prior.dataset)
    wide = [c for c in prior.components if c.scope > 0]
    beliefs = [_Belief(stacked(groups, c.groups) @ c.root, len(places), c.scope, prior.config) for c in wide]
    for row in range(len(places), len(codes)):
        for belief in beliefs:
            belief.measure(row)
    chosen: list[int] = []
    for _ in range(n):
        gain = np.sum([belief.gains() for belief in beliefs], axis=0)
        best = int(np.where(free, gain, -np.inf).argmax())
        free &= same[: len(places)] != same[best]
        chosen.append(best)
        for belief in beliefs:
            belief.measure(best)
    picked: Ints = places[chosen]
    return picked


class _Belief:
    """What one component leaves to guess; the first `count` rows of `spread` (rows, r) are candidates."""

    def __init__(self, spread: Doubles, count: int, scope: float, config: PriorConfig) -> None:
        centred = spread - spread[:count].mean(axis=0)
        total = max(float((centred[:count] ** 2).sum()) / count, 1e-300)
        scaled = centred / np.sqrt(total)
        self.rows = np.concatenate([scaled, np.full((len(scaled), 1), config.reference_offset)], axis=1)
        self.count, self.noise = count, config.reference_noise**2
        self.covariance = np.eye(self.rows.shape[1])
        powers, turns = np.linalg.eigh(scaled[:count].T @ scaled[:count] * (scope / count))
        self.root = np.zeros((self.rows.shape[1], len(powers)))
        self.root[:-1] = turns * np.sqrt(np.maximum(powers, 0.0))
        self.seen = (
            self.rows[:count] @ self.root
        )  # A C L, and the diagonal of A C A', kept as rows are measured
        self.own = (self.rows[:count] ** 2).sum(axis=1)

    def gains(self) -> Doubles:
        """(count,): variance over all candidates that measuring each would take away."""
        return np.asarray(np.einsum("ij,ij->i", self.seen, self.seen) / (self.own + self.noise))

    def measure(self, row: int) -> None:
        """Take in that a row is measured."""
        along = self.covariance @ self.rows[row]
        total = self.rows[row] @ along + self.noise
        shared = self.rows[: self.count] @ along
        self.covariance -= np.outer(along, along) / total
        self.seen -= np.outer(shared / total, along @ self.root)
        self.own -= shared**2 / total
