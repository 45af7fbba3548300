"""What corrects a sum, of sums that it receives beside it: small networks, or a Gaussian process.

| symbol | meaning |
|---|---|
| n, c | architectures, targets |
| M, h | networks, hidden units of each |
| r, f | architectures that a process was fitted to, and features |
| s | (n, M h) what the first hidden layers receive; (n, r + 1 + f) what a process does |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from archcast.core.arrays import Floats

if TYPE_CHECKING:
    from archcast.predictors.lowered.onnx_graph import OnnxGraph


@dataclass(frozen=True, slots=True)
class Networks:
    """f(s): sum over M networks of silu(silu(s_i) W2_i + b2_i) W3_i, and b3.

    Shapes:
        w2: (M, h, h); b2: (M, 1, h); w3: (M, h, c), gate and scale folded in; b3: (c,)
    """

    w2: Floats
    b2: Floats
    w3: Floats
    b3: Floats

    def __call__(self, s: Floats) -> Floats:
        """f.

        Shapes:
            s: (n, M h); output: (n, c)
        """
        members, width, _ = self.w2.shape
        out: Floats = np.broadcast_to(self.b3, (len(s), len(self.b3))).copy()
        for i in range(members):
            first = silu(s[:, i * width : (i + 1) * width])
            second = first @ self.w2[i]
            second += self.b2[i]
            out += silu(second) @ self.w3[i]
        return out

    @property
    def products(self) -> int:
        """Multiplications an architecture, but for those that go with the targets."""
        return int(self.w2.size)

    @property
    def is_zero(self) -> bool:
        """Whether f is 0 whatever s is."""
        return not (self.w3.any() or self.b3.any())

    def select(self, columns: tuple[int, ...]) -> Self:
        """The function of some targets."""
        chosen = list(columns)
        return replace(self, w3=self.w3[:, :, chosen], b3=self.b3[chosen])

    def onnx(self, graph: OnnxGraph, s: str) -> str:
        """Name of f in an ONNX graph."""
        members, width, _ = self.w2.shape
        split = graph.constant([width] * members, np.int64)
        parts = graph.nodes_of("Split", s, split, axis=1, outputs=members)
        total = graph.constant(self.b3[None], np.float32)
        for i, part in enumerate(parts):
            second = graph.add("MatMul", _silu_nodes(graph, part), graph.constant(self.w2[i], np.float32))
            second = graph.add("Add", second, graph.constant(self.b2[i], np.float32))
            last = graph.add("MatMul", _silu_nodes(graph, second), graph.constant(self.w3[i], np.float32))
            total = graph.add("Add", total, last)
        return total

    def torch(self, torch: Any, s: Any) -> Any:
        """f on tensors."""

        def tensor(array: Floats) -> Any:
            return torch.as_tensor(array, dtype=s.dtype, device=s.device)

        silu, total = torch.nn.functional.silu, tensor(self.b3)
        for i, part in enumerate(s.split(self.w2.shape[1], dim=1)):
            second = silu(part) @ tensor(self.w2[i]) + tensor(self.b2[i])
            total = total + silu(second) @ tensor(self.w3[i])
        return total


@dataclass(frozen=True, slots=True)
class Process:
    """f(s): the mean of a process of one target, see `archcast.predictors.families.gp_sums`.

    s holds 5 D + |Z_i|^2, the linear part over decisions, and features plus 1; 5 D_i + |Z - Z_i|^2 is r^2.

    Shapes:
        slope, offset: (f,), from logarithms of features to Z; product: (f, r + 1), of -2 Z_i and the linear
        part; weights: (r, 1)
    """

    slope: Floats
    offset: Floats
    product: Floats
    weights: Floats

    def __call__(self, s: Floats) -> Floats:
        """f.

        Shapes:
            s: (n, r + 1 + f); output: (n, 1)
        """
        many = len(self.weights)
        z = np.log(s[:, many + 1 :])
        z *= self.slope
        z += self.offset
        joint = z @ self.product
        joint += s[:, : many + 1]
        r2 = joint[:, :many]
        r2 += np.einsum("nf,nf->n", z, z)[:, None]
        np.maximum(r2, 0.0, out=r2)
        r = np.sqrt(r2)
        r2 /= 3.0
        r2 += r
        r2 += 1.0
        np.negative(r, out=r)
        r2 *= np.exp(r, out=r)
        out: Floats = r2 @ self.weights
        out += joint[:, many:]
        return out

    @property
    def products(self) -> int:
        """Multiplications an architecture, a distance read and turned into a value of the kernel being 64."""
        return int(self.product.size + 64 * len(self.weights))

    @property
    def is_zero(self) -> bool:
        """Whether f is 0 whatever s is."""
        return not self.weights.any()

    def select(self, columns: tuple[int, ...]) -> Self:
        """Itself: there is one target."""
        del columns
        return self

    def onnx(self, graph: OnnxGraph, s: str) -> str:
        """Name of f in an ONNX graph."""

        def number(value: float | Floats) -> str:
            return graph.constant(value, np.float32)

        many, features = len(self.weights), len(self.slope)
        sizes = graph.constant([many, 1, features], np.int64)
        distances, linear, counted = graph.nodes_of("Split", s, sizes, axis=1, outputs=3)
        z = graph.add("Mul", graph.add("Log", counted), number(self.slope))
        z = graph.add("Add", z, number(self.offset))
        own = graph.add("ReduceSum", graph.add("Mul", z, z), graph.constant([1], np.int64), keepdims=1)
        crossed = graph.add("MatMul", z, number(self.product[:, :many]))
        r2 = graph.add("Max", graph.add("Add", graph.add("Add", crossed, distances), own), number(0.0))
        r = graph.add("Sqrt", r2)
        polynomial = graph.add("Add", graph.add("Add", graph.add("Div", r2, number(3.0)), r), number(1.0))
        kernel = graph.add("Mul", polynomial, graph.add("Exp", graph.add("Neg", r)))
        total = graph.add("Add", graph.add("MatMul", z, number(self.product[:, many:])), linear)
        return graph.add("Add", graph.add("MatMul", kernel, number(self.weights)), total)

    def torch(self, torch: Any, s: Any) -> Any:
        """f on tensors."""

        def tensor(array: Floats) -> Any:
            return torch.as_tensor(array, dtype=s.dtype, device=s.device)

        many = len(self.weights)
        z = torch.log(s[:, many + 1 :]) * tensor(self.slope) + tensor(self.offset)
        joint = z @ tensor(self.product) + s[:, : many + 1]
        r = torch.sqrt(torch.clamp(joint[:, :many] + (z * z).sum(dim=1, keepdim=True), min=1e-12))
        return ((1.0 + r + r * r / 3.0) * torch.exp(-r)) @ tensor(self.weights) + joint[:, many:]


def silu(x: Floats) -> Floats:
    """x / (1 + exp(-x)), which is 0 where exp overflows."""
    out: Floats = np.negative(x)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    out += 1.0
    np.divide(x, out, out=out)
    return out


def _silu_nodes(graph: OnnxGraph, x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))
