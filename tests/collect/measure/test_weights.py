import numpy as np
import pytest

from archcast.collect.measure.plain_network import plain_network
from archcast.collect.measure.torch_network import TorchNetwork
from archcast.collect.measure.weights import make_weights
from archcast.featurize.spaces import SPACES


def plain():
    space = SPACES["fbnet"]
    return plain_network(space.network(space.sample(1, seed=0)[0]))


def test_weights_follow_the_seed_and_fill_the_module():
    network = plain()
    first, again, other = (make_weights(network, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)
    drawn = {name for name, constant in network["constants"].items() if constant["data"] is None}
    assert set(first) == drawn == set(TorchNetwork(network).places)


def test_activations_keep_their_size():
    weights = make_weights(plain(), 0)
    assert any(name.startswith("conv") and array.size > 5000 for name, array in weights.items())
    for name, array in weights.items():
        assert array.dtype == np.float32
        if name.endswith("running_variance"):
            assert array.min() > 0.5
        if name.startswith("conv") and array.ndim == 4 and array.size > 5000:
            assert array.std() == pytest.approx((2 / np.prod(array.shape[1:])) ** 0.5, rel=0.1)


def test_what_cannot_be_drawn_is_refused_by_name():
    network = {
        "nodes": [{"op": "Where", "inputs": ["w"], "outputs": ["y"], "attributes": {}}],
        "constants": {"w": {"shape": [3], "data": None}},
    }
    with pytest.raises(ValueError, match=r"w of Where \(node 0\) cannot be drawn"):
        make_weights(network, 0)
