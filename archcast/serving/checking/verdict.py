"""What is said of a predictor in one sentence, and whether it is still right.

It is not right where, by samples that fit:

1. the median measurement is `SCALE` times its prediction, or as small a part of it: another unit is likely
2. fewer measurements lie inside the intervals than chance allows, one time in twenty
3. predictions are off in one direction, by Student's interval at 99 %, and by more than `PLAIN` per cent
   (accuracy: `PLAIN_POINTS`)
4. the device's level moved since it was learned, likewise

What is said first is what explains the rest.
"""

from __future__ import annotations

from math import exp

import numpy as np

from archcast.core.metric import METRICS
from archcast.core.units import likely_unit
from archcast.serving.checking.figures import Comparison, Estimate

SCALE = 8.0
PLAIN, PLAIN_POINTS = 10.0, 2.0
_CHANCE = 0.05
_SURE = 0.99


def judged(
    comparison: Comparison, metric: str, *, drift: Estimate | None, coverage: float
) -> tuple[bool, str]:
    """Whether the predictor is right, and the sentence.

    Args:
        drift: how the device's level moved since the predictor was learned, in per cent, with its interval at
            99 %; None where that is not known.
        coverage: that the intervals are meant to have.
    """
    fault = (
        _of_scale(comparison, metric)
        or _of_drift(drift)
        or _of_bias(comparison)
        or (_of_coverage(comparison, coverage) if comparison.has_intervals else "")
    )
    if fault:
        return False, f"not right: {fault}"
    return (
        True,
        f"right, as far as {len(comparison.measured)} architectures tell: {_summary(comparison, coverage)}",
    )


def _of_scale(comparison: Comparison, metric: str) -> str:
    if comparison.in_points:
        return ""
    ratio = exp(float(np.median(comparison.errors)))
    if 1 / SCALE < ratio < SCALE:
        return ""
    unit = METRICS[metric].unit
    return (
        f"measurements are {ratio:.3g} times the predictions; are they in {unit}{likely_unit(ratio, metric)}?"
    )


def _of_drift(drift: Estimate | None) -> str:
    if drift is None or not _plain(drift, PLAIN):
        return ""
    return f"measurements moved by {_shown(drift, '%')} since it was learned"


def _of_bias(comparison: Comparison) -> str:
    bias = comparison.bias(_SURE)
    if not _plain(bias, PLAIN_POINTS if comparison.in_points else PLAIN):
        return ""
    return f"predictions are {_direction(comparison)} throughout"


def _of_coverage(comparison: Comparison, coverage: float) -> str:
    from scipy.special import bdtr

    n, k = len(comparison.measured), int(comparison.inside.sum())
    if k >= n * coverage or bdtr(k, n, coverage) >= _CHANCE:
        return ""
    return f"{_holding(comparison, coverage)}, and {_off(comparison)}"


def _summary(comparison: Comparison, coverage: float) -> str:
    parts = [_holding(comparison, coverage)] if comparison.has_intervals else []
    parts.append(_off(comparison))
    misfits = int(comparison.misfits().sum())
    if misfits:
        parts.append(f"{misfits} {'does' if misfits == 1 else 'do'} not fit")
    return ", ".join(parts)


def _holding(comparison: Comparison, coverage: float) -> str:
    n, k = len(comparison.measured), int(comparison.inside.sum())
    return f"{k} of {n} lie inside the {coverage:.0%} intervals"


def _off(comparison: Comparison) -> str:
    return f"predictions are {_figure(comparison.error)} {_unit(comparison)} off on average"


def _direction(comparison: Comparison) -> str:
    bias = comparison.bias()
    side = "high" if bias.value > 0 else "low"
    low, high = sorted((abs(bias.low), abs(bias.high)))
    unit = _unit(comparison)
    return f"{_figure(abs(bias.value))} {unit} too {side} ({_figure(low)} to {_figure(high)} {unit})"


def _plain(estimate: Estimate, least: float) -> bool:
    """Whether a figure is plainly not 0 by its interval, and matters."""
    return abs(estimate.value) > least and (estimate.low > 0 or estimate.high < 0)


def _shown(estimate: Estimate, unit: str) -> str:
    value, low, high = (_figure(x, "+") for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} {unit} ({low} to {high} {unit})"


def _figure(value: float, sign: str = "") -> str:
    """Two digits that count, and no power of ten."""
    return f"{value:{sign}.0f}" if abs(value) >= 10 else f"{value:{sign}.2g}"


def _unit(comparison: Comparison) -> str:
    return "points" if comparison.in_points else "%"
