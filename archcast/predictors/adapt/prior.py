"""What source devices teach about the next one: a mixture of Gaussian priors over a device's weights.

| symbol | meaning |
|---|---|
| n | architectures measured on the sources |
| m | source devices |
| d | columns of the groups of structure that a component uses |
| r | rank of a component's covariance |
| y | (n, m) cost, robustly standardised a device |
| w | (d,) weights of one device: cost = offset + scale * structure @ w + noise |

For a choice of groups, the devices' weights are w_j ~ N(mean, covariance). Expectation maximisation finds
both, with Student-t noise of its own size on each device, and a covariance shrunk to one variance a group
(the mode under an inverse Wishart of `strength` devices). Components widen or narrow that in ways which
leaving source devices out, and made-up devices that drop dead operations, fuse or run branches in
parallel, showed to pay; the evidence of the measurements weighs them (`archcast.predictors.adapt.posterior`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Doubles
from archcast.core.errors import ArtifactError
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.structure import stacked
from archcast.predictors.adapt.config import PriorConfig

PRIOR_VERSION = 4
"""Raised when the recipe of priors or the structure under it changes: what was kept is then learned anew."""
_RICH = ("all", "live", "adds", "pair", "edge", "live_edge")
_EXTRA = ("adds", "depth", "pair", "live_edge")
_PARTS = ("live", "used", "kept")
_MOMENTS = {
    "forms": (("cost",), ("cost", "place"), ("cost", "place", "forms")),
    "terms": (("cost",), ("cost", "terms")),
}
_SPANNED = {"forms": ("cost", "place", "forms"), "terms": ("terms",)}
"""Finest group of a chain space -> groups of the components that spread around zero, and around the mean."""


@dataclass(frozen=True, slots=True)
class Component:
    """One Gaussian over weights: mean + root @ standard normal.

    Shapes:
        mean: (d,); root: (d, r)

    Attributes:
        groups: the groups of structure whose columns the d are.
        log_weight: logarithm of the prior weight, up to a constant.
        scope: weight when references are chosen; 0 for a narrow guess (near one source, say).
    """

    groups: tuple[str, ...]
    mean: Doubles
    root: Doubles
    log_weight: float
    scope: float


@dataclass(frozen=True, slots=True)
class DevicePrior:
    """A mixture of components for the devices of one space, and the constants it was learned with."""

    space: str
    dataset: str
    components: tuple[Component, ...]
    config: PriorConfig = field(default_factory=PriorConfig)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays that `from_arrays` reads, at single precision; equal roots are kept once."""
        arrays: dict[str, NDArray[Any]] = {
            "space": np.array([self.space, self.dataset]),
            "config": np.array([self.config.to_json()]),
        }
        places: dict[bytes, int] = {}
        for i, c in enumerate(self.components):
            root = c.root.astype(np.float32)
            place = places.setdefault(root.tobytes(), len(places))
            arrays[f"root.{place}"] = root
            arrays |= {f"{i}.groups": np.array(c.groups), f"{i}.mean": c.mean.astype(np.float32)}
            arrays[f"{i}.flags"] = np.array([c.log_weight, c.scope, place])
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The prior that `to_arrays` wrote.

        Raises:
            ArtifactError: no component, or constants that this version does not know.
        """
        components: list[Component] = []
        while (key := f"{len(components)}.") + "mean" in arrays:
            weight, scope, place = arrays[key + "flags"].tolist()
            groups = tuple(str(name) for name in arrays[key + "groups"])
            mean, root = (arrays[n].astype(np.float64) for n in (key + "mean", f"root.{int(place)}"))
            components.append(Component(groups, mean, root, weight, scope))
        if not components:
            raise ArtifactError("a prior must hold at least one component")
        space, dataset = (str(name) for name in arrays["space"])
        if "config" not in arrays:
            raise ArtifactError("a prior must hold the constants that it was learned with")
        return cls(space, dataset, tuple(components), PriorConfig.from_json(str(arrays["config"][0])))


@dataclass(frozen=True, slots=True)
class Population:
    """Moments (d,) and (d, d) of the devices' weights, one variance a group (d,), and each one's (m, d)."""

    mean: Doubles
    covariance: Doubles
    variances: Doubles
    devices: Doubles


def fit_prior(labels: Labels, *, config: PriorConfig | None = None) -> DevicePrior:
    """Learn a prior from the devices of `labels`; of no device, a prior that only knows structure."""
    config = config or PriorConfig()
    space = SPACES[labels.space]
    groups = space.structure(labels.codes, labels.dataset)
    y = _standardised(costs(labels.values, labels.metric))
    recipe = _cell_components if "live" in groups else _chain_components
    learned = list(recipe(groups, y, config)) if y.shape[1] else []
    components = (*learned, _plain(groups, alone=not learned))
    return DevicePrior(labels.space, labels.dataset, components, config)


def costs(values: Doubles, metric: str) -> Doubles:
    """Values as something that adds up over layers: time a sample instead of samples a time."""
    return 1.0 / values if metric == "throughput" else np.asarray(values, dtype=np.float64)


def robust_scale(y: Doubles) -> tuple[float, float]:
    """Median, and the deviation that a Gaussian of this median deviation would have."""
    middle = float(np.median(y))
    spread = 1.4826 * float(np.median(np.abs(y - middle))) or 0.3 * float(y.std())
    return middle, spread or max(abs(middle), 1e-12)


def _standardised(y: Doubles) -> Doubles:
    out = np.array(y)
    for column in range(y.shape[1]):
        middle, spread = robust_scale(y[np.isfinite(y[:, column]), column])
        out[:, column] = (y[:, column] - middle) / spread
    return out


def _cell_components(groups: dict[str, Doubles], y: Doubles, config: PriorConfig) -> Iterator[Component]:
    """Of cell spaces, whose dead operations some devices run and some drop."""
    components = {}
    for names in (("all",), ("all", "live"), ("all", "live", "adds"), _RICH):
        components[names] = people = _population(groups, names, y, config)
        yield _second_moment(names, people)
    people = components[names := ("all", "live", "adds")]
    near = config.near_source
    yield from _sources(names, people, near * people.covariance, -1.0)
    yield Component(names, people.mean, np.diag(np.sqrt(config.wide * people.variances)), -1.0, 0.0)
    for extra in ((), _EXTRA):
        size = sum(groups[name].shape[1] for name in extra)
        for part in _PARTS:
            yield from _split(part, components[("all",)], extra, size, config)
    adds = groups["adds"].shape[1]
    for part in ("all", *_PARTS):
        yield _apart(part, components[("all",)], adds, config.apart_scope, config)
    yield _apart("shared", components[("all",)], adds, 0.0, config)


def _chain_components(groups: dict[str, Doubles], y: Doubles, config: PriorConfig) -> Iterator[Component]:
    """Of spaces without dead operations, whose terms are many: stay near the span of the sources."""
    finest = "forms" if "forms" in groups else "terms"
    if "cost" in groups:
        for names in _MOMENTS[finest]:
            yield _second_moment(names, _population(groups, names, y, config))
    people = _population(groups, whole := _SPANNED[finest], y, config)
    yield Component(whole, people.mean, _root(_between(people, config.span_slack)), 0.0, 1.0)
    people = _population(groups, (finest,), y, config)
    near = config.near_source * _between(people, config.source_slack)
    yield from _sources((finest,), people, near, 0.0)


def _between(people: Population, slack: float) -> Doubles:
    """Covariance of the devices' weights as found, and a share of the groups' variances."""
    apart = people.devices - people.devices.mean(axis=0)
    return np.asarray(apart.T @ apart / len(apart) + slack * np.diag(people.variances))


def _second_moment(names: tuple[str, ...], people: Population) -> Component:
    """Mean zero and the devices' second moment: their common shape at any size, and around it."""
    moment = people.covariance + np.outer(people.mean, people.mean)
    return Component(names, np.zeros_like(people.mean), _root(moment), 0.0, 1.0)


def _sources(
    names: tuple[str, ...], people: Population, covariance: Doubles, log_weight: float
) -> Iterator[Component]:
    """Near one of the sources, by that covariance (d, d)."""
    root, share = _root(covariance), log_weight - float(np.log(len(people.devices)))
    for weights in people.devices:
        yield Component(names, weights, root, share, 0.0)


def _split(
    part: str, people: Population, extra: tuple[str, ...], size: int, config: PriorConfig
) -> Iterator[Component]:
    """Costs of `all` paid to some share by `part` alone; groups in `extra` (`size` columns) come on top."""
    mean, d, shares = people.mean, len(people.mean), config.part_shares if part == "live" else (1.0,)
    power = float(np.mean(mean**2))
    own = np.diag(mean**2 + config.price_floor * power)
    for paid in shares:
        share = np.array([1.0 - paid, paid])
        covariance = np.zeros((2 * d + size, 2 * d + size))
        covariance[: 2 * d, : 2 * d] = np.kron(
            np.outer(share, share), people.covariance + config.part_common * own
        )
        covariance[: 2 * d, : 2 * d] += np.kron(np.eye(2), config.part_own * own)
        covariance[2 * d :, 2 * d :] = np.eye(size) * power * config.extra_size**2
        whole = np.concatenate([np.kron(share, mean), np.zeros(size)])
        weight = -2.0 - float(np.log(len(shares)))
        yield Component(("all", part, *extra), whole, _root(covariance), weight, 1.0 / len(shares))


def _apart(part: str, people: Population, adds: int, scope: float, config: PriorConfig) -> Component:
    """Of devices unlike the sources: each kind of operation at its own price, paid for one part alone."""
    mean, d = people.mean, len(people.mean)
    power = float(np.mean(mean**2))
    covariance = np.eye(d + adds) * power * config.apart_adds**2
    prices = np.diag(mean**2 + config.price_floor * power)
    covariance[:d, :d] = people.covariance + config.apart_size * prices
    whole = np.concatenate([mean, np.zeros(adds)])
    return Component((part, "adds"), whole, _root(covariance), config.apart_weight, scope)


def _plain(groups: dict[str, Doubles], *, alone: bool) -> Component:
    """Mean zero, and each group's columns alike, so sized that the group's sum varies by its share."""
    sizes, weight = {"all": 1.0, "live": 1.0, "adds": 0.3, "depth": 0.3}, -2.0
    if "live" not in groups:
        sizes, weight = {"cost": 1.0, "terms": 0.5, "forms": 0.5}, -1.0
    names = tuple(name for name in sizes if name in groups)
    spread = [np.sqrt(groups[name].var(axis=0).sum()) or 1.0 for name in names]
    pieces = zip(names, spread, strict=True)
    scales = np.concatenate([np.full(groups[name].shape[1], sizes[name] / s) for name, s in pieces])
    return Component(names, np.zeros(len(scales)), np.diag(scales), weight, float(alone))


def _root(covariance: Doubles) -> Doubles:
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * max(values.max(), 1e-300)
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def _population(
    groups: dict[str, Doubles], names: tuple[str, ...], y: Doubles, config: PriorConfig
) -> Population:
    """Mean and covariance of the devices' weights of the named groups; y (n, m), NaN where missing."""
    owner = np.repeat(np.arange(len(names)), [groups[name].shape[1] for name in names])
    x = stacked(groups, names)
    d, m = x.shape[1], y.shape[1]
    devices = [_Device(x, y[:, j], config.freedom) for j in range(m)]
    mean: Doubles = np.zeros(d)
    covariance: Doubles = 0.1 * np.eye(d)
    for step in range(config.iterations):
        precision = np.asarray(np.linalg.inv(covariance + 1e-9 * np.eye(d)), dtype=np.float64)
        reweigh = step % 4 == 3 and step < 17
        updates = [device.update(precision, mean, reweigh) for device in devices]
        spread: Doubles = np.sum(updates, axis=0)
        weights = np.stack([device.weights for device in devices])
        mean = weights.sum(axis=0) / np.float64(m + 0.5)
        spread += (weights - mean).T @ (weights - mean)
        variances = (np.bincount(owner, np.diag(spread)) / np.bincount(owner) / m)[owner]
        covariance = np.diag(variances)
        if step > 5:
            covariance = (spread + config.strength * covariance) / (m + config.strength)
    return Population(mean, covariance, variances, weights)


class _Device:
    """Sufficient statistics of one source under its rows' Student-t weights."""

    def __init__(self, x: Doubles, y: Doubles, freedom: float) -> None:
        known = np.isfinite(y)
        self.x, self.y, self.noise, self.freedom = x[known], y[known], 0.1, freedom
        self._gather(np.ones(len(self.y)))

    def _gather(self, trust: Doubles) -> None:
        total = trust.sum()
        x, y = self.x - trust @ self.x / total, self.y - trust @ self.y / total
        self.trust, scaled = trust, x * trust[:, None]
        self.xx, self.xy, self.yy = scaled.T @ x, scaled.T @ y, float(trust @ y**2)

    def update(self, precision: Doubles, mean: Doubles, reweigh: bool) -> Doubles:
        """Posterior of this device's weights; returns its covariance (d, d)."""
        covariance: Doubles = np.linalg.inv(self.xx / self.noise + precision)
        self.weights = w = covariance @ (self.xy / self.noise + precision @ mean)
        squares = self.yy - 2.0 * w @ self.xy + w @ self.xx @ w + np.sum(self.xx * covariance)
        self.noise = max(float(squares) / len(self.y), 1e-4)
        if reweigh:
            residual = self.y - self.x @ w
            residual -= self.trust @ residual / self.trust.sum()
            self._gather((self.freedom + 1.0) / (self.freedom + residual**2 / self.noise))
        return covariance
