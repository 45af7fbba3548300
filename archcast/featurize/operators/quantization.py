"""Numbers turned into few bits and back."""

from __future__ import annotations

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, operator, traffic


@operator(
    *("QuantizeLinear", "DynamicQuantizeLinear", "DequantizeLinear"),
    *("com.microsoft::QuantizeLinear", "com.microsoft::DequantizeLinear"),
)
def quantize(node: Node, values: Values) -> Work:
    """Inputs: data, scale, zero point; data that is a constant is a weight."""
    work = traffic(node, values, "quantize", learned=())
    data = values[node.inputs[0]]
    return Work("quantize", 0, work.read, work.weights, work.written, (data.name,) if data.constant else ())
