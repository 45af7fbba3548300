"""Numbers turned into few bits and back."""

from __future__ import annotations

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, operator, traffic, with_bias


@operator(
    *("QuantizeLinear", "DynamicQuantizeLinear", "DequantizeLinear"),
    *("com.microsoft::QuantizeLinear", "com.microsoft::DequantizeLinear"),
)
def quantize(node: Node, values: Values) -> Work:
    """Inputs: data, scale, zero point; data that is a constant is a weight."""
    work = traffic(node, values, "quantize", learned=(0,))
    data = values[node.inputs[0]]
    return with_bias(work, node, values, 0) if data.dtype == "int32" and data.elements > 1 else work
