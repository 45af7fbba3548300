"""Numbers for the open dimensions of an ONNX graph's inputs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from numbers import Integral
from typing import Any

from archcast.core.errors import InputError, UnknownNameError, shorten

_BATCH = re.compile(r"n|b|bs|none|\?|unk_.*|dynamic_axes_.*|.*batch.*", re.IGNORECASE)


def bind_inputs(
    graph: Any,
    *,
    batch: int,
    inputs: Mapping[str, Sequence[int]],
    dims: Mapping[str, int],
    counted: Collection[str] = (),
) -> dict[str, int]:
    """Write numbers into an ONNX graph's inputs, in place; what nobody names stays open under its name.

    Args:
        counted: operators that have dimensions which depend on data; `dims` may name them too.

    Returns:
        Numbers of dimensions that depend on data, by their operator.

    Raises:
        InputError: a number that is none, or another than the one that the file fixes.
        UnknownNameError: a name that no input or open dimension has; lists those there are.
    """
    constants = {tensor.name for tensor in graph.initializer}
    given = {value.name: value for value in graph.input if value.name not in constants}
    bound = {name: _number(number, f"dimension {name}") for name, number in dims.items()}
    for name, shape in inputs.items():
        if name not in given:
            raise UnknownNameError("input", name, given)
        _bind_whole(given[name], shape, bound)
    unused = set(dims).difference(counted)
    firsts: list[int] = []
    for name, value in given.items():
        if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
            continue
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if is_fixed(dim):
                firsts += [dim.dim_value] if axis == 0 else []
                continue
            symbol = dim.dim_param or f"{name}.{axis}"
            unused.discard(symbol)
            if symbol in bound:
                dim.dim_value = bound[symbol]
                firsts += [dim.dim_value] if axis == 0 else []
            elif axis == 0 and (not dim.dim_param or _BATCH.fullmatch(symbol)):
                dim.dim_value = bound[symbol] = _number(batch, "batch")
                firsts.append(batch)
            else:
                dim.dim_param = symbol
    if unused:
        raise UnknownNameError("dimension", min(unused), open_dimensions(graph).union(counted) or {"none"})
    if batch != 1 and batch not in firsts:
        sentence = (
            f"no input can have a batch of {shorten(batch)}: first dimensions are fixed in the file or given"
        )
        raise InputError(sentence)
    return {name: bound[name] for name in dims if name in counted}


def is_fixed(dim: Any) -> bool:
    """Whether a dimension of an ONNX shape is a number; exporters write -1 and 0 for open ones."""
    return bool(dim.WhichOneof("value") == "dim_value" and dim.dim_value > 0)


def open_dimensions(graph: Any) -> set[str]:
    """Names of the dimensions of a graph's inputs that are no numbers."""
    return {
        dim.dim_param
        for value in graph.input
        for dim in value.type.tensor_type.shape.dim
        if not is_fixed(dim) and dim.dim_param
    }


def _bind_whole(value: Any, shape: Sequence[int], bound: dict[str, int]) -> None:
    """Bind every dimension of one input; its open names are then bound everywhere."""
    numbers = [_number(d, f"shape of input {value.name}") for d in shape]
    tensor = value.type.tensor_type
    if tensor.HasField("shape") and len(tensor.shape.dim) != len(numbers):
        raise InputError(
            f"input {shorten(value.name)} has {len(tensor.shape.dim)} dimensions, got {tuple(numbers)}"
        )
    if not tensor.HasField("shape"):
        for _ in numbers:
            tensor.shape.dim.add()
    for dim, number in zip(tensor.shape.dim, numbers, strict=True):
        if is_fixed(dim) and dim.dim_value != number:
            raise InputError(
                f"input {shorten(value.name)} is fixed in the file to {dim.dim_value} where {number} is "
                f"asked: export it with an open dimension there"
            )
        if dim.dim_param:
            bound[dim.dim_param] = number
        dim.dim_value = number


def _number(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) < 2**31:
        raise InputError(f"{what} must be whole numbers of at least 1, got {shorten(value)}")
    return int(value)
