"""How a served form makes values of its sums.

| symbol | meaning |
|---|---|
| n, c | architectures, targets |
| q | (n, c) summed costs, or their logarithms |
| s | (n, M h) what the hidden units of M networks receive |

v = q, exponentiated where q is a logarithm, kept above a floor (or below `floor` continued on a log scale),
rounded to six digits where a target is exact, inverted where the sum is a time and the metric a rate. The
answer is v exp(f(s)) for metrics on a ratio scale and v + f(s) for others, with
f(s) = silu(silu(s) W2 + b2) W3 + b3, or v alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Bools, Doubles, Floats

DIGITS = 6
_SIDE_BY_SIDE = 8


@dataclass(frozen=True, slots=True)
class Network:
    """What follows the hidden units that the tables feed.

    Shapes:
        w2: (M, h, h); b2: (M, 1, h); w3: (M, h, c), gate and scale folded in; b3: (c,)
    """

    w2: Floats
    b2: Floats
    w3: Floats
    b3: Floats

    def __call__(self, hidden: Floats) -> Floats:
        """f(s).

        Shapes:
            hidden: (n, M h), overwritten; output: (n, c)
        """
        members, width, _ = self.w2.shape
        out: Floats = np.broadcast_to(self.b3, (len(hidden), len(self.b3))).copy()
        for i in range(members):
            first = _silu(hidden[:, i * width : (i + 1) * width])
            second = first @ self.w2[i]
            second += self.b2[i]
            out += _silu(second) @ self.w3[i]
        return out


@dataclass(frozen=True, slots=True)
class Head:
    """See the module's head.

    Shapes:
        floor: (c,), -inf for none; exact: (c,)

    Attributes:
        tail: below the floor a value goes on as floor * exp(q / floor - 1) instead of staying there.

    Its other attributes are worked out once, for calls: whether any target has a floor, the floors of several
    rows side by side, the places of exact targets, their floors, and the lowest of these.
    """

    logarithmic: bool
    floor: Doubles
    exact: Bools
    exponent: bool = False
    tail: bool = False
    inverted: bool = False
    network: Network | None = None
    _bounded: bool = field(init=False, repr=False, compare=False)
    _wide: NDArray[Any] = field(init=False, repr=False, compare=False)
    _places: NDArray[np.intp] = field(init=False, repr=False, compare=False)
    _wide_exact: Doubles = field(init=False, repr=False, compare=False)
    _least: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = np.flatnonzero(self.exact)
        dtype = np.float64 if self.exponent else np.float32
        made = {
            "_bounded": bool(np.isfinite(self.floor).any()),
            "_wide": np.tile(self.floor.astype(dtype), _SIDE_BY_SIDE),
            "_places": places,
            "_wide_exact": np.tile(self.floor[places], _SIDE_BY_SIDE),
            "_least": float(self.floor[places].min(initial=np.inf)),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    @property
    def is_sum(self) -> bool:
        """Whether values are the sums themselves, but for floor and rounding."""
        return not (self.exponent or self.inverted or self.network)

    def __call__(self, q: NDArray[Any], hidden: Floats | None = None, exact: Doubles | None = None) -> Floats:
        """Values.

        Shapes:
            q: (n, c); hidden: float32 (n, M h); exact: q of exact targets, in double precision, without
            which equal sums would not be rounded alike; all are overwritten; output: float32 (n, c)
        """
        if self.exponent:
            np.exp(q, out=q)
        if self.tail:
            low = np.maximum(q, self.floor)
            q = low * np.exp(np.minimum(q - self.floor, 0.0) / self.floor)
        elif self._bounded:
            _raise(q, self._wide)
        if exact is not None:
            _raise(exact, self._wide_exact)
            q[:, self._places] = rounded(exact, least=self._least)
        if self.inverted:
            np.reciprocal(q, out=q)
        if self.network is not None and hidden is not None:
            correction = self.network(hidden)
            q = q * np.exp(correction) if self.logarithmic else q + correction
        return q.astype(np.float32, copy=False)


def _raise(q: NDArray[Any], floors: NDArray[Any]) -> None:
    """Raise values to their floors, several rows at once: a short row costs more than its values do.

    Shapes:
        q: (n, c), C-contiguous, overwritten; floors: those of some rows one after another
    """
    side_by_side = len(floors) // q.shape[1]
    even = len(q) - len(q) % side_by_side
    wide = q[:even].reshape(even // side_by_side, len(floors))
    np.maximum(wide, floors, out=wide)
    if even < len(q):
        np.maximum(q[even:], floors[: q.shape[1]], out=q[even:])


_DECADES = 300
_POWERS = 10.0 ** np.arange(-_DECADES, _DECADES + 1)


def rounded(values: Doubles, *, least: float = -np.inf) -> Doubles:
    """Values at six significant digits; decades are told by comparison where there are few.

    Args:
        least: no value is below it.
    """
    size = values if least > 0 else np.abs(values)
    low, high = (_decade(end) for end in (least if least > 0 else size.min(), size.max()))
    power: Any = _POWERS[_DECADES + DIGITS - 1 - low]
    if high - low > _FEW:
        decade = np.floor(np.log10(np.maximum(size, _LEAST))).astype(np.int64)
        power = _POWERS[_DECADES + DIGITS - 1 - decade]
    else:
        for i in range(low + 1, high + 1):
            power = np.where(size >= _POWERS[_DECADES + i], _POWERS[_DECADES + DIGITS - 1 - i], power)
    out: Doubles = np.multiply(values, power)
    np.rint(out, out=out)
    out /= power
    return out


def _decade(size: float) -> int:
    return math.floor(math.log10(max(size, _LEAST)))


_LEAST = 1e-290
_FEW = 12


def _silu(x: Floats) -> Floats:
    """x / (1 + exp(-x)) as h + h tanh(h) with h = x / 2, which takes fewer passes and cannot overflow."""
    half = x * np.float32(0.5)
    out: Floats = np.tanh(half)
    out += 1.0
    out *= half
    return out
