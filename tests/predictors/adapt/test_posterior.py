from functools import lru_cache

import numpy as np
import pytest

from archcast.core.errors import ArtifactError, InputError, NotFittedError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.structure import stacked
from archcast.predictors import Card, load, read_manifest, save
from archcast.predictors.adapt import posterior as module
from archcast.predictors.adapt.config import AdaptConfig, grid_of
from archcast.predictors.adapt.posterior import Adapted, _Fit, _mixture, _scales, _shares, adapt_to
from archcast.predictors.adapt.prior import Component, fit_prior

SPACE = SPACES["nasbench201"]
RATES = np.array([0.0, 0.2, 1.0, 3.0, 0.6])


def cost(codes, live_share=0.0):
    return (
        2.0 + RATES[codes].sum(axis=1) * (1 - live_share) + RATES[SPACE.live(codes)].sum(axis=1) * live_share
    )


@lru_cache(maxsize=1)
def prior():
    codes = SPACE.sample(300, seed=0)
    values = np.stack([cost(codes, share) * 2.0**i for i, share in enumerate((0.0, 0.3, 0.6, 1.0))], axis=1)
    targets = tuple(Target(f"d{i}", "cifar10") for i in range(4))
    return fit_prior(Labels("nasbench201", "latency", "cifar10", targets, codes, values))


def adapted(n=20, metric="latency", values=None):
    codes = SPACE.sample(n, seed=3)
    return adapt_to(prior(), codes, cost(codes, 0.5) if values is None else values, device="d", metric=metric)


def test_prediction_is_the_structure_times_the_weights():
    made, codes = adapted(), SPACE.sample(100, seed=4)
    x = np.column_stack([stacked(groups := SPACE.structure(codes), groups), np.ones(100)])
    np.testing.assert_allclose(made.predict(codes)[:, 0], x @ made.weights_, rtol=1e-5)
    np.testing.assert_allclose(made.predict(codes)[:, 0], cost(codes, 0.5), rtol=0.1)


@pytest.mark.parametrize("factor", [1e-3, 1e4])
def test_unit_of_the_measurements_goes_through(factor):
    codes, given = SPACE.sample(20, seed=3), SPACE.sample(100, seed=4)
    made = adapted(values=cost(codes, 0.5) * factor)
    np.testing.assert_allclose(made.predict(given), adapted().predict(given) * factor, rtol=1e-4)
    for one, other in zip(made.interval(given, 0.9), adapted().interval(given, 0.9), strict=True):
        np.testing.assert_allclose(one, other * factor, rtol=1e-4)


def test_throughput_is_the_inverse_of_a_time():
    codes, given = SPACE.sample(20, seed=3), SPACE.sample(100, seed=4)
    made = adapted(metric="throughput", values=1.0 / cost(codes, 0.5))
    np.testing.assert_allclose(made.predict(given), 1.0 / adapted().predict(given), rtol=1e-4)
    low, high = made.interval(given, 0.9)
    assert ((low < made.predict(given)) & (made.predict(given) < high)).all()


def test_predictions_stay_above_zero():
    codes = np.array([[3] * 6, [0, 0, 0, 3, 0, 0], [2] * 6], dtype=np.int8)
    made = adapt_to(prior(), codes, np.array([100.0, 0.001, 40.0]), device="d", metric="latency")
    answers = made.predict(SPACE.members(np.arange(SPACE.size)))
    assert (answers > 0).all()
    assert np.isfinite(answers).all()


def test_a_few_small_networks_among_many_of_one_size_are_believed():
    codes = SPACE.sample(2000, seed=5)
    paid = cost(codes, 0.5)
    order = np.argsort(paid)
    given = np.concatenate([order[[40, 200]], order[1200:1301:14]])
    values = paid[given] * np.exp(0.02 * np.random.default_rng(0).normal(size=10))
    made = adapt_to(prior(), codes[given], values, device="d", metric="latency")
    errors = np.abs(made.predict(codes)[:, 0] / paid - 1.0)
    assert errors.mean() < 0.05


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_one_measurement_far_off_is_not_believed(factor):
    codes, given = SPACE.sample(12, seed=3), SPACE.sample(100, seed=4)
    values = cost(codes, 0.5)
    values[4] *= factor
    made = adapted(n=12, values=values)
    errors = np.abs(made.predict(given)[:, 0] / cost(given, 0.5) - 1.0)
    assert errors.mean() < 0.1


def test_order_of_the_measurements_does_not_matter():
    codes, given = SPACE.sample(20, seed=3), SPACE.sample(50, seed=4)
    turned = adapt_to(prior(), codes[::-1], cost(codes[::-1], 0.5), device="d", metric="latency")
    np.testing.assert_allclose(turned.predict(given), adapted().predict(given), rtol=1e-5)


def test_one_far_off_is_told_apart():
    codes, given = SPACE.sample(20, seed=3), SPACE.sample(200, seed=4)
    values = cost(codes, 0.5)
    values[7] *= 10
    error = np.abs(adapted(values=values).predict(given)[:, 0] / cost(given, 0.5) - 1)
    assert np.median(error) < 0.05


def test_many_measurements_are_screened_and_fit():
    made, given = adapted(400), SPACE.sample(200, seed=4)
    np.testing.assert_allclose(made.predict(given)[:, 0], cost(given, 0.5), rtol=0.03)


def test_a_saved_one_is_equal(tmp_path):
    made, given = adapted(), SPACE.sample(50, seed=4)
    save(made, tmp_path / "d", card=Card("d"))
    again = load(read_manifest(tmp_path / "d"))
    for name in ("weights_", "root_", "noise_", "widening_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    np.testing.assert_array_equal(again.predict(given), made.predict(given))
    for one, other in zip(again.interval(given, 0.8), made.interval(given, 0.8), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.config == made.config


def test_weights_of_another_structure_are_refused(tmp_path):
    made = adapted()
    made.weights_, made.root_ = made.weights_[:-8], made.root_[:-8]
    save(made, tmp_path / "p", card=Card(title="t"))
    with pytest.raises(ArtifactError, match="adapt to the measurements again"):
        load(read_manifest(tmp_path / "p"))


def test_one_saved_before_intervals_were_calibrated_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_KEPT", module._KEPT[:-1])
    save(adapted(), tmp_path / "p", card=Card(title="t"))
    monkeypatch.undo()
    with pytest.raises(ArtifactError, match=r"weights, root, noise, widening.*another version of archcast"):
        load(read_manifest(tmp_path / "p"))


def test_noise_as_large_as_the_costs_leaves_the_shape_of_the_sources():
    codes, given = SPACE.sample(10, seed=3), SPACE.sample(300, seed=4)
    noisy = cost(codes, 0.5) * np.exp(0.4 * np.random.default_rng(5).normal(size=10))
    made = adapted(values=noisy, n=10)
    ranks = [np.argsort(np.argsort(v)) for v in (made.predict(given)[:, 0], cost(given, 0.5))]
    assert np.corrcoef(*ranks)[0, 1] > 0.85


def test_a_device_that_is_no_sum_gets_wider_intervals():
    """Each cell has a factor of its own, which no weighted sum of the columns gives."""
    factors = np.exp(0.3 * np.random.default_rng(1).normal(size=SPACE.size))
    codes, given = SPACE.sample(20, seed=3), SPACE.sample(400, seed=4)

    def odd(some):
        return cost(some, 0.5) * factors[some.astype(np.int64) @ 5 ** np.arange(6)]

    widths = []
    for paid in (lambda some: cost(some, 0.5), odd):
        made = adapt_to(prior(), codes, paid(codes), device="d", metric="latency")
        low, high = (ends[:, 0] for ends in made.interval(given, 0.9))
        truth = paid(given)
        assert ((low <= truth) & (truth <= high)).mean() > 0.8
        widths.append(np.log(high / low).mean())
    assert widths[1] > 3.0 * widths[0]


@pytest.mark.parametrize("part", ["used", "kept"])
def test_a_runtime_that_prunes_is_told_from_its_measurements(part):
    def paid(codes):
        return 2.0 + SPACE.structure(codes)[part] @ RATES[1:]

    measured, given = SPACE.sample(20, seed=5), SPACE.sample(300, seed=6)
    made = adapt_to(prior(), measured, paid(measured), device="d", metric="latency")
    errors = np.abs(made.predict(given)[:, 0] / paid(given) - 1.0)
    assert np.quantile(errors, 0.9) < 0.1


def test_evidence_agrees_with_the_dense_formula():
    """Of a fit without growth and trust: log N(t; c m, c^2 A A' + v I) with a flat offset."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 3))
    component = Component(("g",), np.array([1.0, 0.0, -1.0]), np.diag([1.0, 0.5, 0.2]), 0.0, 1.0)
    fit = _Fit(
        component, x, cost := rng.normal(size=8), False, AdaptConfig(), _scales(cost, AdaptConfig())[0]
    )
    fit.tau = np.ones(8)
    fit._solve()
    away = np.linalg.svd(np.ones((1, 8)))[2][1:]  # contrasts, which a flat offset leaves
    c, v, log_prior = grid_of(AdaptConfig())
    for k in (0, 17, 39):
        covariance = away @ (c[k] ** 2 * fit.a @ fit.a.T + v[k] * np.eye(8)) @ away.T
        e = away @ (fit.t - c[k] * fit.m)
        dense = -0.5 * (np.linalg.slogdet(covariance)[1] + e @ np.linalg.solve(covariance, e))
        assert fit.evidence[k] - log_prior[k] == pytest.approx(dense)


def test_mixture_has_the_moments_of_its_parts():
    parts = [
        (0.25, np.array([0, 1]), np.array([4.0, 0.0]), np.eye(2), 1.0),
        (0.75, np.array([1, 2]), np.array([4.0, 8.0]), np.zeros((2, 1)), 1.0),
    ]
    mean, root = _mixture(parts, 3)
    np.testing.assert_allclose(mean, [1.0, 3.0, 6.0])
    first, second = np.array([4.0, 0, 0]) - mean, np.array([0, 4.0, 8.0]) - mean
    expected = 0.25 * (np.diag([1.0, 1, 0]) + np.outer(first, first)) + 0.75 * np.outer(second, second)
    np.testing.assert_allclose(root @ root.T, expected, atol=1e-9)
    np.testing.assert_allclose(_shares(np.array([0.0, np.log(3.0)]) - 1e6), [0.25, 0.75])


@pytest.mark.parametrize(
    ("n", "values", "words"),
    [
        (2, [1.0, 2.0], "at least 3"),
        (4, [1.0, 2.0, 3.0], "shape"),
        (3, [1.0, np.nan, 3.0], "item 1"),
        (3, [1.0, 2.0, 0.0], "item 2"),
    ],
)
def test_unusable_measurements_are_refused(n, values, words):
    with pytest.raises(InputError, match=words):
        adapt_to(prior(), SPACE.sample(n, seed=0), np.array(values), device="d", metric="latency")


def test_it_is_not_made_by_fit():
    codes = SPACE.sample(5, seed=0)
    labels = Labels(
        "nasbench201", "latency", "cifar10", (Target("d", "cifar10"),), codes, cost(codes)[:, None]
    )
    with pytest.raises(InputError, match="adapt_to"):
        Adapted().fit(labels)
    with pytest.raises(NotFittedError):
        Adapted().predict(codes)
    with pytest.raises(InputError, match="coverage"):
        adapted().interval(codes, 0.3)
