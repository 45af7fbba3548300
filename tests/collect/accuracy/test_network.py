import numpy as np
import pytest
import torch
from torch import nn

from archcast.collect.accuracy.network import trainable
from archcast.core.errors import InputError
from archcast.featurize.cost import network_cost
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.builder import NetworkBuilder

GRAPHS = [s for s in SPACES.values() if s.counts_nodes]


@pytest.mark.parametrize("space", GRAPHS, ids=lambda s: s.name)
def test_networks_of_every_space_have_the_stated_shapes_and_change_no_input(space):
    network = space.network(space.sample(1, seed=0)[0])
    torch.manual_seed(0)
    module = trainable(network).eval()
    assert sum(p.numel() for p in module.parameters()) == network_cost(network)[:, 1].sum()
    seen = []

    def before(step, given):
        seen.append((given, [x.clone() for x in given]))

    for step in module.steps:
        step.register_forward_pre_hook(before)
    images = torch.randn(2, *network.values["input"].dims[1:])
    with torch.no_grad():
        module.check(images)
        answers = module(images)
        assert torch.equal(answers, module(images))
    assert answers.shape == (2, network.values[network.outputs[0]].dims[1])
    assert len(seen) == 3 * len(network)
    for given, then in seen:
        assert all(torch.equal(now, old) for now, old in zip(given, then, strict=True))


def test_every_operator_computes_what_it_is_named():
    b = NetworkBuilder()
    x = b.input(4, 6)
    shuffled = b.shuffle(b.conv(x, 4, kernel=3, groups=2, bias=True), 2)
    pooled = b.pool(shuffled, "max_pool", kernel=3, stride=1)
    mean = b.pool(pooled, "avg_pool", kernel=3, stride=2, count_padding=True)
    both = b.concat(mean, b.pointwise(mean, "relu6"))
    total = b.add(both, both, b.pointwise(both, "zero"))
    gate = b.pointwise(b.global_pool(total), "hsigmoid")
    b.linear(b.global_pool(b.pointwise(b.multiply(total, gate), "hswish")), 3)
    module = trainable(b.network()).eval()
    images = torch.randn(5, 4, 6, 6)
    conv, linear = module.steps[0], module.steps[-1]
    y = nn.functional.conv2d(images, conv.weight, conv.bias, padding=1, groups=2)
    y = y[:, [0, 2, 1, 3]]
    y = nn.functional.avg_pool2d(nn.functional.max_pool2d(y, 3, 1, 1), 3, 2, 1)
    y = 2 * torch.cat([y, y.clamp(0, 6)], dim=1)
    y = nn.functional.hardswish(y * nn.functional.hardsigmoid(y.mean(dim=(2, 3), keepdim=True)))
    expected = y.mean(dim=(2, 3)) @ linear.weight.T + linear.bias
    np.testing.assert_allclose(module(images).detach(), expected.detach(), rtol=1e-5, atol=1e-6)


def test_a_network_without_classifier_is_refused():
    b = NetworkBuilder()
    b.pointwise(b.input(1, 4), "relu")
    with pytest.raises(InputError, match="must end in a linear layer \\(Gemm\\), got Relu"):
        trainable(b.network())
