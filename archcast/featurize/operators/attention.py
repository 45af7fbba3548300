"""Attention as one node: scores q k^T and their sum over v, T queries by S keys of every head.

macs = batch * heads * T * S * (size of a key + size of a value), with the projection where it is inside.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from archcast.core.errors import InputError
from archcast.core.network import Node
from archcast.featurize.operators.base import Loops, Values, Work, attribute, operator, shape_of, traffic


def attended(
    node: Node, values: Values, *, heads: int, sizes: tuple[int, int], lengths: tuple[int, int], batch: int
) -> Work:
    """Work of attention of `heads` heads; sizes of a key and a value, lengths of queries and keys."""
    queries, keys = lengths
    loops = (Loops(queries, batch * heads, keys, sizes[0]), Loops(queries, batch * heads, sizes[1], keys))
    return traffic(node, values, "attention", loops=loops)


@operator("Attention", "ai.onnx.preview::FlexAttention")
def attention(node: Node, values: Values) -> Work:
    """ONNX's own: q, k, v as (batch, heads, tokens, size), or (batch, tokens, heads * size); past k and v."""
    q, k, v = (shape_of(node, values, p, least=3) for p in range(3))
    past = _length(node, values, 4)
    if len(q) == 4:
        return attended(
            node,
            values,
            heads=q[1],
            sizes=(q[3], v[3]),
            lengths=(q[2], k[2] + past),
            batch=q[0],
        )
    heads, kv = attribute(node, "q_num_heads", 1), attribute(node, "kv_num_heads", 1)
    return attended(
        node,
        values,
        heads=heads,
        sizes=(q[2] // heads, v[2] // kv),
        lengths=(q[1], k[1] + past),
        batch=q[0],
    )


@operator("com.microsoft::Attention", "com.microsoft::QAttention")
def fused_attention(node: Node, values: Values) -> Work:
    """Data (batch, tokens, width) and the weight (width, 3 hidden) that makes q, k and v of it."""
    batch, tokens, width = shape_of(node, values, 0, least=3)
    weight = shape_of(node, values, 1, least=2)
    if weight[0] != width:
        raise InputError(f"{node.op} cannot apply a weight of {weight} to {width} channels")
    hidden, heads = weight[1] // 3, attribute(node, "num_heads", 1)
    own = attended(
        node,
        values,
        heads=heads,
        sizes=(hidden // heads, hidden // heads),
        lengths=(tokens, tokens),
        batch=batch,
    )
    projection = Loops(batch * tokens, 1, weight[1], width)
    return replace(own, macs=own.macs + projection.macs, loops=(projection, *own.loops))


@operator("com.microsoft::MultiHeadAttention")
def multi_head_attention(node: Node, values: Values) -> Work:
    """Query (batch, tokens, width), key and value as it or (batch, heads, tokens, size)."""
    q = shape_of(node, values, 0, least=3)
    heads = attribute(node, "num_heads", 1)
    there = len(node.inputs) > 1 and node.inputs[1]
    k = shape_of(node, values, 1, least=3) if there else q
    keys = k[2] if len(k) == 4 else k[1]
    if len(q) == 5:  # packed: (batch, tokens, heads, 3, size)
        size, heads = q[4], q[2]
    else:
        size = q[2] // heads
    return attended(node, values, heads=heads, sizes=(size, size), lengths=(q[1], keys), batch=q[0])


@operator("com.microsoft::GroupQueryAttention")
def grouped_attention(node: Node, values: Values) -> Work:
    """Query (batch, tokens, heads * size); keys and values of fewer heads, after those of the past."""
    q = shape_of(node, values, 0, least=3)
    heads, kv = attribute(node, "num_heads", 1), attribute(node, "kv_num_heads", 1)
    packed = len(node.inputs) < 2 or not node.inputs[1]
    size = q[2] // (heads + 2 * kv if packed else heads)
    keys = q[1] + _length(node, values, 3)
    return attended(node, values, heads=heads, sizes=(size, size), lengths=(q[1], keys), batch=q[0])


@operator("LinearAttention")
def linear_attention(node: Node, values: Values) -> Work:
    """Attention through a state of keys by values, one update and one look a token."""
    q, v = shape_of(node, values, 0, least=3), shape_of(node, values, 2, least=3)
    if len(q) == 4:
        tokens, sizes = prod(q[:3]), q[3] * v[3]
    else:
        heads = attribute(node, "q_num_heads", 1)
        tokens, sizes = q[0] * q[1] * heads, (q[2] // heads) * (v[2] // attribute(node, "kv_num_heads", 1))
    return traffic(node, values, "attention", macs=2 * tokens * sizes)


@operator("RotaryEmbedding", "com.microsoft::RotaryEmbedding")
def rotary(node: Node, values: Values) -> Work:
    """Queries or keys turned by their positions; inputs: data, positions, cosines, sines."""
    return traffic(node, values, "elementwise", learned=())


def _length(node: Node, values: Values, position: int) -> int:
    """Tokens of past keys (batch, heads, tokens, size), 0 without them."""
    if position >= len(node.inputs) or not node.inputs[position]:
        return 0
    return shape_of(node, values, position, least=4)[2]
