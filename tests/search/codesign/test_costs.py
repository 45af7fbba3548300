import numpy as np
import pytest
from search.codesign_cases import GRID, costs, estimates

from archcast.collect.estimate.feature_model import VOLUMES
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.costs import estimate_grid
from archcast.search.codesign.problem import CodesignProblem


def test_models_recover_costs_of_their_own_form():
    errors = costs().errors(estimates())
    assert all(error.max() < 1e-3 for error in errors.values())


def test_weights_give_what_the_feature_models_predict():
    codes = SPACES["skipnet"].sample(GRID.size, seed=2)
    position = np.array(list(np.ndindex(*GRID.shape)))
    values = CodesignProblem(lambda c: np.zeros(len(c)), costs(), GRID).values(np.hstack([codes, position]))
    for column, name in ((1, "latency"), (2, "energy"), (3, "area")):
        model = getattr(costs(), name)
        expected = model.predict("skipnet", codes, dataset="digits", accelerators=GRID.accelerators())
        np.testing.assert_allclose(values[:, column], expected)
    np.testing.assert_allclose(values[:, 4], values[:, 2] / values[:, 1])


def test_latency_falls_with_the_clock_and_energy_does_not():
    latency, energy, area = costs().weights(GRID)
    assert latency.shape == energy.shape == (GRID.size, len(VOLUMES))
    np.testing.assert_allclose(latency[0], 4 * latency[3])
    np.testing.assert_allclose(energy[0], energy[3])
    assert area[0] == area[3]


def test_a_target_that_cannot_be_swept_is_refused():
    with pytest.raises(InputError, match="must list array"):
        estimate_grid("ethos-u55-256", SPACES["skipnet"].sample(2, seed=0), dataset="digits")
