"""Measured values as users give them, checked in one place."""

from __future__ import annotations

from typing import Any

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError
from archcast.core.metric import METRICS
from archcast.core.numbers import read_numbers


def read_measured(values: Any, n: int, metric: str, *, of: str = "an architecture") -> Doubles:
    """Values of n architectures or networks.

    Shapes:
        output: (n,), in the metric's unit

    Raises:
        InputError: another number of them, or one that is not finite or, where the metric is, not above 0.
    """
    measured = read_numbers(values)
    if measured.shape != (n,):
        raise InputError(f"values must be one number {of}, {n}, got shape {measured.shape}")
    wrong = ~np.isfinite(measured) | ((measured <= 0) & METRICS[metric].positive)
    if wrong.any():
        item = int(wrong.argmax())
        raise InputError(f"{metric} must be finite and above 0, got {measured[item]}", item=item)
    return measured


def check_differ(measured: Doubles) -> None:
    """Raise InputError where all measurements of different networks are equal.

    Shapes:
        measured: (n,)
    """
    if np.ptp(measured) == 0:
        raise InputError(
            f"values must differ, as equal ones tell nothing apart; got {len(measured)} times {measured[0]:g}"
        )
