"""A layer graph as an ONNX model with seeded random weights.

Each operator becomes the ONNX operator of the same meaning, one to one: batch normalisation stays a node
of its own, and the runtime fuses it as it would fuse a user's. `zero` is a multiplication by 0, as in the
program that made NAS-Bench-201's measurements, so it costs a pass over its input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from archcast.collect.measure.weights import EPSILON, make_weights, shuffle_groups
from archcast.core.errors import InputError
from archcast.core.layers import Layer, LayerGraph
from archcast.core.optional import require

OPSET = 17
IR_VERSION = 8
INPUT, OUTPUT = "input", "output"


def plain_layers(graph: LayerGraph) -> list[dict[str, Any]]:
    """The layers as the runner takes them: dicts of JSON's types."""
    return [asdict(layer) for layer in graph.layers]


def to_onnx(graph: LayerGraph, *, batch: int = 1, seed: int = 0) -> bytes:
    """The bytes of an ONNX model (opset 17) with the weights of `make_weights(..., seed)`.

    Shapes:
        input: (batch, channels, height, width); output: (batch, classes) after a linear layer

    Raises:
        InputError: an operator has no ONNX form here, or a layer's shape is not what its graph states.
    """
    onnx = require("onnx", extra="collect", purpose="writing a network for ONNX Runtime")
    model = _Writer(onnx, graph, batch, seed).model()
    try:
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    except onnx.shape_inference.InferenceError as error:
        raise InputError(f"the layer graph is no network: {error}") from error
    _check_shapes(graph, inferred)
    data: bytes = model.SerializeToString()
    return data


class _Writer:
    """Adds nodes one layer at a time; a layer's result is named after its position."""

    def __init__(self, onnx: Any, graph: LayerGraph, batch: int, seed: int) -> None:
        self.onnx, self.layers, self.batch = onnx, graph.layers, batch
        self.plain = plain_layers(graph)
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        for name, array in make_weights(self.plain, seed).items():
            self.tensor(name, array)

    def model(self) -> Any:
        helper, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT
        for i, layer in enumerate(self.layers):
            writer = _WRITERS.get(layer.op)
            if writer is None:
                raise InputError(f"the operator {layer.op!r} has no ONNX form here", item=i)
            writer(self, i, layer)
        if len(self.layers) == 1:
            raise InputError("a network must have at least one layer besides its input")
        last = self.layers[-1]
        shape = [self.batch, last.shape_out[0]] if last.op == "linear" else [self.batch, *last.shape_out]
        made = helper.make_graph(
            self.nodes,
            "archcast",
            [helper.make_tensor_value_info(INPUT, kind, [self.batch, *self.layers[0].shape_out])],
            [helper.make_tensor_value_info(OUTPUT, kind, shape)],
            self.tensors,
        )
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(made, opset_imports=opset, ir_version=IR_VERSION, producer_name="archcast")

    def result(self, i: int) -> str:
        """Name of what layer `i` gives."""
        if self.layers[i].op == "input":
            return INPUT
        return OUTPUT if i == len(self.layers) - 1 else f"{i}"

    def inputs(self, i: int) -> list[str]:
        return [self.result(u) for u in self.layers[i].inputs]

    def tensor(self, name: str, array: Any) -> str:
        """Add a constant and give back its name."""
        self.tensors.append(self.onnx.numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add a node and give back the name of its output."""
        self.nodes.append(self.onnx.helper.make_node(op, list(inputs), [output], **attributes))
        return output


def _window(layer: Layer) -> dict[str, Any]:
    return {
        "kernel_shape": [layer.kernel] * 2,
        "strides": [layer.stride] * 2,
        "pads": [(layer.kernel - 1) // 2] * 4,
    }


def _conv(w: _Writer, i: int, layer: Layer) -> None:
    names = [*w.inputs(i), f"{i}.weight", *([f"{i}.bias"] if layer.bias else [])]
    w.node("Conv", names, w.result(i), group=layer.groups, **_window(layer))


def _linear(w: _Writer, i: int, layer: Layer) -> None:
    flat = w.node("Flatten", w.inputs(i), f"{i}.flat", axis=1)
    names = [flat, f"{i}.weight", *([f"{i}.bias"] if layer.bias else [])]
    w.node("Gemm", names, w.result(i), transB=1)


def _batch_norm(w: _Writer, i: int, layer: Layer) -> None:
    names = [f"{i}.{role}" for role in ("scale", "shift", "mean", "variance")]
    w.node("BatchNormalization", [*w.inputs(i), *names], w.result(i), epsilon=EPSILON)


def _relu6(w: _Writer, i: int, layer: Layer) -> None:
    low, high = w.tensor(f"{i}.low", np.float32(0)), w.tensor(f"{i}.high", np.float32(6))
    w.node("Clip", [*w.inputs(i), low, high], w.result(i))


def _avg_pool(w: _Writer, i: int, layer: Layer) -> None:
    counted = int(layer.count_padding)
    w.node("AveragePool", w.inputs(i), w.result(i), count_include_pad=counted, **_window(layer))


def _max_pool(w: _Writer, i: int, layer: Layer) -> None:
    w.node("MaxPool", w.inputs(i), w.result(i), **_window(layer))


def _add(w: _Writer, i: int, layer: Layer) -> None:
    first, *rest = w.inputs(i)
    for k, name in enumerate(rest):
        first = w.node("Add", [first, name], w.result(i) if k == len(rest) - 1 else f"{i}.sum{k}")


def _channel_shuffle(w: _Writer, i: int, layer: Layer) -> None:
    c, h, width = layer.shape_in
    groups = shuffle_groups(w.plain, i)
    split = w.tensor(f"{i}.split", np.array([w.batch, groups, c // groups, h, width], dtype=np.int64))
    joined = w.tensor(f"{i}.joined", np.array([w.batch, c, h, width], dtype=np.int64))
    parts = w.node("Reshape", [*w.inputs(i), split], f"{i}.parts")
    mixed = w.node("Transpose", [parts], f"{i}.mixed", perm=[0, 2, 1, 3, 4])
    w.node("Reshape", [mixed, joined], w.result(i))


def _zero(w: _Writer, i: int, layer: Layer) -> None:
    w.node("Mul", [*w.inputs(i), w.tensor(f"{i}.zero", np.float32(0))], w.result(i))


def _plain(op: str, **attributes: Any) -> Callable[[_Writer, int, Layer], None]:
    def write(w: _Writer, i: int, layer: Layer) -> None:
        w.node(op, w.inputs(i), w.result(i), **attributes)

    return write


def _input(w: _Writer, i: int, layer: Layer) -> None:
    if i != 0:
        raise InputError("only the first layer can be the input", item=i)


_WRITERS: dict[str, Callable[[_Writer, int, Layer], None]] = {
    "input": _input,
    "conv": _conv,
    "linear": _linear,
    "batch_norm": _batch_norm,
    "relu": _plain("Relu"),
    "relu6": _relu6,
    "hswish": _plain("HardSwish"),
    "hsigmoid": _plain("HardSigmoid", alpha=1.0 / 6.0, beta=0.5),
    "avg_pool": _avg_pool,
    "max_pool": _max_pool,
    "global_avg_pool": _plain("GlobalAveragePool"),
    "add": _add,
    "concat": _plain("Concat", axis=1),
    "multiply": _plain("Mul"),
    "channel_shuffle": _channel_shuffle,
    "zero": _zero,
}


def _check_shapes(graph: LayerGraph, model: Any) -> None:
    """Compare the shapes that ONNX infers with those that the graph states."""
    inferred = {
        value.name: tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
        for value in (*model.graph.value_info, *model.graph.output)
    }
    for i, layer in enumerate(graph.layers):
        name = OUTPUT if i == len(graph.layers) - 1 else f"{i}"
        if layer.op != "input" and (*inferred[name][1:], 1, 1)[:3] != layer.shape_out:
            raise InputError(
                f"{layer.op} gives the shape {inferred[name][1:]}, but its graph states {layer.shape_out}",
                item=i,
            )
