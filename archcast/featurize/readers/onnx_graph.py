"""An ONNX graph whose shapes are inferred, as a network's records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.core.network import Attribute, Dim, Network, Node, Value
from archcast.featurize.readers.onnx_fold import elements, has_elements, learned_of

_DEEPEST = 16
_MOST_DATA = 256
"""Elements of the largest constant whose elements are kept."""
DTYPES: Mapping[int, str] = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "string",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8e4m3fn",
    18: "float8e4m3fnuz",
    19: "float8e5m2",
    20: "float8e5m2fnuz",
    21: "uint4",
    22: "int4",
    23: "float4e2m1",
    24: "float8e8m0",
    25: "uint2",
    26: "int2",
}
"""ONNX's types of elements by number."""


def network_of(model: Any) -> Network:
    """The network of a model whose shapes are inferred.

    Raises:
        InputError: a node reads what is not there, a shape contradicts itself, or sub-graphs nest too deeply.
    """
    versions = {entry.domain: entry.version for entry in model.opset_import}
    return _network(model.graph, {}, 0, versions.get("", versions.get("ai.onnx", Network.opset)))


def _network(graph: Any, around: Mapping[str, Value], depth: int, opset: int) -> Network:
    if depth > _DEEPEST:
        raise InputError(f"sub-graphs must nest at most {_DEEPEST} deep")
    values = {tensor.name: _constant(tensor) for tensor in graph.initializer}
    values |= {t.values.name: _sparse(t) for t in graph.sparse_initializer}
    inputs = [v.name for v in graph.input if v.name not in values]
    for info in (*graph.value_info, *graph.output, *graph.input):
        if info.name not in values:
            values[info.name] = _value(info.name, info.type)
    nodes = []
    alias: dict[str, str] = {}
    renaming = not any(_has_body(node) for node in graph.node)
    outputs = [v.name for v in graph.output]
    for i, node in enumerate(graph.node):
        if renaming and _is_copied_constant(node, values, outputs):
            alias[node.output[0]] = node.input[0]
            continue
        if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
            values[node.output[0]] = _constant_node(node)
            continue
        for name in node.output:
            if name and name not in values:
                values[name] = Value(name, None)
        own = _node(node, i, {**around, **values} if _has_body(node) else around, depth, opset)
        if not alias.keys().isdisjoint(own.inputs):
            own = replace(own, inputs=tuple(alias.get(name, name) for name in own.inputs))
        nodes.append(own)
    reached = _reached(nodes, outputs)
    outer = frozenset(name for name in reached if name in around and name not in values)
    used = reached.union(inputs, outputs)
    kept = {name: value for name, value in values.items() if name in used}
    return Network(kept, tuple(nodes), tuple(inputs), tuple(outputs), outer, opset)


def _is_copied_constant(node: Any, values: Mapping[str, Value], outputs: list[str]) -> bool:
    """Whether a node is another name of a constant, as exporters write where two weights are equal."""
    if node.op_type != "Identity" or node.domain not in ("", "ai.onnx") or len(node.input) != 1:
        return False
    shown = values.get(node.input[0])
    return shown is not None and shown.constant and node.output[0] not in outputs


def _reached(nodes: list[Node], outputs: list[str]) -> set[str]:
    """Names that nodes, their sub-graphs or the outputs read or write."""
    names = set(outputs)
    for node in nodes:
        names.update(name for name in (*node.inputs, *node.outputs) if name)
        for body in node.bodies:
            names |= body.outer
    return names


def _has_body(node: Any) -> bool:
    return any(attribute.type in (5, 10) for attribute in node.attribute)


def _node(node: Any, place: int, around: Mapping[str, Value], depth: int, opset: int) -> Node:
    if not all(isinstance(name, str) for name in (node.op_type, *(a.name for a in node.attribute))):
        raise InputError(f"names of node {place} must be text in UTF-8")
    domain = "" if node.domain in ("", "ai.onnx") else f"{node.domain}::"
    try:
        attributes = {a.name: _attribute(a, around, depth, opset) for a in node.attribute}
    except InputError as error:
        raise InputError(f"node {place} ({node.op_type}, {shorten(node.name)}): {error}") from error
    return Node(
        f"{domain}{node.op_type}", tuple(node.input), tuple(node.output), attributes, part_of(node.name)
    )


def part_of(name: str) -> str:
    """The part of the network that a node's name tells: torch writes `/layer1/layer1.0/conv1/Conv`."""
    *folders, _ = name.strip("/").split("/")
    kept: list[str] = []
    for folder in folders:
        if kept and folder.startswith(f"{kept[-1]}."):
            kept.pop()
        kept.append(folder)
    return ".".join(kept)


def _attribute(given: Any, around: Mapping[str, Value], depth: int, opset: int) -> Attribute:
    from onnx import AttributeProto

    kind = given.type
    if kind == AttributeProto.FLOAT:
        return float(given.f)
    if kind == AttributeProto.INT:
        return int(given.i)
    if kind == AttributeProto.STRING:
        return _text(given.s)
    if kind == AttributeProto.FLOATS:
        return tuple(given.floats)
    if kind == AttributeProto.INTS:
        return tuple(given.ints)
    if kind == AttributeProto.STRINGS:
        return tuple(_text(s) for s in given.strings)
    if kind == AttributeProto.GRAPH:
        return _network(given.g, around, depth + 1, opset)
    if kind == AttributeProto.TENSOR:
        return _constant(given.t)
    raise InputError(f"attribute {shorten(given.name)} is of a kind that is not read ({kind})")


def _text(given: bytes) -> str:
    return given.decode("utf-8", "replace")


def _constant_node(node: Any) -> Value:
    from onnx import AttributeProto, helper

    name = node.output[0]
    if len(node.attribute) != 1:
        raise InputError(f"Constant {shorten(name)} must have one value, got {len(node.attribute)}")
    given = node.attribute[0]
    if given.type == AttributeProto.TENSOR:
        tensor = _constant(given.t)
        return Value(
            name, tensor.shape, tensor.dtype, constant=True, data=tensor.data, learned=tensor.learned
        )
    if given.type == AttributeProto.SPARSE_TENSOR:
        return Value(name, tuple(given.sparse_tensor.dims), constant=True)
    value = helper.get_attribute_value(given)
    many = isinstance(value, list | tuple)
    dtype = "float32" if "float" in given.name else "int64" if "int" in given.name else "string"
    data = tuple(value) if many else (value,)
    return Value(
        name,
        (len(data),) if many else (),
        dtype,
        constant=True,
        data=data[:_MOST_DATA] or None,
        learned=False,
    )


def _constant(tensor: Any) -> Value:
    dims = tuple(tensor.dims)
    if any(d < 0 for d in dims):
        raise InputError(f"constant {shorten(tensor.name)} has the shape {dims}")
    dtype = _dtype(tensor.data_type, tensor.name)
    return Value(tensor.name, dims, dtype, constant=True, data=_data(tensor), learned=learned_of(tensor))


def _sparse(tensor: Any) -> Value:
    dtype = _dtype(tensor.values.data_type, tensor.values.name)
    return Value(tensor.values.name, tuple(tensor.dims), dtype, constant=True)


def _data(tensor: Any) -> tuple[Any, ...] | None:
    """Elements of a small constant, where they were kept."""
    if prod(tensor.dims) > _MOST_DATA or tensor.external_data or not has_elements(tensor):
        return None
    if tensor.data_type in (8, 14, 15) or tensor.data_type > 16:
        return None
    return tuple(elements(tensor).reshape(-1).tolist())


def _value(name: str, kind: Any) -> Value:
    if kind.WhichOneof("value") != "tensor_type":
        return Value(name, None)
    tensor = kind.tensor_type
    dtype = _dtype(tensor.elem_type, name)
    return Value(name, _dims(name, tensor.shape) if tensor.HasField("shape") else None, dtype)


def _dims(name: str, shape: Any) -> tuple[Dim, ...]:
    dims: list[Dim] = []
    for axis, dim in enumerate(shape.dim):
        if dim.WhichOneof("value") == "dim_value":
            if dim.dim_value < 0:
                raise InputError(f"{shorten(name)} has {dim.dim_value} as dimension {axis}")
            dims.append(int(dim.dim_value))
        else:
            dims.append(dim.dim_param or f"{name}.{axis}")
    return tuple(dims)


def _dtype(number: int, name: str) -> str:
    if number == 0:
        return "float32"
    if number not in DTYPES:
        raise InputError(f"{shorten(name)} has elements of the unknown type {number}")
    return DTYPES[number]
