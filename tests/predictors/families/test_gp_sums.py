import numpy as np
import pytest

from archcast.featurize.spaces import SPACES
from archcast.predictors.families import gp_sums as module
from archcast.predictors.families.gp import GP, GPConfig
from archcast.predictors.lowered import exact_form
from archcast.training.labels import load_labels


def labels(n: int, seed: int = 0):
    known = load_labels("skipnet", "accuracy", datasets=["digits"])
    return known.rows(np.sort(np.random.default_rng(seed).permutation(len(known))[:n]))


@pytest.mark.parametrize("seed", [0, 1])
def test_sums_answer_as_the_process_does(seed):
    model = GP().fit(labels(25, seed), seed=seed)
    form = exact_form(model, (0,))
    codes = SPACES["skipnet"].sample(3000, seed=7)
    np.testing.assert_allclose(form.values(codes), model.predict(codes), rtol=2e-5)
    np.testing.assert_allclose(form.values(model.codes_), model.predict(model.codes_), rtol=2e-5)


def test_values_on_their_own_scale_and_a_constant_are_summed_too():
    codes = SPACES["skipnet"].sample(200, seed=8)
    plain = GP(GPConfig(ranked=False)).fit(labels(30), seed=0)
    np.testing.assert_allclose(exact_form(plain, (0,)).values(codes), plain.predict(codes), rtol=2e-5)
    few = labels(10)
    few.values[:] = 70.0
    flat = GP().fit(few, seed=0)
    np.testing.assert_allclose(exact_form(flat, (0,)).values(codes), 70.0, rtol=1e-5)


def test_sums_that_do_not_agree_are_not_given(monkeypatch):
    model = GP().fit(labels(25), seed=0)
    monkeypatch.setattr(module, "TOLERANCE", 0.0)
    assert model.lower() is None
