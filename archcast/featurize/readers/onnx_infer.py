"""Shapes of an ONNX model's values: by ONNX's own rules, and where they stop by those here.

ONNX stops at integers that it cannot follow (a shape divided by two) and at operators of other domains. So
its inference alternates with steps: `fold` works out small constants, `foreign_shapes` gives shapes of
operators that ONNX does not know, `take_branches` takes branches whose condition is then known, `name_counts`
names or binds what depends on data; until no step learns anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from archcast.core.errors import InputError
from archcast.featurize.readers.onnx_branches import take_branches
from archcast.featurize.readers.onnx_counts import name_counts
from archcast.featurize.readers.onnx_fold import fold, mark_constants
from archcast.featurize.readers.onnx_foreign import foreign_shapes

_ROUNDS = 64
_STAND_INS = {
    "GroupNormalization": "InstanceNormalization",
    "MeanVarianceNormalization": "Identity",
    "GreaterOrEqual": "Greater",
    "LessOrEqual": "Less",
}
"""Operators whose shapes ONNX loses while it follows integers, and operators of the same shapes."""
_LEFT_OUT = "Data size mismatch"
"""What ONNX says where it follows integers to a constant without its elements."""
_MEANT = "archcast_meant"


def infer(model: Any, counts: Mapping[str, int] | None = None, *, stated: bool = False) -> Any:
    """The model with a value_info for every value whose shape can be known; `model` may be changed.

    Args:
        counts: how many elements operators find whose number depends on data; open where it is not said.
        stated: whether what the model says of foreign operators' outputs holds, as no input was bound since.

    Raises:
        InputError: shapes contradict each other or an operator's rules; names the node.
    """
    said = {value.name: _copy(value) for value in model.graph.value_info}
    _forget(model.graph)
    if stated:
        foreign = {name for node in model.graph.node if node.domain for name in node.output}
        model.graph.value_info.extend(value for name, value in said.items() if name in foreign)
    _name_domains(model)
    mark_constants(graphs_of(model.graph))
    _stand_in(model.graph)
    for _ in range(_ROUNDS):
        inferred = _infer(model)
        known = _known(inferred.graph)
        learned = fold(inferred.graph, known) + foreign_shapes(inferred.graph, known)
        learned += take_branches(inferred.graph) + name_counts(graphs_of(inferred.graph), counts or {})
        if not learned:
            break
        model = inferred
    for name, value in said.items():
        if name not in known and _written(inferred.graph, name):
            inferred.graph.value_info.add().CopyFrom(value)
    _take_back(inferred.graph)
    return inferred


def _stand_in(graph: Any) -> None:
    """Put operators of the same shapes in the place of those that ONNX does not follow, marked as such."""
    from onnx import helper

    for within in graphs_of(graph):
        for node in within.node:
            if node.domain in ("", "ai.onnx") and node.op_type in _STAND_INS:
                node.attribute.append(helper.make_attribute(_MEANT, node.op_type))
                node.op_type = _STAND_INS[node.op_type]


def _take_back(graph: Any) -> None:
    """Undo `_stand_in`."""
    for within in graphs_of(graph):
        for node in within.node:
            if node.attribute and node.attribute[-1].name == _MEANT:
                node.op_type = node.attribute[-1].s.decode()
                del node.attribute[-1]


def _infer(model: Any) -> Any:
    import onnx

    try:
        return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        if _LEFT_OUT not in str(error):
            raise InputError(_sentence(str(error))) from error
    except (RuntimeError, ValueError, IndexError, TypeError) as error:  # what its C++ lets through
        raise InputError(f"its shapes cannot be worked out: {_sentence(str(error))}") from error
    return _infer_without_data(model)


def _infer_without_data(model: Any) -> Any:
    """ONNX's inference where it does not follow integers, as it would ones whose elements were left out."""
    import onnx

    try:
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)
    except onnx.shape_inference.InferenceError as error:
        raise InputError(_sentence(str(error))) from error
    except (RuntimeError, ValueError, IndexError, TypeError) as error:  # what its C++ lets through
        raise InputError(f"its shapes cannot be worked out: {_sentence(str(error))}") from error


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _name_domains(model: Any) -> None:
    """State a version of every domain that nodes are of, as exporters of foreign operators forget to."""
    from onnx import helper

    stated = {entry.domain for entry in model.opset_import}
    if "ai.onnx" in stated:
        stated.add("")
    domains = {domain for graph in graphs_of(model.graph) for domain in {node.domain for node in graph.node}}
    model.opset_import.extend(helper.make_opsetid(d, 1) for d in sorted(domains - stated) if d)


def graphs_of(graph: Any) -> Iterator[Any]:
    """A graph and those inside its nodes."""
    yield graph
    for node in graph.node:
        for body in bodies_of(node):
            yield from graphs_of(body)


def _sentence(text: str) -> str:
    """ONNX's message as one sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    kept = [re.sub(r"^\[[A-Za-z]+\]\s*", "", line) for line in lines]
    short = "; ".join(kept)[:400]
    return short or "its shapes cannot be worked out"


def _forget(graph: Any) -> None:
    """Drop what a file says of shapes between inputs and outputs: it holds for the sizes at export alone."""
    del graph.value_info[:]
    for output in graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    for node in graph.node:
        for body in bodies_of(node):
            _forget(body)


def bodies_of(node: Any) -> Iterator[Any]:
    """Sub-graphs of a node."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _known(graph: Any) -> dict[str, Any]:
    """Types of values by name."""
    there = (*graph.value_info, *graph.input, *graph.output)
    return {v.name: v.type for v in there if v.type.WhichOneof("value") is not None}


def _written(graph: Any, name: str) -> bool:
    return any(name in node.output for node in graph.node)
