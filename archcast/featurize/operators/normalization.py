"""Normalisation: one pass over the data, with a scale and a shift that are trained."""

from __future__ import annotations

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, operator, traffic


@operator("BatchNormalization")
def batch_norm(node: Node, values: Values) -> Work:
    """Inputs: data, scale, shift, and the running mean and variance, which are not trained."""
    return traffic(node, values, "batch_norm", learned=(1, 2))


@operator(
    *("LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization"),
    *(
        "SimplifiedLayerNormalization",
        "com.microsoft::SimplifiedLayerNormalization",
        "com.microsoft::GroupNorm",
    ),
)
def norm(node: Node, values: Values) -> Work:
    """Inputs: data, scale, shift."""
    return traffic(node, values, "norm", learned=(1, 2))


@operator("com.microsoft::SkipLayerNormalization", "com.microsoft::SkipSimplifiedLayerNormalization")
def skip_norm(node: Node, values: Values) -> Work:
    """Inputs: data, what is added to it, scale, shift, bias."""
    return traffic(node, values, "norm", learned=(2, 3, 4))


@operator("com.microsoft::SkipGroupNorm")
def skip_group_norm(node: Node, values: Values) -> Work:
    """Inputs: data, scale, shift, what is added, bias."""
    return traffic(node, values, "norm", learned=(1, 2, 4))


@operator("com.microsoft::EmbedLayerNormalization")
def embedding_norm(node: Node, values: Values) -> Work:
    """Rows of three tables, added and normalised; inputs: ids, segments, three tables, scale, shift."""
    out = traffic(node, values, "norm", learned=(2, 3, 4, 5, 6))
    rows = 3 * values[node.outputs[0]].bytes
    return Work("norm", 0, out.read, min(out.weights, rows), out.written, out.learned)


@operator("LpNormalization", "MeanVarianceNormalization", "LRN")
def plain_norm(node: Node, values: Values) -> Work:
    """Nothing is trained but what it may be of, as a weight that is normalised."""
    return traffic(node, values, "norm", learned=(0,))


@operator("Softmax", "LogSoftmax", "Hardmax", "com.microsoft::QLinearSoftmax")
def softmax(node: Node, values: Values) -> Work:
    """Over one axis."""
    return traffic(node, values, "softmax", learned=(0,))


@operator("com.microsoft::BiasSoftmax")
def bias_softmax(node: Node, values: Values) -> Work:
    """Of a sum."""
    return traffic(node, values, "softmax", learned=(1,))
