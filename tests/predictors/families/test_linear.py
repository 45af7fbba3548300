import numpy as np
import pytest
from made_up import additive_labels

from archcast.featurize.cost import quantity
from archcast.featurize.spaces import SPACES
from archcast.predictors import BayesianLinear, LinearConfig
from archcast.predictors.families.linear import evidence_weights


def problem(n, d, noise, *, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    x -= x.mean(axis=0)
    weights = rng.normal(size=d)
    y = x @ weights + noise * rng.normal(size=n)
    return x, y - y.mean(), weights


@pytest.mark.parametrize(("n", "d", "noise"), [(200, 5, 0.1), (60, 20, 1.0), (40, 30, 0.3)])
def test_equal_to_the_textbooks_fixed_point(n, d, noise):
    x, y, _ = problem(n, d, noise)
    a = b = 1.0
    eigenvalues = np.linalg.eigvalsh(x.T @ x).clip(0)
    for _ in range(3000):  # Bishop, equations 3.53, 3.87, 3.91, 3.92 and 3.95
        w = np.linalg.solve(a / b * np.eye(d) + x.T @ x, x.T @ y)
        g = (eigenvalues / (eigenvalues + a / b)).sum()
        a, b = g / (w @ w), (n - g) / ((y - x @ w) ** 2).sum()
    np.testing.assert_allclose(evidence_weights(x, y, 3000), w, rtol=5e-3, atol=2e-3)


def test_close_to_scikit_learns():
    sklearn = pytest.importorskip("sklearn.linear_model")
    x, y, _ = problem(80, 15, 0.5)
    theirs = sklearn.BayesianRidge(max_iter=1000, tol=1e-8, fit_intercept=False).fit(x, y).coef_
    np.testing.assert_allclose(evidence_weights(x, y, 1000), theirs, rtol=1e-3, atol=1e-4)


def test_it_is_a_ridge_between_nothing_and_least_squares():
    x, y, weights = problem(100, 8, 0.5)
    least_squares = np.linalg.lstsq(x, y, rcond=None)[0]
    found = evidence_weights(x, y, 100)
    assert 0.9 < np.linalg.norm(found) / np.linalg.norm(least_squares) < 1
    assert np.linalg.norm(found - weights) < 0.2


def test_little_noise_gives_the_true_weights_and_noise_alone_none():
    x, y, weights = problem(100, 8, 1e-4)
    np.testing.assert_allclose(evidence_weights(x, y, 100), weights, atol=1e-3)
    pure = np.random.default_rng(5).normal(size=400)
    wide = np.random.default_rng(6).normal(size=(400, 30))
    found = evidence_weights(wide, pure, 100)
    plain = np.linalg.lstsq(wide, pure, rcond=None)[0]
    assert np.linalg.norm(found) < 0.5 * np.linalg.norm(plain)


def test_more_columns_than_rows_give_no_more_than_the_least_weights():
    x, y, _ = problem(30, 60, 0.3)
    found, least = evidence_weights(x, y, 100), np.linalg.pinv(x) @ y
    assert np.linalg.norm(found) <= np.linalg.norm(least) * (1 + 1e-6)
    assert np.linalg.norm(x @ found - y) < 0.2 * np.linalg.norm(y)


def test_columns_that_repeat_share_their_weight():
    x, y, _ = problem(100, 3, 0.1)
    found = evidence_weights(np.concatenate([x, x], axis=1), y, 200)
    np.testing.assert_allclose(found[:3], found[3:], rtol=1e-6)
    np.testing.assert_allclose(2 * found[:3], evidence_weights(x, y, 200), rtol=1e-2)


def test_a_power_of_the_macs_is_recovered():
    space = SPACES["nasbench201"]
    labels = additive_labels(("board",), n=200)
    macs = quantity(space.costs(labels.codes), "macs")
    labels.values[:, 0] = 3e-5 * macs**0.7
    held = space.sample(300, seed=9)
    found = BayesianLinear().fit(labels).predict(held)[:, 0]
    np.testing.assert_allclose(found, 3e-5 * quantity(space.costs(held), "macs") ** 0.7, rtol=2e-2)


def test_columns_that_never_vary_get_no_say():
    labels = additive_labels(n=200)
    fixed = labels.rows(labels.codes[:, 0] == 2)
    fitted = BayesianLinear(LinearConfig(pieces=("decisions",))).fit(fixed)
    assert not fitted.scaling_[:5].any()
    others = fixed.codes.copy()
    others[:, 0] = 4
    np.testing.assert_allclose(fitted.predict(others), fitted.predict(fixed.codes), rtol=1e-6)
