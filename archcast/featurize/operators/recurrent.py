"""Recurrent layers: at each of T steps, g gates of H units see I inputs and H units of the step before.

macs = directions * T * batch * g * H * (I + H).
"""

from __future__ import annotations

from archcast.core.network import Node
from archcast.featurize.operators.base import Loops, Values, Work, operator, shape_of, traffic

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4, "com.microsoft::DynamicQuantizeLSTM": 4}


@operator(*GATES)
def recurrent(node: Node, values: Values) -> Work:
    """Inputs: data (steps, batch, I), weight (directions, g H, I), recurrence (directions, g H, H), bias."""
    first, second, inputs = shape_of(node, values, 0, least=3)
    recurrence = shape_of(node, values, 2, least=3)
    dynamic = node.op.endswith("DynamicQuantizeLSTM")
    gates = GATES[node.op]
    units = recurrence[1] if dynamic else recurrence[2]
    directions = recurrence[0]
    steps = first * second
    loops = (
        Loops(steps, directions, gates * units, inputs),
        Loops(steps, directions, gates * units, units),
    )
    return traffic(node, values, "recurrent", learned=(1, 2, 3, 7), loops=loops)
