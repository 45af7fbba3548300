"""What is made of sums to become values: a few operations, each with its meaning in NumPy, ONNX and torch.

| symbol | meaning |
|---|---|
| n, c | architectures, targets |
| q | (n, c) sums, and what the operations before made of them |
| s | (n, h) sums that a correction receives beside q |

| operation | meaning |
|---|---|
| `Exp` | exp(q): the sum is of logarithms |
| `Floor` | max(q, floor) |
| `Tail` | q above the floor; below it floor exp(q / floor - 1), which falls on and stays above zero |
| `Round` | q at six significant digits, by which equal sums of doubles are equal |
| `Reciprocal` | 1 / q: the sum is a time and the metric a rate |
| `Interpolate` | straight between knots, at the slope of the ends beyond them: scores back to values |
| `Correct` | q exp(f(s)) on a ratio scale, else q + f(s), with small networks or a process f |

A link is a tuple of them, applied in turn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Bools, Doubles, Floats
from archcast.predictors.lowered.corrections import Networks, Process
from archcast.predictors.lowered.rounding import DIGITS, rounded
from archcast.predictors.scores import NormalScores

if TYPE_CHECKING:
    from archcast.predictors.lowered.onnx_graph import OnnxGraph

Step = Callable[[NDArray[Any], Floats | None], NDArray[Any]]
"""(q, s) -> q; both may be overwritten."""
_SIDE_BY_SIDE = 8
_LOWEST = -80.0
"""Exponent at which a tail ends: beyond it single precision knows only zero."""


class Operation(ABC):
    """One step from sums to values.

    Attributes:
        keeps_sums: whether what was a sum remains one, but for a floor or digits.
        double: whether its sums must be in double precision.
    """

    keeps_sums: ClassVar[bool] = False
    double: ClassVar[bool] = False

    def select(self, columns: tuple[int, ...]) -> Self:
        """The operation on some of the targets."""
        del columns
        return self

    @property
    def acts(self) -> bool:
        """Whether it can change any value; one that cannot is left out of what is called."""
        return True

    @abstractmethod
    def numpy(self, dtype: Any) -> Step:
        """The operation on arrays of one type, with what it needs laid out for many calls."""

    @abstractmethod
    def onnx(self, graph: OnnxGraph, q: str, s: str) -> str:
        """Name of its result in an ONNX graph, from the names of q and s."""

    @abstractmethod
    def torch(self, torch: Any, q: Any, s: Any) -> Any:
        """Its result on tensors, with gradients."""


Link = tuple[Operation, ...]


def apply(link: Link, q: Doubles, s: Floats | None = None) -> Doubles:
    """Values of sums in double precision; q is overwritten.

    Shapes:
        q: (n, c); s: (n, h); output: (n, c)
    """
    for operation in link:
        q = operation.numpy(q.dtype)(q, s)
    return q


def steps(link: Link, dtype: Any) -> tuple[Step, ...]:
    """The operations of a link as functions of arrays."""
    return tuple(operation.numpy(dtype) for operation in link)


def keeps_sums(link: Link) -> bool:
    """Whether values are the sums themselves, but for a floor or digits."""
    return all(operation.keeps_sums for operation in link)


def floored(floor: Doubles) -> Link:
    """A floor, where any target has one."""
    return (Floor(floor),) if np.isfinite(floor).any() else ()


@dataclass(frozen=True, slots=True)
class Exp(Operation):
    """exp(q)."""

    double: ClassVar[bool] = True

    def numpy(self, dtype: Any) -> Step:
        return _exp

    def onnx(self, graph: OnnxGraph, q: str, s: str) -> str:
        return graph.add("Exp", q)

    def torch(self, torch: Any, q: Any, s: Any) -> Any:
        return torch.exp(q)


@dataclass(frozen=True, slots=True)
class Floor(Operation):
    """max(q, floor).

    Shapes:
        floor: (c,), -inf for none
    """

    keeps_sums: ClassVar[bool] = True
    floor: Doubles

    def select(self, columns: tuple[int, ...]) -> Self:
        return replace(self, floor=self.floor[list(columns)])

    def numpy(self, dtype: Any) -> Step:
        return partial(_raised, floors=np.tile(self.floor.astype(dtype), _SIDE_BY_SIDE))

    def onnx(self, graph: OnnxGraph, q: str, s: str) -> str:
        return graph.add("Max", q, graph.like_sums(self.floor[None]))

    def torch(self, torch: Any, q: Any, s: Any) -> Any:
        return torch.maximum(q, torch.as_tensor(self.floor, dtype=q.dtype, device=q.device))


@dataclass(frozen=True, slots=True)
class Tail(Operation):
    """q above the floor, floor exp(q / floor - 1) below it.

    Shapes:
        floor: (c,), above 0
    """

    keeps_sums: ClassVar[bool] = True
    floor: Doubles

    def select(self, columns: tuple[int, ...]) -> Self:
        return replace(self, floor=self.floor[list(columns)])

    def numpy(self, dtype: Any) -> Step:
        return partial(_tailed, floor=self.floor.astype(dtype))

    def onnx(self, graph: OnnxGraph, q: str, s: str) -> str:
        floor = graph.like_sums(self.floor[None])
        below = graph.add("Min", graph.add("Sub", q, floor), graph.like_sums([[0.0]]))
        share = graph.add("Max", graph.add("Div", below, floor), graph.like_sums([[_LOWEST]]))
        return graph.add("Mul", graph.add("Max", q, floor), graph.add("Exp", share))

    def torch(self, torch: Any, q: Any, s: Any) -> Any:
        floor = torch.as_tensor(self.floor, dtype=q.dtype, device=q.device)
        share = torch.clamp((q - floor) / floor, min=_LOWEST, max=0.0)
        return torch.maximum(q, floor) * torch.exp(share)


@dataclass(frozen=True, slots=True)
class Round(Operation):
    """q at six significant digits, for targets that are sums by construction.

    Shapes:
        exact: (c,), which targets are
    """

    keeps_sums: ClassVar[bool] = True
    double: ClassVar[bool] = True
    exact: Bools

    @property
    def acts(self) -> bool:
        return bool(self.exact.any())

    def select(self, columns: tuple[int, ...]) -> Self:
        return replace(self, exact=self.exact[list(columns)])

    def numpy(self, dtype: Any) -> Step:
        return _rounded if self.exact.all() else partial(_rounded_some, exact=self.exact)

    def onnx(self, graph: OnnxGraph, q: str, s: str) -> str:
        logarithm = graph.add("Div", graph.add("Log", q), graph.like_sums(np.log(10.0)))
        places = graph.add("Sub", graph.like_sums(DIGITS - 1.0), graph.add("Floor", logarithm))
        power = graph.add("Pow", graph.like_sums(10.0), places)
        return graph.add("Div", graph.add("Round", graph.add("Mul", q, power)), power)

    def torch(self, torch: Any, q: Any, s: Any) -> Any:
        """Itself: digits have no gradient."""
        return q


@dataclass(frozen=True, slots=True)
class Reciprocal(Operation):
    """1 / q."""

    def numpy(self, dtype: Any) -> Step:
        return _inverted

    def onnx(self, graph: OnnxGraph, q: str, s: str) -> str:
        return graph.add("Reciprocal", q)

    def torch(self, torch: Any, q: Any, s: Any) -> Any:
        return 1.0 / q


@dataclass(frozen=True, slots=True)
class Interpolate(Operation):
    """Values of normal scores, by a rising map a target."""

    maps: tuple[NormalScores, ...]

    def select(self, columns: tuple[int, ...]) -> Self:
        return replace(self, maps=tuple(self.maps[c] for c in columns))

    def numpy(self, dtype: Any) -> Step:
        return partial(_interpolated, maps=self.maps)

    def onnx(self, graph: OnnxGraph, q: str, s: str) -> str:
        """From the first knot on, each adds the change of slope there times the way beyond it."""
        start, knots, changes = _hinges(self.maps[0])
        graph.sums = np.float64
        u = graph.cast(q, "DOUBLE")
        beyond = graph.add("Max", graph.add("Sub", u, graph.like_sums(knots)), graph.like_sums([[0.0]]))
        before = graph.add(
            "Min", graph.add("Sub", u, graph.like_sums(knots[:, :1])), graph.like_sums([[0.0]])
        )
        risen = graph.add("MatMul", beyond, graph.like_sums(changes[1:]))
        fallen = graph.add("Mul", before, graph.like_sums(changes[:1]))
        return graph.add("Add", graph.add("Add", risen, fallen), graph.like_sums([[start]]))

    def torch(self, torch: Any, q: Any, s: Any) -> Any:
        def tensor(array: Any) -> Any:
            return torch.as_tensor(array, dtype=q.dtype, device=q.device)

        columns = []
        for i, own in enumerate(self.maps):
            start, knots, changes = _hinges(own)
            away = q[:, i : i + 1] - tensor(knots)
            risen = torch.clamp(away, min=0.0) @ tensor(changes[1:])
            columns.append(start + risen + torch.clamp(away[:, :1], max=0.0) * tensor(changes[:1]))
        return torch.cat(columns, dim=1)


@dataclass(frozen=True, slots=True)
class Correct(Operation):
    """q exp(f(s)) where `ratio`, else q + f(s)."""

    correction: Networks | Process
    ratio: bool

    @property
    def acts(self) -> bool:
        return not self.correction.is_zero

    def select(self, columns: tuple[int, ...]) -> Self:
        return replace(self, correction=self.correction.select(columns))

    def numpy(self, dtype: Any) -> Step:
        return partial(_corrected, correction=self.correction, ratio=self.ratio)

    def onnx(self, graph: OnnxGraph, q: str, s: str) -> str:
        f = self.correction.onnx(graph, s)
        single = graph.single(q)
        return graph.add("Mul", single, graph.add("Exp", f)) if self.ratio else graph.add("Add", single, f)

    def torch(self, torch: Any, q: Any, s: Any) -> Any:
        f = self.correction.torch(torch, s)
        return q * torch.exp(f) if self.ratio else q + f


def _exp(q: NDArray[Any], s: Floats | None) -> NDArray[Any]:
    return np.asarray(np.exp(q, out=q))


def _inverted(q: NDArray[Any], s: Floats | None) -> NDArray[Any]:
    return np.asarray(np.reciprocal(q, out=q))


def _rounded(q: NDArray[Any], s: Floats | None) -> NDArray[Any]:
    return rounded(q)


def _rounded_some(q: NDArray[Any], s: Floats | None, *, exact: Bools) -> NDArray[Any]:
    q[:, exact] = rounded(q[:, exact])
    return q


def _raised(q: NDArray[Any], s: Floats | None, *, floors: NDArray[Any]) -> NDArray[Any]:
    """Values raised to their floors, several rows at once: a short row costs more than its values do.

    Shapes:
        q: (n, c), overwritten; floors: those of some rows one after another
    """
    side_by_side = len(floors) // q.shape[1]
    even = len(q) - len(q) % side_by_side
    wide = q[:even].reshape(even // side_by_side, len(floors))
    np.maximum(wide, floors, out=wide)
    if even < len(q):
        np.maximum(q[even:], floors[: q.shape[1]], out=q[even:])
    return q


def _tailed(q: NDArray[Any], s: Floats | None, *, floor: NDArray[Any]) -> NDArray[Any]:
    share = np.minimum(q - floor, 0.0)
    share /= floor
    np.maximum(share, _LOWEST, out=share)
    return np.asarray(np.exp(share) * np.maximum(q, floor))


def _interpolated(q: NDArray[Any], s: Floats | None, *, maps: tuple[NormalScores, ...]) -> NDArray[Any]:
    return np.stack([own.inverse(u) for own, u in zip(maps, q.T, strict=True)], axis=1)


def _hinges(rising: NormalScores) -> tuple[float, Doubles, Doubles]:
    """A map's first value, its knots (1, k), its slope before them and the changes at them (k + 1, 1)."""
    first, last = rising.slopes()
    inner = np.diff(rising.values) / np.diff(rising.scores)
    slopes = np.concatenate([[first], inner, [last]])
    changes = np.concatenate([slopes[:1], slopes[1:2], np.diff(slopes[1:])])
    return float(rising.values[0]), rising.scores[None], changes[:, None]


def _corrected(
    q: NDArray[Any], s: Floats | None, *, correction: Networks | Process, ratio: bool
) -> NDArray[Any]:
    if s is None:
        raise ValueError("a correction must be given the sums that it receives")
    f = correction(s)
    return np.asarray(q * np.exp(f) if ratio else q + f)


def selected(link: Sequence[Operation], columns: tuple[int, ...]) -> Link:
    """A link on some of the targets, without operations that change none of them."""
    own = [operation.select(columns) for operation in link]
    return tuple(operation for operation in own if operation.acts)
