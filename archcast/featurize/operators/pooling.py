"""Pools: windows over each channel, or over the whole map."""

from __future__ import annotations

from math import prod

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, operator, traffic


@operator(
    "AveragePool", "MaxPool", "LpPool", "com.microsoft::QLinearAveragePool", "com.microsoft::NhwcMaxPool"
)
def pool(node: Node, values: Values) -> Work:
    """A window that moves over the map."""
    return traffic(node, values, "pool", learned=())


@operator("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "com.microsoft::QLinearGlobalAveragePool")
def global_pool(node: Node, values: Values) -> Work:
    """One window as large as the map."""
    return traffic(node, values, "global_pool", learned=())


@operator("MaxUnpool", "MaxRoiPool", "RoiAlign")
def region_pool(node: Node, values: Values) -> Work:
    """Windows at places that are told; no more is read than four times what is written."""
    work = traffic(node, values, "pool", learned=())
    return Work("pool", 0, min(work.read, 4 * work.written), work.weights, work.written)


@operator(
    *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin"),
    *("ReduceProd", "ReduceSum", "ReduceSumSquare", "ArgMax", "ArgMin", "CumSum", "CumProd", "Det"),
)
def reduction(node: Node, values: Values) -> Work:
    """Over some axes; a mean over all but batch and channels of a map is a global pool."""
    kind = "global_pool" if _is_global_mean(node, values) else "reduction"
    return traffic(node, values, kind, learned=(0,))


def _is_global_mean(node: Node, values: Values) -> bool:
    if node.op != "ReduceMean":
        return False
    read, written = values[node.inputs[0]].dims, values[node.outputs[0]].dims
    return len(read) == 4 and prod(written) == read[0] * read[1] and written[:2] == read[:2]
