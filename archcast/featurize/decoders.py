"""Decoders of HW-GPT-Bench, written down by their rule.

An architecture is `e192|l3|h12.8.4|r2.3.4|b1`: embedding width, layers, heads of each layer (64 wide whatever
the width), ratio of each layer's gated feed-forward network (three matrices) to the width, and whether linear
layers have biases; layer normalisations always do. Words of the vocabulary come in and go out by a table
each. Every layer reads its input once for queries, keys and values. How positions come in is not published,
and is left out. Parameters come out as published, and so do multiply-adds but for attention's two products,
which the publication did not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archcast.core.errors import InputError, shorten
from archcast.core.network import Attribute, Network, Node, Value

VOCABULARY = 50254
TOKENS = 1024
HEAD = 64
"""Width of a head."""
BATCHES = {192: 8, 384: 8, 768: 8, 256: 4, 512: 4, 1024: 4, 320: 1, 640: 1, 1280: 1}
"""Sequences that were measured at once, by embedding width: of the small, middle and large decoders."""
_FORM = re.compile(r"e(\d+)\|l(\d+)\|h([\d.]+)\|r([\d.]+)\|b([01])")


@dataclass(frozen=True, slots=True)
class DecoderArch:
    """What an architecture's notation says.

    Attributes:
        width: of the embedding.
        heads, ratios: one a layer.
        biased: whether linear layers have biases.
    """

    width: int
    heads: tuple[int, ...]
    ratios: tuple[int, ...]
    biased: bool

    @classmethod
    def parse(cls, arch: str) -> DecoderArch:
        """Read the notation.

        Raises:
            InputError: it is not of the form, or its layers do not have one number each.
        """
        match = _FORM.fullmatch(arch)
        if match is None:
            raise InputError(f"a decoder must be written like e192|l2|h12.8|r2.3|b1, got {shorten(arch)}")
        width, layers, heads, ratios, biased = match.groups()
        each, ratio = (tuple(int(n) for n in row.split(".") if n) for row in (heads, ratios))
        if {len(each), len(ratio)} != {int(layers)} or 0 in (*each, *ratio, int(width)):
            raise InputError(f"a decoder must have heads and a ratio for each layer, got {shorten(arch)}")
        return cls(int(width), each, ratio, biased == "1")


def decoder(arch: str, *, batch: int | None = None) -> Network:
    """The network of an architecture, which reads `batch` sequences of 1,024 tokens.

    Args:
        batch: None takes that which was measured, by the width.

    Raises:
        InputError: the notation is not read, or nothing was measured of its width.
    """
    read = DecoderArch.parse(arch)
    if batch is None and read.width not in BATCHES:
        raise InputError(f"width must be one of {sorted(BATCHES)} where no batch is given, got {read.width}")
    writer = _Writer(read, BATCHES[read.width] if batch is None else batch)
    x = writer.node("Gather", ("words.weight", "tokens"), writer.stream, axis=0)
    for layer, (heads, ratio) in enumerate(zip(read.heads, read.ratios, strict=True)):
        writer.part = f"layers.{layer}.attention"
        x = writer.added(x, writer.attention(writer.norm(x), heads))
        writer.part = f"layers.{layer}.feed_forward"
        x = writer.added(x, writer.feed_forward(writer.norm(x), ratio * read.width))
    writer.part = "head"
    writer.linear(writer.norm(x), VOCABULARY, biased=False)
    return writer.network()


class _Writer:
    """Writes nodes; methods give the name of what they wrote."""

    def __init__(self, arch: DecoderArch, batch: int) -> None:
        self.part = "words"
        self.stream = (batch, TOKENS, arch.width)
        self._batch, self._biased = batch, arch.biased
        self._nodes: list[Node] = []
        self._values = {"tokens": Value("tokens", (batch, TOKENS), "int64")}
        self._weight("words.weight", (VOCABULARY, arch.width))

    def norm(self, x: str) -> str:
        """Layer normalisation."""
        width = self._values[x].dims[-1]
        name = f"norm{len(self._nodes)}"
        weights = (self._weight(f"{name}.{role}", (width,)) for role in ("scale", "shift"))
        return self.node("LayerNormalization", (x, *weights), self._values[x].dims, axis=-1)

    def linear(self, x: str, features: int, *, biased: bool | None = None) -> str:
        """A product by a weight and, where there are biases, a sum."""
        *rest, inner = self._values[x].dims
        name = f"linear{len(self._nodes)}"
        weight = self._weight(f"{name}.weight", (inner, features))
        product = self.node("MatMul", (x, weight), (*rest, features))
        if not (self._biased if biased is None else biased):
            return product
        return self.added(product, self._weight(f"{name}.bias", (features,)))

    def attention(self, x: str, heads: int) -> str:
        """Queries, keys and values of one product, attention of every token to those before, a projection."""
        inner = heads * HEAD
        mixed = self.linear(x, 3 * inner)
        place = f"split{len(self._nodes)}"
        self._constant(place, (inner,) * 3)
        shape = (self._batch, TOKENS, inner)
        parts = [f"{part}{len(self._nodes)}" for part in ("query", "key", "value")]
        self._values |= {part: Value(part, shape) for part in parts}
        self._nodes.append(Node("Split", (mixed, place), tuple(parts), {"axis": -1}, self.part))
        sizes: dict[str, Attribute] = {"q_num_heads": heads, "kv_num_heads": heads}
        seen = self.node("Attention", tuple(parts), shape, is_causal=1, **sizes)
        return self.linear(seen, self.stream[-1])

    def feed_forward(self, x: str, hidden: int) -> str:
        """One product through SiLU times another, and a product of that."""
        gate, up = self.linear(x, hidden), self.linear(x, hidden)
        shape = self._values[up].dims
        sigmoid = self.node("Sigmoid", (gate,), shape)
        gate = self.node("Mul", (gate, sigmoid), shape)
        return self.linear(self.node("Mul", (gate, up), shape), self.stream[-1])

    def added(self, a: str, b: str) -> str:
        """The sum of two."""
        return self.node("Add", (a, b), self._values[a].dims)

    def network(self) -> Network:
        """The finished network, which gives what was written last."""
        return Network(self._values, tuple(self._nodes), ("tokens",), self._nodes[-1].outputs, opset=23)

    def node(
        self, op: str, inputs: tuple[str, ...], shape: tuple[int, ...], /, **attributes: Attribute
    ) -> str:
        """A node of one output."""
        name = f"v{len(self._nodes)}"
        self._values[name] = Value(name, shape)
        self._nodes.append(Node(op, inputs, (name,), attributes, self.part))
        return name

    def _weight(self, name: str, shape: tuple[int, ...]) -> str:
        self._values[name] = Value(name, shape, constant=True, learned=True)
        return name

    def _constant(self, name: str, data: tuple[int, ...]) -> None:
        self._values[name] = Value(name, (len(data),), "int64", constant=True, data=data, learned=False)
