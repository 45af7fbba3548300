"""A layer graph as int8 TFLite operators, as a compiler for embedded devices would be given it.

Batch norms are folded into the convolution before them (one elsewhere is a depthwise 1x1 convolution), an
activation joins the operator before it where nothing else reads that, a hard sigmoid is written as LOGISTIC
(both are table look-ups), a channel shuffle as reshape, transpose, reshape. Equal operators without weights
on one tensor are written once, as TFLite's converter does. What no output depends on is left out, and so is
what only zeros reach. Weights are drawn from a normal distribution, because Vela compresses them.
"""

from __future__ import annotations

from math import prod

import numpy as np

from archcast.collect.estimate.tflite import Operation, Tensor, write_tflite
from archcast.core.errors import InputError
from archcast.core.layers import Layer, LayerGraph
from archcast.core.operators import OPERATORS

VERSION = 1
"""Raised when the written file changes."""
WEIGHT_SPREAD = 32.0
"""Standard deviation of the int8 weights."""
_FUSED = {"relu": 1, "relu6": 3}
_ALONE = {"relu": "RELU", "relu6": "RELU6", "hswish": "HARD_SWISH", "hsigmoid": "LOGISTIC"}
_SAME, _VALID = 0, 1
_FUSING = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "AVERAGE_POOL_2D", "MAX_POOL_2D")


def to_tflite(graph: LayerGraph, *, seed: int = 0) -> bytes:
    """The network as a TFLite file; tensors are named `position operator`.

    Raises:
        InputError: an operator cannot be written, or no path leads from input to output.
    """
    return _Lowering(graph, seed).run()


class _Lowering:
    """Tensors and operations as they are made, layer by layer."""

    def __init__(self, graph: LayerGraph, seed: int) -> None:
        self.layers = graph.layers
        self.rng = np.random.default_rng(seed)
        self.tensors: list[Tensor] = []
        self.operations: list[Operation] = []
        self.value: dict[int, int | None] = {}
        """Layer -> its tensor, None where it is all zeros."""
        self.producer: dict[int, int] = {}
        """Tensor -> the operation that writes it."""
        self.written: dict[tuple[object, ...], int] = {}
        """Operator without weights, its window and inputs -> the tensor it wrote."""
        self.used, self.readers = self._needed()

    def run(self) -> bytes:
        entry = -1
        for i, layer in enumerate(self.layers):
            if not self.used[i]:
                continue
            if layer.op == "input":
                entry = self.value[i] = self._map(i, layer)
            elif layer.op == "zero":
                self.value[i] = None
            else:
                self.value[i] = self._once(i, layer)
        end = self.value[len(self.layers) - 1]
        if end is None or entry < 0:
            raise InputError("network must have a path from its input to its output")
        return write_tflite(self.tensors, self.operations, [entry], [end])

    def _needed(self) -> tuple[list[bool], list[int]]:
        """Which layers the output depends on, and how many of those read each layer."""
        used, readers = [False] * len(self.layers), [0] * len(self.layers)
        used[-1] = True
        for i in range(len(self.layers) - 1, -1, -1):
            for source in self.layers[i].inputs if used[i] and self.layers[i].op != "zero" else ():
                used[source] = True
                readers[source] += 1
        return used, readers

    def _once(self, i: int, layer: Layer) -> int | None:
        """The layer's tensor; one that an equal layer without weights wrote is taken again."""
        if OPERATORS[layer.op].cost_class in ("conv", "linear", "batch_norm"):
            return self._layer(i, layer)
        read = tuple(self.value[source] for source in layer.inputs)
        key = (layer.op, read, layer.kernel, layer.stride)
        if key in self.written:
            return self.written[key]
        out = self._layer(i, layer)
        if out is not None and out not in read:
            self.written[key] = out
        return out

    def _layer(self, i: int, layer: Layer) -> int | None:
        read = [self.value[source] for source in layer.inputs]
        inputs = [tensor for tensor in read if tensor is not None]
        if not inputs or (layer.op in ("multiply", "concat") and len(inputs) < len(read)):
            if layer.op == "concat" and inputs:
                raise InputError(f"concat (layer {i}, {layer.part}) cannot be written where a part is zero")
            return None
        kind = OPERATORS[layer.op].cost_class
        if layer.op == "conv":
            return self._conv(i, layer, inputs[0])
        if layer.op == "linear":
            return self._linear(i, layer, inputs[0])
        if kind == "batch_norm":
            folded = self.layers[layer.inputs[0]].op in ("conv", "linear")
            return inputs[0] if folded else self._depthwise(i, layer, inputs[0], 1, 1)
        if kind == "activation":
            return self._activation(i, layer, inputs[0])
        if kind in ("pool", "global_pool"):
            return self._pool(i, layer, inputs[0])
        if layer.op == "add":
            total = inputs[0]
            for other in inputs[1:]:
                total = self._write(i, layer, "ADD", (total, other), "Add")
            return total
        if layer.op == "multiply":
            return self._write(i, layer, "MUL", tuple(inputs), "Mul")
        if layer.op == "concat":
            return self._write(i, layer, "CONCATENATION", tuple(inputs), "Concatenation", Axis=3)
        if layer.op == "channel_shuffle":
            return self._shuffle(i, layer, inputs[0])
        raise InputError(f"operator {layer.op} (layer {i}, {layer.part}) cannot be written as TFLite")

    def _conv(self, i: int, layer: Layer, x: int) -> int:
        (c_in, *_), c_out = layer.shape_in, layer.shape_out[0]
        if layer.groups == c_in == c_out and c_in > 1:
            return self._depthwise(i, layer, x, layer.kernel, layer.stride)
        shape = (c_out, layer.kernel, layer.kernel, c_in // layer.groups)
        weights = self._weights(i, shape, c_out)
        values = {"Padding": _SAME, "StrideW": layer.stride, "StrideH": layer.stride}
        return self._write(
            i, layer, "CONV_2D", (x, *weights), "Conv2D", **values, DilationWFactor=1, DilationHFactor=1
        )

    def _depthwise(self, i: int, layer: Layer, x: int, kernel: int, stride: int) -> int:
        channels = layer.shape_out[0]
        weights = self._weights(i, (1, kernel, kernel, channels), channels)
        values = {"Padding": _SAME, "StrideW": stride, "StrideH": stride, "DepthMultiplier": 1}
        values |= {"DilationWFactor": 1, "DilationHFactor": 1}
        return self._write(i, layer, "DEPTHWISE_CONV_2D", (x, *weights), "DepthwiseConv2D", **values)

    def _linear(self, i: int, layer: Layer, x: int) -> int:
        c_out = layer.shape_out[0]
        weights = self._weights(i, (c_out, prod(layer.shape_in)), c_out)
        return self._write(i, layer, "FULLY_CONNECTED", (x, *weights), "FullyConnected", KeepNumDims=True)

    def _pool(self, i: int, layer: Layer, x: int) -> int:
        code = "MAX_POOL_2D" if layer.op == "max_pool" else "AVERAGE_POOL_2D"
        height = width = layer.kernel
        padding, stride = _SAME, layer.stride
        if layer.op == "global_avg_pool":
            (_, height, width), padding, stride = layer.shape_in, _VALID, 1
        values = {"Padding": padding, "StrideW": stride, "StrideH": stride}
        return self._write(i, layer, code, (x,), "Pool2D", **values, FilterWidth=width, FilterHeight=height)

    def _activation(self, i: int, layer: Layer, x: int) -> int:
        before = self.producer.get(x)
        source = layer.inputs[0]
        alone = self.readers[source] == 1 and (
            self.layers[source].op != "batch_norm" or self.readers[self.layers[source].inputs[0]] == 1
        )
        if layer.op in _FUSED and alone and before is not None:
            operation = self.operations[before]
            if operation.code in _FUSING and not operation.values.get("FusedActivationFunction"):
                operation.values["FusedActivationFunction"] = _FUSED[layer.op]
                return x
        if layer.op == "hsigmoid":
            out = self._tensor(Tensor(f"{i} hsigmoid", _nhwc(layer), scale=1 / 256, zero_point=-128))
            return self._operation("LOGISTIC", (x,), out)
        options = "HardSwish" if layer.op == "hswish" else ""
        return self._write(i, layer, _ALONE[layer.op], (x,), options)

    def _shuffle(self, i: int, layer: Layer, x: int) -> int:
        channels, height, width = layer.shape_out
        groups = self._groups_before(i)
        split = (1, height * width, groups, channels // groups)
        swapped = (1, height * width, channels // groups, groups)
        order = self._tensor(Tensor(f"{i} order", (4,), np.array([0, 1, 3, 2], np.int32), kind="INT32"))
        x = self._reshape(i, x, split)
        turned = self._tensor(Tensor(f"{i} turned", swapped))
        x = self._operation("TRANSPOSE", (x, order), turned, "Transpose")
        return self._reshape(i, x, _nhwc(layer))

    def _reshape(self, i: int, x: int, shape: tuple[int, ...]) -> int:
        sizes = Tensor(f"{i} shape", (len(shape),), np.array(shape, np.int32), kind="INT32")
        constant = self._tensor(sizes)
        return self._operation("RESHAPE", (x, constant), self._tensor(Tensor(f"{i} reshaped", shape)))

    def _groups_before(self, i: int) -> int:
        """Groups of the convolution whose channels are shuffled."""
        while self.layers[i].op != "conv":
            if len(self.layers[i].inputs) != 1:
                raise InputError(f"channel_shuffle (layer {i}) must follow a grouped convolution")
            i = self.layers[i].inputs[0]
        return self.layers[i].groups

    def _weights(self, i: int, shape: tuple[int, ...], c_out: int) -> tuple[int, int]:
        drawn = np.rint(self.rng.normal(0.0, WEIGHT_SPREAD, shape)).clip(-127, 127).astype(np.int8)
        weights = self._tensor(Tensor(f"{i} weights", shape, drawn, scale=0.02))
        zeros = np.zeros(c_out, np.int32)
        bias = Tensor(f"{i} bias", (c_out,), zeros, scale=0.05 * 0.02, kind="INT32")
        return weights, self._tensor(bias)

    def _map(self, i: int, layer: Layer) -> int:
        return self._tensor(Tensor(f"{i} {layer.op}", _nhwc(layer)))

    def _write(
        self,
        i: int,
        layer: Layer,
        code: str,
        inputs: tuple[int, ...],
        options: str = "",
        **values: int | bool,
    ) -> int:
        return self._operation(code, inputs, self._map(i, layer), options, **values)

    def _operation(
        self, code: str, inputs: tuple[int, ...], out: int, options: str = "", **values: int | bool
    ) -> int:
        self.producer[out] = len(self.operations)
        self.operations.append(Operation(code, inputs, (out,), options, dict(values)))
        return out

    def _tensor(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1


def _nhwc(layer: Layer) -> tuple[int, int, int, int]:
    channels, height, width = layer.shape_out
    return (1, height, width, channels)
