import numpy as np
import pytest

from archcast.featurize.spaces import SPACES
from archcast.predictors.families.gp import GP, GPConfig
from archcast.search.codesign import accuracy as module
from archcast.search.codesign.accuracy import QuickProcess, quick_accuracy
from archcast.search.codesign.run import fit_accuracy
from archcast.training.labels import load_labels


@pytest.mark.parametrize("seed", [0, 1])
def test_look_ups_answer_as_the_process_does(seed):
    model, _ = fit_accuracy("gp", seed=seed)
    asked = quick_accuracy(model)
    assert isinstance(asked, QuickProcess)
    codes = SPACES["skipnet"].sample(3000, seed=7)
    np.testing.assert_allclose(asked(codes), model.predict(codes)[:, 0], rtol=1e-5)
    np.testing.assert_allclose(asked(model.codes_), model.predict(model.codes_)[:, 0], rtol=1e-5)


def test_values_on_their_own_scale_and_a_constant_are_looked_up_too():
    labels = load_labels("skipnet", "accuracy", datasets=["digits"])
    codes = SPACES["skipnet"].sample(200, seed=8)
    plain = GP(GPConfig(ranked=False)).fit(labels.rows(np.arange(30)), seed=0)
    np.testing.assert_allclose(quick_accuracy(plain)(codes), plain.predict(codes)[:, 0], rtol=1e-5)
    few = labels.rows(np.arange(10))
    few.values[:] = 70.0
    flat = GP().fit(few, seed=0)
    np.testing.assert_allclose(quick_accuracy(flat)(codes), 70.0, rtol=1e-5)


def test_other_predictors_are_asked_themselves():
    model, _ = fit_accuracy("nn_degree", seed=1)
    codes = SPACES["skipnet"].sample(50, seed=9)
    np.testing.assert_array_equal(quick_accuracy(model)(codes), model.predict(codes)[:, 0])


def test_look_ups_that_do_not_agree_are_not_taken(monkeypatch):
    model, _ = fit_accuracy("gp")
    asked, codes = quick_accuracy(model), SPACES["skipnet"].sample(50, seed=9)
    monkeypatch.setattr(module, "TOLERANCE", 0.0)
    plain = quick_accuracy(model)
    assert isinstance(asked, QuickProcess)
    assert not isinstance(plain, QuickProcess)
    np.testing.assert_array_equal(plain(codes), model.predict(codes)[:, 0])
