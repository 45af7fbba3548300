import numpy as np
import pytest

from archcast.core.errors import ArtifactError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.structure import stacked
from archcast.predictors.adapt.config import PriorConfig
from archcast.predictors.adapt.prior import DevicePrior, _population, costs, fit_prior, robust_scale


def made_up(space, devices=4, n=150, seed=0):
    """Devices whose costs are random weighted sums of the space's structure."""
    codes = space.sample(n, seed=seed)
    rng = np.random.default_rng(seed)
    x = space.terms(codes)[1].astype(float)
    common = rng.uniform(0.5, 1.5, x.shape[1])
    values = 1.0 + x @ (common[:, None] * rng.uniform(0.7, 1.3, (x.shape[1], devices)))
    values -= min(0.0, values.min() - 1.0)
    targets = tuple(Target(f"d{i}", space.datasets[0]) for i in range(devices))
    return Labels(space.name, "latency", space.datasets[0], targets, codes, values)


@pytest.mark.parametrize("name", ["nasbench201", "fbnet", "mnasnet", "macro"])
def test_components_fit_their_groups(name):
    space = SPACES[name]
    labels = made_up(space)
    prior, groups = fit_prior(labels), space.structure(labels.codes)
    assert (prior.space, prior.dataset) == (name, space.datasets[0])
    for component in prior.components:
        d = stacked(groups, component.groups).shape[1]
        assert component.mean.shape == (d,)
        assert component.root.shape[0] == d
        assert np.isfinite(component.root).all()
    assert any(c.scope > 0 for c in prior.components)


@pytest.mark.parametrize("name", ["nasbench201", "mnasnet"])
def test_without_devices_one_component_knows_structure_alone(name):
    labels = made_up(SPACES[name])
    none = Labels(name, "latency", labels.dataset, (), labels.codes, labels.values[:, :0])
    (component,) = fit_prior(none).components
    assert not component.mean.any()
    assert component.scope == 1.0


def test_arrays_come_back_at_single_precision():
    prior = fit_prior(made_up(SPACES["nasbench201"]))
    arrays = prior.to_arrays()
    again = DevicePrior.from_arrays(arrays)
    assert len(again.components) == len(prior.components)
    for one, other in zip(prior.components, again.components, strict=True):
        np.testing.assert_allclose(other.root, one.root.astype(np.float32))
        np.testing.assert_allclose(other.mean, one.mean.astype(np.float32))
        assert (other.groups, other.scope) == (one.groups, one.scope)
        assert other.log_weight == pytest.approx(one.log_weight)
    assert again.to_arrays().keys() == arrays.keys()
    roots = [name for name in arrays if name.startswith("root.")]
    assert len(roots) < len(prior.components)


def test_arrays_without_components_are_refused():
    with pytest.raises(ArtifactError, match="at least one component"):
        DevicePrior.from_arrays({"space": np.array(["nasbench201", "cifar10"])})


def test_expectation_maximisation_finds_the_devices_weights():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 5))
    true = np.array([1.0, -2.0, 0.0, 3.0, 0.5]) + 0.2 * rng.normal(size=(30, 5))
    y = x @ true.T + 7.0 + 0.05 * rng.normal(size=(400, 30))
    y[::40] += 20.0  # one row in forty is far off
    y[rng.random(y.shape) < 0.1] = np.nan
    found = _population({"g": x}, ("g",), y, PriorConfig())
    np.testing.assert_allclose(found.devices, true, atol=0.2)
    np.testing.assert_allclose(found.mean, true.mean(axis=0), atol=0.15)
    assert found.variances[0] == pytest.approx(0.04, rel=0.6)
    np.testing.assert_allclose(found.covariance, found.covariance.T, atol=1e-12)


def test_priors_do_not_depend_on_the_order_or_unit_of_devices():
    labels = made_up(SPACES["nasbench201"])
    other = Labels(
        *[getattr(labels, f) for f in ("space", "metric", "dataset", "targets", "codes")],
        labels.values[:, ::-1] * 1000.0,
    )
    one, two = fit_prior(labels).components[0], fit_prior(other).components[0]
    np.testing.assert_allclose(one.root @ one.root.T, two.root @ two.root.T, atol=1e-8)


def test_throughput_becomes_a_time_and_scales_are_robust():
    np.testing.assert_allclose(costs(np.array([2.0, 4.0]), "throughput"), [0.5, 0.25])
    np.testing.assert_allclose(costs(np.array([2.0, 4.0]), "energy"), [2.0, 4.0])
    y = np.random.default_rng(0).normal(5.0, 2.0, 4001)
    y[:200] = 1e9
    middle, spread = robust_scale(y)
    assert middle == pytest.approx(5.0, abs=0.3)
    assert spread == pytest.approx(2.0, rel=0.15)
    assert robust_scale(np.array([3.0, 3.0, 3.0])) == (3.0, 3.0)
    assert robust_scale(np.array([3.0, 3.0, 3.0, 5.0]))[1] > 0
    assert robust_scale(np.zeros(3))[1] > 0
