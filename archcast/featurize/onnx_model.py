"""A network as an ONNX model, with seeded random weights or with none.

Nodes are written as they are. Constants whose elements are known keep them; others are drawn: zeros for
integers, positive numbers for variances and scales, and for what is multiplied by data numbers of the size
that keeps its magnitude (He et al., ICCV 2015).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from math import prod, sqrt
from typing import Any

import numpy as np

from archcast.core.errors import InputError, shorten
from archcast.core.network import Attribute, Network, Node, Value
from archcast.featurize.readers.onnx_fold import CONSTANT, PARAMETER
from archcast.featurize.readers.onnx_graph import DTYPES, network_of

NUMBERS: Mapping[str, int] = {name: number for number, name in DTYPES.items()}
MAX_BYTES = 2**31 - 2**20
"""Of the constants of a model that is written: protocol buffers bear 2 GB."""
IR_VERSION = 10
_POSITIVE: Mapping[str, tuple[int, ...]] = {
    "BatchNormalization": (1, 4),
    "LayerNormalization": (1,),
    "QuantizeLinear": (1,),
    "DequantizeLinear": (1,),
    "QLinearConv": (1, 4, 6),
    "QLinearMatMul": (1, 4, 6),
}
"""Inputs by operator that must be above 0."""
Draw = Callable[[Value], Any]


def to_onnx(network: Network, *, seed: int = 0) -> bytes:
    """The bytes of an ONNX model that computes the network, with weights drawn from `seed`.

    Raises:
        InputError: a dimension is not bound, its constants take 2 GB or more, or a type cannot be drawn.
    """
    size = sum(v.bytes for v in network.values.values() if v.constant)
    if size > MAX_BYTES:
        raise InputError(
            f"constants of a model must take less than 2 GB, those of {network} take {size} bytes"
        )
    for name in (*network.inputs, *network.outputs):
        _ = network.values[name].dims
    written: bytes = model_of(network, weights=_Drawn(network, seed)).SerializeToString()
    return written


def structure_of(network: Network) -> bytes:
    """The bytes of an ONNX model with every shape and no weights, from which the network is read back."""
    written: bytes = model_of(network, shapes=True).SerializeToString()
    return written


def network_of_structure(content: bytes) -> Network:
    """The network that `structure_of` was given; raise InputError where the bytes are damaged."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        return network_of(onnx.ModelProto.FromString(content))
    except DecodeError as error:
        raise InputError(f"a network cannot be read: {error}") from error


def model_of(network: Network, *, weights: Draw | None = None, shapes: bool = False) -> Any:
    """An `onnx.ModelProto`; without `weights` its large constants have a shape and no elements.

    Args:
        shapes: also state the shape of every value, so that none has to be worked out to read it.
    """
    from onnx import helper

    domains = {node.op.partition("::")[0] for node, _ in network.walk() if "::" in node.op}
    opsets = [helper.make_opsetid("", network.opset), *(helper.make_opsetid(d, 1) for d in sorted(domains))]
    graph = _graph(network, weights, shapes)
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="archcast")


def _graph(network: Network, weights: Draw | None, shapes: bool) -> Any:
    from onnx import helper

    nodes = [_node(node, i, weights, shapes) for i, node in enumerate(network.nodes)]
    constants = [_tensor(v, weights) for v in network.values.values() if v.constant]
    inputs, outputs = ([_info(network.values[n]) for n in side] for side in (network.inputs, network.outputs))
    stated = {*network.inputs, *network.outputs} if shapes else network.values
    inner = [_info(v) for v in network.values.values() if not v.constant and v.name not in stated]
    return helper.make_graph(nodes, "archcast", inputs, outputs, constants, value_info=inner)


def _node(node: Node, place: int, weights: Draw | None, shapes: bool) -> Any:
    from onnx import helper

    domain, _, op = node.op.rpartition("::")
    name = f"{node.part.replace('.', '/')}/{op}_{place}".lstrip("/")
    proto = helper.make_node(op, node.inputs, node.outputs, name=name, domain=domain)
    proto.attribute.extend(_attribute(key, value, weights, shapes) for key, value in node.attributes.items())
    return proto


def _attribute(name: str, value: Attribute, weights: Draw | None, shapes: bool) -> Any:
    from onnx import AttributeProto, helper

    if isinstance(value, Network):
        return helper.make_attribute(name, _graph(value, weights, shapes))
    if isinstance(value, Value):
        return helper.make_attribute(name, _tensor(value, weights))
    if value == ():
        return helper.make_attribute(name, [], attr_type=AttributeProto.INTS)
    return helper.make_attribute(name, list(value) if isinstance(value, tuple) else value)


def _info(value: Value) -> Any:
    from onnx import helper

    return helper.make_tensor_value_info(value.name, NUMBERS[value.dtype], value.shape)


def _tensor(value: Value, weights: Draw | None) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    number = NUMBERS[value.dtype]
    if value.data is not None and number < 16:
        dtype = helper.tensor_dtype_to_np_dtype(number)
        tensor = numpy_helper.from_array(np.array(value.data, dtype=dtype).reshape(value.dims), value.name)
    elif weights is None:
        tensor = TensorProto(name=value.name, data_type=number, dims=value.dims)
    elif isinstance(drawn := weights(value), bytes):
        tensor = TensorProto(name=value.name, data_type=number, dims=value.dims, raw_data=drawn)
    else:
        tensor = numpy_helper.from_array(drawn, value.name)
    if value.learned is not None:
        tensor.doc_string = PARAMETER if value.learned else CONSTANT
    return tensor


class _Drawn:
    """Random elements of constants, the same for the same seed, name and shape."""

    def __init__(self, network: Network, seed: int) -> None:
        self._seed = seed
        self._positive: set[str] = set()
        self._fan_in: dict[str, int] = {}
        for node, inside in network.walk():
            for position in _POSITIVE.get(node.op, ()):
                self._positive.update(node.inputs[position : position + 1])
            for position, name in enumerate(node.inputs):
                value = inside.values.get(name)
                if value is not None and value.constant and position > 0:
                    self._fan_in.setdefault(name, _fan_in(node, value))

    def __call__(self, value: Value) -> Any:
        from onnx import helper

        size = value.bytes
        if not value.dtype.startswith(("float16", "float32", "float64")):
            if value.dtype.startswith(("float", "bfloat", "int", "uint", "bool")):
                return bytes(size)
            raise InputError(f"constant {shorten(value.name)} of {value.dtype} cannot be drawn at random")
        key = hashlib.sha256(f"{self._seed} {value.name} {value.shape}".encode("utf-8", "replace")).digest()
        rng = np.random.default_rng(int.from_bytes(key[:8], "little"))
        dtype = helper.tensor_dtype_to_np_dtype(NUMBERS[value.dtype])
        drawn = rng.standard_normal(value.dims, dtype=np.float32)
        if value.name in self._positive:
            return (1.0 + 0.1 * np.abs(drawn)).astype(dtype)
        return (drawn * np.float32(sqrt(2.0 / self._fan_in.get(value.name, 2)))).astype(dtype)


def _fan_in(node: Node, value: Value) -> int:
    """Elements of the data that one element of the result is a weighted sum of."""
    dims = value.dims
    if node.op == "Conv" and len(dims) > 2:
        return max(prod(dims[1:]), 1)
    if node.op in ("MatMul", "Gemm") and len(dims) == 2:
        return max(dims[1] if node.attributes.get("transB") else dims[0], 1)
    return max(dims[-1], 2) if len(dims) > 2 else 100
