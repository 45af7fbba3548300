"""What is done element by element, with the number formats that autocast and promotion give."""

from __future__ import annotations

from dataclasses import replace

from archcast.core.network import Node
from archcast.featurize.launches.steps import FULL, Launches, Tensor
from archcast.featurize.launches.strides import contiguous, dense_like
from archcast.featurize.launches.views import launches
from archcast.featurize.operators.elementwise import ACTIVATIONS, MANY, ONE

CURVED = frozenset(
    {
        *("Sigmoid", "Tanh", "Gelu", "Swish", "Mish", "Softplus", "Erf", "Exp", "Log", "Sqrt", "Pow", "Div"),
        *("Sin", "Cos", "Elu", "Celu", "Selu", "Reciprocal", "Acos", "Asin", "Atan", "Tan", "Sinh", "Cosh"),
    }
)
"""Operators that take more than a few additions and products an element."""
_RAISED = frozenset(
    {
        *("Pow", "Exp", "Log", "Reciprocal", "Softplus", "Acos", "Asin", "Cosh", "Sinh", "Tan"),
    }
)
"""Which autocast runs in single precision."""
_KINDS = {"Add": "add", "Sum": "add", "Mul": "multiply"}
_ACTIVATIONS = frozenset({*ACTIVATIONS, "PRelu"})
_BOOLEAN = frozenset({"Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor", "Not"})


@launches(*ACTIVATIONS, *ONE, *MANY, "Add", "Sum", "Mul", "PRelu")
def pointwise(run: Launches, node: Node) -> None:
    """One pass over all operands."""
    name, op = node.outputs[0], node.op
    if op == "Sigmoid" and (gate := _gated(run, node)) is not None:
        run.done.add(gate)
        name = run.network.nodes[gate].outputs[0]
    operands = run.operands(node)
    if not operands:
        operands = [run.tensor(n) for n in node.inputs if n][:1]
    if op in _RAISED:
        operands = [run.raised(t, node) for t in operands]
    made = result(run, name, operands)
    if op in _BOOLEAN:
        made = replace(made, width=1, floating=False)
    kind = "activation" if op in _ACTIVATIONS else _KINDS.get(op, "elementwise")
    run.show(name, run.launch(kind, node, operands, made, curved=op in CURVED))


def result(run: Launches, name: str, operands: list[Tensor]) -> Tensor:
    """What operands give together: the widest of those with axes, laid out as the first of full size."""
    value = run.network.values[name]
    rank = len(value.dims)
    axes = {t.axis + rank - len(t.dims) for t in operands if t.axis >= 0}
    axis = min(axes) if axes else -1
    dims = run.batched(value.dims, axis)
    full = next((t for t in operands if t.dims == dims), None)
    strides = dense_like(dims, full.strides) if full is not None else contiguous(dims)
    floating = value.dtype.startswith(("float", "bfloat", "complex"))
    widths = [t.width for t in operands if t.floating and t.dims] or [t.width for t in operands if t.floating]
    width = max(widths, default=run.stored) if floating else FULL
    return Tensor(name, dims, strides, axis, width, floating)


def _gated(run: Launches, node: Node) -> int | None:
    """The product of a value and its own sigmoid, which PyTorch runs as one."""
    reader = run.sole_reader(node.outputs[0])
    if reader is None:
        return None
    follows = run.network.nodes[reader]
    ours = {node.inputs[0], node.outputs[0]}
    return reader if follows.op == "Mul" and set(follows.inputs) == ours else None
