from dataclasses import replace

import numpy as np
import pytest
from made_up import UNIT_MS, additive_labels

from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.predictors import LookupConfig, LookupTable

SPACE = SPACES["nasbench201"]
LABELS = additive_labels()
EVERY = SPACE.members(np.arange(SPACE.size))


def test_entries_are_the_costs_of_the_operations():
    table = LookupTable(LookupConfig(ridge=1e-9)).fit(LABELS).weights_[:-1].reshape(6, 5, 2)
    np.testing.assert_allclose(table[:, :, 0] - table[:, :1, 0], np.tile(UNIT_MS, (6, 1)), atol=1e-6)
    np.testing.assert_allclose(table[:, :, 1], 2 * table[:, :, 0], atol=1e-6)


def test_a_sum_is_predicted_for_the_whole_space():
    found = LookupTable().fit(LABELS).predict(EVERY)
    np.testing.assert_allclose(found[:, 0], 2.0 + UNIT_MS[EVERY].sum(axis=1), rtol=1e-3)


def test_missing_values_are_left_out():
    values = LABELS.values.copy()
    values[::2, 1] = np.nan
    both = LookupTable().fit(replace(LABELS, values=values)).predict(EVERY[::50])
    alone = LookupTable().fit(LABELS.only(("board_b",)).rows(np.arange(1, len(LABELS), 2)))
    np.testing.assert_allclose(both[:, 1], alone.predict(EVERY[::50])[:, 0], rtol=1e-5)


def test_a_choice_never_seen_costs_the_mean_of_those_seen():
    seen = LABELS.rows(LABELS.codes[:, 0] != 3)
    table = LookupTable().fit(seen).weights_[:-1].reshape(6, 5, 2)
    assert not table[0, 3].any()
    assert table[1, 3].all()


def test_costs_stop_at_half_of_the_least_seen():
    expensive = LABELS.rows((LABELS.codes != 0).all(axis=1))
    shifted = replace(expensive, values=expensive.values - 2.0)
    fitted = LookupTable().fit(shifted)
    fitted.weights_[-1] -= 100.0
    np.testing.assert_allclose(
        fitted.predict(EVERY[:3]), np.tile(shifted.values.min(axis=0) / 2, (3, 1)), rtol=1e-6
    )


def test_accuracy_has_no_floor():
    fitted = LookupTable().fit(replace(LABELS, metric="accuracy"))
    before = fitted.predict(EVERY[:3])
    fitted.weights_[-1] -= 100.0
    np.testing.assert_allclose(fitted.predict(EVERY[:3]), before - 100.0, rtol=1e-5)


@pytest.mark.parametrize("ridge", [0.0, -1.0, float("nan")])
def test_ridge_must_settle_something(ridge):
    with pytest.raises(InputError, match=r"ridge must be above 0, got"):
        LookupConfig(ridge=ridge)
