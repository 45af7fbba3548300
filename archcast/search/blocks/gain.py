"""Accuracy gained per unit of cost: the profile of accuracy over the profile of a cost.

| symbol | meaning |
|---|---|
| a, c | mean responses of accuracy and cost of a block in a place |
| a0, c0 | those of the cheapest block that could be there instead |

The gain is (a - a0) / (c - c0). Responses themselves are against random networks, so that a / c would be
positive both for a block that is dear and good and for one that is cheap and bad. The cheapest block has no
gain, nor has one whose c - c0 is within two standard errors of 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError
from archcast.core.metric import METRICS
from archcast.search.blocks.profile import Profile

CERTAIN = 2.0
"""Standard errors beyond which a difference is taken as one."""


def check_pair(cost: Profile, accuracy: Profile) -> None:
    """Raise InputError unless the profiles are of a cost and of accuracy in one space."""
    if cost.space != accuracy.space:
        raise InputError(f"profiles must be of one space, got {cost.space} and {accuracy.space}")
    if accuracy.metric != "accuracy" or cost.metric == "accuracy":
        raise InputError(
            f"profiles must be of a cost and of accuracy, got {cost.metric} and {accuracy.metric}"
        )


def gains(cost: Profile, accuracy: Profile) -> tuple[Doubles, Doubles]:
    """Accuracy gained per unit of cost against the place's cheapest block, and its standard error.

    The error is that of a ratio to first order, errors of the four responses taken as independent.

    Shapes:
        output: (P, K) and (P, K), NaN where there is none

    Raises:
        InputError: profiles of different spaces, or of a metric of which more is better.
    """
    check_pair(cost, accuracy)
    if not METRICS[cost.metric].lower_is_better:
        raise InputError(f"gain must be per unit of a cost, got {cost.metric}, of which more is better")
    gain = np.full(cost.found.response.shape[:2], np.nan)
    error = gain.copy()
    for p, place in enumerate(cost.places.places):
        for blocks in place.alternatives():
            gain[p, blocks], error[p, blocks] = _ratio(
                cost.found.response[p, blocks, 0],
                cost.found.error[p, blocks, 0],
                accuracy.found.response[p, blocks, 0],
                accuracy.found.error[p, blocks, 0],
            )
    return gain, error


def _ratio(c: Doubles, dc: Doubles, a: Doubles, da: Doubles) -> tuple[Doubles, Doubles]:
    """Gain and error of the blocks of one place that are alternatives to each other, (b,) each."""
    cheapest = int(c.argmin())
    step, step_error = c - c[cheapest], np.hypot(dc, dc[cheapest])
    certain = (step > CERTAIN * step_error) & (step > 0.0)
    safe = np.where(certain, step, 1.0)
    gain = np.where(certain, (a - a[cheapest]) / safe, np.nan)
    error = np.where(certain, np.hypot(np.hypot(da, da[cheapest]), gain * step_error) / safe, np.nan)
    return gain, error


def gain_records(cost: Profile, accuracy: Profile) -> list[dict[str, Any]]:
    """One record a block and place that has a gain."""
    gain, error = gains(cost, accuracy)
    units, _ = cost.places.numbers
    name = f"accuracy_per_{cost.unit}"
    return [
        {
            "place_unit": cost.places.units[units[p]],
            "place_layer": cost.places.layers[p],
            "block": cost.places.blocks[b],
            name: float(gain[p, b]),
            f"{name}_error": float(error[p, b]),
        }
        for p, b in np.argwhere(~np.isnan(gain)).tolist()
    ]
