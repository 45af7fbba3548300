"""A network as int8 TFLite operators, as a compiler for embedded devices would be given it.

Batch norms are folded into the convolution before them (one elsewhere is a depthwise 1x1 convolution), an
activation joins the operator before it where nothing else reads that, a hard sigmoid is written as LOGISTIC
(both are table look-ups), a channel shuffle as reshape, transpose, reshape. Equal operators without weights
on one tensor are written once, as TFLite's converter does. What no output depends on is left out, and so is
what only zeros reach. Weights are drawn from a normal distribution, because Vela compresses them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from archcast.collect.estimate.tflite import Operation, Tensor
from archcast.collect.estimate.work import Shape, map_of
from archcast.core.errors import InputError
from archcast.core.network import Network, Node
from archcast.featurize.operators.counted import counted

VERSION = 1
"""Raised when the written file changes."""
WEIGHT_SPREAD = 32.0
"""Standard deviation of the int8 weights."""
_FUSED = {"RELU": 1, "RELU6": 3}
_WEIGHTED = ("Conv", "Gemm", "BatchNormalization")
SAME, VALID = 0, 1
_FUSING = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "AVERAGE_POOL_2D", "MAX_POOL_2D")


class Lowering:
    """Tensors and operations as they are made, node by node, and operators with a form of their own."""

    def __init__(self, network: Network, seed: int) -> None:
        self.network = network
        self.kinds = [each.work.kind for each in counted(network)]
        self.made = {name: i for i, node in enumerate(network.nodes) for name in node.outputs}
        self.rng = np.random.default_rng(seed)
        self.tensors: list[Tensor] = []
        self.operations: list[Operation] = []
        self.value: dict[str, int | None] = {}
        """Value -> its tensor, None where it is all zeros."""
        self.producer: dict[int, int] = {}
        """Tensor -> the operation that writes it."""
        self.written: dict[tuple[object, ...], int] = {}
        """Operator without weights, its attributes and inputs -> the tensor it wrote."""
        self.used, self.readers = self._needed()

    def _data(self, node: Node) -> list[str]:
        """Values that a node reads and that are no constants."""
        return [name for name in node.inputs if name and not self.network.values[name].constant]

    def _needed(self) -> tuple[list[bool], dict[str, int]]:
        """Which nodes the output depends on, and how many of those read each value."""
        nodes = self.network.nodes
        used, readers = [False] * len(nodes), dict.fromkeys(self.network.outputs, 0)
        for i in range(len(nodes) - 1, -1, -1):
            used[i] = any(name in readers for name in nodes[i].outputs)
            for source in self._data(nodes[i]) if used[i] and self.kinds[i] != "zero" else ():
                readers[source] = readers.get(source, 0) + 1
        return used, readers

    def _once(self, i: int, node: Node, make: Callable[[int, Node], int | None] | None = None) -> int | None:
        """The node's tensor; one that an equal node without weights wrote is taken again."""
        make = make or self._node
        if node.op in _WEIGHTED:
            return make(i, node)
        read = tuple(self.value[source] for source in self._data(node))
        key = (node.op, read, tuple(node.attributes.items()), self._constants(node))
        if key in self.written:
            return self.written[key]
        out = make(i, node)
        if out is not None and out not in read:
            self.written[key] = out
        return out

    def _constants(self, node: Node) -> tuple[object, ...]:
        values = (self.network.values[name] for name in node.inputs if name)
        return tuple(value.data for value in values if value.constant)

    def _node(self, i: int, node: Node) -> int | None:
        read = [self.value[source] for source in self._data(node)]
        inputs = [tensor for tensor in read if tensor is not None]
        if not inputs or (node.op in ("Mul", "Concat") and len(inputs) < len(read)):
            if node.op == "Concat" and inputs:
                raise InputError(f"Concat (node {i}, {node.part}) cannot be written where a part is zero")
            return None
        x = inputs[0]
        if node.op in ("Add", "Sum"):
            for other in inputs[1:]:
                x = self._write(i, node, "ADD", (x, other), "Add")
            return x
        if node.op == "Mul":
            return self._write(i, node, "MUL", tuple(inputs), "Mul")
        if node.op == "Concat":
            return self._write(i, node, "CONCATENATION", tuple(inputs), "Concatenation", Axis=3)
        write = _WRITERS.get(node.op)
        if write is None:
            raise InputError(f"operator {node.op} (node {i}, {node.part}) cannot be written as TFLite")
        return write(self, i, node, x)

    def _batch_norm(self, i: int, node: Node, x: int) -> int:
        before = self.made.get(node.inputs[0])
        folded = before is not None and self.network.nodes[before].op in ("Conv", "Gemm")
        if folded:
            return x
        channels = self._shape(node.outputs[0])[0]
        weights = self._weights(i, (1, 1, 1, channels), channels)
        values = {"Padding": SAME, "StrideW": 1, "StrideH": 1, "DepthMultiplier": 1}
        values |= {"DilationWFactor": 1, "DilationHFactor": 1}
        return self._write(i, node, "DEPTHWISE_CONV_2D", (x, *weights), "DepthwiseConv2D", **values)

    def _global_pool(self, i: int, node: Node, x: int) -> int:
        _, height, width = self._shape(node.inputs[0])
        values = {"Padding": VALID, "StrideW": 1, "StrideH": 1, "FilterHeight": height, "FilterWidth": width}
        return self._write(i, node, "AVERAGE_POOL_2D", (x,), "Pool2D", **values)

    def _relu(self, i: int, node: Node, x: int) -> int:
        code = "RELU" if node.op == "Relu" else "RELU6"
        if code == "RELU6" and self._constants(node) != ((0.0,), (6.0,)):
            raise InputError(f"Clip (node {i}, {node.part}) must be to 0 and 6 to be written as TFLite")
        before, source = self.producer.get(x), node.inputs[0]
        writer = self.network.nodes[self.made[source]] if source in self.made else None
        alone = self.readers[source] == 1 and (
            writer is None or writer.op != "BatchNormalization" or self.readers[writer.inputs[0]] == 1
        )
        if alone and before is not None:
            operation = self.operations[before]
            if operation.code in _FUSING and not operation.values.get("FusedActivationFunction"):
                operation.values["FusedActivationFunction"] = _FUSED[code]
                return x
        return self._write(i, node, code, (x,), "")

    def _hard_swish(self, i: int, node: Node, x: int) -> int:
        return self._write(i, node, "HARD_SWISH", (x,), "HardSwish")

    def _hard_sigmoid(self, i: int, node: Node, x: int) -> int:
        shape = self._nhwc(node.outputs[0])
        out = self._tensor(Tensor(f"{i} {node.op}", shape, scale=1 / 256, zero_point=-128))
        return self._operation("LOGISTIC", (x,), out)

    def _reshape(self, i: int, node: Node, x: int) -> int:
        """Channels split into groups or joined again."""
        sizes = self._nhwc(node.outputs[0])
        constant = Tensor(f"{i} shape", (len(sizes),), np.array(sizes, np.int32), kind="INT32")
        values = (x, self._tensor(constant))
        return self._operation("RESHAPE", values, self._tensor(Tensor(f"{i} {node.op}", sizes)))

    def _transpose(self, i: int, node: Node, x: int) -> int:
        if node.attributes.get("perm") != (0, 2, 1, 3, 4):
            raise InputError(f"Transpose (node {i}, {node.part}) must swap groups to be written as TFLite")
        order = self._tensor(Tensor(f"{i} order", (4,), np.array([0, 1, 3, 2], np.int32), kind="INT32"))
        turned = self._tensor(Tensor(f"{i} {node.op}", self._nhwc(node.outputs[0])))
        return self._operation("TRANSPOSE", (x, order), turned, "Transpose")

    def _shape(self, name: str) -> Shape:
        return map_of(self.network.values[name])

    def _nhwc(self, name: str) -> tuple[int, int, int, int]:
        """A map with its channels last; one whose channels are in groups has all its places in one."""
        dims = self.network.values[name].dims
        if len(dims) == 5:
            return (1, dims[3] * dims[4], dims[1], dims[2])
        channels, height, width = self._shape(name)
        return (1, height, width, channels)

    def _weights(self, i: int, shape: tuple[int, ...], c_out: int) -> tuple[int, int]:
        drawn = np.rint(self.rng.normal(0.0, WEIGHT_SPREAD, shape)).clip(-127, 127).astype(np.int8)
        weights = self._tensor(Tensor(f"{i} weights", shape, drawn, scale=0.02))
        zeros = np.zeros(c_out, np.int32)
        bias = Tensor(f"{i} bias", (c_out,), zeros, scale=0.05 * 0.02, kind="INT32")
        return weights, self._tensor(bias)

    def _write(
        self,
        i: int,
        node: Node,
        code: str,
        inputs: tuple[int, ...],
        options: str = "",
        **values: int | bool,
    ) -> int:
        out = self._tensor(Tensor(f"{i} {node.op}", self._nhwc(node.outputs[0])))
        return self._operation(code, inputs, out, options, **values)

    def _operation(
        self, code: str, inputs: tuple[int, ...], out: int, options: str = "", **values: int | bool
    ) -> int:
        self.producer[out] = len(self.operations)
        self.operations.append(Operation(code, inputs, (out,), options, dict(values)))
        return out

    def _tensor(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1


_WRITERS: dict[str, Callable[[Lowering, int, Node, int], int]] = {
    "BatchNormalization": Lowering._batch_norm,
    "Relu": Lowering._relu,
    "Clip": Lowering._relu,
    "HardSwish": Lowering._hard_swish,
    "HardSigmoid": Lowering._hard_sigmoid,
    "Reshape": Lowering._reshape,
    "Transpose": Lowering._transpose,
}
