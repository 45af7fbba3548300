"""Convolutions: from Ci to Co channels in g groups, a window of K places and an output of P places.

macs = batch * Ci / g * Co * K * P; of a transposed one, P is the input's places.
"""

from __future__ import annotations

from math import prod

from archcast.core.errors import InputError
from archcast.core.network import Node
from archcast.featurize.operators.base import (
    Loops,
    Values,
    Work,
    attribute,
    integers,
    operator,
    out_shape,
    shape_of,
    traffic,
    with_bias,
)


def convolved(node: Node, values: Values, *, weight: int, learned: tuple[int, ...]) -> Work:
    """Work of a convolution whose weight is input `weight`, in the layout of `Conv`."""
    batch, channels, *_ = shape_of(node, values, 0, least=3)
    w = shape_of(node, values, weight, least=3)
    out = out_shape(node, values, least=3)
    groups = attribute(node, "group", 1)
    if groups < 1 or w[1] * groups != channels or w[0] % groups or len(w) != len(out):
        raise InputError(f"{node.op} of {groups} groups cannot apply a weight of {w} to {channels} channels")
    loops = Loops(
        batch,
        groups,
        w[0] // groups,
        w[1],
        out[2:],
        w[2:],
        integers(node, "strides", len(w) - 2, 1),
        integers(node, "dilations", len(w) - 2, 1),
    )
    return traffic(node, values, kind_of(loops), learned=learned, loops=(loops,))


def kind_of(loops: Loops) -> str:
    """The kind of a convolution, by its window and groups."""
    if loops.groups == 1:
        return "conv_1x1" if prod(loops.kernel) == 1 else "conv_kxk"
    return "conv_depthwise" if loops.inputs == 1 else "conv_grouped"


@operator("Conv", "com.microsoft::FusedConv", "com.microsoft::NhwcFusedConv")
def conv(node: Node, values: Values) -> Work:
    """Inputs: data, weight, bias."""
    return convolved(node, values, weight=1, learned=(1, 2))


@operator("ConvInteger")
def conv_integer(node: Node, values: Values) -> Work:
    """Inputs: data, weight, zero points of both."""
    return convolved(node, values, weight=1, learned=(1,))


@operator("QLinearConv")
def qlinear_conv(node: Node, values: Values) -> Work:
    """Inputs: data, scale, zero point, weight, scale, zero point, scale, zero point, bias."""
    return with_bias(convolved(node, values, weight=3, learned=(3,)), node, values, 8)


@operator("ConvTranspose")
def conv_transpose(node: Node, values: Values) -> Work:
    """Each input place is spread over a window; inputs: data, weight (Ci, Co / g, ...), bias."""
    batch, channels, *size = shape_of(node, values, 0, least=3)
    w = shape_of(node, values, 1, least=3)
    groups = attribute(node, "group", 1)
    if groups < 1 or w[0] != channels or channels % groups or len(w) != len(size) + 2:
        raise InputError(f"{node.op} of {groups} groups cannot apply a weight of {w} to {channels} channels")
    loops = Loops(
        batch,
        groups,
        w[1],
        channels // groups,
        tuple(size),
        w[2:],
        integers(node, "strides", len(size), 1),
        integers(node, "dilations", len(size), 1),
    )
    return traffic(node, values, "conv_transposed", learned=(1, 2), loops=(loops,))


@operator("DeformConv")
def deform_conv(node: Node, values: Values) -> Work:
    """A convolution whose places are moved; inputs: data, weight, offset, bias, mask."""
    return convolved(node, values, weight=1, learned=(1, 3))


@operator("CausalConvWithState")
def causal_conv(node: Node, values: Values) -> Work:
    """A depthwise convolution over time that hands on its last places."""
    batch, channels, length, *_ = shape_of(node, values, 0, least=3)
    w = shape_of(node, values, 1, least=2)
    loops = Loops(batch, channels, 1, 1, (length,), (w[-1],), (1,), (1,))
    return traffic(node, values, "conv_depthwise", learned=(1, 2), loops=(loops,))
