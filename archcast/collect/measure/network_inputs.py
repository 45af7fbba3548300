"""What a network's inputs are filled with when it is measured, told by their type, name and use.

| input | filled with |
|---|---|
| its name has `mask`, or it is of truth values | ones |
| integers that an embedding is looked up by | integers below the least rows of those tables |
| bytes that are not looked up by | 0 to 255, and 0 to 127 for signed ones |
| other integers, such as sizes | ones |
| floats | normal numbers |
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.core.network import Network, Node

_FLOATS = ("float16", "float32", "float64")
_INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_BYTES = {"uint8": 256, "int8": 128}
_PASSING = frozenset(
    {"Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Expand", "Slice"}
    | {"Concat", "Split", "Tile"}
)
"""Operators whose results are elements of what they are given."""
_LOOKED_UP = {
    "Gather": {1: 0},
    "com.microsoft::EmbedLayerNormalization": {0: 2, 1: 4},
}
"""By operator: position of indices -> position of the table."""


def network_inputs(network: Network) -> list[dict[str, Any]]:
    """What `draw_inputs` is told of each input.

    Raises:
        InputError: an input's shape is not bound, or no numbers of its type can be drawn.
    """
    return [_input(network, name) for name in network.inputs]


def _input(network: Network, name: str) -> dict[str, Any]:
    value = network.values[name]
    field: dict[str, Any] = {"name": name, "shape": list(value.dims), "dtype": value.dtype}
    if value.dtype not in (*_FLOATS, *_INTEGERS, "bool"):
        raise InputError(f"input {shorten(name)} of {value.dtype} cannot be drawn at random")
    if "mask" in name.lower() or value.dtype == "bool":
        return field | {"kind": "ones"}
    if value.dtype in _FLOATS:
        return field | {"kind": "normal"}
    rows = min(_tables(network, name), default=_BYTES.get(value.dtype))
    if rows is None:
        return field | {"kind": "ones"}
    return field | {"kind": "integers", "below": min(rows, _BYTES.get(value.dtype, rows))}


def _tables(network: Network, name: str) -> Iterator[int]:
    """Rows of each table that elements of an input are looked up in."""
    same = {name}
    for node in network.nodes:
        if node.op in _PASSING and same.intersection(node.inputs):
            same.update(node.outputs)
        for indices, table in _LOOKED_UP.get(node.op, {}).items():
            if max(indices, table) < len(node.inputs) and node.inputs[indices] in same:
                yield from _rows(network, node, node.inputs[table])


def _rows(network: Network, node: Node, table: str) -> Iterator[int]:
    value = network.values.get(table)
    if value is not None and value.is_bound and value.dims:
        axis = node.attributes.get("axis", 0)
        yield value.dims[axis if isinstance(axis, int) else 0]
