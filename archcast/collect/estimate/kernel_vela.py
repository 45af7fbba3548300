"""Networks of any form on an Ethos-U: what can be compiled is, what cannot is named.

Vela gives no time for what runs on the processor beside the accelerator. So the estimate is of the
accelerator's part alone where something is left to the processor; each such node stands in it without a cost.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from archcast.collect.estimate.base import LayerCost, LayerEstimate, NetworkEstimate
from archcast.collect.estimate.lowering_parts import PartialLowering
from archcast.collect.estimate.vela import VelaEstimator
from archcast.core.errors import InputError
from archcast.core.network import Network

UNTIMED = float("nan")
ON_PROCESSOR = "runs on the processor, whose time is not known"


def estimate_on_vela(estimator: VelaEstimator, network: Network) -> NetworkEstimate:
    """Latency of what runs on the accelerator, and what is left to the processor.

    Raises:
        InputError: nothing of it runs on the accelerator, or it cannot be compiled.
    """
    lowering = PartialLowering(network)
    file = lowering.run()
    estimate, passed = estimator.compiled(network, file)
    left = {i: ON_PROCESSOR + f": {why}" for i, why in lowering.left.items()}
    left |= dict.fromkeys(passed, ON_PROCESSOR)
    if len(estimate.layers) == len(passed):
        raise InputError(f"{estimator.target.label} runs none of its operators")
    nodes = network.nodes
    layers = [layer for layer in estimate.layers if layer.position not in left]
    layers += [
        LayerEstimate(i, nodes[i].op, nodes[i].part, LayerCost(UNTIMED, note=why)) for i, why in left.items()
    ]
    layers.sort(key=lambda layer: layer.position)
    counts = Counter(nodes[i].op for i in left)
    names = ", ".join(f"{op} {count}" for op, count in counts.most_common())
    note = f"without what runs on the processor, whose time is not known: {names}" if left else ""
    return replace(estimate, total=replace(estimate.total, note=note), layers=tuple(layers))
