"""Views, which launch nothing where strides can tell them, and copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import TypeAlias

from archcast.core.network import Node
from archcast.featurize.launches.steps import Launches, Tensor
from archcast.featurize.launches.strides import Dims, contiguous, dense_like, permuted, viewed

Launch: TypeAlias = Callable[[Launches, Node], None]
LAUNCHES: dict[str, Launch] = {}
"""By operator."""


def launches(*names: str) -> Callable[[Launch], Launch]:
    """Decorator: a function that notes what the operators named launch."""

    def register(launch: Launch) -> Launch:
        LAUNCHES.update(dict.fromkeys(names, launch))
        return launch

    return register


@launches("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(run: Launches, node: Node) -> None:
    """The same elements under another shape; a copy where strides cannot tell it."""
    wanted = run.network.values[node.outputs[0]].dims
    run.show(node.outputs[0], reshaped(run, run.tensor(node.inputs[0]), wanted, node))


def reshaped(run: Launches, tensor: Tensor, wanted: Dims, node: Node) -> Tensor:
    """A tensor under another shape, told with one item."""
    axis = _axis_of_items(tensor, wanted)
    dims = run.batched(wanted, axis)
    strides = viewed(tensor.dims, tensor.strides, dims)
    if strides is None:
        tensor = run.copied(tensor, node)
        strides = contiguous(dims)
    return replace(tensor, dims=dims, strides=strides, axis=axis)


def _axis_of_items(tensor: Tensor, wanted: Dims) -> int:
    if tensor.axis <= 0:
        return tensor.axis if wanted else -1
    before, total = prod(tensor.dims[: tensor.axis]), 1
    for axis, size in enumerate(wanted):
        if total == before:
            return axis
        total *= size
        if total > before:
            return axis
    return max(len(wanted) - 1, 0)


@launches("Transpose")
def transpose(run: Launches, node: Node) -> None:
    """Axes in another order."""
    tensor = run.tensor(node.inputs[0])
    default = tuple(range(len(tensor.dims)))[::-1]
    order = tuple(int(a) for a in node.attributes.get("perm", default))  # type: ignore[union-attr]
    axis = order.index(tensor.axis) if tensor.axis >= 0 else -1
    run.show(
        node.outputs[0],
        replace(
            tensor, dims=permuted(tensor.dims, order), strides=permuted(tensor.strides, order), axis=axis
        ),
    )


@launches("Identity", "Dropout")
def same(run: Launches, node: Node) -> None:
    """The data itself; what is recorded so is a copy into rows."""
    run.show(node.outputs[0], run.rows(run.tensor(node.inputs[0]), node))


@launches("Expand")
def expand(run: Launches, node: Node) -> None:
    """Axes of one place repeated, by a stride of 0; a number everywhere is written."""
    wanted = run.network.values[node.outputs[0]].dims
    given = run.network.values[node.inputs[0]]
    if given.data is not None and given.elements == 1:
        made = run.fresh(node.outputs[0], wanted, -1, given.dtype)
        run.show(node.outputs[0], run.launch("copy", node, [], made))
        return
    tensor = run.tensor(node.inputs[0])
    lead = len(wanted) - len(tensor.dims)
    axis = tensor.axis + lead if tensor.axis >= 0 else -1
    dims = run.batched(wanted, axis)
    strides = [0] * lead + [
        0 if have == 1 and want != 1 else stride
        for have, want, stride in zip(tensor.dims, dims[lead:], tensor.strides, strict=True)
    ]
    run.show(node.outputs[0], replace(tensor, dims=dims, strides=tuple(strides), axis=axis))


@launches("Slice", "Split")
def part(run: Launches, node: Node) -> None:
    """Parts by an offset; a step other than 1 is told by the strides as well."""
    tensor = run.tensor(node.inputs[0])
    for name in node.outputs:
        if not name:
            continue
        dims = run.batched(run.network.values[name].dims, tensor.axis)
        strides = tensor.strides
        if node.op == "Slice" and len(node.inputs) > 4:
            steps = run.network.values[node.inputs[4]].data or ()
            if any(isinstance(s, int) and s < 0 for s in steps):  # torch.flip writes
                made = replace(tensor, source=name, dims=dims, strides=dense_like(dims, strides))
                run.show(name, run.launch("copy", node, [tensor], replace(made, constant=False)))
                continue
        run.show(name, replace(tensor, dims=dims, strides=strides))


@launches("Gather")
def gather(run: Launches, node: Node) -> None:
    """One place along an axis is a view; places from a table are written."""
    index = run.network.values[node.inputs[1]]
    tensor = run.tensor(node.inputs[0])
    name = node.outputs[0]
    axis = int(node.attributes.get("axis", 0)) % max(len(tensor.dims), 1)  # type: ignore[arg-type]
    if index.shape == () and index.data is not None:
        items = tensor.axis - (axis < tensor.axis) if tensor.axis != axis else -1
        dims = tensor.dims[:axis] + tensor.dims[axis + 1 :]
        strides = tensor.strides[:axis] + tensor.strides[axis + 1 :]
        run.show(name, replace(tensor, dims=dims, strides=strides, axis=items))
        return
    places = run.tensor(node.inputs[1])
    wanted = run.network.values[name].dims
    items = tensor.axis if tensor.axis >= 0 else places.axis
    if items > axis and tensor.axis >= 0:
        items += len(places.dims) - 1
    made = run.fresh(name, run.batched(wanted, items), items, "float32", tensor.width)
    read = replace(tensor, dims=made.dims, strides=contiguous(made.dims), axis=items)
    run.show(name, run.launch("gather", node, [read], replace(made, floating=tensor.floating)))
