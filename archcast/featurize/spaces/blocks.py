"""Layer sequences that several spaces share."""

from __future__ import annotations

from archcast.featurize.spaces.builder import NetworkBuilder


def conv_bn(
    b: NetworkBuilder,
    x: str,
    channels: int,
    *,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    act: str | None = None,
) -> str:
    """Convolution without bias, batch norm and, if named, an activation."""
    x = b.conv(x, channels, kernel=kernel, stride=stride, groups=groups)
    x = b.pointwise(x, "batch_norm")
    return x if act is None else b.pointwise(x, act)


def squeeze_excite(b: NetworkBuilder, x: str, reduced: int, *, act: str, gate: str) -> str:
    """Channel attention: global mean, two 1x1 convolutions with bias, gate, multiply."""
    channels = b.shape(x)[0]
    s = b.global_pool(x)
    s = b.pointwise(b.conv(s, reduced, kernel=1, bias=True), act)
    s = b.pointwise(b.conv(s, channels, kernel=1, bias=True), gate)
    return b.multiply(x, s)


def classifier(b: NetworkBuilder, x: str, classes: int) -> str:
    """Global mean and a linear layer with bias."""
    return b.linear(b.global_pool(x), classes)


def mobile_block(
    b: NetworkBuilder,
    x: str,
    channels: int,
    *,
    hidden: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    act: str = "relu",
    expand: bool = True,
    reduced: int = 0,
) -> str:
    """Inverted residual block (Sandler et al., MobileNetV2, CVPR 2018).

    1x1 convolution to `hidden` channels, depthwise convolution, squeeze-excite, linear 1x1 convolution;
    plus the input where stride and channels allow it.

    Args:
        groups: of both 1x1 convolutions; above 1, channels are shuffled after the first.
        expand: whether there is a first 1x1 convolution.
        reduced: inner channels of squeeze-excite (ReLU inside, hard sigmoid gate), 0 for none.
    """
    y = x
    if expand:
        y = conv_bn(b, y, hidden, kernel=1, groups=groups, act=act)
        y = b.shuffle(y, groups) if groups > 1 else y
    y = conv_bn(b, y, hidden, kernel=kernel, stride=stride, groups=hidden, act=act)
    if reduced:
        y = squeeze_excite(b, y, reduced, act="relu", gate="hsigmoid")
    y = conv_bn(b, y, channels, kernel=1, groups=groups)
    return b.add(x, y) if b.shape(x) == b.shape(y) and stride == 1 else y


def rounded_channels(channels: float) -> int:
    """Nearest multiple of 8 that is at least 8 and not more than 10 % below `channels`."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
