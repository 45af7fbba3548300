"""Convolutions, matrix products and attention."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from archcast.core.network import Node
from archcast.featurize.launches.pointwise import result
from archcast.featurize.launches.steps import FULL, ITEMS, Launches, Shape, Tensor
from archcast.featurize.launches.strides import channels_last, contiguous, viewed
from archcast.featurize.launches.views import launches, reshaped
from archcast.featurize.operators.attention import attention as attention_work
from archcast.featurize.operators.base import OPERATORS, Loops
from archcast.featurize.operators.matmul import matrices


@launches("Conv", "ConvTranspose", "DeformConv")
def conv(run: Launches, node: Node) -> None:
    """In the layout of the data or weights; the bias is a kernel of its own but for depthwise ones."""
    operands = [run.lowered(t, node) for t in run.operands(node)]
    data, weight, *bias = operands
    last = len(data.dims) == 4 and (data.last or run.maps_last)
    if not run.compiled and not data.last:
        turned = last and prod(data.dims[2:]) > 1
        data = run.copied(data, node, channels_last(data.dims)) if turned else run.rows(data, node)
    name = node.outputs[0]
    dims = run.batched(run.network.values[name].dims, data.axis)
    strides = channels_last(dims) if last else contiguous(dims)
    made = Tensor(name, dims, strides, data.axis, data.width)
    work = OPERATORS[node.op].work(node, run.network.values)
    within = work.kind == "conv_depthwise" and not last and not run.compiled
    fused = within or (run.compiled and not run.program.precision)
    loop = work.loops[0]
    made = run.launch(
        work.kind,
        node,
        [data, weight, *(bias if fused else ())],
        made if fused or not bias else replace(made, source=run.name()),
        outside=True,
        macs=work.macs,
        shape=_shape(loop),
        last=last,
    )
    if bias and not fused:
        made = run.launch("add", node, [made, *bias], replace(made, source=name), last=last)
    run.show(name, made)


def _shape(loop: Loops) -> Shape:
    stride = max(loop.strides, default=1)
    places = loop.batch * prod(loop.size)
    return (loop.groups, loop.inputs, loop.outputs, places, prod(loop.kernel), stride)


@launches("MatMul")
def matmul(run: Launches, node: Node) -> None:
    """By a weight, with the bias that follows, or of two activations."""
    a, b = run.tensor(node.inputs[0]), run.tensor(node.inputs[1])
    if a.axis >= 0 and b.axis < 0 and len(b.dims) == 2:
        linear(run, node, a, b)
    else:
        batched(run, node, a, b)


def linear(run: Launches, node: Node, a: Tensor, weight: Tensor) -> None:
    """Rows times a weight."""
    name, bias, adds = node.outputs[0], None, None
    reader = run.sole_reader(name)
    if reader is not None and (found := _bias(run, reader, name)) is not None:
        bias, adds = run.lowered(run.tensor(found), node), reader
        run.done.add(reader)
        name = run.network.nodes[reader].outputs[0]
    a, weight = run.lowered(a, node), run.lowered(weight, node)
    work = matrices(node, _real(a), _real(weight))
    made = result(run, name, [a])
    made = replace(made, strides=contiguous(made.dims), width=a.width)
    several = len(a.dims) > 3 and run.program.attention == "parts"  # flattened since PyTorch 2.0 only
    fused = bias is None or run.compiled or (a.contiguous and not several)
    made = run.launch(
        "linear",
        node,
        [a, weight, *([bias] if bias is not None and fused else [])],
        made if fused else replace(made, source=run.name()),
        outside=True,
        macs=work.macs,
        shape=(1, work.inputs, work.outputs, work.batch, 1, 1),
    )
    if adds is not None and bias is not None and not fused:
        made = run.launch("add", run.network.nodes[adds], [made, bias], replace(made, source=name))
    run.show(name, made)


def _bias(run: Launches, reader: int, name: str) -> str | None:
    node = run.network.nodes[reader]
    if node.op != "Add":
        return None
    other = node.inputs[1] if node.inputs[0] == name else node.inputs[0]
    value = run.network.values[other]
    return other if value.constant and value.shape is not None and len(value.shape) == 1 else None


def _real(tensor: Tensor) -> tuple[int, ...]:
    """Dimensions for one item."""
    if tensor.axis < 0:
        return tensor.dims
    before, after = tensor.dims[: tensor.axis], tensor.dims[tensor.axis + 1 :]
    return (*before, tensor.dims[tensor.axis] // ITEMS, *after)


def batched(run: Launches, node: Node, a: Tensor, b: Tensor) -> None:
    """A product of many matrices; what lies otherwise than in matrices is copied before."""
    if run.exact(node):
        a, b = run.cast(a, FULL, node), run.cast(b, FULL, node)
    else:
        a, b = run.lowered(a, node), run.lowered(b, node)
    work = matrices(node, _real(a), _real(b))
    a, b = (_as_matrices(run, t, node) for t in (a, b))
    made = result(run, node.outputs[0], [t for t in (a, b) if t.axis >= 0] or [a])
    made = replace(made, strides=contiguous(made.dims), width=a.width)
    shape = (work.groups, work.inputs, work.outputs, work.batch, 1, 1)
    kind = "matmul" if made.axis >= 0 else "linear"
    run.show(node.outputs[0], run.launch(kind, node, [a, b], made, outside=True, macs=work.macs, shape=shape))


def _as_matrices(run: Launches, tensor: Tensor, node: Node) -> Tensor:
    """A tensor that can be told as a row of matrices, each with places of one axis side by side."""
    if len(tensor.dims) < 3:
        return tensor
    wanted = (prod(tensor.dims[:-2]), *tensor.dims[-2:])
    fits = viewed(tensor.dims, tensor.strides, wanted) is not None
    beside = 1 in tensor.strides[-2:]
    return tensor if fits and beside else run.copied(tensor, node)


@launches("Gemm")
def gemm(run: Launches, node: Node) -> None:
    """A matrix by a weight, with a bias."""
    operands = [run.lowered(t, node) for t in run.operands(node)]
    work = OPERATORS[node.op].work(node, run.network.values)
    loop = work.loops[0]
    made = result(run, node.outputs[0], operands[:1])
    made = replace(made, strides=contiguous(made.dims), width=operands[0].width)
    shape = (1, loop.inputs, loop.outputs, loop.batch, 1, 1)
    run.show(
        node.outputs[0],
        run.launch("linear", node, operands, made, outside=True, macs=work.macs, shape=shape),
    )


@launches("Einsum")
def einsum(run: Launches, node: Node) -> None:
    """Two operands brought into matrices and multiplied."""
    operands = [run.lowered(t, node) for t in run.operands(node)]
    work = OPERATORS[node.op].work(node, run.network.values)
    made = result(run, node.outputs[0], [t for t in operands if t.axis >= 0] or operands[:1])
    made = replace(made, strides=contiguous(made.dims), width=operands[0].width)
    shape, sides = _contracted(run, node)
    if len(operands) == 2 and sides:
        operands = [_turned(run, t, order, node) for t, order in zip(operands, sides, strict=True)]
    kind = "matmul" if len(operands) > 1 else "copy"
    run.show(
        node.outputs[0], run.launch(kind, node, operands, made, outside=True, macs=work.macs, shape=shape)
    )


def _contracted(run: Launches, node: Node) -> tuple[Shape, list[tuple[list[int], int]]]:
    """Loops of an einsum of two operands, and the order of each one's axes as matrices."""
    equation = str(node.attributes.get("equation", ""))
    left, _, out = equation.partition("->")
    terms = left.split(",")
    if len(terms) != 2 or "." in equation:
        return (1, 1, 1, 1, 1, 1), []
    sizes: dict[str, int] = {}
    for term, name in zip(terms, node.inputs, strict=True):
        sizes.update(zip(term, run.network.values[name].dims, strict=True))
    both = set(terms[0]) & set(terms[1])
    batch = [c for c in terms[0] if c in both and c in out]
    inner = [c for c in terms[0] if c in both and c not in out]
    rows, columns = ([c for c in term if c not in both] for term in terms)
    m, n, k, g = (prod(sizes[c] for c in letters) for letters in (rows, columns, inner, batch))
    sides = [
        ([term.index(c) for c in (*batch, *own, *inner)], len(batch))
        for term, own in zip(terms, (rows, columns), strict=True)
    ]
    return (g, k, n, m, 1, 1), sides


def _turned(run: Launches, tensor: Tensor, side: tuple[list[int], int], node: Node) -> Tensor:
    """An operand of an einsum as matrices, copied where it lies otherwise."""
    order, lead = side
    if len(order) != len(tensor.dims):
        return tensor
    dims, strides = [tensor.dims[i] for i in order], [tensor.strides[i] for i in order]
    wanted = (prod(dims[:lead]), prod(dims[lead:]))
    fits = viewed(tuple(dims[:lead]) or (1,), tuple(strides[:lead]) or (1,), (wanted[0],)) is not None
    return tensor if fits and 1 in strides else run.copied(tensor, node)


@launches("Attention")
def attention(run: Launches, node: Node) -> None:
    """As one kernel, or as the products and the softmax that it is made of."""
    if run.program.attention == "parts":
        attention_in_parts(run, node)
        return
    operands = [run.lowered(run.tensor(n), node) for n in node.inputs[:4] if n]
    work = attention_work(node, run.network.values)
    scores = work.loops[0]
    name = node.outputs[0]
    made = result(run, name, operands[:1])
    dims = made.dims
    if len(dims) == 4:  # tokens before heads in memory
        order = contiguous((dims[0], dims[2], dims[1], dims[3]))
        made = replace(made, strides=(order[0], order[2], order[1], order[3]))
    made = replace(made, width=operands[0].width)
    shape = (scores.groups, scores.inputs, scores.outputs, scores.batch, 1, 1)
    kind = "attention" if len(operands) < 4 else "attention_masked"
    run.show(name, run.launch(kind, node, operands, made, outside=True, macs=work.macs, shape=shape))


def attention_in_parts(run: Launches, node: Node) -> None:
    """Queries scaled, products in half precision, a softmax in single."""
    q, k, v, *mask = (run.tensor(name) for name in node.inputs[:4] if name)
    if len(q.dims) != 4:
        q, k, v = (reshaped(run, t, (1, *_real(t)), node) if len(t.dims) == 3 else t for t in (q, k, v))
    scaled = run.launch("multiply", node, [q], replace(q, source=run.name(), constant=False))
    scores = _product(run, node, scaled, replace(k, dims=_swap(k.dims), strides=_swap(k.strides)))
    if mask:
        width = max(scores.width, mask[0].width)
        added = replace(scores, source=run.name(), width=width)
        scores = run.launch("add", node, [scores, mask[0]], added)
    width = FULL if run.autocast else scores.width
    weights = run.launch(
        "softmax", node, [scores], replace(scores, source=run.name(), width=width), curved=True
    )
    out = _product(run, node, weights, v)
    run.show(node.outputs[0], out)


def _swap(sides: tuple[int, ...]) -> tuple[int, ...]:
    return (*sides[:-2], sides[-1], sides[-2])


def _product(run: Launches, node: Node, a: Tensor, b: Tensor) -> Tensor:
    a, b = run.lowered(a, node), run.lowered(b, node)
    a, b = (_as_matrices(run, t, node) for t in (a, b))
    dims = (*a.dims[:-1], b.dims[-1])
    made = Tensor(run.name(), dims, contiguous(dims), a.axis, a.width)
    groups = prod(dims[:-2]) // ITEMS
    shape = (groups, a.dims[-1], dims[-1], dims[-2], 1, 1)
    macs = groups * dims[-2] * dims[-1] * a.dims[-1]
    return run.launch("matmul", node, [a, b], made, outside=True, macs=macs, shape=shape)
