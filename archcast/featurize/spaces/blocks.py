"""Layer sequences that several spaces share."""

from __future__ import annotations

from archcast.core.layers import GraphBuilder


def conv_bn(
    b: GraphBuilder,
    x: int,
    channels: int,
    *,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    act: str | None = None,
) -> int:
    """Convolution without bias, batch norm and, if named, an activation."""
    x = b.conv(x, channels, kernel=kernel, stride=stride, groups=groups)
    x = b.pointwise(x, "batch_norm")
    return x if act is None else b.pointwise(x, act)


def squeeze_excite(b: GraphBuilder, x: int, reduced: int, *, act: str, gate: str) -> int:
    """Channel attention: global mean, two 1x1 convolutions with bias, gate, multiply."""
    channels = b.shape(x)[0]
    s = b.global_pool(x)
    s = b.pointwise(b.conv(s, reduced, kernel=1, bias=True), act)
    s = b.pointwise(b.conv(s, channels, kernel=1, bias=True), gate)
    return b.multiply(x, s)


def classifier(b: GraphBuilder, x: int, classes: int) -> int:
    """Global mean and a linear layer with bias."""
    return b.linear(b.global_pool(x), classes)
