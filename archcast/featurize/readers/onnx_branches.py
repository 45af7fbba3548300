"""`If` nodes whose condition is known: the branch that is taken stands in their place.

Exporters leave such nodes where a program asked for a shape; once the shapes are bound, the answer is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archcast.featurize.readers.onnx_fold import elements, has_elements


def take_branches(graph: Any) -> int:
    """Put branches in the place of nodes whose condition is a constant, in place; how many nodes went."""
    known = {tensor.name: tensor for tensor in graph.initializer if has_elements(tensor)}
    if not any(_is_told(node, known) for node in graph.node):
        return 0
    there = {name for node in graph.node for name in node.output}
    there.update(value.name for value in (*graph.input, *graph.initializer))
    nodes, taken = [], 0
    for node in graph.node:
        if not _is_told(node, known):
            nodes.append(_copied(node, {}))
            continue
        taken += 1
        holds = bool(elements(known[node.input[0]]).reshape(-1)[0])
        wanted = "then_branch" if holds else "else_branch"
        branch = next(a.g for a in node.attribute if a.name == wanted)
        names = _names(branch, node, there)
        there.update(names.get(name, name) for name in _made(branch))
        for tensor in branch.initializer:
            graph.initializer.add().CopyFrom(tensor)
            graph.initializer[-1].name = names.get(tensor.name, tensor.name)
        nodes += [_copied(inner, names) for inner in branch.node]
        nodes += _shown(branch, node, names)
    del graph.node[:]
    graph.node.extend(nodes)
    return taken


def _is_told(node: Any, told: Mapping[str, Any]) -> bool:
    if node.op_type != "If" or node.domain not in ("", "ai.onnx") or not node.input:
        return False
    condition = told.get(node.input[0])
    branches = {a.name: a.g for a in node.attribute if a.HasField("g")}
    return (
        condition is not None
        and elements(condition).size == 1
        and {*branches} == {"then_branch", "else_branch"}
        and all(len(branch.output) == len(node.output) for branch in branches.values())
    )


def _made(branch: Any) -> list[str]:
    """Names that a branch gives to what it writes and holds."""
    written = [name for inner in branch.node for name in inner.output if name]
    return written + [tensor.name for tensor in branch.initializer]


def _names(branch: Any, node: Any, there: set[str]) -> dict[str, str]:
    """New names of what a branch writes: its outputs are the node's, others are told apart where need be."""
    names = {name: f"{node.output[0]}/{name}" for name in _made(branch) if name in there}
    written = {name for inner in branch.node for name in inner.output}
    outputs: dict[str, str] = {}
    for value, output in zip(branch.output, node.output, strict=True):
        if output and value.name in written:
            outputs.setdefault(value.name, output)
    return names | outputs


def _shown(branch: Any, node: Any, names: Mapping[str, str]) -> Iterator[Any]:
    """Nodes that show as the node's outputs what its branch does not write under that name."""
    from onnx import helper

    for value, output in zip(branch.output, node.output, strict=True):
        name = names.get(value.name, value.name)
        if output and name != output:
            yield helper.make_node("Identity", [name], [output])


def _copied(node: Any, names: Mapping[str, str]) -> Any:
    """A copy of a node under other names, also inside its own sub-graphs."""
    copy = type(node)()
    copy.CopyFrom(node)
    if names:
        _rename(copy, names)
    return copy


def _rename(node: Any, names: Mapping[str, str]) -> None:
    for side in (node.input, node.output):
        for place, name in enumerate(side):
            side[place] = names.get(name, name)
    for attribute in node.attribute:
        for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
            for inner in graph.node:
                _rename(inner, names)
            for value in graph.output:
                value.name = names.get(value.name, value.name)
