"""HAT's networks against the closed form that equals the published counts."""

import numpy as np
import pytest

from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.operators.counted import counted
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.hat_network import spread

HAT = SPACES["hat"]


@pytest.mark.parametrize("dataset", HAT.datasets)
def test_parameters_and_multiply_adds_are_those_of_the_closed_form(dataset):
    codes = HAT.sample(12, seed=0)
    cost = HAT.costs(codes, dataset).sum(axis=1)
    assert len(set(codes[:, 5])) > 2
    for code, (_, params, macs, *_) in zip(codes, cost, strict=True):
        network = HAT.network(code, dataset)
        works = [c.work for c in counted(network)]
        assert all(c.understood for c in counted(network))
        learned = {name for work in works for name in work.learned}
        assert sum(network.values[name].elements for name in learned) == params
        assert sum(work.macs for work in works) == macs


def test_it_runs_and_a_token_sees_no_later_one():
    import onnxruntime

    code = HAT.sample(1, seed=3)[0]
    network = HAT.network(code)
    session = onnxruntime.InferenceSession(to_onnx(network))
    rng = np.random.default_rng(0)
    given = {name: rng.normal(size=network.values[name].dims).astype(np.float32) for name in network.inputs}
    (before,) = session.run(None, given)
    assert before.shape == network.values[network.outputs[0]].dims
    given["target"] = given["target"].copy()
    given["target"][:, 20:] += 1.0
    (after,) = session.run(None, given)
    np.testing.assert_allclose(after[:, :20], before[:, :20], atol=1e-5)
    assert np.abs(after[:, 20:] - before[:, 20:]).max() > 1e-3


def test_sums_are_spread_evenly_over_the_choices():
    assert spread(12, (1, 2, 4, 6), 6) == (2, 2, 2, 2, 2, 2)
    assert spread(9, (1, 2, 4), 3) == (4, 4, 1)
    assert spread(7, (1, 2, 3), 3) == (3, 2, 2)
