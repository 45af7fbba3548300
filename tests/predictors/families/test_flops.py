from dataclasses import replace

import numpy as np
import pytest
from made_up import additive_labels

from archcast.featurize.cost import quantity
from archcast.featurize.spaces import SPACES
from archcast.predictors import FlopsBaseline

SPACE = SPACES["nasbench201"]
LABELS = additive_labels()
HELD = SPACE.sample(200, seed=7)


def macs(codes, dataset="cifar10"):
    return quantity(SPACE.costs(codes, dataset), "macs")


@pytest.mark.parametrize("dataset", SPACE.datasets)
def test_powers_of_the_macs_are_recovered(dataset):
    x = macs(LABELS.codes, dataset)
    labels = replace(LABELS, values=np.stack([3e-6 * x, 2e2 * x**-0.3], axis=1), dataset=dataset)
    held = macs(HELD, dataset)
    found = FlopsBaseline().fit(labels).predict(HELD)
    np.testing.assert_allclose(found, np.stack([3e-6 * held, 2e2 * held**-0.3], axis=1), rtol=1e-5)


def test_it_knows_nothing_else():
    found = FlopsBaseline().fit(LABELS).predict(HELD)[:, 0]
    order = np.argsort(macs(HELD), kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert len(np.unique(found)) == len(np.unique(macs(HELD)))


def test_the_line_is_that_of_least_squares_on_the_known_rows():
    values = LABELS.values.copy()
    values[::3, 1] = np.nan
    fitted = FlopsBaseline().fit(replace(LABELS, values=values))
    kept = np.isfinite(values[:, 1])
    slope, intercept = np.polyfit(np.log(macs(LABELS.codes[kept])), np.log(values[kept, 1]), 1)
    np.testing.assert_allclose(fitted.predict(HELD)[:, 1], np.exp(intercept) * macs(HELD) ** slope, rtol=1e-5)


def test_one_amount_of_macs_gives_the_mean():
    twice = LABELS.rows(np.array([4, 4, 4]))
    twice = replace(twice, values=np.array([[1.0, 1.0], [2.0, 3.0], [4.0, 9.0]]))
    np.testing.assert_allclose(
        FlopsBaseline().fit(twice).predict(HELD), np.tile([2.0, 3.0], (200, 1)), rtol=1e-5
    )
