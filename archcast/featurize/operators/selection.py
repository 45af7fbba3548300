"""Sorting and choosing: the best k, boxes that do not overlap, distinct values."""

from __future__ import annotations

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, operator, traffic


@operator("TopK", "Unique")
def sort(node: Node, values: Values) -> Work:
    """Read whole, of which some are written."""
    return traffic(node, values, "sort", learned=())


@operator("NonMaxSuppression", "NonZero")
def detection(node: Node, values: Values) -> Work:
    """How much is written is known only when it runs, so what is read counts."""
    read = sum(
        values[name].bytes for name in dict.fromkeys(node.inputs) if name and not values[name].constant
    )
    return Work("detection", read=read)
