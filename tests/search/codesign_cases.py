"""Cost models that need no estimator, and an accuracy of known form."""

from functools import cache

import numpy as np

from archcast.collect.estimate.feature_model import network_volumes
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.costs import CostModels, GridEstimates
from archcast.search.codesign.hardware import HardwareGrid
from archcast.search.codesign.problem import PairProblem, PairValues, pair_limit
from archcast.search.codesign.space import JointSpace

GRID = HardwareGrid(("7x6", "14x12", "28x24"), (108.0, 256.0, 1024.0), (100.0, 200.0, 300.0, 400.0))


def estimates(name: str = "skipnet") -> GridEstimates:
    """Costs that are themselves sums of volumes times factors, so that a feature model can be exact."""
    space = SPACES[name]
    dataset = space.datasets[0]
    drawn = space.canonical(space.sample(8, seed=0))
    chips = HardwareGrid(GRID.array, GRID.buffer_kib, (200.0,)).accelerators()
    codes = np.tile(drawn, (len(chips), 1))
    volumes = network_volumes(name, codes, dataset)
    accelerators = [chip for chip in chips for _ in drawn]
    array = np.array([chip.array for chip in accelerators])
    root = np.sqrt([chip.buffer_kib for chip in accelerators])
    latency = (volumes[:, 1] / array + 3 * volumes[:, 2] + 20 * volumes[:, 4] / root) / 200e3
    energy = 1e-7 * (volumes[:, 1] + 3 * volumes[:, 3] + volumes[:, 4] * root)
    return GridEstimates(space, dataset, codes, accelerators, latency, energy, 0.5 * array + 0.25 * root**2)


@cache
def costs(name: str = "skipnet") -> CostModels:
    """Feature models fitted to `estimates`."""
    return CostModels.fit(estimates(name))


JOINT = JointSpace(SPACES["skipnet"], GRID)


def accuracy(codes: np.ndarray) -> np.ndarray:
    """Wider is better, deeper and with more skips a little."""
    weights = np.array([0.1, 0.1, 0.1, 0.6, 0.4, 0.3, 0.2, 0.2, 0.2])
    return 50 + codes.astype(np.float64) @ weights


def problem(*limits: str, objectives: tuple[str, ...] = ("accuracy",), of=accuracy) -> PairProblem:
    """Of the made-up costs and accuracy."""
    return PairProblem.of(PairValues(JOINT, of, costs()), [pair_limit(text) for text in limits], objectives)
