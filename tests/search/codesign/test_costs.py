import numpy as np
import pytest
from search.codesign_cases import GRID, costs, estimates

from archcast.collect.estimate.feature_model import VOLUMES, network_volumes
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.costs import estimate_grid


def test_models_recover_costs_of_their_own_form():
    known = estimates()
    for metric, true in (("latency", known.latency_ms), ("energy", known.energy_mj), ("area", known.area)):
        said = getattr(costs(), metric).predict(
            "skipnet", known.codes, dataset="digits", accelerators=known.accelerators
        )
        np.testing.assert_allclose(said, true, rtol=1e-5)


@pytest.mark.parametrize("name", ["skipnet", "nasbench201", "ofa_mbv3"])
def test_volumes_are_looked_up_or_counted(name):
    space = SPACES[name]
    codes = space.sample(300, seed=4)
    np.testing.assert_allclose(costs(name).volumes(codes), network_volumes(name, codes, space.datasets[0]))


def test_latency_falls_with_the_clock_and_energy_does_not():
    latency, energy, area = costs().weights(GRID)
    assert latency.shape == energy.shape == (GRID.size, len(VOLUMES))
    np.testing.assert_allclose(latency[0], 4 * latency[3])
    np.testing.assert_allclose(energy[0], energy[3])
    assert area[0] == area[3]


def test_a_target_that_cannot_be_swept_is_refused():
    with pytest.raises(InputError, match="must list array"):
        estimate_grid(
            "ethos-u55-256", SPACES["skipnet"], SPACES["skipnet"].sample(2, seed=0), dataset="digits"
        )
