"""A network as a torch module: one table of ONNX operators, for measuring and for training.

Part of the runner: Python 3.8, numpy and torch, no import of archcast. A network is the dict that
`archcast.collect.measure.plain_network` makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn


class TorchNetwork(nn.Module):
    """Runs the nodes of a network in order and frees each result after its last use.

    Constants without known elements become parameters with torch's own initial values.

    Raises:
        ValueError: an operator, or how it is used, is not known here; names the node.
    """

    def __init__(self, network: dict[str, Any]) -> None:
        super().__init__()
        self.inputs, self.output, self.shapes = network["inputs"], network["outputs"][0], network["shapes"]
        self.places: dict[str, nn.Parameter | torch.Tensor] = {}
        """Constant -> where its elements are kept."""
        nodes, constants = network["nodes"], network["constants"]
        read = [[name for name in node["inputs"] if name in self.shapes] for node in nodes]
        last = {name: i for i, names in enumerate(read) for name in names if name != self.output}
        self.steps = nn.ModuleList()
        self.calls = []
        for i, node in enumerate(nodes):
            if node["op"] not in STEPS:
                raise ValueError(f"the operator {node['op']!r} (node {i}) has no torch module here")
            try:
                step = STEPS[node["op"]](node, constants)
            except ValueError as error:
                raise ValueError(f"{node['op']} (node {i}): {error}") from error
            self.steps.append(step)
            self.places.update(_places(step, node))
            done = [name for name in set(read[i]) if last.get(name) == i]
            self.calls.append((step, read[i], node["outputs"][0], done))

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        held = self._held(given)
        for step, names, output, done in self.calls:
            held[output] = step(*[held[name] for name in names])
            for name in done:
                del held[name]
        out: torch.Tensor = held[self.output]
        return out

    def set_weights(self, weights: dict[str, np.ndarray]) -> None:
        """Fill constants with the elements given by name."""
        with torch.no_grad():
            for name, array in weights.items():
                self.places[name].copy_(torch.from_numpy(np.array(array)))

    def check(self, *given: torch.Tensor) -> None:
        """Raise ValueError unless every result has the shape that the network states, but for the batch."""
        held = self._held(given)
        for i, (step, names, output, _) in enumerate(self.calls):
            held[output] = step(*[held[name] for name in names])
            shape, stated = list(held[output].shape)[1:], self.shapes[output][1:]
            if shape != stated:
                raise ValueError(f"node {i} gives the shape {shape}, but its network states {stated}")

    def _held(self, given: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
        return {name: given[i] for i, name in enumerate(self.inputs)}


class _Function(nn.Module):
    """An operator without weights."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        return self.function(*xs)


def _places(step: nn.Module, node: dict[str, Any]) -> dict[str, Any]:
    """Constant -> the module's own tensor for it."""
    roles = ("weight", "bias", "running_mean", "running_var")
    owned = {name: getattr(step, roles[i], None) for i, name in enumerate(node["inputs"][1:5])}
    return {name: tensor for name, tensor in owned.items() if isinstance(tensor, torch.Tensor)}


def _conv(node: dict[str, Any], constants: dict[str, Any]) -> nn.Module:
    shape = constants[node["inputs"][1]]["shape"]
    groups = node["attributes"].get("group", 1)
    kernel, stride, padding = _window(node, shape[2:])
    return nn.Conv2d(
        shape[1] * groups, shape[0], kernel, stride, padding, groups=groups, bias=len(node["inputs"]) > 2
    )


def _gemm(node: dict[str, Any], constants: dict[str, Any]) -> nn.Module:
    if not node["attributes"].get("transB") or node["attributes"].get("transA"):
        raise ValueError("its weight must be of shape (outputs, inputs)")
    outputs, inputs = constants[node["inputs"][1]]["shape"]
    return nn.Linear(inputs, outputs, bias=len(node["inputs"]) > 2)


def _batch_norm(node: dict[str, Any], constants: dict[str, Any]) -> nn.Module:
    (channels,) = constants[node["inputs"][1]]["shape"]
    return nn.BatchNorm2d(channels, eps=node["attributes"].get("epsilon", 1e-5))


def _clip(node: dict[str, Any], constants: dict[str, Any]) -> nn.Module:
    low, high = (constants[name]["data"][0] for name in node["inputs"][1:3])
    return nn.ReLU6() if (low, high) == (0.0, 6.0) else nn.Hardtanh(low, high)


def _hard_sigmoid(node: dict[str, Any], constants: dict[str, Any]) -> nn.Module:
    alpha, beta = (node["attributes"].get(name, 0.0) for name in ("alpha", "beta"))
    if abs(alpha - 1.0 / 6.0) > 1e-6 or beta != 0.5:
        raise ValueError("it must rise by a sixth from a half")
    return nn.Hardsigmoid()


def _avg_pool(node: dict[str, Any], constants: dict[str, Any]) -> nn.Module:
    counted = bool(node["attributes"].get("count_include_pad", 0))
    return nn.AvgPool2d(*_window(node), count_include_pad=counted)


def _multiply(node: dict[str, Any], constants: dict[str, Any]) -> nn.Module:
    factors = [constants[name]["data"][0] for name in node["inputs"] if name in constants]
    if not factors:
        return _Function(lambda x, gate: x * gate)
    return _Function(lambda x: x * factors[0])


def _reshape(node: dict[str, Any], constants: dict[str, Any]) -> nn.Module:
    sizes = constants[node["inputs"][1]]["data"]
    return _Function(lambda x: x.reshape([x.shape[i] if d == 0 else d for i, d in enumerate(sizes)]))


def _window(node: dict[str, Any], kernel: Any = None) -> tuple[Any, Any, Any]:
    """Size, strides and padding of a window."""
    attributes = node["attributes"]
    size = tuple(attributes.get("kernel_shape", kernel))
    pads = tuple(attributes.get("pads", (0, 0, 0, 0)))
    if pads[:2] != pads[2:]:
        raise ValueError(f"its pads {pads} must be the same on both sides")
    return size, tuple(attributes.get("strides", (1, 1))), pads[:2]


def _plain(function: Callable[..., torch.Tensor]) -> Callable[[Any, Any], nn.Module]:
    return lambda node, constants: _Function(function)


STEPS: dict[str, Callable[[Any, Any], nn.Module]] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "HardSigmoid": _hard_sigmoid,
    "AveragePool": _avg_pool,
    "Mul": _multiply,
    "Reshape": _reshape,
    "MaxPool": lambda node, constants: nn.MaxPool2d(*_window(node)),
    "Relu": lambda node, constants: nn.ReLU(),
    "HardSwish": lambda node, constants: nn.Hardswish(),
    "GlobalAveragePool": lambda node, constants: nn.AdaptiveAvgPool2d(1),
    "Flatten": lambda node, constants: nn.Flatten(node["attributes"].get("axis", 1)),
    "Add": _plain(lambda x, y: x + y),
    "Sum": _plain(lambda *xs: sum(xs[1:], xs[0])),
    "Concat": lambda node, constants: _Function(lambda *xs: torch.cat(xs, node["attributes"]["axis"])),
    "Transpose": lambda node, constants: _Function(lambda x: x.permute(*node["attributes"]["perm"])),
}
"""ONNX operator -> its module, from node and constants."""
