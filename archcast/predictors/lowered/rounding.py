"""Values at six significant digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from archcast.core.arrays import Doubles

DIGITS = 6
_DECADES = 300
_POWERS = 10.0 ** np.arange(-_DECADES, _DECADES + 1)
_LEAST = 1e-290
_FEW = 12


def rounded(values: Doubles) -> Doubles:
    """Values at six significant digits; decades are told by comparison where there are few.

    Shapes:
        values, output: (n, c), finite
    """
    if not values.size:
        return values
    low, high = float(values.min()), float(values.max())
    size = values if low > 0 else np.abs(values)
    if low <= 0:
        low, high = float(size.min()), float(size.max())
    first, last = _decade(low), _decade(high)
    power: Any = _POWERS[_DECADES + DIGITS - 1 - first]
    if last - first > _FEW:
        decade = np.floor(np.log10(np.maximum(size, _LEAST))).astype(np.int64)
        power = _POWERS[_DECADES + DIGITS - 1 - decade]
    else:
        for i in range(first + 1, last + 1):
            power = np.where(size >= _POWERS[_DECADES + i], _POWERS[_DECADES + DIGITS - 1 - i], power)
    out: Doubles = np.multiply(values, power)
    np.rint(out, out=out)
    out /= power
    return out


def _decade(size: float) -> int:
    return math.floor(math.log10(max(size, _LEAST)))
