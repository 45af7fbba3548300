"""Small constants of an ONNX graph worked out: shapes, axes, sizes and the integers that they are made of.

A node is folded when all it reads is known and what it writes is small; `Shape` and `Size` need shapes alone.
Folded nodes leave the graph and their outputs become its constants. What is made of a weight, as a scale that
is reshaped, is known but stays the output of its node, so that the weight counts as what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any

import numpy as np

from archcast.core.errors import InputError, shorten
from archcast.featurize.readers.onnx_bind import is_fixed

_MOST = 1024
"""Elements of the largest constant that is worked out."""
_SIZED = ("Resize", "Upsample")
"""Operators whose shapes follow from numbers that may be floating-point."""
_FLOATS = frozenset({1, 10, 11, 16, 17, 18, 19, 20, 23, 24})
"""ONNX's numbers of floating-point types."""
_PARAMETER_NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)+")
"""Names that torch's exporters keep for parameters; its lone numbers are told from others by them."""
PARAMETER, CONSTANT = "parameter", "constant"
"""What a tensor's doc_string says of it where that is known: trained, or not."""
_FAILURES = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError)
"""What a step raises of operands that are not as they must be."""
Array = Any
Step = Callable[[Any, list[Array]], Array]


def fold(graph: Any, known: Mapping[str, Any]) -> int:
    """Fold what can be folded, in place; how many nodes went."""
    from onnx import numpy_helper

    values = _constants(graph)
    stored = {tensor.name: tensor for tensor in graph.initializer}
    weights = {tensor.name for tensor in graph.initializer if is_weight(tensor)}
    sizes = {name for node in graph.node if node.op_type in _SIZED for name in node.input[1:]}
    kept, folded = [], []
    for node in graph.node:
        out = _folded(node, values, known, stored)
        if out is None:
            kept.append(node)
            continue
        name = node.output[0]
        values[name] = out
        tensor = numpy_helper.from_array(np.array(out, order="C"), name)
        tensor.doc_string = _note(node)
        if not weights.isdisjoint(node.input) and tensor.data_type in _FLOATS:
            weights.add(name)
            if name not in sizes:
                kept.append(node)
                continue
        elif is_weight(tensor):
            weights.add(name)
        folded.append(tensor)
    if not folded:
        return 0
    outputs = {value.name for value in graph.output}
    gone = {tensor.name for tensor in folded} - outputs
    if len(gone) < len(folded):  # an output stays the output of a node
        kept = [n for n in graph.node if not n.output or n.output[0] not in gone]
        folded = [tensor for tensor in folded if tensor.name in gone]
        if not folded:
            return 0
    copies = [_copy(node) for node in kept]
    del graph.node[:]
    graph.node.extend(copies)
    graph.initializer.extend(folded)
    infos = [_copy(info) for info in graph.value_info if info.name not in gone]
    del graph.value_info[:]
    graph.value_info.extend(infos)
    return len(folded)


def mark_constants(graphs: Iterable[Any]) -> None:
    """Say of `Constant` nodes that they are no weights, where weights are stored beside the nodes.

    Some exporters write weights as such nodes, but then all of them. Scales of quantised numbers are none.
    """
    listed = list(graphs)
    for graph in listed:
        scales = {name for node in graph.node if "uantizeLinear" in node.op_type for name in node.input[1:]}
        names = {tensor.name for tensor in graph.initializer}
        for tensor in graph.initializer:
            stem, is_scale, _ = tensor.name.rpartition("_scale")
            if tensor.name in scales or (is_scale and f"{stem}_quantized" in names):
                tensor.doc_string = CONSTANT
    if not any(is_weight(tensor) for tensor in listed[0].initializer):
        return
    for graph in listed:
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
                node.attribute[0].t.doc_string = CONSTANT


def is_weight(tensor: Any) -> bool:
    """Whether a stored tensor may be trained: floating-point, and no lone number but a named one."""
    learned = learned_of(tensor)
    many = prod(tensor.dims) > 1 if learned is None else learned
    return many and tensor.data_type in _FLOATS


def learned_of(tensor: Any) -> bool | None:
    """Whether a tensor is trained, None where nothing says so."""
    learned = {PARAMETER: True, CONSTANT: False}.get(tensor.doc_string)
    if learned is None and prod(tensor.dims) == 1 and tensor.data_type in _FLOATS:
        return bool(isinstance(tensor.name, str) and _PARAMETER_NAME.fullmatch(tensor.name)) or None
    return learned


def _note(node: Any) -> str:
    """What is written beside a folded node's output: that it is no weight, or what was written before."""
    stored = node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value"
    return str(node.attribute[0].t.doc_string) if stored else CONSTANT


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _constants(graph: Any) -> dict[str, Array]:
    """Small constants of a graph."""
    constants: dict[str, Array] = {}
    for tensor in graph.initializer:
        if prod(tensor.dims) <= _MOST and not tensor.external_data and has_elements(tensor):
            constants[tensor.name] = elements(tensor)
    return constants


def elements(tensor: Any) -> Array:
    """A tensor's elements.

    Raises:
        InputError: they are not as many as its shape says.
    """
    from onnx import numpy_helper

    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        what = f"constant {shorten(tensor.name)} does not hold what its shape says"
        raise InputError(f"{what}: {error}") from error


def has_elements(tensor: Any) -> bool:
    """Whether a tensor's elements were kept when weights were left out."""
    fields = (
        "raw_data",
        "float_data",
        "int32_data",
        "int64_data",
        "double_data",
        "uint64_data",
        "string_data",
    )
    return any(len(getattr(tensor, name)) for name in fields) or prod(tensor.dims) == 0


def _folded(
    node: Any, values: Mapping[str, Array], known: Mapping[str, Any], stored: Mapping[str, Any]
) -> Array | None:
    """What a node writes, as an array; None where it is not known or not small."""
    if node.domain not in ("", "ai.onnx") or len(node.output) != 1:
        return None
    if node.op_type != "Constant" and (not node.input or not node.input[0]):
        return None
    if node.op_type in ("Shape", "Size"):
        return _shape(node, known, values, stored)
    if node.op_type == "Constant":
        return _constant(node)
    if node.op_type == "CastLike":
        return _cast_like(node, values, known)
    step = _STEPS.get(node.op_type)
    if step is None or any(name and name not in values for name in node.input):
        return None
    given = [values[name] if name else None for name in node.input]
    try:
        with np.errstate(all="ignore"):
            out = step(node, given)
    except _FAILURES:
        return None  # ONNX's own inference says what is wrong with it
    return out if out is not None and out.size <= _MOST else None


def _shape(
    node: Any, known: Mapping[str, Any], values: Mapping[str, Array], stored: Mapping[str, Any]
) -> Array | None:
    name = node.input[0]
    if name in values:
        dims = list(values[name].shape)
    elif name in stored:
        dims = list(stored[name].dims)
    else:
        kind = known.get(name)
        if kind is None or not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
            return None
        if not all(is_fixed(d) or d.HasField("dim_value") for d in kind.tensor_type.shape.dim):
            return None
        dims = [d.dim_value for d in kind.tensor_type.shape.dim]
    if node.op_type == "Size":
        return np.array(prod(dims), dtype=np.int64)
    start, end = _attribute(node, "start", 0), _attribute(node, "end", len(dims))
    return np.array(dims[slice(start, end)], dtype=np.int64)


def _constant(node: Any) -> Array | None:
    from onnx import helper

    if len(node.attribute) != 1:
        return None
    value: Any = helper.get_attribute_value(node.attribute[0])
    kind = node.attribute[0].name
    if kind == "value":
        small = prod(value.dims) <= _MOST and not value.external_data and has_elements(value)
        return elements(value) if small else None
    if kind in ("value_int", "value_ints"):
        return np.array(value, dtype=np.int64)
    if kind in ("value_float", "value_floats"):
        return np.array(value, dtype=np.float32)
    return None


def _attribute(node: Any, name: str, default: Any) -> Any:
    from onnx import helper

    for entry in node.attribute:
        if entry.name == name:
            return helper.get_attribute_value(entry)
    return default


def _axes(node: Any, given: list[Array]) -> tuple[int, ...] | None:
    """Axes as an input or, in older versions, an attribute."""
    if len(given) > 1 and given[1] is not None:
        return tuple(int(a) for a in np.atleast_1d(given[1]))
    axes = _attribute(node, "axes", None)
    return None if axes is None else tuple(axes)


def _unsqueeze(node: Any, given: list[Array]) -> Array:
    axes = _axes(node, given) or ()
    return np.expand_dims(given[0], axes)


def _squeeze(node: Any, given: list[Array]) -> Array:
    return np.squeeze(given[0], _axes(node, given))


def _slice(node: Any, given: list[Array]) -> Array:
    x = given[0]
    if len(given) > 1:
        starts, ends = given[1], given[2]
        axes = given[3] if len(given) > 3 and given[3] is not None else np.arange(len(starts))
        steps = given[4] if len(given) > 4 and given[4] is not None else np.ones(len(starts), dtype=np.int64)
    else:
        starts, ends = _attribute(node, "starts", []), _attribute(node, "ends", [])
        axes, steps = _attribute(node, "axes", range(len(starts))), [1] * len(starts)
    cut = [slice(None)] * x.ndim
    for a, s, e, step in zip(axes, starts, ends, steps, strict=True):
        stop = None if step < 0 and e < -x.shape[a] else int(e)
        cut[int(a)] = slice(int(s), stop, int(step))
    return x[tuple(cut)]


def _cast(node: Any, given: list[Array]) -> Array:
    from onnx import helper

    return given[0].astype(helper.tensor_dtype_to_np_dtype(_attribute(node, "to", 1)))


def _cast_like(node: Any, values: Mapping[str, Array], known: Mapping[str, Any]) -> Array | None:
    from onnx import helper

    if len(node.input) != 2:
        return None
    given, like = node.input
    if given not in values:
        return None
    if like in values:
        return values[given].astype(values[like].dtype)
    kind = known.get(like)
    number = 0 if kind is None or not kind.HasField("tensor_type") else kind.tensor_type.elem_type
    return values[given].astype(helper.tensor_dtype_to_np_dtype(number)) if number else None


def _reshape(node: Any, given: list[Array]) -> Array:
    wanted = [int(d) for d in given[1]]
    if not _attribute(node, "allowzero", 0):
        wanted = [given[0].shape[i] if d == 0 else d for i, d in enumerate(wanted)]
    return given[0].reshape(wanted)


def _divide(node: Any, given: list[Array]) -> Array:
    a, b = given
    if a.dtype.kind == "f":
        return a / b
    if not np.all(b):
        raise ZeroDivisionError
    return (np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))).astype(a.dtype)  # towards zero


def _constant_of_shape(node: Any, given: list[Array]) -> Array | None:
    if prod(int(d) for d in given[0]) > _MOST:
        return None
    value = _attribute(node, "value", None)
    fill = np.zeros(1, dtype=np.float32) if value is None else elements(value)
    return np.full(tuple(int(d) for d in given[0]), fill.reshape(-1)[0], dtype=fill.dtype)


def _expand(node: Any, given: list[Array]) -> Array | None:
    shape = np.broadcast_shapes(given[0].shape, tuple(int(d) for d in given[1]))
    return np.broadcast_to(given[0], shape) if prod(shape) <= _MOST else None


def _range(node: Any, given: list[Array]) -> Array | None:
    start, limit, delta = (g.reshape(-1)[0] for g in given)
    if delta == 0 or abs(float(limit) - float(start)) > _MOST * abs(float(delta)):
        return None
    return np.arange(start, limit, delta, dtype=given[0].dtype)


def _reduced(function: Callable[..., Array]) -> Step:
    def step(node: Any, given: list[Array]) -> Array:
        keep = bool(_attribute(node, "keepdims", 1))
        return np.asarray(function(given[0], axis=_axes(node, given), keepdims=keep)).astype(given[0].dtype)

    return step


def _clip(node: Any, given: list[Array]) -> Array:
    low, high = (
        (*given[1:], None, None)[:2]
        if node.input[1:]
        else (_attribute(node, name, None) for name in ("min", "max"))
    )
    return np.asarray(np.clip(given[0], low, high)).astype(given[0].dtype)


def _plain(function: Callable[..., Array]) -> Step:
    return lambda node, given: np.asarray(function(*given))


def _same(function: Callable[..., Array]) -> Step:
    """An arithmetic step, whose result has its operands' type."""
    return lambda node, given: np.asarray(function(*given)).astype(given[0].dtype)


_STEPS: dict[str, Step] = {
    "Identity": lambda node, given: given[0],
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Slice": _slice,
    "Cast": _cast,
    "Reshape": _reshape,
    "Div": _divide,
    "Clip": _clip,
    "ConstantOfShape": _constant_of_shape,
    "Expand": _expand,
    "Range": _range,
    "Gather": lambda node, given: np.take(
        given[0], given[1].astype(np.int64), axis=_attribute(node, "axis", 0)
    ),
    "Concat": lambda node, given: np.concatenate(given, axis=_attribute(node, "axis", 0)),
    "Transpose": lambda node, given: np.transpose(given[0], _attribute(node, "perm", None)),
    "Where": _plain(np.where),
    "Equal": _plain(np.equal),
    "Less": _plain(np.less),
    "Greater": _plain(np.greater),
    "LessOrEqual": _plain(np.less_equal),
    "GreaterOrEqual": _plain(np.greater_equal),
    "And": _plain(np.logical_and),
    "Or": _plain(np.logical_or),
    "Not": _plain(np.logical_not),
    "Add": _same(np.add),
    "Sub": _same(np.subtract),
    "Mul": _same(np.multiply),
    "Neg": _same(np.negative),
    "Abs": _same(np.abs),
    "Floor": _same(np.floor),
    "Ceil": _same(np.ceil),
    "Round": _same(np.rint),
    "Sqrt": _same(np.sqrt),
    "Reciprocal": _same(np.reciprocal),
    "Pow": _same(np.power),
    "Mod": _same(np.mod),
    "Min": _same(lambda *xs: np.minimum.reduce(np.broadcast_arrays(*xs))),
    "Max": _same(lambda *xs: np.maximum.reduce(np.broadcast_arrays(*xs))),
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
    "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
}
