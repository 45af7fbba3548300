"""Attention of more than four axes, which PyTorch takes apart itself: queries and keys scaled by the same
number, a product, perhaps a mask, a softmax and a product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archcast.core.network import Network, Node

_VIEWS = frozenset({"Reshape", "Transpose", "Squeeze", "Unsqueeze", "Expand", "Identity"})


def exact_nodes(network: Network) -> frozenset[int]:
    """Ids of the products and softmaxes of such attention."""
    if not any(node.op == "Softmax" for node in network.nodes):
        return frozenset()
    writer = {name: node for node in network.nodes for name in node.outputs}
    readers: dict[str, list[Node]] = {}
    for node in network.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    exact: set[int] = set()
    for node in network.nodes:
        if node.op == "Softmax":
            scores = _scores(network, writer, node.inputs[0])
            if scores is not None:
                exact.update((id(scores), id(node)))
                exact.update(id(n) for n in _following(readers, node.outputs[0]))
    return frozenset(exact)


def _scores(network: Network, writer: Mapping[str, Node], name: str) -> Node | None:
    """The product of scaled queries and keys that a value is, through views and a mask."""
    node = _through(writer, name)
    if node is not None and node.op == "Add":
        node = _through(writer, node.inputs[0])
    if node is None or node.op != "MatMul":
        return None
    factors = [_factor(network, _through(writer, operand)) for operand in node.inputs]
    return node if factors[0] is not None and factors[0] == factors[1] else None


def _through(writer: Mapping[str, Node], name: str) -> Node | None:
    """The node that wrote what views show."""
    node = writer.get(name)
    while node is not None and node.op in _VIEWS:
        node = writer.get(node.inputs[0])
    return node


def _factor(network: Network, node: Node | None) -> object:
    """The number by which a node multiplies."""
    if node is None or node.op != "Mul":
        return None
    numbers = [network.values[name].data for name in node.inputs if network.values[name].data is not None]
    return numbers[0] if numbers else None


def _following(readers: Mapping[str, list[Node]], name: str) -> Iterator[Node]:
    """The products that read a value through views."""
    for node in readers.get(name, []):
        if node.op == "MatMul":
            yield node
        elif node.op in _VIEWS:
            yield from _following(readers, node.outputs[0])
