"""The roofline of networks of any form, kernel by kernel.

What has no multiply-adds has an operation for every element of its window that it reads, or for every element
that it writes. Elements are bytes over the size of the network's floats: the target says how many bytes an
element has there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import prod

from archcast.collect.estimate.base import LayerCost
from archcast.collect.estimate.kernel_rules import free_note, moved_note, priced_kernels
from archcast.collect.estimate.roofline import RooflineEstimator
from archcast.core.network import BITS, Network
from archcast.featurize.kernels import Kernel


def roofline_kernels(estimator: RooflineEstimator, network: Network) -> list[tuple[Kernel, LayerCost]]:
    """The kernels of a network, and what each costs on a roofline.

    Raises:
        InputError: a shape is not known; names the node.
    """
    conventions = estimator.target.conventions
    size = _element_bytes(network, estimator.target.hardware.get("bytes_per_element", 1.0))
    priced = priced_kernels(network, conventions)
    return [(kernel, _cost(estimator, kernel, size, conventions)) for kernel in priced]


def _cost(
    estimator: RooflineEstimator, kernel: Kernel, size: float, conventions: Mapping[str, str]
) -> LayerCost:
    if note := free_note(kernel, conventions):
        return LayerCost(0.0, 0.0, note=note)
    twice = (kernel.kind, conventions.get(kernel.kind)) == ("add", "elementwise")
    moved = kernel.bytes + (_more_passes(kernel) if twice else 0)
    cost = estimator.cost_of(kernel.macs or _additions(kernel, size), moved / size)
    note = moved_note(kernel, conventions)
    return LayerCost(cost.latency_ms, cost.energy_mj, cost.latency_parts, cost.energy_parts, note)


def _more_passes(kernel: Kernel) -> int:
    """Bytes that a sum of more than two moves besides: each of its passes is over two maps."""
    return sum(
        2 * max(len(c.node.inputs) - 2, 0) * c.work.written for c in kernel.inside if c.node.op == "Sum"
    )


def _additions(kernel: Kernel, size: float) -> float:
    """Operations of what has no multiply-adds: a window's elements, or else those read or written."""
    windows = (c.node.attributes.get("kernel_shape") for c in kernel.inside)
    sizes = [[int(side) for side in w if isinstance(side, int)] for w in windows if isinstance(w, tuple)]
    window = max(map(prod, sizes), default=1)
    return max(kernel.written / size * window, kernel.read / size if kernel.kind == "global_pool" else 0.0)


def _element_bytes(network: Network, own: float) -> float:
    """Bytes of a float of the network; the target's own where it has none."""
    kinds = Counter(
        network.values[name].dtype
        for node in network.nodes
        for name in node.outputs
        if name and network.values[name].dtype.startswith(("float", "bfloat"))
    )
    return BITS[kinds.most_common(1)[0][0]] / 8 if kinds else own
