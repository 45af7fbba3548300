"""What a few measurements say of a device, given what sources say of the same networks.

| symbol | meaning |
|---|---|
| n, S, c | measured networks, sources, classes of kernels |
| L, F | see `sources`; y (n,) log measurements |
| a, b, g, v | strengths: of sources' differences, of networks' likeness, of class prices; variance of noise |

Hypotheses are Gaussian processes of log values: their mean is that of the sources of one kind, or one source,
plus a level that is free; their covariance is a D D' / S + b R + g F F', with D how sources differ from their
mean and R likeness of mixes of work. Noise has heavy tails (Student's t by reweighting, 4 degrees of
freedom). Hypotheses are averaged by their evidence; those of a kind that is trusted have an advantage.

Each hypothesis' mean is linear in L, F and R, with weights on L that sum to 1: the value of a network with
twice the work of every kind is twice as large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from archcast.core.arrays import Doubles

GRID = (*((a, 0.006, v) for a in (0.1, 1.0, 4.0) for v in (0.002, 0.01)), (0.01, 0.0005, 0.02))
"""a, b, v; the last stands for a device that is as its sources are at another level, and networks that these
know badly: what is left of each tells nothing of others."""
PRICES = (0.0005, 0.005, 0.05, 0.5)
"""g; chosen with the last of `GRID` on phones left out."""
ADVANTAGE = 3.0
"""Log odds of a kind that is trusted wholly."""
_REACH = 0.3
_FREE = 100.0
FREEDOM = 4
_STEPS = 4
_MOST = 12
"""Hypotheses that are kept."""
Groups: TypeAlias = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One hypothesis given the measurements, those of one centre or another averaged.

    Shapes:
        on_sources: (S,), sums to 1; on_shares: (c,); on_likeness: (n,); inverse: (n, n)

    Attributes:
        weight: its share of the evidence.
        level: constant of its mean.
        on_sources, on_shares, on_likeness: weights of L, F, R in its mean.
        groups: sources whose differences it knows, those of a group by their mean; covariances are of these.
        strengths: a, b, v, g.
        inverse: of the covariance of the measurements.
    """

    weight: float
    level: float
    on_sources: Doubles
    on_shares: Doubles
    on_likeness: Doubles
    groups: Groups
    strengths: tuple[float, float, float, float]
    inverse: Doubles


@dataclass(frozen=True, slots=True)
class Posterior:
    """All hypotheses, with the measured networks' L and F.

    Shapes:
        measured: (n, S); mixes: (n, c)
    """

    hypotheses: tuple[Hypothesis, ...]
    measured: Doubles
    mixes: Doubles

    @property
    def on_sources(self) -> Doubles:
        """Weights of sources in the mean, (S,)."""
        weights = [h.weight * h.on_sources for h in self.hypotheses]
        total: Doubles = np.sum(weights, axis=0)
        return total

    def mean(self, values: Doubles, shares: Doubles) -> Doubles:
        """Log values of networks.

        Shapes:
            values: (t, S), shares: (t, c); output: (t,)
        """
        out: Doubles = self._means(values, shares) @ np.array([h.weight for h in self.hypotheses])
        return out

    def deviation(self, values: Doubles, shares: Doubles) -> Doubles:
        """Standard deviations of log values of new measurements, shapes as `mean`."""
        means = self._means(values, shares)
        weights = np.array([h.weight for h in self.hypotheses])
        between = (means - (means @ weights)[:, None]) ** 2 @ weights
        within = sum(h.weight * self._variance(h, values, shares) for h in self.hypotheses)
        spread: Doubles = np.sqrt(np.maximum(between + within, 0.0))
        return spread

    def left_out(self, y: Doubles) -> tuple[Doubles, Doubles]:
        """What is predicted of each measurement by the others, and its deviation, both of log values.

        The strengths and the noise of each measurement are not learned anew without it, its weight in the
        choice among hypotheses is taken off.

        Shapes:
            y: (n,), log measurements; output: (n,) each
        """
        precision = np.stack([np.diag(h.inverse) for h in self.hypotheses])
        pull = np.stack([h.on_likeness / h.strengths[1] for h in self.hypotheses])
        error, variance = pull / precision, 1.0 / precision
        density = -0.5 * (np.log(variance) + error**2 / variance)
        log = np.log([[h.weight] for h in self.hypotheses]) - density
        weight = np.exp(log - log.max(axis=0))
        weight /= weight.sum(axis=0)
        mean = (weight * error).sum(axis=0)
        spread: Doubles = np.sqrt((weight * (variance + (error - mean) ** 2)).sum(axis=0))
        return y - mean, spread

    def _means(self, values: Doubles, shares: Doubles) -> Doubles:
        alike = likeness(shares, self.mixes)
        columns = [
            h.level + values @ h.on_sources + shares @ h.on_shares + alike @ h.on_likeness
            for h in self.hypotheses
        ]
        return np.stack(columns, axis=1)

    def _variance(self, h: Hypothesis, values: Doubles, shares: Doubles) -> Doubles:
        a, b, v, g = h.strengths
        known, new = _differences(self.measured, values, _pick(h.groups, values.shape[1]))
        cross = a * new @ known.T / len(h.groups) + b * likeness(shares, self.mixes)
        cross += g * shares @ self.mixes.T + _FREE
        own = a * (new**2).mean(axis=1) + b + g * (shares**2).sum(axis=1) + _FREE
        variance: Doubles = own + v - np.einsum("ij,jk,ik->i", cross, h.inverse, cross)
        return variance


def learn(
    y: Doubles,
    measured: Doubles,
    mixes: Doubles,
    *,
    places: Mapping[str, Sequence[int]],
    trust: Mapping[str, float],
) -> Posterior:
    """The posterior of a device.

    Args:
        places: of sources by kind.
        trust: in each kind, 0 to 1.

    Shapes:
        y: (n,); measured: (n, S); mixes: (n, c)
    """
    hypotheses: list[tuple[float, Hypothesis]] = []
    for name, own in places.items():
        alone = tuple((place,) for place in own)
        hypotheses += _hypotheses(y, measured, mixes, alone, ADVANTAGE * trust[name], by_one=True)
    if len(places) > 1:
        kinds = tuple(tuple(own) for own in places.values())
        hypotheses += _hypotheses(y, measured, mixes, kinds, 0.0, by_one=False)
    evidence = np.array([log for log, _ in hypotheses])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    best = np.argsort(-weights)[:_MOST]
    total = weights[best].sum()
    kept = tuple(replace(hypotheses[i][1], weight=float(weights[i] / total)) for i in best)
    return Posterior(kept, measured, mixes)


def likeness(a: Doubles, b: Doubles) -> Doubles:
    """Of mixes of work, 1 where they are equal.

    Shapes:
        a: (t, c), b: (n, c); output: (t, n)
    """
    roots_a, roots_b = np.sqrt(a), np.sqrt(b)
    apart = (roots_a**2).sum(axis=1)[:, None] + (roots_b**2).sum(axis=1) - 2 * roots_a @ roots_b.T
    alike: Doubles = np.exp(-np.maximum(apart, 0.0) / (2 * _REACH**2))
    return alike


def _pick(groups: Groups, sources: int) -> Doubles:
    """What turns values of sources into means of groups, (S, groups)."""
    pick = np.zeros((sources, len(groups)))
    for column, members in enumerate(groups):
        pick[list(members), column] = 1 / len(members)
    return pick


def _differences(measured: Doubles, values: Doubles, pick: Doubles) -> tuple[Doubles, Doubles]:
    """How groups differ from their mean on measured networks and on others, each source at its own level."""
    level = measured.mean(axis=0)
    known, new = (measured - level) @ pick, (values - level) @ pick
    return known - known.mean(axis=1, keepdims=True), new - new.mean(axis=1, keepdims=True)


def _hypotheses(
    y: Doubles, measured: Doubles, mixes: Doubles, groups: Groups, advantage: float, *, by_one: bool
) -> list[tuple[float, Hypothesis]]:
    """Hypotheses of some sources with their log evidence.

    Args:
        by_one: whether the mean may be that of a single group, beside that of all.
    """
    pick, level, count = _pick(groups, measured.shape[1]), measured.mean(axis=0), len(groups)
    spread, _ = _differences(measured, measured, pick)
    mean = pick.mean(axis=1, keepdims=True)
    centres = np.concatenate([pick, mean], axis=1) if by_one else mean
    rest = y[:, None] - (measured - level) @ centres
    base, alike, prices = spread @ spread.T / count, likeness(mixes, mixes), mixes @ mixes.T
    hypotheses = []
    for a, b, v in GRID:
        for g in PRICES:
            covariance = _robust(a * base + b * alike + g * prices + _FREE, np.median(rest, axis=1), v)
            inverse: Doubles = np.linalg.inv(covariance).astype(np.float64)
            solved = inverse @ rest
            logs = -0.5 * (rest * solved).sum(axis=0) - 0.5 * np.linalg.slogdet(covariance)[1]
            logs += advantage - np.log(rest.shape[1])
            share = np.exp(logs - logs.max())
            share /= share.sum()
            mixed = solved @ share
            toward = a * spread.T @ mixed / count
            on_sources = centres @ share + pick @ (toward - toward.mean())
            hypotheses.append(
                (
                    float(logs.max() + np.log(np.exp(logs - logs.max()).sum())),
                    Hypothesis(
                        1.0,
                        float(_FREE * mixed.sum() - level @ on_sources),
                        on_sources,
                        g * mixes.T @ mixed,
                        b * mixed,
                        groups,
                        (a, b, v, g),
                        inverse,
                    ),
                )
            )
    return hypotheses


def _robust(covariance: Doubles, rest: Doubles, noise: float) -> Doubles:
    """Covariance of measurements, those that are far off noisier."""
    weights = np.ones(len(rest))
    own = covariance + np.diag(noise / weights)
    for _ in range(_STEPS):
        own = covariance + np.diag(noise / weights)
        off = noise / weights * np.linalg.solve(own, rest)
        weights = (FREEDOM + 1) / (FREEDOM + off**2 / noise)
    return own
