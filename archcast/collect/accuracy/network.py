"""A layer graph as a torch module that can be trained."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from archcast.core.errors import InputError
from archcast.core.layers import Layer, LayerGraph


class GraphNetwork(nn.Module):
    """The network of a layer graph, with torch's own initial weights.

    Shapes:
        input: float32 (n, channels, height, width) of the graph's input layer; output: (n, classes)

    Raises:
        InputError: the graph does not end in a linear layer, or has an operator unknown here.
    """

    def __init__(self, graph: LayerGraph) -> None:
        super().__init__()
        layers = graph.layers
        if layers[-1].op != "linear":
            raise InputError(f"a network to train must end in a linear layer, got {layers[-1].op}")
        self.steps = nn.ModuleList([_module(graph, v) for v in range(len(layers))])
        self.inputs = [layer.inputs for layer in layers]
        last = {source: v for v, layer in enumerate(layers) for source in layer.inputs}
        self.done = [[u for u in set(layer.inputs) if last[u] == v] for v, layer in enumerate(layers)]

    def forward(self, images: Tensor) -> Tensor:
        held: dict[int, Tensor] = {}
        for v, (step, inputs, done) in enumerate(zip(self.steps, self.inputs, self.done, strict=True)):
            held[v] = step(*[held[u] for u in inputs]) if inputs else images
            for u in done:
                del held[u]
        return held[len(self.inputs) - 1]


class _Function(nn.Module):
    """An operator without weights."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *xs: Tensor) -> Tensor:
        return self.function(*xs)


_PLAIN: dict[str, Callable[[], nn.Module]] = {
    "input": nn.Identity,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hswish": nn.Hardswish,
    "hsigmoid": nn.Hardsigmoid,
    "global_avg_pool": lambda: nn.AdaptiveAvgPool2d(1),
    "add": lambda: _Function(lambda *xs: torch.stack(xs).sum(dim=0)),
    "concat": lambda: _Function(lambda *xs: torch.cat(xs, dim=1)),
    "multiply": lambda: _Function(lambda x, gate: x * gate),
    "zero": lambda: _Function(torch.zeros_like),
}


def _module(graph: LayerGraph, v: int) -> nn.Module:
    layer = graph.layers[v]
    c_in, c_out = layer.shape_in[0], layer.shape_out[0]
    if layer.op == "conv":
        return nn.Conv2d(
            c_in,
            c_out,
            layer.kernel,
            stride=layer.stride,
            padding=(layer.kernel - 1) // 2,
            groups=layer.groups,
            bias=layer.bias,
        )
    if layer.op == "batch_norm":
        return nn.BatchNorm2d(c_in)
    if layer.op == "linear":
        return nn.Sequential(nn.Flatten(), nn.Linear(c_in, c_out, bias=layer.bias))
    if layer.op in ("avg_pool", "max_pool"):
        return _pool(layer)
    if layer.op == "channel_shuffle":
        return nn.ChannelShuffle(_groups_before(graph, v))
    if layer.op not in _PLAIN:
        raise InputError(f"operator {layer.op} (layer {v}) cannot be trained here")
    return _PLAIN[layer.op]()


def _pool(layer: Layer) -> nn.Module:
    padding = (layer.kernel - 1) // 2
    if layer.op == "max_pool":
        return nn.MaxPool2d(layer.kernel, layer.stride, padding)
    return nn.AvgPool2d(layer.kernel, layer.stride, padding, count_include_pad=layer.count_padding)


def _groups_before(graph: LayerGraph, v: int) -> int:
    """Groups of the convolution whose output is shuffled."""
    while graph.layers[v].op != "conv":
        if not graph.layers[v].inputs:
            raise InputError(f"channel_shuffle (layer {v}) must come after a convolution")
        v = graph.layers[v].inputs[0]
    return graph.layers[v].groups
