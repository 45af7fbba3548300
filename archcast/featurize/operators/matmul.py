"""Matrix products: (..., M, K) times (..., K, N) has M K N macs for every matrix of the batch.

One with a constant operand is `linear`, another `matmul`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archcast.core.errors import InputError
from archcast.core.network import Node
from archcast.featurize.operators.base import (
    Loops,
    Values,
    Work,
    attribute,
    operator,
    shape_of,
    traffic,
    with_bias,
)


def product(
    node: Node, values: Values, loops: Loops, *, operands: tuple[int, int], learned: tuple[int, ...]
) -> Work:
    """Work of a matrix product with the loops given, whose operands are two of the inputs."""
    kind = "linear" if any(values[node.inputs[p]].constant for p in operands) else "matmul"
    return traffic(node, values, kind, learned=learned, loops=(loops,))


def matrices(node: Node, a: Sequence[int], b: Sequence[int]) -> Loops:
    """Loops of `MatMul` of shapes a and b; a matrix that all of a batch share is one product of more rows.

    Raises:
        InputError: they do not fit.
    """
    left = (1, *a) if len(a) == 1 else tuple(a)
    right = (*b, 1) if len(b) == 1 else tuple(b)
    if len(left) < 2 or len(right) < 2 or left[-1] != right[-2]:
        raise InputError(f"{node.op} cannot multiply {tuple(a)} by {tuple(b)}")
    rows, inner, columns = left[-2], left[-1], right[-1]
    if prod(right[:-2]) == 1:
        return Loops(prod(left[:-2]) * rows, 1, columns, inner)
    batch = _broadcast(node, left[:-2], right[:-2])
    return Loops(rows, batch, columns, inner)


def _broadcast(node: Node, a: Sequence[int], b: Sequence[int]) -> int:
    total = 1
    for i in range(1, max(len(a), len(b)) + 1):
        x, y = (side[-i] if i <= len(side) else 1 for side in (a, b))
        if x != y and 1 not in (x, y):
            raise InputError(f"{node.op} cannot broadcast {tuple(a)} and {tuple(b)}")
        total *= max(x, y) if x and y else 0
    return total


BIASED = {"com.microsoft::DynamicQuantizeMatMul": 4, "com.microsoft::MatMulIntegerToFloat": 6}
"""Products of quantised numbers with a sum inside, and the position of what is added."""


@operator("MatMul", "MatMulInteger", *BIASED)
def matmul(node: Node, values: Values) -> Work:
    """Inputs: a, b, and zero points or scales of quantised ones."""
    loops = matrices(node, shape_of(node, values, 0, least=1), shape_of(node, values, 1, least=1))
    return product(node, values, loops, operands=(0, 1), learned=(0, 1, BIASED.get(node.op, 1)))


@operator("QLinearMatMul", "com.microsoft::QLinearMatMul")
def qlinear_matmul(node: Node, values: Values) -> Work:
    """Inputs: a, its scale and zero point, b, its scale and zero point, those of the output."""
    loops = matrices(node, shape_of(node, values, 0, least=1), shape_of(node, values, 3, least=1))
    return product(node, values, loops, operands=(0, 3), learned=(0, 3))


@operator("com.microsoft::FusedMatMul", "com.microsoft::TransposeMatMul")
def fused_matmul(node: Node, values: Values) -> Work:
    """`MatMul` of operands that may be transposed."""
    a, b = (list(shape_of(node, values, p, least=2)) for p in (0, 1))
    if attribute(node, "transA", 0):
        a[-2:] = a[:-3:-1]
    if attribute(node, "transB", 0):
        b[-2:] = b[:-3:-1]
    return product(node, values, matrices(node, a, b), operands=(0, 1), learned=(0, 1))


@operator("Gemm", "com.microsoft::FusedGemm")
def gemm(node: Node, values: Values) -> Work:
    """Inputs: a, b, and what is added."""
    a, b = (shape_of(node, values, p, least=2) for p in (0, 1))
    rows, inner = (a[1], a[0]) if attribute(node, "transA", 0) else (a[0], a[1])
    depth, columns = (b[1], b[0]) if attribute(node, "transB", 0) else (b[0], b[1])
    if inner != depth:
        raise InputError(f"{node.op} cannot multiply {a} by {b}")
    return product(node, values, Loops(rows, 1, columns, inner), operands=(0, 1), learned=(0, 1, 2))


@operator("com.microsoft::QGemm")
def qgemm(node: Node, values: Values) -> Work:
    """Inputs: a, its scale and zero point, b, its scale and zero point, what is added."""
    a, b = (shape_of(node, values, p, least=2) for p in (0, 3))
    rows, inner = (a[1], a[0]) if attribute(node, "transA", 0) else (a[0], a[1])
    columns = b[0] if attribute(node, "transB", 0) else b[1]
    loops = Loops(rows, 1, columns, inner)
    return with_bias(product(node, values, loops, operands=(0, 3), learned=(0, 3)), node, values, 6)


@operator("com.microsoft::MatMulNBits")
def matmul_n_bits(node: Node, values: Values) -> Work:
    """Inputs: a, and a weight (N, K) packed in blocks of few bits, with scales."""
    a = shape_of(node, values, 0, least=1)
    inner, columns = attribute(node, "K", 0), attribute(node, "N", 0)
    if inner != a[-1]:
        raise InputError(f"{node.op} cannot multiply {a} by ({inner}, {columns})")
    loops = Loops(prod(a[:-1]), 1, columns, inner)
    return product(node, values, loops, operands=(0, 1), learned=(1,))


@operator("Einsum")
def einsum(node: Node, values: Values) -> Work:
    """One mac for each combination of indices where two operands are multiplied; more operands in turn."""
    equation = attribute(node, "equation", "").replace(" ", "")
    left = equation.split("->")[0].split(",")
    shapes = [shape_of(node, values, p) for p in range(len(node.inputs))]
    sizes: dict[str, int] = {}
    for term, shape in zip(left, shapes, strict=True):
        letters, _, tail = term.partition("...")
        dots = len(shape) - len(letters) - len(tail)
        if dots < 0 or (dots and "..." not in term):
            raise InputError(f"Einsum {equation} does not fit an operand of {shape}")
        names = [*letters, *(f".{dots - i}" for i in range(dots)), *tail]
        for name, size in zip(names, shape, strict=True):
            sizes[name] = max(sizes.get(name, 1), size)
    if len(shapes) < 2:
        return traffic(node, values, "copy")
    loops = Loops(1, 1, 1, prod(sizes.values()))
    return product(node, values, loops, operands=(0, 1), learned=(0, 1))
