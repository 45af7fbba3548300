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

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Bools, Doubles, Floats

DIGITS = 6


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
            first = _silu(np.ascontiguousarray(hidden[:, i * width : (i + 1) * width]))
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
    """

    logarithmic: bool
    floor: Doubles
    exact: Bools
    exponent: bool = False
    tail: bool = False
    inverted: bool = False
    network: Network | None = None

    @property
    def is_sum(self) -> bool:
        """Whether values are the sums themselves, but for floor and rounding."""
        return not (self.exponent or self.inverted or self.network)

    def __call__(self, q: NDArray[Any], hidden: Floats | None = None, exact: Doubles | None = None) -> Floats:
        """Values.

        Shapes:
            q: (n, c), overwritten; hidden: float32 (n, M h), overwritten; exact: q of exact targets, in
            double precision, without which equal sums would not be rounded alike; output: float32 (n, c)
        """
        if self.exponent:
            np.exp(q, out=q)
        if self.tail:
            low = np.maximum(q, self.floor)
            q = low * np.exp(np.minimum(q - self.floor, 0.0) / self.floor)
        elif np.isfinite(self.floor).any():
            np.maximum(q, self.floor.astype(q.dtype), out=q)
        if exact is not None:
            q[:, self.exact] = rounded(np.maximum(exact, self.floor[self.exact]))
        if self.inverted:
            np.reciprocal(q, out=q)
        if self.network is not None and hidden is not None:
            correction = self.network(hidden)
            q = q * np.exp(correction) if self.logarithmic else q + correction
        return q.astype(np.float32, copy=False)


_DECADES = 300
_POWERS = 10.0 ** np.arange(-_DECADES, _DECADES + 1)


def rounded(values: Doubles) -> Doubles:
    """Values at six significant digits; decades are told by comparison where there are few."""
    size = np.maximum(np.abs(values), 1e-290)
    low, high = (int(np.floor(np.log10(end))) for end in (size.min(), size.max()))
    decade: Any = low
    if high - low > _FEW:
        decade = np.floor(np.log10(size)).astype(np.int64)
    elif high > low:
        decade = low + sum((size >= _POWERS[_DECADES + i]).astype(np.int64) for i in range(low + 1, high + 1))
    power = _POWERS[_DECADES + DIGITS - 1 - decade]
    out: Doubles = np.round(values * power) / power
    return out


_FEW = 12


def _silu(x: Floats) -> Floats:
    """x / (1 + exp(-x)), in the place of a temporary."""
    e = np.negative(x)
    with np.errstate(over="ignore"):  # exp of a large number is inf, and x / inf is 0, as it should be
        np.exp(e, out=e)
    e += 1.0
    return np.divide(x, e, out=e)
