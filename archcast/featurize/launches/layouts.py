"""Which layout of maps PyTorch's compiler chooses for a network.

Source: `decide_layout_opt` of torch's inductor, with its factors by kind of convolution.
"""

from __future__ import annotations

from archcast.core.network import Network
from archcast.featurize.encoders.program import Program
from archcast.featurize.operators.base import OPERATORS

_FACTORS = {"grouped": 1.358, "default": 0.823, "narrowing": 0.725, "small": 0.783}
_SMALL = 64
_FEW = 300


def prefers_channels_last(network: Network, program: Program) -> bool:
    """Whether convolutions run on maps whose channels stand side by side."""
    convolutions = [node for node in network.nodes if node.op == "Conv"]
    if not convolutions:
        return False
    if not program.precision:  # on processors always
        return True
    if len(network.nodes) >= _FEW * len(convolutions):
        return False
    total = weighted = 0.0
    for node in convolutions:
        out, inner, *kernel = network.values[node.inputs[1]].dims
        grouped = node.attributes.get("group", 1) != 1 and inner > 1
        if grouped:
            kind = "grouped"
        elif out <= _SMALL and inner <= _SMALL:
            kind = "small"
        elif out * 2 <= inner and kernel[0] > 1:
            kind = "narrowing"
        else:
            kind = "default"
        macs = OPERATORS["Conv"].work(node, network.values).macs
        total += macs
        weighted += macs * _FACTORS[kind]
    return weighted <= total
