"""A feature model of hardware cost after FLASH (Li et al., ACM TECS 2021): few volumes, fitted weights.

| symbol | meaning |
|---|---|
| n | networks (or pairs of network and accelerator) |
| f | volumes of a network, in the order of `VOLUMES` |
| h | factors of an accelerator, in the order of `FACTORS` |
| A | array size: number of multipliers |
| S | buffer size in KiB |
| c | clock in MHz |

FLASH models latency, energy and area as a weighted sum of a network's volumes on one accelerator. Here each
volume may also be multiplied by a factor of the accelerator, so that networks and accelerators can be
chosen together: features are all products of a volume and a factor, latency is divided by the clock, and
area has factors only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.arrays import ArchBatch, Codes, Doubles
from archcast.core.errors import ArtifactError, InputError, NotFittedError, UnknownNameError
from archcast.core.files import atomic_write
from archcast.featurize.cost import quantity
from archcast.featurize.spaces import SPACES, Space

VOLUMES = ("networks", "macs", "feature_maps", "weights", "communication")
FACTORS = ("1", "1 / array", "array", "1 / sqrt(buffer)", "sqrt(buffer)", "buffer")
METRICS = ("latency", "energy", "area")
_ROUNDS = 30
_SMALL = 1e-4
"""Relative error below which a row is trusted no more."""
_USED = {
    "latency": ("1", "1 / array", "1 / sqrt(buffer)"),
    "energy": ("1", "array", "sqrt(buffer)", "1 / sqrt(buffer)"),
    "area": ("1", "array", "buffer"),
}
"""Factors of each metric: more multipliers and larger buffers save time and cost energy and area."""


@dataclass(frozen=True, slots=True)
class Accelerator:
    """Hardware parameters: array size, buffer size in KiB, clock in MHz."""

    array: float
    buffer_kib: float
    clock_mhz: float


@dataclass(frozen=True, slots=True)
class FeatureModelConfig:
    """What is fitted and how.

    Attributes:
        metric: `latency`, `energy` or `area`.
        hardware: whether accelerators are given beside networks; area always needs them.
        non_negative: weights of zero or more (needs SciPy); otherwise ridge.
        ridge: strength of the penalty on the weights of scaled features, ridge only.
    """

    metric: str = "latency"
    hardware: bool = False
    non_negative: bool = True
    ridge: float = 1e-6


class FeatureModel:
    """Weighted sum of volumes times factors, fitted to the least sum of absolute relative errors.

    The sum is found by least squares with rows weighted anew in each round, so that a few odd networks
    (cells without a path from input to output) do not pull the fit.

    Attributes:
        names_: what each weight is of, e.g. `macs * 1 / array`.
        weights_: (d,) fitted weights.
    """

    names_: tuple[str, ...]
    weights_: Doubles

    def __init__(self, config: FeatureModelConfig | None = None) -> None:
        self.config = FeatureModelConfig() if config is None else config
        if self.config.metric not in METRICS:
            raise UnknownNameError("metric of a feature model", self.config.metric, METRICS)
        if self.config.metric == "area" and not self.config.hardware:
            raise InputError("a feature model of area must be given hardware=True")
        if not self.config.ridge >= 0:
            raise InputError(f"ridge must be at least 0, got {self.config.ridge}")

    def fit(
        self,
        space: str,
        archs: ArchBatch,
        values: Doubles,
        *,
        dataset: str | None = None,
        accelerators: list[Accelerator] | None = None,
    ) -> FeatureModel:
        """Fit to measured or estimated values.

        Args:
            archs: n networks.
            values: (n,) in the metric's unit, above 0.
            accelerators: one a network, where `hardware` is set.

        Raises:
            InputError: values are not n numbers above 0, or accelerators are missing.
        """
        names, features = self._features(space, archs, dataset, accelerators)
        y = np.asarray(values, dtype=np.float64)
        if y.shape != (len(features),) or not np.all(np.isfinite(y) & (y > 0)):
            raise InputError(f"values must be {len(features)} numbers above 0, got shape {y.shape}")
        relative = features / y[:, None]
        scale = np.sqrt(np.mean(relative**2, axis=0))
        scale[scale == 0] = 1.0
        scaled = relative / scale
        solved, trust = np.zeros(scaled.shape[1]), np.ones(len(y))
        for _ in range(_ROUNDS):
            solved = self._solve(scaled * trust[:, None], trust)
            trust = 1 / np.sqrt(np.maximum(np.abs(scaled @ solved - 1), _SMALL))
        self.names_, self.weights_ = names, solved / scale
        return self

    def _solve(self, scaled: Doubles, ones: Doubles) -> Doubles:
        """Weights of scaled features in the least-squares sense."""
        if self.config.non_negative:
            from scipy import optimize

            positive: Doubles = optimize.nnls(scaled, ones)[0]
            return positive
        penalty = len(ones) * self.config.ridge * np.eye(scaled.shape[1])
        solved = np.linalg.solve(scaled.T @ scaled + penalty, scaled.T @ ones)
        return np.asarray(solved, dtype=np.float64)

    def predict(
        self,
        space: str,
        archs: ArchBatch,
        *,
        dataset: str | None = None,
        accelerators: list[Accelerator] | None = None,
    ) -> Doubles:
        """Values of n networks in the unit of what was fitted; of another space as well.

        Shapes:
            output: (n,)
        """
        if not hasattr(self, "weights_"):
            raise NotFittedError("the feature model must be fitted before it predicts")
        _, features = self._features(space, archs, dataset, accelerators)
        predicted: Doubles = features @ self.weights_
        return predicted

    def save(self, path: Path) -> None:
        """Write configuration and weights as JSON; the file appears whole or not at all."""
        held = self.held()
        with atomic_write(path) as partial:
            partial.write_text(json.dumps(held, indent=1), encoding="utf-8")

    def held(self) -> dict[str, Any]:
        """Configuration and weights; raise NotFittedError where there are none."""
        if not hasattr(self, "weights_"):
            raise NotFittedError("the feature model must be fitted before it is saved")
        weights = dict(zip(self.names_, self.weights_.tolist(), strict=True))
        return {"config": asdict(self.config), "weights": weights}

    def prices(self, accelerator: Accelerator | None = None) -> dict[str, float]:
        """What one of each volume costs, on an accelerator where the model was fitted with them."""
        if accelerator is None:
            return dict(zip(VOLUMES, self.weights_.tolist(), strict=True))
        factors, used = accelerator_factors([accelerator]), _USED[self.config.metric]
        kept = np.array([float(factors[name][0]) for name in used])
        if self.config.metric == "latency":
            kept = kept / accelerator.clock_mhz
        return dict(zip(VOLUMES, (self.weights_.reshape(-1, len(used)) @ kept).tolist(), strict=True))

    @classmethod
    def load(cls, path: Path) -> FeatureModel:
        """A saved model; raise ArtifactError when the file is not one."""
        try:
            held: Any = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{path} is no feature model: {error}") from error
        return cls.of(held, str(path))

    @classmethod
    def of(cls, held: Any, where: str) -> FeatureModel:
        """The model that `held` gave; raise ArtifactError, naming `where`, when it is none."""
        try:
            model = cls(FeatureModelConfig(**held["config"]))
            model.names_ = tuple(held["weights"])
            model.weights_ = np.array(list(held["weights"].values()), dtype=np.float64)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(f"{where} is no feature model: {error}") from error
        if model.names_ != model._names():
            raise ArtifactError(f"{where} is no feature model of this version: it has other features")
        return model

    def _names(self) -> tuple[str, ...]:
        factors = _USED[self.config.metric] if self.config.hardware else ("1",)
        volumes = ("networks",) if self.config.metric == "area" else VOLUMES
        return tuple(f"{volume} * {factor}" for volume in volumes for factor in factors)

    def _features(
        self, space: str, archs: ArchBatch, dataset: str | None, accelerators: list[Accelerator] | None
    ) -> tuple[tuple[str, ...], Doubles]:
        volumes = network_volumes(space, archs, dataset)
        if self.config.metric == "area":
            volumes = volumes[:, :1]
        if not self.config.hardware:
            if accelerators is not None:
                raise InputError("accelerators must be left out of a feature model without hardware")
            return self._names(), volumes
        if accelerators is None or len(accelerators) != len(volumes):
            got = "none" if accelerators is None else len(accelerators)
            raise InputError(f"accelerators must be one a network, {len(volumes)} in all, got {got}")
        factors = accelerator_factors(accelerators)
        kept = np.stack([factors[name] for name in _USED[self.config.metric]], axis=1)
        if self.config.metric == "latency":
            kept = kept / np.array([a.clock_mhz for a in accelerators])[:, None]
        return self._names(), (volumes[:, :, None] * kept[:, None, :]).reshape(len(volumes), -1)


def network_volumes(space: str, archs: ArchBatch, dataset: str | None = None) -> Doubles:
    """FLASH's volumes of networks: 1, multiply-adds, elements of maps written, weights, and elements that
    layers read from one another, skip connections included.

    Shapes:
        output: (n, 5), in the order of `VOLUMES`
    """
    known = SPACES[space]
    return code_volumes(known, known.parse(archs), dataset)


def code_volumes(space: Space, codes: Codes, dataset: str | None = None) -> Doubles:
    """`network_volumes` of checked codes.

    Shapes:
        codes: (n, k); output: (n, 5)
    """
    costs = space.costs(codes, dataset)
    names: Mapping[str, str] = {"macs": "macs", "feature_maps": "outputs", "weights": "params"}
    columns = [np.ones(len(costs)), *(quantity(costs, name) for name in names.values())]
    return np.stack([*columns, quantity(costs, "inputs")], axis=1)


def accelerator_factors(accelerators: list[Accelerator]) -> dict[str, Doubles]:
    """Each factor of n accelerators; raise InputError for a parameter that is not above 0.

    Shapes:
        output: (n,) a factor
    """
    for i, accelerator in enumerate(accelerators):
        for name, value in asdict(accelerator).items():
            if not 0 < value < float("inf"):
                raise InputError(f"{name} of an accelerator must be above 0, got {value}", item=i)
    array = np.array([float(a.array) for a in accelerators])
    buffer = np.array([float(a.buffer_kib) for a in accelerators])
    root = np.sqrt(buffer)
    values = (np.ones(len(array)), 1 / array, array, 1 / root, root, buffer)
    return dict(zip(FACTORS, values, strict=True))
