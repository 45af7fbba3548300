"""The transformer of a member of HAT, in ONNX's operators: encoder and decoder, the whole target at once.

Post-norm layers with a ReLU feed-forward network (Wang et al., ACL 2020). It reads embedded tokens, source
and target, and adds positions; embeddings and the projection to the vocabulary are left out, as in the counts
that are published. Queries, keys and values are `WIDTH` wide whatever the number of heads; the keys and
values of cross-attention are made of the outputs of the last encoder layers, one after another in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations_with_replacement

from archcast.core.network import Attribute, Network, Node, Scalar, Value
from archcast.featurize.summary import peak_bytes

WIDTH = 512
_FORBIDDEN = -1e9
"""Added before the soft-max where a token must not see a later one."""


@cache
def spread(total: int, choices: tuple[int, ...], layers: int) -> tuple[int, ...]:
    """A value for each layer, largest first, of the sum given and as even as the choices allow."""
    fitting = (row for row in combinations_with_replacement(choices, layers) if sum(row) == total)
    return tuple(sorted(min(fitting, key=lambda row: sum(v * v for v in row)), reverse=True))


class TransformerBuilder:
    """Writes layers of a transformer over `tokens` tokens; methods return the name of what they give."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.part = ""
        self.nodes: list[Node] = []
        self.values: dict[str, Value] = {}
        self.inputs: list[str] = []

    def input(self, name: str, width: int) -> str:
        """Embedded tokens with their positions."""
        self.values[name] = Value(name, (1, self.tokens, width))
        self.inputs.append(name)
        where = Value(f"{name}.positions", (1, self.tokens, width), constant=True, learned=False)
        self.values[where.name] = where
        return self._node("Add", (name, where.name), (1, self.tokens, width))

    def encoder_layer(self, x: str, *, heads: int, hidden: int) -> str:
        """Self-attention and a feed-forward network."""
        x = self._normed(x, self._attention(x, x, heads))
        return self._normed(x, self._feed_forward(x, hidden))

    def decoder_layer(self, x: str, memory: Sequence[str], *, heads: tuple[int, int], hidden: int) -> str:
        """Self-attention of `heads[0]`, cross-attention to `memory` of `heads[1]`, a feed-forward network."""
        x = self._normed(x, self._attention(x, x, heads[0], causal=True))
        seen = memory[0]
        if len(memory) > 1:
            _, tokens, width = self.values[seen].dims
            seen = self._node("Concat", tuple(memory), (1, tokens * len(memory), width), axis=1)
        x = self._normed(x, self._attention(x, seen, heads[1]))
        return self._normed(x, self._feed_forward(x, hidden))

    def network(self, *outputs: str) -> Network:
        """The finished network."""
        return Network(self.values, tuple(self.nodes), tuple(self.inputs), outputs)

    def _attention(self, x: str, memory: str, heads: int, *, causal: bool = False) -> str:
        size = WIDTH // heads
        tokens, seen = (self.values[name].dims[1] for name in (x, memory))
        query = self._heads(self._linear(x, WIDTH), heads, perm=(0, 2, 1, 3))
        key = self._heads(self._linear(memory, WIDTH), heads, perm=(0, 2, 3, 1))
        value = self._heads(self._linear(memory, WIDTH), heads, perm=(0, 2, 1, 3))
        scores = self._node("MatMul", (query, key), (1, heads, tokens, seen))
        scores = self._node("Mul", (scores, self._constant((size**-0.5,), ())), (1, heads, tokens, seen))
        if causal:
            scores = self._node("Add", (scores, self._mask(tokens)), (1, heads, tokens, seen))
        weights = self._node("Softmax", (scores,), (1, heads, tokens, seen), axis=-1)
        mixed = self._node("MatMul", (weights, value), (1, heads, tokens, size))
        mixed = self._node("Transpose", (mixed,), (1, tokens, heads, size), perm=(0, 2, 1, 3))
        shape = self._constant((0, tokens, WIDTH), (3,))
        joined = self._node("Reshape", (mixed, shape), (1, tokens, WIDTH))
        return self._linear(joined, self.values[x].dims[-1])

    def _heads(self, x: str, heads: int, *, perm: tuple[int, ...]) -> str:
        """Channels split over heads."""
        dims = (1, self.values[x].dims[1], heads, WIDTH // heads)
        split = self._node("Reshape", (x, self._constant((0, *dims[1:]), (4,))), dims)
        return self._node("Transpose", (split,), tuple(dims[p] for p in perm), perm=perm)

    def _feed_forward(self, x: str, hidden: int) -> str:
        inner = self._linear(x, hidden)
        inner = self._node("Relu", (inner,), self.values[inner].dims)
        return self._linear(inner, self.values[x].dims[-1])

    def _normed(self, x: str, added: str) -> str:
        shape = self.values[x].dims
        total = self._node("Add", (x, added), shape)
        scale, shift = self._weight("scale", (shape[-1],)), self._weight("shift", (shape[-1],))
        return self._node("LayerNormalization", (total, scale, shift), shape, axis=-1)

    def _linear(self, x: str, features: int) -> str:
        """With bias, over the last dimension."""
        *rest, inner = self.values[x].dims
        product = self._node("MatMul", (x, self._weight("weight", (inner, features))), (*rest, features))
        return self._node("Add", (product, self._weight("bias", (features,))), (*rest, features))

    def _mask(self, tokens: int) -> str:
        rows = (0.0 if seen <= own else _FORBIDDEN for own in range(tokens) for seen in range(tokens))
        return self._constant(tuple(rows), (tokens, tokens))

    def _weight(self, role: str, shape: tuple[int, ...]) -> str:
        name = f"{role}{len(self.values)}"
        self.values[name] = Value(name, shape, constant=True, learned=True)
        return name

    def _constant(self, data: tuple[Scalar, ...], shape: tuple[int, ...]) -> str:
        name = f"constant{len(self.values)}"
        dtype = "int64" if isinstance(data[0], int) else "float32"
        self.values[name] = Value(name, shape, dtype, constant=True, data=data, learned=False)
        return name

    def _node(
        self, op: str, inputs: tuple[str, ...], shape: tuple[int, ...], /, **attributes: Attribute
    ) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.values[name] = Value(name, shape)
        self.nodes.append(Node(op, inputs, (name,), attributes, self.part))
        return name


@cache
def encoder_peak(tokens: int, width: int, heads: int, hidden: int, *, kept: bool) -> int:
    """Most bytes alive in an encoder layer; `kept`: what it reads is read again after it."""
    b = TransformerBuilder(tokens)
    x = b.input("source", width)
    y = b.encoder_layer(x, heads=heads, hidden=hidden)
    return peak_bytes(b.network(y, x) if kept else b.network(y))


@cache
def decoder_peak(
    tokens: int, width: int, source: int, own: int, cross: int, hidden: int, attended: int, later: int
) -> int:
    """Most bytes alive in a decoder layer.

    Args:
        width, source: of the decoder and of the encoder.
        own, cross: heads of self- and of cross-attention.
        attended, later: last encoder layers that it, and those after it, attend.
    """
    b = TransformerBuilder(tokens)
    seen = [b.input(f"source{i}", source) for i in range(attended)]
    y = b.decoder_layer(b.input("target", width), seen, heads=(own, cross), hidden=hidden)
    return peak_bytes(b.network(y, *seen[attended - later :]))
