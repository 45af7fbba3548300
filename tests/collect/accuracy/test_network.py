import numpy as np
import pytest
import torch
from torch import nn

from archcast.collect.accuracy.network import GraphNetwork
from archcast.core.errors import InputError
from archcast.core.layers import GraphBuilder
from archcast.featurize.cost import graph_params
from archcast.featurize.spaces import SPACES

GRAPHS = [s for s in SPACES.values() if s.has_graph]


@pytest.mark.parametrize("space", GRAPHS, ids=lambda s: s.name)
def test_networks_of_every_space_have_the_stated_shapes_and_change_no_input(space):
    graph = space.graph(space.sample(1, seed=0)[0])
    torch.manual_seed(0)
    network = GraphNetwork(graph).eval()
    assert sum(p.numel() for p in network.parameters()) == graph_params(graph)
    seen = []

    def keep(v):
        def before(module, given):
            del module
            seen.append((given, [x.clone() for x in given]))

        def after(module, given, out):
            del module, given
            stated = graph.layers[v].shape_out
            assert tuple(out.shape) in ((2, *stated), (2, *stated[: out.ndim - 1]))

        network.steps[v].register_forward_pre_hook(before)
        network.steps[v].register_forward_hook(after)

    for v in range(len(graph)):
        keep(v)
    images = torch.randn(2, *graph.layers[0].shape_out)
    with torch.no_grad():
        answers = network(images)
        assert torch.equal(answers, network(images))
    assert answers.shape == (2, graph.layers[-1].shape_out[0])
    assert len(seen) == 2 * (len(graph) - 1)
    for given, before in seen:
        assert all(torch.equal(now, then) for now, then in zip(given, before, strict=True))


def test_every_operator_computes_what_it_is_named():
    b = GraphBuilder()
    x = b.input(4, 6)
    grouped = b.conv(x, 4, kernel=3, groups=2, bias=True)
    shuffled = b.pointwise(grouped, "channel_shuffle")
    pooled = b.pool(shuffled, "max_pool", kernel=3, stride=1)
    mean = b.pool(pooled, "avg_pool", kernel=3, stride=2, count_padding=True)
    both = b.concat(mean, b.pointwise(mean, "relu6"))
    total = b.add(both, both, b.pointwise(both, "zero"))
    gate = b.pointwise(b.global_pool(total), "hsigmoid")
    b.linear(b.global_pool(b.pointwise(b.multiply(total, gate), "hswish")), 3)
    network = GraphNetwork(b.graph()).eval()
    images = torch.randn(5, 4, 6, 6)
    conv, linear = network.steps[1], network.steps[-1][1]
    y = nn.functional.conv2d(images, conv.weight, conv.bias, padding=1, groups=2)
    y = y[:, [0, 2, 1, 3]]
    y = nn.functional.avg_pool2d(nn.functional.max_pool2d(y, 3, 1, 1), 3, 2, 1)
    y = 2 * torch.cat([y, y.clamp(0, 6)], dim=1)
    y = nn.functional.hardswish(y * nn.functional.hardsigmoid(y.mean(dim=(2, 3), keepdim=True)))
    expected = y.mean(dim=(2, 3)) @ linear.weight.T + linear.bias
    np.testing.assert_allclose(network(images).detach(), expected.detach(), rtol=1e-5, atol=1e-6)


def test_a_graph_without_classifier_is_refused():
    b = GraphBuilder()
    b.pointwise(b.input(1, 4), "relu")
    with pytest.raises(InputError, match="must end in a linear layer, got relu"):
        GraphNetwork(b.graph())
