"""A predictor for a new device from a few measurements: the posterior of a mixture of device priors.

| symbol | meaning |
|---|---|
| n | measurements |
| k | components of the prior |
| g | points of the grid over the device's scale c and noise variance v |
| d | columns of all groups of structure, and one of ones |
| A | (n, r) structure @ root of a component |
| t | (n,) measured cost, standardised |
| tau | (n,) noise of each measurement as a multiple of v |

t = offset + c (structure @ mean + A u) + noise with u ~ N(0, I), a flat offset, and Student-t noise that
grows as the cost to the power `growth`. For each component, tau is found by variational steps; the rest is
in closed form on the grid. Components and grid points are weighed by their evidence, and what is kept is
the mean and the covariance of the mixture's weights, and how much wider intervals must be than they say
(`archcast.predictors.adapt.intervals`).

Costs are standardised robustly, so that a measurement ten times off sets no scale. Where the standard
deviation is much larger than the robust one, that may also be because most of the networks happen to cost
the same, and the few that do not are right. Each component is then fitted under either scale, and the
evidence, of costs and not of t, weighs the two as it does components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats, Ints
from archcast.core.errors import ArtifactError, InputError
from archcast.core.labels import Labels, Target
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.structure import stacked
from archcast.predictors.adapt.config import AdaptConfig, Grid, grid_of
from archcast.predictors.adapt.intervals import half_width, left_out, widening
from archcast.predictors.adapt.prior import Component, DevicePrior, costs, robust_scale
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.contract import Predictor, register
from archcast.predictors.families.additive import INVERTED
from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.link import Link, Reciprocal, Tail, apply
from archcast.predictors.lowered.tables import Sum
from archcast.predictors.scale import TargetScale

LEAST = 3
_KEPT = ("weights", "root", "noise", "widening")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is predicted of each measurement without it, as costs; a throughput's is its inverse.

    Shapes:
        measured, predicted, deviation: (n,) each; deviation of a new measurement, by the model alone
    """

    measured: Doubles
    predicted: Doubles
    deviation: Doubles


@register
class Adapted(Predictor):
    """cost = structure @ weights, with the weights' covariance; made by `adapt_to`, not by `fit`.

    Attributes:
        left_out_: of the measurements; where it was adapted, and not where it was loaded.
    """

    family = "adapted"
    Config = AdaptConfig
    learns = False
    reads = ("structure",)
    left_out_: LeftOut

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        raise InputError("adapted must be made from a prior and measurements, by adapt_to")

    def _predict(self, codes: Codes) -> Doubles:
        return self.scale_.forward(apply(self._link(), self._cost(codes)))

    def interval(
        self, codes: Codes, coverage: float, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Ends of a central interval of new measurements, in the metric's unit.

        Shapes:
            codes: (n, k); output: float32 (n, 1) each

        Raises:
            InputError: coverage outside 0.5 to 0.99.
        """
        half = half_width(coverage, self.config) * float(self.widening_[0]) * self.predictive_deviation(codes)
        z = self._predict(codes) if predicted is None else self.scale_.forward(predicted.astype(np.float64))
        low, high = self.scale_.inverse(z - half), self.scale_.inverse(z + half)
        return low.astype(np.float32), high.astype(np.float32)

    def predictive_deviation(self, codes: Codes) -> Doubles:
        """Standard deviation of a measurement around the scaled prediction, by the model alone.

        Shapes:
            codes: (n, k); output: (n, 1)
        """
        x = self._columns(codes)
        cost = x @ self.weights_
        least, middle, noise = self.noise_
        grown = (
            noise * (np.maximum(cost, least) / middle) ** (2.0 * self.config.growth) if least > 0 else noise
        )
        variance = (((x @ self.root_) ** 2).sum(axis=1) + grown) * self._slope(cost) ** 2
        return np.asarray(np.sqrt(variance))[:, None]

    def left_out_values(self) -> Doubles:
        """What is predicted of each measurement without it, in the metric's unit, (n,)."""
        predicted: Doubles = np.asarray(apply(self._link(), self.left_out_.predicted[:, None]))[:, 0]
        return predicted

    def _columns(self, codes: Codes) -> Doubles:
        groups = self.space_.structure(codes, self.dataset_)
        return np.concatenate([*groups.values(), np.ones((len(codes), 1))], axis=1)

    def lower(self) -> Lowered | None:
        groups = self.space_.cost_groups if self.space_.counts_nodes else self.space_.term_groups
        if groups is None:
            return None
        return Lowered(Sum.of(self._cost, groups, self.space_), self._link())

    def _cost(self, codes: Codes) -> Doubles:
        """(n, 1), of which the link makes values."""
        return np.asarray(self._columns(codes) @ self.weights_)[:, None]

    def _link(self) -> Link:
        """Costs far below what was measured fall off on a log scale; a rate is the inverse of its time."""
        if not self.scale_.logarithmic:
            return ()
        return (Tail(self.noise_[:1]), *((Reciprocal(),) if self.metric_ in INVERTED else ()))

    def _slope(self, cost: Doubles) -> Doubles:
        """Of scaled values over costs, (n,); its sign does not count."""
        if not self.scale_.logarithmic:
            return np.full(len(cost), 1.0 / self.scale_.deviation[0])
        slope: Doubles = 1.0 / np.maximum(cost, self.noise_[0]) / self.scale_.deviation[0]
        return slope

    def to_files(self) -> dict[str, bytes]:
        return {"adapted.npz": pack({name: getattr(self, f"{name}_") for name in _KEPT})}

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        arrays = unpack(files["adapted.npz"], "adapted.npz")
        columns = self._columns(self.space_.sample(1, seed=0)).shape[1]
        lengths = ", ".join(f"{name} of {len(array)}" for name, array in sorted(arrays.items()))
        if set(arrays) != set(_KEPT) or len(arrays["weights"]) != columns or len(arrays["root"]) != columns:
            raise ArtifactError(
                f"adapted.npz must hold {', '.join(_KEPT)} of {columns} columns of structure, got {lengths}: "
                f"it was made by another version of archcast; adapt to the measurements again"
            )
        self.weights_, self.root_, self.noise_, self.widening_ = (arrays[name] for name in _KEPT)


def adapt_to(
    prior: DevicePrior,
    codes: Codes,
    values: Doubles,
    *,
    device: str,
    metric: str,
    config: AdaptConfig | None = None,
) -> Adapted:
    """A predictor for `device` from measurements of it.

    Shapes:
        codes: (n, k); values: (n,), in the metric's unit

    Raises:
        InputError: fewer than `LEAST` measurements, or a value that is not finite or not above 0.
    """
    values, space = np.asarray(values, dtype=np.float64), SPACES[prior.space]
    _check(codes, values, metric)
    config = config or AdaptConfig()
    adapted = Adapted(config)
    adapted._take_header(prior.space, metric, prior.dataset, (Target(device, prior.dataset),))
    adapted.scale_ = TargetScale.fit(values[:, None], metric)
    cost, positive = costs(values, metric), METRICS[metric].positive
    groups = space.structure(codes, prior.dataset)
    names = tuple(groups)
    ends = np.cumsum([0, *(groups[name].shape[1] for name in names)])
    places = {name: np.arange(a, b) for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)}
    kept, fits = _fits(prior, groups, cost, positive, config)
    share = _by_fit(fits)
    mixed = [
        (w.sum(), np.concatenate([places[name] for name in c.groups] + [ends[-1:]]), *fit.weights(w))
        for c, fit, w in zip(kept, fits, share, strict=True)
        if w.sum() > 1e-5
    ]
    adapted.weights_, adapted.root_ = _mixture(mixed, int(ends[-1]) + 1)
    noise, middle = sum(m[0] * m[-1] for m in mixed), np.exp(np.log(cost).mean()) if positive else 1.0
    adapted.noise_ = np.array([config.floor * np.median(cost) if positive else 0.0, middle, noise])
    error, deviation = left_out([fit.left_out() for fit in fits], np.concatenate(share))
    adapted.widening_ = np.array([widening(error / deviation, config)])
    adapted.left_out_ = LeftOut(cost, cost - error, deviation)
    return adapted


def _check(codes: Codes, values: Doubles, metric: str) -> None:
    if values.shape != (len(codes),) or len(values) < LEAST:
        raise InputError(f"values must be at least {LEAST}, one an architecture, got shape {values.shape}")
    wrong = ~np.isfinite(values) | ((values <= 0) & METRICS[metric].positive)
    if wrong.any():
        raise InputError(f"{metric} must be finite and above 0", item=int(wrong.argmax()))


def _fits(
    prior: DevicePrior, groups: dict[str, Doubles], cost: Doubles, positive: bool, config: AdaptConfig
) -> tuple[list[Component], list[_Fit]]:
    """Components and their fits; of many measurements, only components that a part of them supports.

    Where costs may be spread more widely than they robustly seem, every component has a second fit.
    """
    chosen, scales = list(prior.components), _scales(cost, config)
    if len(cost) > 2 * config.screen:
        few = np.linspace(0, len(cost) - 1, config.screen).astype(int)
        part = {name: x[few] for name, x in groups.items()}
        fits = [_Fit(c, stacked(part, c.groups), cost[few], positive, config, scales[0]) for c in chosen]
        share = np.array([own.sum() for own in _by_fit(fits)])
        chosen = [c for c, own in zip(chosen, share, strict=True) if own > 0.02 * share.max()]
    fits = [_Fit(c, stacked(groups, c.groups), cost, positive, config, s) for s in scales for c in chosen]
    return [fit.component for fit in fits], fits


def _scales(cost: Doubles, config: AdaptConfig) -> list[_Scale]:
    """What costs may be standardised by: robustly, and widely where that is something else."""
    middle, unit = robust_scale(cost)
    grid = grid_of(config, config.spread_noise)
    grid = grid._replace(log_prior=grid.log_prior + config.spread_weight)
    wide = _Scale(middle, float(cost.std()), grid)
    return [_Scale(middle, unit, grid_of(config))] + [wide] * (wide.unit > config.spread_ratio * unit)


def _mixture(mixed: list[tuple[float, Ints, Doubles, Doubles, float]], d: int) -> tuple[Doubles, Doubles]:
    """Moments of the mixture: weights (d,) and the root of their covariance (d, q)."""
    weights, covariance = np.zeros(d), np.zeros((d, d))
    for share, places, mean, root, _ in mixed:
        weights[places] += share * mean
        covariance[np.ix_(places, places)] += share * (root @ root.T)
    for share, places, mean, _, _ in mixed:
        apart = -weights
        apart[places] += mean
        covariance += share * np.outer(apart, apart)
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * max(values[-1], 1e-300)
    return weights, vectors[:, kept] * np.sqrt(values[kept])


class _Scale(NamedTuple):
    """What t is: (cost - middle) / unit, and the grid over its scale and noise."""

    middle: float
    unit: float
    grid: Grid


class _Fit:
    """One component given the measurements; x (n, d) is its structure, `evidence` is (g,)."""

    def __init__(
        self,
        component: Component,
        x: Doubles,
        cost: Doubles,
        positive: bool,
        config: AdaptConfig,
        scale: _Scale,
    ) -> None:
        self.component, self.x, self.positive, self.config = component, x, positive, config
        self.middle, self.unit, self.grid = scale
        freedom = config.freedom
        self.t, self.cost = (cost - self.middle) / self.unit, cost
        self.a, self.m = x @ component.root, x @ component.mean
        self.tau = slack = np.ones(len(cost))
        for _ in range(config.rounds - 1):
            self._solve()
            share = _shares(self.evidence)
            self.base = base = self._growth(share)
            squares = self._squares(share) / base
            slack = np.clip((freedom + squares) / (freedom + 1.0), 0.3, 1e4)
            self.tau = base * slack
        self._solve()
        rate = slack * (freedom + 1.0) / 2.0  # of the Gamma posteriors of 1 / slack
        self.evidence -= (freedom / 2.0 * np.log(rate) + (freedom + 1.0) * freedom / 4.0 / rate).sum()
        self.evidence += component.log_weight - (len(cost) - 1) * np.log(self.unit)

    def _solve(self) -> None:
        """Spectrum of A without the offset, residuals along it, and the evidence of each grid point."""
        c, v, log_prior = self.grid
        self.trust = 1.0 / self.tau
        half = np.sqrt(self.trust)
        ones = half / np.linalg.norm(half)
        white = np.stack([self.t, self.m]) * half
        white -= np.outer(white @ ones, ones)
        a = self.a * half[:, None]
        a -= np.outer(ones, ones @ a)
        free = len(half) - 1
        left, lengths, right = np.linalg.svd(a, full_matrices=False)
        left, lengths, self.right = left[:, :free], lengths[:free], right[:free]
        along = left.T @ white.T
        self.v = c[:, None] ** 2 * lengths**2 + v[:, None]
        e = along[:, 0] - c[:, None] * along[:, 1]
        rest = white[0] - c[:, None] * white[1] - e @ left.T
        self.alpha = (e / self.v @ left.T + rest / v[:, None]) * half
        self.left = left * half[:, None]
        determinant = np.log(self.v).sum(axis=1) + (free - len(lengths)) * np.log(v) + np.log(self.tau).sum()
        squares = (e**2 / self.v).sum(axis=1) + (rest**2).sum(axis=1) / v
        self.evidence = -0.5 * (determinant + squares + np.log(self.trust.mean())) + log_prior

    def _squares(self, share: Doubles) -> Doubles:
        """(n,): expected squared noise of each measurement, in units of v, over the grid."""
        scaled = self.grid.v[:, None] * self.tau
        spread = np.maximum(scaled - scaled**2 * self._precision(), 0.0)
        return np.asarray(share @ (((scaled * self.alpha) ** 2 + spread) / self.grid.v[:, None]))

    def _precision(self) -> Doubles:
        """(g, n): diagonal of the inverse covariance, the offset projected out."""
        inverse = (1.0 / self.v - 1.0 / self.grid.v[:, None]) @ self.left.T**2
        inverse += (self.trust - self.trust**2 / self.trust.sum()) / self.grid.v[:, None]
        return np.asarray(inverse)

    def left_out(self) -> tuple[Doubles, Doubles, Doubles]:
        """Error of each cost predicted from the others, its variance and its log density, (g, n)."""
        variance = 1.0 / np.maximum(self._precision(), 1e-12)
        error = self.alpha * variance
        density = -0.5 * (np.log(variance) + error**2 / variance)
        hindsight = self.grid.v[:, None] * (
            self.tau - self.base
        )  # a measurement's own slack was found by its error
        variance = np.maximum(variance - hindsight, self.grid.v[:, None] * self.base)
        return error * self.unit, variance * self.unit**2, density - np.log(self.unit)

    def _growth(self, share: Doubles) -> Doubles:
        """(n,): noise that goes with the fitted cost, of geometric mean 1."""
        if not self.positive:
            return np.ones(len(self.t))
        fit = self.m * (share @ self.grid.c) + self.a @ (self.a.T @ ((share * self.grid.c**2) @ self.alpha))
        fit += (self.trust @ (self.t - fit)) / self.trust.sum()
        cost = np.maximum(fit * self.unit + self.middle, self.config.floor * np.median(self.cost))
        return np.asarray((cost / np.exp(np.log(cost).mean())) ** (2.0 * self.config.growth))

    def weights(self, share: Doubles) -> tuple[Doubles, Doubles, float]:
        """Moments given grid shares (g,): mean (d + 1,), offset last, covariance's root, noise variance."""
        share, total = share / share.sum(), self.trust.sum()
        root, centre = self.component.root, self.trust @ self.x / total
        mean = (share @ self.grid.c) * self.component.mean + root @ (
            self.a.T @ ((share * self.grid.c**2) @ self.alpha)
        )
        offset = self.trust @ (self.t - self.x @ mean) / total
        wide, noise = np.sqrt(share @ self.grid.c**2), float(share @ self.grid.v)
        known = np.sqrt((share * self.grid.c**2 * self.grid.v) @ (1.0 / self.v))
        spread = wide * root + (root @ self.right.T * (known - wide)) @ self.right
        last = np.append(np.zeros(len(mean)), np.sqrt(noise / total))
        whole = np.column_stack([np.vstack([spread, -(centre @ spread)]), last])
        mean = np.append(mean, offset + self.middle / self.unit) * self.unit
        return mean, whole * self.unit, noise * self.unit**2


def _by_fit(fits: Sequence[_Fit]) -> list[Doubles]:
    """Probabilities of every fit's grid points, all of them together."""
    ends = np.cumsum([len(fit.evidence) for fit in fits])[:-1]
    return np.split(_shares(np.concatenate([fit.evidence for fit in fits])), ends)


def _shares(evidence: Doubles) -> Doubles:
    """Probabilities of log evidences, of the same shape."""
    raised = np.exp(evidence - evidence.max())
    return np.asarray(raised / raised.sum())
