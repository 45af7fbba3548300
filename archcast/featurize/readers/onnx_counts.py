"""Dimensions that depend on data: how many elements operators such as NonZero find.

They are named after their operator, so that one number binds those of all its nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archcast.core.network import COUNTED


def counted_in(graphs: Iterable[Any]) -> set[str]:
    """Operators of graphs whose outputs have such a dimension."""
    return {node.op_type for graph in graphs for node in graph.node if _is_counted(node)}


def name_counts(graphs: Iterable[Any], counts: Mapping[str, int]) -> int:
    """Write numbers, or else the operator's name, into such dimensions; returns how many were changed."""
    changed = 0
    for graph in graphs:
        shapes = {v.name: v.type.tensor_type.shape.dim for v in (*graph.value_info, *graph.output)}
        for node in filter(_is_counted, graph.node):
            for name, axis in _dimensions(node):
                dims = shapes.get(name, ())
                if -len(dims) <= axis < len(dims) and not dims[axis].dim_value:
                    changed += _write(dims[axis], node.op_type, counts.get(node.op_type))
    return changed


def _is_counted(node: Any) -> bool:
    return node.op_type in COUNTED and node.domain in ("", "ai.onnx")


def _dimensions(node: Any) -> list[tuple[str, int]]:
    """Outputs and the place of their dimension that depends on data."""
    axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
    first = 1 if node.op_type == "NonZero" else 0 if node.op_type == "NonMaxSuppression" else axis
    others = [(name, 0) for place, name in enumerate(node.output) if place in (1, 3)]
    return [(node.output[0], first), *(others if node.op_type == "Unique" else [])]


def _write(dim: Any, op: str, count: int | None) -> bool:
    if count is None:
        known = bool(dim.dim_param == op)
        dim.dim_param = op
        return not known
    dim.dim_value = count
    return True
