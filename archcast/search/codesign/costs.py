"""Latency, energy and area of pairs of a network and an accelerator, by feature models fitted on a target.

| symbol | meaning |
|---|---|
| h | accelerators of a hardware grid |
| V | volumes of a network |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archcast.collect.estimate import (
    Accelerator,
    FeatureModel,
    FeatureModelConfig,
    Target,
    estimate_networks,
    load_target,
    make_estimator,
)
from archcast.collect.estimate.feature_model import VOLUMES, accelerator_factors, code_volumes
from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES, Space
from archcast.predictors.lowered.tables import Sum
from archcast.search.codesign.hardware import HardwareGrid, multipliers
from archcast.search.codesign.space import JointSpace

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class GridEstimates:
    """What a target's estimator says of networks at every point of its grid; a row a pair.

    Shapes:
        codes: (n, k); latency_ms, energy_mj: (n,); area: (n,), in the units of the target's description
    """

    space: Space
    dataset: str
    codes: Codes
    accelerators: list[Accelerator]
    latency_ms: Doubles
    energy_mj: Doubles
    area: Doubles


def estimate_grid(
    spec: str, space: Space, codes: Codes, *, dataset: str, report: Report | None = None
) -> GridEstimates:
    """Latency, energy and area of networks at every point of a target's grid, at the target's clock.

    What was estimated before is taken from `ARCHCAST_HOME/estimates`.

    Args:
        spec: a target's name or file.
        report: told the point that is estimated next.

    Raises:
        InputError: the target has no grid of arrays and buffers, or gives no energy or no area.
    """
    target = load_target(spec)
    HardwareGrid.of(target)
    columns: list[tuple[Doubles, Doubles, Doubles]] = []
    accelerators: list[Accelerator] = []
    for point in target.points():
        set_to = load_target(spec, point)
        if report is not None:
            report(set_to.label)
        estimates = estimate_networks(make_estimator(set_to), space, codes, dataset)
        if estimates.energy_mj is None or estimates.area is None:
            missing = "energy" if estimates.energy_mj is None else "area"
            raise InputError(f"{target.name} gives no {missing}, which co-optimisation needs")
        columns.append((estimates.latency_ms, estimates.energy_mj, np.full(len(codes), estimates.area)))
        accelerators += [_accelerator(set_to)] * len(codes)
    latency, energy, area = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    repeated = np.tile(codes, (len(columns), 1))
    return GridEstimates(space, dataset, repeated, accelerators, latency, energy, area)


def estimate_pairs(
    spec: str, pairs: JointSpace, codes: Codes, *, dataset: str, report: Report | None = None
) -> tuple[Doubles, Doubles, Doubles]:
    """Latency, energy and area of pairs as a target's estimator says.

    Cycles do not depend on the clock, so the latency at the target's own becomes that at the pair's.

    Args:
        spec: the target's name or file.
        report: told the accelerator that is estimated next.

    Shapes:
        codes: (n, k + 3); output: latency (n,) ms, energy (n,) mJ, area (n,)
    """
    own = float(load_target(spec).hardware["clock_mhz"])
    settings = [pairs.grid.describe(position) for position in codes[:, pairs.k :].astype(np.int64)]
    points = [{"array": str(at["array"]), "buffer_kib": f"{at['buffer_kib']:g}"} for at in settings]
    out = np.empty((3, len(codes)))
    for point in [dict(items) for items in dict.fromkeys(tuple(point.items()) for point in points)]:
        set_to = load_target(spec, point)
        if report is not None:
            report(set_to.label)
        rows = [i for i, at in enumerate(points) if at == point]
        estimates = estimate_networks(make_estimator(set_to), pairs.networks, codes[rows, : pairs.k], dataset)
        out[:, rows] = estimates.latency_ms, estimates.energy_mj, np.full(len(rows), estimates.area)
    out[0] *= own / np.array([float(at["clock_mhz"]) for at in settings])
    return out[0], out[1], out[2]


@dataclass(frozen=True, slots=True)
class CostModels:
    """Fitted feature models of the three costs."""

    space: Space
    dataset: str
    latency: FeatureModel
    energy: FeatureModel
    area: FeatureModel

    @classmethod
    def fit(cls, estimates: GridEstimates) -> CostModels:
        """Fit each to the estimates, with weights of zero or more."""
        values = (estimates.latency_ms, estimates.energy_mj, estimates.area)
        models = [
            FeatureModel(FeatureModelConfig(metric, hardware=True)).fit(
                estimates.space.name,
                estimates.codes,
                column,
                dataset=estimates.dataset,
                accelerators=estimates.accelerators,
            )
            for metric, column in zip(("latency", "energy", "area"), values, strict=True)
        ]
        return cls(estimates.space, estimates.dataset, *models)

    def volumes(self, codes: Codes) -> Doubles:
        """Volumes of networks; by look-ups, where the space's costs are sums over groups of decisions.

        Shapes:
            codes: (n, k); output: (n, V)
        """
        return _volumes(self.space.name, self.dataset)(codes)

    def weights(self, grid: HardwareGrid) -> tuple[Doubles, Doubles, Doubles]:
        """Weights of the volumes at every accelerator of a grid, and its area.

        Shapes:
            output: latency (h, V), energy (h, V), area (h,)
        """
        accelerators = grid.accelerators()
        clock = np.array([accelerator.clock_mhz for accelerator in accelerators])
        latency = _weights(self.latency, accelerators) / clock[:, None]
        return latency, _weights(self.energy, accelerators), _weights(self.area, accelerators)[:, 0]


@lru_cache(maxsize=8)
def _volumes(name: str, dataset: str) -> Callable[[Codes], Doubles]:
    space = SPACES[name]

    def plain(codes: Codes) -> Doubles:
        return code_volumes(space, codes, dataset)

    if space.cost_groups is None:
        return plain
    return Sum.of(plain, space.cost_groups, space).packed(np.float64).at


def _weights(model: FeatureModel, accelerators: list[Accelerator]) -> Doubles:
    """(h, V): what one unit of each volume costs on each accelerator, but for the clock."""
    factors = accelerator_factors(accelerators)
    out = np.zeros((len(accelerators), len(VOLUMES)))
    for name, weight in zip(model.names_, model.weights_, strict=True):
        volume, factor = name.split(" * ", 1)
        out[:, VOLUMES.index(volume)] += weight * factors[factor]
    return out


def _accelerator(target: Target) -> Accelerator:
    hardware = target.hardware
    return Accelerator(
        multipliers(hardware["array"]), float(hardware["buffer_kib"]), float(hardware["clock_mhz"])
    )
