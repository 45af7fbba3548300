"""What a network of any form has for a compiler for embedded devices, as int8 TFLite operators.

A node that is not written here is left to the processor beside the accelerator; what it gives comes in like
an input. Tokens are places of a map of one column. A padding that TFLite has no word for is an operator of
its own; where values lie in memory is not followed, as only sizes are priced.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from archcast.collect.estimate.lowering import SAME, VALID, Lowering
from archcast.collect.estimate.tflite import Tensor, write_tflite
from archcast.core.errors import InputError
from archcast.core.network import Network, Node
from archcast.featurize.operators import FREE

_LARGEST_STRIDE = 3
"""Of a window with a padding of its own, by Arm's list of what an Ethos-U runs."""
_SUMS = {"Add": ("ADD", "Add"), "Mul": ("MUL", "Mul"), "Sub": ("SUB", "Sub")}
_MAKE_MAPS = ("Conv", "ConvTranspose", "AveragePool", "MaxPool", "GlobalAveragePool", "Resize")
_MOVING = ("MatMul", "Reshape", "Transpose")
_POOLS = ("AveragePool", "MaxPool", "GlobalAveragePool")
_CURVES = {"Sigmoid": "LOGISTIC", "Tanh": "TANH"}
_KEPT = ("Sum", "Relu", "Clip", "HardSwish", "HardSigmoid", "BatchNormalization", "Concat")
"""Operators that are written as for members of spaces."""


def to_tflite(network: Network, *, seed: int = 0) -> bytes:
    """The whole network as a TFLite file; tensors are named `position operator`.

    Raises:
        InputError: it has more than one input or output, an operator cannot be written, or no path leads
            from input to output.
    """
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise InputError("a network to write as TFLite must have one input and one output")
    lowering = PartialLowering(network, seed=seed)
    if not lowering.readers.get(network.inputs[0]):
        raise InputError("network must have a path from its input to its output")
    file = lowering.run()
    for i, why in lowering.left.items():
        node = network.nodes[i]
        raise InputError(f"operator {node.op} (node {i}, {node.part}) cannot be written as TFLite: {why}")
    return file


class PartialLowering(Lowering):
    """Tensors and operations of what can be written.

    Attributes:
        left: position of each node that is left to the processor, and why.
    """

    def __init__(self, network: Network, *, seed: int = 0) -> None:
        self.left: dict[int, str] = {}
        self._fixed = _fixed(network)
        self._maps = _maps(network)
        super().__init__(network, seed)

    def run(self) -> bytes:
        """The TFLite file of what can be written.

        Raises:
            InputError: nothing of it can.
        """
        entries = [self._entry(name) for name in self.network.inputs]
        for i, node in enumerate(self.network.nodes):
            if not self.used[i] or self._fixed.issuperset(node.outputs):
                continue
            if self.kinds[i] == "zero":
                self.value[node.outputs[0]] = None
                continue
            try:
                self.value[node.outputs[0]] = self._part(i, node)
            except InputError as error:
                self.left[i] = str(error)
                entries += [self._entry(name) for name in node.outputs if name in self.readers]
        if not self.operations:
            raise InputError("none of its operators can be written as TFLite")
        read = {tensor for operation in self.operations for tensor in operation.inputs}
        ends = [tensor for tensor in self._ends() if tensor in self.producer]
        return write_tflite(self.tensors, self.operations, [e for e in entries if e in read], ends)

    def _entry(self, name: str) -> int:
        entry = self._tensor(Tensor(f"input {name}", self._nhwc(name)))
        self.value[name] = entry
        return entry

    def _ends(self) -> list[int]:
        """Tensors that the network gives, and those that the processor reads."""
        names = [*self.network.outputs]
        names += [name for i in self.left for name in self._data(self.network.nodes[i])]
        values = (self.value.get(name) for name in names)
        return list(dict.fromkeys(tensor for tensor in values if tensor is not None))

    def _data(self, node: Node) -> list[str]:
        return [name for name in super()._data(node) if name not in self._fixed]

    def _nhwc(self, name: str) -> tuple[int, int, int, int]:
        dims = self.network.values[name].dims
        if name in self._maps:
            return super()._nhwc(name)
        return (1, prod(dims[:-1]), 1, dims[-1]) if dims else (1, 1, 1, 1)

    def _part(self, i: int, node: Node) -> int | None:
        data = self._data(node)
        read = [self.value[name] for name in data]
        if len(node.outputs) != 1 or not read or node.bodies:
            raise InputError("it is of a form that is not written as TFLite")
        x = read[0]
        if x is None or None in read:  # zeros, which have no tensor
            return self._once(i, node)
        write = _PARTS.get(node.op)
        if self.kinds[i] in FREE:
            write = PartialLowering._shown
        elif self.kinds[i] == "global_pool" and data[0] in self._maps:
            write = Lowering._global_pool
        elif node.op in _KEPT or self.kinds[i] == "shuffle":
            return self._once(i, node)
        if write is None:
            raise InputError("it is not written as TFLite")
        if node.op in _POOLS:
            return self._once(i, node, lambda i, node: write(self, i, node, x))
        return write(self, i, node, x)

    def _shown(self, i: int, node: Node, x: int) -> int:
        shape = self._nhwc(node.outputs[0])
        return x if self.tensors[x].shape == shape else self._reshape(i, node, x)

    def _reshaped(self, i: int, x: int, shape: tuple[int, ...]) -> int:
        table = Tensor(f"{i} shape", (len(shape),), np.array(shape, np.int32), kind="INT32")
        inputs = (x, self._tensor(table))
        return self._operation("RESHAPE", inputs, self._tensor(Tensor(f"{i} Reshape", shape)))

    def _elementwise(self, i: int, node: Node, x: int) -> int:
        """Of two operands, one of which may be a constant."""
        del x
        code, options = _SUMS[node.op]
        operands = []
        for name in node.inputs:
            tensor = self.value.get(name)
            if tensor is None:
                shape = self._nhwc_of_constant(name)
                zeros = np.zeros(shape, np.int8)
                tensor = self._tensor(Tensor(f"{i} constant", shape, zeros))
            operands.append(tensor)
        return self._write(i, node, code, tuple(operands), options)

    def _nhwc_of_constant(self, name: str) -> tuple[int, int, int, int]:
        dims = self.network.values[name].dims
        if len(dims) == 3 and dims[1:] == (1, 1):  # a number a channel of a map
            return (1, 1, 1, dims[0])
        return self._nhwc(name)

    def _curve(self, i: int, node: Node, x: int) -> int:
        code = _CURVES[node.op]
        scale, zero = (1 / 256, -128) if code == "LOGISTIC" else (1 / 128, 0)
        out = Tensor(f"{i} {node.op}", self._nhwc(node.outputs[0]), scale=scale, zero_point=zero)
        return self._operation(code, (x,), self._tensor(out))

    def _product(self, i: int, node: Node, x: int) -> int:
        """By a constant: a 1x1 convolution over as many places as it has rows."""
        if len(self._data(node)) > 1:
            raise InputError("a product of two activations is not written as TFLite")
        if node.attributes.get("transA"):
            raise InputError("a product of a transposed matrix is not written as TFLite")
        *_, inner = self.network.values[node.inputs[0]].dims
        *_, outer = self.network.values[node.outputs[0]].dims
        rows = prod(self.network.values[node.outputs[0]].dims[:-1])
        if rows == 1:
            weights = self._weights(i, (outer, inner), outer)
            return self._write(i, node, "FULLY_CONNECTED", (x, *weights), "FullyConnected", KeepNumDims=True)
        weights = self._weights(i, (outer, 1, 1, inner), outer)
        values = {"Padding": SAME, "StrideW": 1, "StrideH": 1, "DilationWFactor": 1, "DilationHFactor": 1}
        return self._write(i, node, "CONV_2D", (x, *weights), "Conv2D", **values)

    def _convolved(self, i: int, node: Node, x: int) -> int:
        c_out, c_in, *kernel = self.network.values[node.inputs[1]].dims
        x, values = self._placed(i, node, x, tuple(kernel))
        dilations = node.attributes.get("dilations", (1, 1))
        down, across = dilations if isinstance(dilations, tuple) else (1, 1)
        values |= {"DilationHFactor": int(down), "DilationWFactor": int(across)}
        if c_in == 1 and c_out == self._shape(node.inputs[0])[0] > 1:
            weights = self._weights(i, (1, *kernel, c_out), c_out)
            values["DepthMultiplier"] = 1
            return self._write(i, node, "DEPTHWISE_CONV_2D", (x, *weights), "DepthwiseConv2D", **values)
        weights = self._weights(i, (c_out, *kernel, c_in), c_out)
        return self._write(i, node, "CONV_2D", (x, *weights), "Conv2D", **values)

    def _pooled(self, i: int, node: Node, x: int) -> int:
        kernel = node.attributes.get("kernel_shape", ())
        sides = tuple(int(side) for side in kernel) if isinstance(kernel, tuple) else ()
        x, values = self._placed(i, node, x, sides)
        code = "MAX_POOL_2D" if node.op == "MaxPool" else "AVERAGE_POOL_2D"
        values |= {"FilterHeight": sides[0], "FilterWidth": sides[1]}
        return self._write(i, node, code, (x,), "Pool2D", **values)

    def _placed(self, i: int, node: Node, x: int, kernel: tuple[int, ...]) -> tuple[int, dict[str, int]]:
        """The map that a window moves over, padded where TFLite has no word for its padding; and how."""
        read, written = (self.network.values[name].dims for name in (node.inputs[0], node.outputs[0]))
        if len(kernel) != 2 or len(read) != 4 or read[0] != 1:
            raise InputError(
                "a window that is not over the two dimensions of one map is not written as TFLite"
            )
        whole = (1, *read[2:], read[1])
        if self.tensors[x].shape != whole:
            x = self._reshaped(i, x, whole)
        strides, dilations = (
            [int(side) for side in given] if isinstance(given, tuple) else [1, 1]
            for given in (node.attributes.get(name) for name in ("strides", "dilations"))
        )
        sides = list(zip(read[2:], written[2:], kernel, strides, dilations, strict=True))
        values = {"Padding": SAME, "StrideH": strides[0], "StrideW": strides[1]}
        if all(out == -(-size // stride) for size, out, _, stride, _ in sides):
            return x, values
        if max(strides) > _LARGEST_STRIDE:
            raise InputError(f"a stride of {max(strides)} with its padding is not run on the accelerator")
        needed = [(out - 1) * stride + (k - 1) * far + 1 for _, out, k, stride, far in sides]
        more = [max(n - size, 0) for n, (size, *_) in zip(needed, sides, strict=True)]
        values["Padding"] = VALID
        if any(more):
            pads = np.array([[0, 0], *([m // 2, m - m // 2] for m in more), [0, 0]], np.int32)
            table = self._tensor(Tensor(f"{i} pads", (4, 2), pads, kind="INT32"))
            shape = (1, read[2] + more[0], read[3] + more[1], read[1])
            x = self._operation("PAD", (x, table), self._tensor(Tensor(f"{i} Pad", shape)), "Pad")
        return x, values


_PARTS: dict[str, Callable[[PartialLowering, int, Node, int], int]] = {
    "Conv": PartialLowering._convolved,
    "AveragePool": PartialLowering._pooled,
    "MaxPool": PartialLowering._pooled,
    "GlobalAveragePool": Lowering._global_pool,
    "Gemm": PartialLowering._product,
    "MatMul": PartialLowering._product,
    **dict.fromkeys(_SUMS, PartialLowering._elementwise),
    **dict.fromkeys(_CURVES, PartialLowering._curve),
}


def _maps(network: Network) -> frozenset[str]:
    """Values that are maps of one image, whose channels come second, or such channels in groups."""
    maps = {name for name in network.inputs if len(network.values[name].shape or ()) == 4}
    for node in network.nodes:
        out = network.values[node.outputs[0]] if node.outputs and node.outputs[0] else None
        if out is None or not out.is_bound or len(out.dims) not in (4, 5) or out.dims[0] != 1:
            continue
        follows = node.inputs and node.inputs[0] in maps
        grouped = 5 in (len(network.values[name].shape or ()) for name in (*node.inputs[:1], *node.outputs))
        if node.op in _MAKE_MAPS or (follows and (grouped or node.op not in _MOVING)):
            maps.update(node.outputs)
    return frozenset(name for name in maps if network.values[name].dims[:1] == (1,))


def _fixed(network: Network) -> frozenset[str]:
    """Values that depend on no input, constants aside."""
    fixed: set[str] = set()
    for node, reads in zip(network.nodes, network.reads, strict=True):
        if all(name in fixed or network.values[name].constant for name in reads):
            fixed.update(node.outputs)
    return frozenset(fixed)
