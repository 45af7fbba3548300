"""The forms of ncnn's layers of attention as ONNX's operators."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from archcast.featurize.readers.ncnn_layers import Layer, Write, Writer


def _with_projections(w: Writer, layer: Layer) -> None:
    """Queries, keys and values are made of the inputs, attended to by heads, and projected."""
    width, heads = layer.whole(0), layer.whole(1, 1)
    given = [layer.inputs[min(i, len(layer.inputs) - 1)] for i in range(3)]
    projected = []
    for role, name in zip("qkv", given, strict=True):
        product, summed = f"{layer.name}.{role}p", f"{layer.name}.{role}"
        w.node("MatMul", [name, w.weight(layer, f"{role}w", width, width)], [product], layer)
        w.node("Add", [product, w.weight(layer, f"{role}b", width)], [summed], layer)
        projected.append(summed)
    mixed, product = f"{layer.name}.mixed", f"{layer.name}.op"
    w.node("Attention", projected, [mixed], layer, q_num_heads=heads, kv_num_heads=heads)
    w.node("MatMul", [mixed, w.weight(layer, "ow", width, width)], [product], layer)
    w.node("Add", [product, w.weight(layer, "ob", width)], layer.outputs, layer)


def _scaled(w: Writer, layer: Layer) -> None:
    """Queries, keys and values (heads, tokens, size); a mask and those of the past where there are any."""
    places = 4 if layer.whole(5) else 3
    given = [*layer.inputs[:places], *[""] * (4 - places), *layer.inputs[places:]]
    scale = {"scale": layer.real(6)} if 6 in layer.numbers else {}
    w.node("Attention", given, layer.outputs, layer, **scale)


def _rotary(w: Writer, layer: Layer) -> None:
    """Heads of tokens, or tokens alone, turned by cosines and sines of their positions."""
    one = {"num_heads": 1} if w.rank.get(layer.inputs[0], 3) == 2 else {}
    w.node("RotaryEmbedding", layer.inputs, layer.outputs, layer, interleaved=layer.whole(0), **one)


ATTENTION: Mapping[str, Write] = MappingProxyType(
    {"MultiHeadAttention": _with_projections, "SDPA": _scaled, "RotaryEmbed": _rotary}
)
"""How a layer is written, by its type."""
