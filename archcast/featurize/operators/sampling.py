"""Maps of another size, Fourier transforms, draws."""

from __future__ import annotations

from math import log2, prod

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, operator, out_shape, traffic


@operator("Resize", "Upsample", "GridSample", "Col2Im")
def resize(node: Node, values: Values) -> Work:
    """A map interpolated at other places; it may be a table of positions, which is trained."""
    return traffic(node, values, "resize", learned=(0,))


@operator("DFT", "STFT")
def fourier(node: Node, values: Values) -> Work:
    """A fast Fourier transform of length L takes L log2 L multiply-adds, twice for complex numbers."""
    dims = out_shape(node, values, least=2)
    length = max(dims[-2], 2)
    return traffic(node, values, "elementwise", learned=(), macs=int(prod(dims) * log2(length)))


@operator(
    "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"
)
def random(node: Node, values: Values) -> Work:
    """Numbers drawn at random."""
    return traffic(node, values, "random", learned=())
