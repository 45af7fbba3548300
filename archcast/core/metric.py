"""What is predicted, and its unit. The unit is part of the metric."""

from __future__ import annotations

from dataclasses import dataclass

from archcast.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Metric:
    """A quantity with its unit.

    Attributes:
        name: field's term, e.g. `latency`.
        unit: e.g. `ms`.
        positive: a value of zero or less is a failed measurement.
        lower_is_better: direction a search prefers.
        of_device: depends on a device; otherwise (accuracy) the data set takes the device's place.
    """

    name: str
    unit: str
    positive: bool = True
    lower_is_better: bool = True
    of_device: bool = True


METRICS: Registry[Metric] = Registry("metric")
for _metric in (
    Metric("latency", "ms"),
    Metric("energy", "mJ"),
    Metric("accuracy", "%", lower_is_better=False, of_device=False),
    Metric("throughput", "1/s", lower_is_better=False),
    Metric("memory", "MiB"),
):
    METRICS.register(_metric.name, _metric)
