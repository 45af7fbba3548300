"""What the kernels of a network of any form give an accelerator to do.

A convolution has the loops that it is counted by, an asymmetric padding as part of its map; one of more than
two dimensions or of unequal strides is the matrix product that it unfolds to, a transposed one the product
whose results are added up. A product of two activations takes the second one as weights. What has no
multiply-adds is a window, a sum, or a copy of the larger of what it reads and writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from archcast.collect.estimate.kernel_rules import free_note, moved_note, priced_kernels
from archcast.collect.estimate.work import CONV, ELEMENTWISE, LINEAR, WINDOW, Shape, Work
from archcast.core.errors import InputError
from archcast.core.network import Network, Node, Value
from archcast.featurize.kernels import Kernel
from archcast.featurize.operators import Loops

UNFOLDED = "priced as the matrix product that it unfolds to"
AT_ONCE = "its steps are priced as if they were done at once"


@dataclass(frozen=True, slots=True)
class KernelWork:
    """A kernel, its pieces of work with how often each is done, and what must be known of them."""

    kernel: Kernel
    works: tuple[tuple[Work, int], ...]
    note: str = ""


def kernel_works(
    network: Network, conventions: Mapping[str, str], *, refused_by: str = ""
) -> list[KernelWork]:
    """Work of each kernel; of what conventions do not name, and of what is not understood, the data it moves.

    Args:
        refused_by: the target that refuses such kernels instead, of networks that a space writes, whose
            operators are whole; empty for none.

    Raises:
        InputError: a shape is not known, or a kernel is refused; names the node.
    """
    priced = priced_kernels(network, conventions, written_out=not refused_by)
    return [_of(kernel, network, conventions, refused_by) for kernel in priced]


def _of(kernel: Kernel, network: Network, conventions: Mapping[str, str], refused_by: str) -> KernelWork:
    if note := free_note(kernel, conventions):
        return KernelWork(kernel, (), note)
    if note := moved_note(kernel, conventions):
        if refused_by:
            raise _refused(kernel, refused_by)
        return KernelWork(kernel, _copy(kernel, network), note)
    if kernel.kind == "batch_norm":
        return KernelWork(kernel, _scale(kernel, network), "not after a convolution")
    if kernel.macs:
        return _products(kernel, network)
    return KernelWork(kernel, _unweighted(kernel, network, conventions))


def _refused(kernel: Kernel, target: str) -> InputError:
    where = f"node {kernel.nodes[0]}, {kernel.part}" if kernel.part else f"node {kernel.nodes[0]}"
    operators = "+".join(kernel.operators)
    return InputError(
        f"{target} does not price the operator {operators} ({where}): "
        f"its conventions do not name {kernel.kind}"
    )


def _scale(kernel: Kernel, network: Network) -> tuple[tuple[Work, int], ...]:
    """A factor for each channel."""
    shape = folded(network.values[network.nodes[kernel.nodes[-1]].outputs[0]].dims)
    return ((Work(CONV, shape, shape, groups=shape[0]), 1),)


def _products(kernel: Kernel, network: Network) -> KernelWork:
    works: list[tuple[Work, int]] = []
    notes: dict[str, None] = {}
    for c in kernel.inside:
        for loops in c.work.loops:
            work, times, note = _product(c.node, c.work.kind, loops, network.values)
            works.append((work, times * c.times))
            notes |= dict.fromkeys([note] if note else [])
        if c.work.macs and not c.work.loops:  # counted without loops, as a Fourier transform is
            works.append((Work(LINEAR, (1, 1, 1), (c.work.macs, 1, 1)), c.times))
    return KernelWork(kernel, tuple(works), "; ".join(notes))


def _product(node: Node, kind: str, loops: Loops, values: Mapping[str, Value]) -> tuple[Work, int, str]:
    """A piece of work, how often it is done, and what must be known of it."""
    inputs, outputs, rows = loops.inputs, loops.outputs, loops.batch
    if not loops.size:
        return _matrix(rows, loops.groups, inputs, outputs), 1, AT_ONCE if kind == "recurrent" else ""
    rows *= prod(loops.size)
    if kind == "conv_transposed":
        return _matrix(rows, loops.groups, inputs, outputs * prod(loops.kernel)), 1, ""
    if len(loops.size) > 2 or len({*loops.strides}) > 1 or len({*loops.dilations}) > 1:
        return _matrix(rows, loops.groups, inputs * prod(loops.kernel), outputs), 1, UNFOLDED
    return _convolution(node, loops, values.get(node.inputs[0])), loops.batch, ""


def _matrix(rows: int, groups: int, inputs: int, outputs: int) -> Work:
    """A product of `rows` rows; several rows are a 1x1 convolution over as many places."""
    if rows == groups == 1:
        return Work(LINEAR, (inputs, 1, 1), (outputs, 1, 1))
    return Work(CONV, (inputs * groups, rows, 1), (outputs * groups, rows, 1), groups=groups)


def _convolution(node: Node, loops: Loops, read: Value | None) -> Work:
    """One image's; over one dimension it has a height of one."""
    stride, dilation = loops.strides[0], loops.dilations[0]
    size, kernel = _flat(loops.size), _flat(loops.kernel)
    pads = node.attributes.get("pads", (0,) * 2 * len(loops.kernel))
    even = isinstance(pads, tuple) and len({*pads}) == 1 and "auto_pad" not in node.attributes
    if even and len(loops.size) == 2 and read is not None and isinstance(pads, tuple):
        height, width = read.dims[2:]
        padding = pads[0] if isinstance(pads[0], int) else 0
    else:
        height, width = (
            (out - 1) * stride + (window - 1) * dilation + 1 for out, window in zip(size, kernel, strict=True)
        )
        padding = 0
    channels = loops.inputs * loops.groups, loops.outputs * loops.groups
    shapes = (channels[0], height, width), (channels[1], *size)
    return Work(CONV, *shapes, kernel, stride, loops.groups, padding, dilation)


def _flat(sides: tuple[int, ...]) -> tuple[int, int]:
    """Height and width; the height of one dimension is one."""
    return (1 if len(sides) < 2 else sides[-2]), sides[-1]


def _unweighted(
    kernel: Kernel, network: Network, conventions: Mapping[str, str]
) -> tuple[tuple[Work, int], ...]:
    """Work of what its conventions name and has no multiply-adds, or is data moved by what it is."""
    node = network.nodes[kernel.nodes[-1]]
    shape = folded(network.values[node.outputs[0]].dims)
    kind, choice = kernel.kind, conventions.get(kernel.kind)
    if kind in ("pool", "global_pool") and len(kernel.nodes) == 1:
        return _pool(node, network, dense=choice == "dense")
    if kind == "add":
        return ((Work(ELEMENTWISE, shape, shape), max(len(node.inputs) - 1, 1)),)
    if kind == "multiply":
        return _scale(kernel, network)
    moving = [name for name in node.inputs if name and not network.values[name].constant]
    if kind == "elementwise" and len(moving) > 1:
        return ((Work(ELEMENTWISE, shape, shape), len(moving) - 1),)
    return _copy(kernel, network)


def _pool(node: Node, network: Network, *, dense: bool) -> tuple[tuple[Work, int], ...]:
    """A window over every channel of every image, or over what is read where it is of no two dimensions."""
    read, written = (network.values[name].dims for name in (node.inputs[0], node.outputs[0]))
    shapes = folded(read), folded(written)
    given = node.attributes.get("kernel_shape")
    if not isinstance(given, tuple):
        return ((Work(WINDOW, shapes[0], (shapes[0][0], 1, 1), shapes[0][1:], max(shapes[0][1:])), 1),)
    window = tuple(side for side in given if isinstance(side, int))
    strides = node.attributes.get("strides", (1,) * len(window))
    if len(window) != 2 or not isinstance(strides, tuple) or len({*strides}) > 1:
        return ((Work(WINDOW, shapes[1], shapes[1], (prod(window), 1)), 1),)
    stride = strides[0] if isinstance(strides[0], int) else 1
    (channels, *size), times = shapes[1], read[0]
    padded = [(out - 1) * stride + side for out, side in zip(size, window, strict=True)]
    padding = max((padded[0] - shapes[0][1] + 1) // 2, 0)
    if dense:
        each = channels // times
        shapes = (each, *shapes[0][1:]), (each, *shapes[1][1:])
        return ((Work(CONV, *shapes, (window[0], window[1]), stride, padding=padding), times),)
    return ((Work(WINDOW, *shapes, (window[0], window[1]), stride, padding=padding), 1),)


def _copy(kernel: Kernel, network: Network) -> tuple[tuple[Work, int], ...]:
    """One pass over the largest of what a kernel reads and writes; none where nothing of it is known."""
    nodes = [network.nodes[place] for place in kernel.nodes]
    outputs = {name for node in nodes for name in node.outputs}
    sides = [*nodes[-1].outputs]
    if kernel.read > kernel.written:
        sides += [name for node in nodes for name in node.inputs if name and name not in outputs]
    values = [network.values[name] for name in sides if name and not network.values[name].constant]
    largest = max((v for v in values if v.is_bound), key=lambda v: v.elements, default=None)
    if largest is None or not largest.elements:
        return ()
    shape = folded(largest.dims)
    return ((Work(WINDOW, shape, shape), 1),)


def folded(dims: tuple[int, ...]) -> Shape:
    """A tensor as channels, height and width: maps of all images as channels, tokens as places of a map."""
    if len(dims) > 3:
        return (prod(dims[:-2]), dims[-2], dims[-1])
    return (dims[-1], prod(dims[:-1]), 1) if dims else (1, 1, 1)
