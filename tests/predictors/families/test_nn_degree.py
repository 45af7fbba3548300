import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.featurize.topology import nn_degree
from archcast.predictors.families.nn_degree import NNDegree, NNDegreeConfig, _fit_one, _form
from archcast.testing.predictor_checks import CHECKS, check_quality, check_single_target
from archcast.testing.subject import Subject

SPACE = SPACES["macro"]
DEVIATIONS = {
    check_quality: "latency is no function of NN-Degree",
    check_single_target: "made-up values are no function of NN-Degree",
}


@pytest.mark.parametrize("space", ["nasbench201", "mnasnet"])
@pytest.mark.parametrize(
    "check", [c for c in CHECKS if c not in DEVIATIONS], ids=lambda check: check.__name__
)
def test_family_keeps_the_contract(space, check):
    check(Subject(NNDegree, SPACES[space]))


def test_derivatives_agree_with_differences():
    x, p = np.linspace(0.5, 2.0, 9), np.array([1.02, 1.3, -3.0])
    slopes = _form(x, p)[1]
    for i in range(3):
        step = 1e-6 * np.eye(3)[i]
        found = (_form(x, p + step)[0] - _form(x, p - step)[0]) / 2e-6
        np.testing.assert_allclose(slopes[:, i], found, rtol=1e-6)


def test_form_is_recovered():
    x, p = np.linspace(0.4, 2.5, 60), np.array([1.05, 1.5, -4.0])
    y = _form(x, p)[0]
    found = _fit_one(x, y, 300)
    np.testing.assert_allclose(_form(x, found)[0], y, atol=1e-4)


def test_accuracy_that_follows_the_degree_is_learned():
    codes = SPACE.sample(200, seed=0)
    degree = nn_degree(SPACE.cells(codes))
    values = 100 / (1.06 + np.exp(1.0 * degree.mean() / degree - 2.0))
    labels = Labels("macro", "accuracy", "cifar10", (Target("cifar10", "cifar10"),), codes, values[:, None])
    made = NNDegree().fit(labels.rows(np.arange(100)))
    np.testing.assert_allclose(made.predict(codes[100:])[:, 0], values[100:], atol=0.05)


def test_settings_are_checked():
    with pytest.raises(InputError, match="steps"):
        NNDegreeConfig(steps=0)
