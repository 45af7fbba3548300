"""Units that people write, as factors to a metric's own."""

from __future__ import annotations

import re

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError, shorten
from archcast.core.metric import METRICS

_FACTORS: dict[str, dict[str, float]] = {
    "latency": {
        **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-6),
        **dict.fromkeys(("us", "µs", "μs", "microsecond", "microseconds"), 1e-3),
        **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1.0),
        **dict.fromkeys(("s", "sec", "second", "seconds"), 1e3),
    },
    "energy": {
        **dict.fromkeys(("uj", "µj", "μj", "microjoule", "microjoules"), 1e-3),
        **dict.fromkeys(("mj", "millijoule", "millijoules"), 1.0),
        **dict.fromkeys(("j", "joule", "joules"), 1e3),
    },
    "throughput": dict.fromkeys(("1/s", "/s", "fps", "hz", "ips", "images/s", "img/s", "per_s"), 1.0),
    "memory": {
        **dict.fromkeys(("b", "byte", "bytes"), 2.0**-20),
        "kib": 2.0**-10,
        "mib": 1.0,
        "gib": 2.0**10,
        "kb": 1e3 / 2**20,
        "mb": 1e6 / 2**20,
        "gb": 1e9 / 2**20,
    },
    "accuracy": {
        **dict.fromkeys(("%", "percent", "pct", "per_cent", "per cent"), 1.0),
        **dict.fromkeys(("fraction", "ratio"), 100.0),
    },
}
MOST_ACCURACY = 100.0
"""In per cent."""
_NEAR = 10.0
_NAMED = re.compile(
    r"(?P<name>.*?)(?:[ _]*[(\[](?P<bracketed>[^()\[\]]+)[)\]]|[ _./,-]+(?:in[ _])?(?P<tail>[^ _]+))?"
)


def is_unit(unit: str, metric: str) -> bool:
    """Whether a metric is measured in a unit; none told is its own."""
    return not unit or unit.strip().casefold() in _known(metric)


def _known(metric: str) -> dict[str, float]:
    return _FACTORS.get(metric, {METRICS[metric].unit.casefold(): 1.0})


def factor_of(unit: str, metric: str) -> float:
    """What a value in `unit` is multiplied by to be in the metric's own unit.

    Raises:
        InputError: the metric is not measured in it; names those that are known.
    """
    known = _known(metric)
    said = unit.strip().casefold()
    if said not in known:
        raise InputError(f"unit of {metric} must be one of {', '.join(known)}, got {shorten(unit)}")
    return known[said]


def metric_of(column: str) -> tuple[str, str] | None:
    """Metric, or `value`, and unit that a column's name tells, as in `latency_us`, `Value (ms)`, `energy`.

    Returns:
        The unit is empty where none is told; None where the name is of no metric.
    """
    said = column.strip().casefold()
    if said in ("value", *METRICS):
        return said, ""
    matched = _NAMED.fullmatch(said)
    if matched is None or matched["name"].strip() not in ("value", *METRICS):
        return None
    return matched["name"].strip(), matched["bracketed"] or matched["tail"] or ""


def likely_unit(ratio: float, metric: str) -> str:
    """`, or in us`, where values so many times too large are plainly those of another unit; else empty."""
    for unit, factor in _FACTORS[metric].items():
        if factor != 1.0 and 1 / _NEAR < ratio * factor < _NEAR:
            return f", or in {unit}"
    return ""


def accuracy_question(values: Doubles) -> str:
    """Whether accuracies may be fractions; empty where they are not.

    Shapes:
        values: (n,), in per cent; NaN is passed over

    Raises:
        InputError: one is outside 0 to 100; names the item.
    """
    wrong = (values < 0) | (values > MOST_ACCURACY)
    if wrong.any():
        item = int(wrong.argmax())
        raise InputError(f"accuracy must be 0 to 100 %, got {values[item]:g}", item=item)
    there = values[np.isfinite(values)]
    if len(there) and there.max() <= 1:
        return f"accuracy is at most {there.max():.4g} %: is it in per cent, or a fraction?"
    return ""
