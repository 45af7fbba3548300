"""The network that a quantised one was made from, as its kernels and predictions are those of it.

Quantisers write a network in three ways: with pairs of a quantisation and a dequantisation between its nodes
(QDQ), with operators of integers (`QLinearConv`), or with products of integers whose operands are quantised
as they come and whose results are scaled back (dynamic). All three come out as the plain operators.

| written | read as |
|---|---|
| quantisation, dequantisation | nothing: who reads its result reads what it is of |
| `QLinearConv` and others of integers | the operator of the same meaning, without scales and zero points |
| product of integers, cast, times scales | the product |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from archcast.core.network import BITS, Network, Node, Value

_PAIRS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")
_PLAIN: Mapping[str, tuple[str, tuple[int, ...]]] = MappingProxyType(
    {
        "QLinearConv": ("Conv", (0, 3, 8)),
        "ConvInteger": ("Conv", (0, 1)),
        "QLinearMatMul": ("MatMul", (0, 3)),
        "MatMulInteger": ("MatMul", (0, 1)),
        "MatMulIntegerToFloat": ("MatMul", (0, 1)),
        "DynamicQuantizeMatMul": ("MatMul", (0, 1)),
        "QGemm": ("Gemm", (0, 3, 6)),
        "QLinearAdd": ("Add", (0, 3)),
        "QLinearMul": ("Mul", (0, 3)),
        "QLinearSigmoid": ("Sigmoid", (0,)),
        "QLinearLeakyRelu": ("LeakyRelu", (0,)),
        "QLinearSoftmax": ("Softmax", (0,)),
        "QLinearAveragePool": ("AveragePool", (0,)),
        "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)),
        "QAttention": ("com.microsoft::Attention", (0, 1, 2, 5, 8)),
        "DynamicQuantizeLSTM": ("LSTM", (0, 1, 2, 3, 4, 5, 6, 7)),
    }
)
"""Operator of integers -> the plain one, and which of its inputs are that one's."""
_BIAS: Mapping[str, int] = MappingProxyType({"MatMulIntegerToFloat": 6, "DynamicQuantizeMatMul": 4})
"""Position of what is added to a product that has no such input by its plain name."""
_INTEGERS = ("MatMulInteger", "ConvInteger")
NARROW = frozenset(
    {f"{sign}int{bits}" for sign in ("", "u") for bits in (2, 4, 8, 16)}
    | {name for name in BITS if name.startswith(("float8", "float4"))}
)
"""Types that numbers are quantised to."""
_BEFORE = " before its bias"
"""What is added to the name of a product for the part before a sum."""


@dataclass(frozen=True, slots=True)
class Unquantized:
    """A network of plain operators, and what of the quantised one it stands for.

    Attributes:
        network: the plain network; the quantised one itself where there is nothing to undo.
        stands: of each node, the positions in the quantised network that it stands for.
    """

    network: Network
    stands: tuple[tuple[int, ...], ...]


def unquantized(network: Network, *, narrow: bool = False) -> Unquantized:
    """What a network was quantised from; left as it is where it has sub-graphs or reads scales otherwise.

    Args:
        narrow: keep types of few bits where every reader reads what is quantised; otherwise all is float32.
    """
    ops = {_bare(op) for op in {node.op for node in network.nodes}}
    if not network.bodies and not (ops.isdisjoint(_PAIRS) and ops.isdisjoint(_PLAIN)):
        plain = _Undoing(network, narrow).run()
        if plain is not None:
            return plain
    return Unquantized(network, tuple((place,) for place in range(len(network.nodes))))


class _Undoing:
    """One walk over a network's nodes.

    Attributes:
        same: name in the quantised network -> name of what it is in the plain one.
        scales: names of scales that are worked out as the network runs -> nodes that do it.
        products: results of products of integers that are not scaled yet.
        waiting: nodes that quantise an input of the network, by its name; they go to who reads it first.
        kinds: types in which a value is read.
        types: of what is turned back from few bits, by its name: the few bits' type.
        turned: weights that lie the other way round in the plain operator.
    """

    def __init__(self, network: Network, narrow: bool) -> None:
        self.network, self.narrow = network, narrow
        self.nodes: list[Node] = []
        self.stands: list[list[int]] = []
        self.same: dict[str, str] = {}
        self.writer: dict[str, int] = {}
        self.scales: dict[str, list[int]] = {}
        self.products: set[str] = set()
        self.waiting: dict[str, list[int]] = {}
        self.kinds: dict[str, set[str]] = {}
        self.types: dict[str, str] = {}
        self.turned: set[str] = set()
        self.integers = {name for name, value in network.values.items() if value.dtype in NARROW}
        self.integers.difference_update(network.inputs)

    def run(self) -> Unquantized | None:
        """The plain network; None where something else reads a scale or zero point."""
        for place, node in enumerate(self.network.nodes):
            if not self._is_undone(place, node):
                self._keep(place, node)
        outputs = self._all_read(self.network.outputs)
        names = {name for node in self.nodes for name in (*node.inputs, *node.outputs) if name}
        if any(name in self.scales for name in (*names, *outputs)):
            return None
        values = {name: self._value(name) for name in names.union(self.network.inputs, outputs)}
        plain = Network(values, tuple(self.nodes), self.network.inputs, outputs, opset=self.network.opset)
        return Unquantized(plain, tuple(tuple(sorted({*places})) for places in self.stands))

    def _is_undone(self, place: int, node: Node) -> bool:
        """Take away a node that only turns numbers into few bits or back."""
        bare, inputs = _bare(node.op), node.inputs
        if not inputs or not inputs[0] or not node.outputs:
            return False
        if bare in _PAIRS:
            self.scales |= {name: [] for name in node.outputs[1:]}
            if bare == "DequantizeLinear":
                self.types[node.outputs[0]] = self._type(inputs[0])
                self.integers.add(inputs[0])
            self._drop(place, node, inputs[0])
        elif bare == "Cast" and inputs[0] in self.products:
            self.products.add(node.outputs[0])
            self._drop(place, node, inputs[0])
        elif bare == "Mul" and len(inputs) == 2 and not self.products.isdisjoint(inputs):
            product, scale = sorted(inputs, key=lambda name: name not in self.products)
            if scale not in self.scales:
                return False
            self._drop(place, node, product)
            self._stand_for(self.same.get(product, product), self.scales[scale])
        elif bare == "Mul" and any(name in self.scales for name in inputs):
            places = [p for name in inputs for p in self.scales.get(name, [])]
            self.scales[node.outputs[0]] = [*places, place]
        else:
            return False
        return True

    def _drop(self, place: int, node: Node, shown: str) -> None:
        source = self.same.get(shown, shown)
        self.same[node.outputs[0]] = source
        if not self.network.values[source].constant:
            self._stand_for(source, [place])

    def _stand_for(self, source: str, places: list[int]) -> None:
        if source in self.writer:
            self.stands[self.writer[source]] += places
        else:
            self.waiting.setdefault(source, []).extend(places)

    def _keep(self, place: int, node: Node) -> None:
        bare = _bare(node.op)
        op, positions = _PLAIN.get(bare, (node.op, tuple(range(len(node.inputs)))))
        if bare == "QLinearConcat":
            op, positions = "Concat", tuple(range(2, len(node.inputs), 3))
        inputs = [node.inputs[p] for p in positions if p < len(node.inputs)]
        if op != node.op:
            given = filter(None, inputs[:3])
            self.integers.update(name for name in given if self.network.values[name].dtype == "int32")
        if bare in _INTEGERS and node.outputs:
            self.products.add(node.outputs[0])
            self.integers.add(node.outputs[0])
        if bare == "DynamicQuantizeLSTM":
            self.turned.update(inputs[1:3])
        place_of_sum = _BIAS.get(bare, len(node.inputs))
        added = node.inputs[place_of_sum] if node.outputs and place_of_sum < len(node.inputs) else ""
        outputs = (node.outputs[0] + _BEFORE,) if added else node.outputs
        self._add(place, Node(op, self._all_read(inputs), outputs, node.attributes, node.part))
        if added:
            sides = (*outputs, *self._all_read([added]))
            self._add(place, Node("Add", sides, node.outputs, {}, node.part))

    def _add(self, place: int, node: Node) -> None:
        self.writer |= dict.fromkeys(node.outputs, len(self.nodes))
        self.nodes.append(node)
        self.stands.append([place])
        for name in node.inputs:
            self.stands[-1] += self.waiting.pop(name, [])

    def _all_read(self, names: Sequence[str]) -> tuple[str, ...]:
        """Names in the plain network of what is read, of which the types are kept in mind."""
        for name in filter(None, names):
            self.kinds.setdefault(self.same.get(name, name), set()).add(self._type(name))
        return tuple(self.same.get(name, name) for name in names)

    def _type(self, name: str) -> str:
        """Type in which a value lies in memory where it is read."""
        return self.types.get(name, self.network.values[name].dtype)

    def _value(self, name: str) -> Value:
        """A value of the plain network."""
        value = replace(self.network.values[name.removesuffix(_BEFORE)], name=name)
        if name in self.turned and len(value.shape or ()) > 1:
            *first, rows, columns = value.dims
            value = replace(value, shape=(*first, columns, rows))
        kinds = self.kinds.get(name, set())
        if self.narrow and len(kinds) == 1 and name not in self.network.inputs:
            return replace(value, dtype=next(iter(kinds)))
        return replace(value, dtype="float32", data=None) if name in self.integers else value


def _bare(op: str) -> str:
    """An operator's name without its domain, where that is ONNX Runtime's."""
    return op.removeprefix("com.microsoft::")
