"""Normalisation, softmax, reductions, pools, maps of other sizes, and all else that is one pass."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from archcast.core.network import Node
from archcast.featurize.launches.steps import FULL, Launches, Shape, Tensor
from archcast.featurize.launches.strides import channels_last, contiguous
from archcast.featurize.launches.views import launches
from archcast.featurize.operators.base import OPERATORS

_NORMS = {
    "LayerNormalization": "layer_norm",
    "GroupNormalization": "group_norm",
    "RMSNormalization": "rms_norm",
    "InstanceNormalization": "norm",
}
_RAISED = frozenset(
    {"ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "CumSum", "CumProd"}
)
_FUSIBLE = frozenset({"copy", "elementwise", "gather", "shuffle", "random", "zero"})


@launches("LayerNormalization", "GroupNormalization", "RMSNormalization", "InstanceNormalization")
def norm(run: Launches, node: Node) -> None:
    """Rows one after another, in single precision under autocast."""
    data, *others = run.operands(node)
    if node.op != "InstanceNormalization":
        data = run.raised(data, node)
        others = [run.raised(t, node) for t in others]
    if not (node.op == "GroupNormalization" and data.last):
        data = run.rows(data, node)
    name = node.outputs[0]
    made = replace(data, source=name, constant=False)
    length = _length(node, data)
    shape: Shape = (0, length, 0, prod(data.dims) // max(length, 1), 0, 0)
    run.show(name, run.launch(_NORMS[node.op], node, [data, *others], made, shape=shape, last=data.last))


def _length(node: Node, data: Tensor) -> int:
    """Elements that are normalised together."""
    axis = node.attributes.get("axis")
    if isinstance(axis, int):
        return prod(data.dims[axis:])
    groups = node.attributes.get("num_groups")
    per_item = prod(data.dims[1:])
    return per_item // groups if isinstance(groups, int) else per_item // max(data.dims[1], 1)


@launches("Softmax", "LogSoftmax")
def softmax(run: Launches, node: Node) -> None:
    """Reads what there is and writes single precision under autocast."""
    data = run.rows(run.tensor(node.inputs[0]), node)
    width = FULL if run.autocast and not run.exact(node) else data.width
    made = replace(data, source=node.outputs[0], width=width, constant=False)
    axis = node.attributes.get("axis", -1)
    length = data.dims[axis] if isinstance(axis, int) and data.dims else 1
    shape: Shape = (0, length, 0, prod(data.dims) // max(length, 1), 0, 0)
    run.show(node.outputs[0], run.launch("softmax", node, [data], made, shape=shape, curved=True))


@launches(
    *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin"),
    *("ReduceProd", "ReduceSum", "ReduceSumSquare", "GlobalAveragePool", "GlobalMaxPool"),
    *("ArgMax", "ArgMin", "CumSum"),
)
def reduction(run: Launches, node: Node) -> None:
    """Over some axes; sums are of single precision under autocast, a variance is one pass."""
    data = run.tensor(node.inputs[0])
    name = node.outputs[0]
    for place in _variance(run, node):
        run.done.add(place)
        name = run.network.nodes[place].outputs[0]
    value = run.network.values[name]
    kept = len(value.dims) == len(data.dims)
    axis = data.axis if kept or data.axis <= 0 else _left(node, run, data)
    made = run.fresh(name, run.batched(value.dims, axis), axis, value.dtype, data.width)
    if run.autocast and node.op in _RAISED:
        made = replace(made, width=FULL)
    length = max(prod(data.dims) // max(prod(made.dims), 1), 1)
    shape: Shape = (0, length, 0, prod(made.dims), 0, 0)
    kind = OPERATORS[node.op].work(node, run.network.values).kind
    run.show(name, run.launch(kind, node, [data], made, shape=shape, last=data.last))


def _variance(run: Launches, node: Node) -> list[int]:
    """The nodes after a mean that make a variance of it: differences, their squares, the mean of those."""
    places: list[int] = []
    data, name = node.inputs[0], node.outputs[0]
    for op, inputs in (("Sub", {data, name}), ("Mul", None), ("ReduceMean", None)):
        place = run.sole_reader(name) if node.op == "ReduceMean" else None
        if place is None or run.network.nodes[place].op != op:
            return []
        reader = run.network.nodes[place]
        if not set(reader.inputs[: 2 if op != "ReduceMean" else 1]) <= (inputs or {name}):
            return []
        places.append(place)
        name = reader.outputs[0]
    return places


def _left(node: Node, run: Launches, data: Tensor) -> int:
    """The axis of items once the reduced ones are gone."""
    axes = run.network.values[node.inputs[1]].data if len(node.inputs) > 1 else ()
    gone = [int(a) % len(data.dims) for a in axes or ()]
    return data.axis - sum(a < data.axis for a in gone)


@launches("BatchNormalization", "MaxPool", "AveragePool", "Resize")
def mapwise(run: Launches, node: Node) -> None:
    """Map in, map out, in the format and layout it comes in."""
    operands = run.operands(node)
    data = operands[0]
    if not data.last:
        data = run.rows(data, node)
    name = node.outputs[0]
    dims = run.batched(run.network.values[name].dims, data.axis)
    strides = channels_last(dims) if data.last and len(dims) == 4 else contiguous(dims)
    made = Tensor(name, dims, strides, data.axis, data.width, data.floating)
    kind = OPERATORS[node.op].work(node, run.network.values).kind
    if node.op == "Resize" and node.attributes.get("mode") != "nearest" and not data.last:
        kind = "resize_serial"
    shape: Shape = (dims[1] if len(dims) > 1 else 0, 0, 0, prod(dims[2:]), _window(node), 0)
    operands[0] = data
    run.show(name, run.launch(kind, node, operands, made, shape=shape, last=data.last))


def _window(node: Node) -> int:
    kernel = node.attributes.get("kernel_shape", ())
    return prod(kernel) if isinstance(kernel, tuple) else 0  # type: ignore[arg-type]


@launches("Concat")
def concat(run: Launches, node: Node) -> None:
    """One after another, in the widest format."""
    operands = [run.tensor(name) for name in node.inputs if name]
    axis = next((t.axis for t in operands if t.axis >= 0), -1)
    name = node.outputs[0]
    dims = run.batched(run.network.values[name].dims, axis)
    last = len(dims) == 4 and all(t.last for t in operands if len(t.dims) == 4)
    made = Tensor(
        name,
        dims,
        channels_last(dims) if last else contiguous(dims),
        axis,
        max((t.width for t in operands), default=run.stored),
        any(t.floating for t in operands),
    )
    run.show(name, run.launch("concat", node, operands, made, last=last))


def whole(run: Launches, node: Node) -> None:
    """An operator of no rule: its inputs read, its outputs written."""
    operands = run.operands(node)
    values = run.network.values
    work = OPERATORS[node.op].work(node, values) if node.op in OPERATORS else None
    axis = 0 if any(t.axis >= 0 for t in operands) else -1
    width = max((t.width for t in operands if t.floating), default=run.stored)
    kind = work.kind if work is not None else "unknown"
    for place, name in enumerate(n for n in node.outputs if n):
        dtype = values[name].dtype
        made = run.fresh(name, run.batched(values[name].dims, axis), axis, dtype)
        made = replace(made, width=width) if made.floating else made
        if kind == "view" or place:
            run.show(name, made)
            continue
        macs = work.macs if work is not None else 0
        run.show(name, run.launch(kind, node, operands, made, macs=macs, outside=kind not in _FUSIBLE))
