"""Small networks that correct a sum, of sums that they receive beside it.

| symbol | meaning |
|---|---|
| n, c | architectures, targets |
| M, h | networks, hidden units of each |
| s | (n, M h) what the first hidden layers receive |
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
            first = _silu(s[:, i * width : (i + 1) * width])
            second = first @ self.w2[i]
            second += self.b2[i]
            out += _silu(second) @ self.w3[i]
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


def _silu(x: Floats) -> Floats:
    """x / (1 + exp(-x)) as h + h tanh(h) with h = x / 2, which takes fewer passes and cannot overflow."""
    half = x * np.float32(0.5)
    out: Floats = np.tanh(half)
    out += 1.0
    out *= half
    return out


def _silu_nodes(graph: OnnxGraph, x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))
