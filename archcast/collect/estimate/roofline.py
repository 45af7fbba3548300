"""The roofline (Williams et al., Communications of the ACM 2009): the slower of computing and moving.

| symbol | meaning |
|---|---|
| m | operations of a layer: multiply-adds, or the additions of pools and sums |
| b | bytes that it reads and writes, weights included, each element once |
| P, B | `peak_gmacs` (10^9 operations a second), `bandwidth_gbs` (10^9 bytes a second) |

latency = max(m / P, b / B) + overhead of a layer; energy = m * pJ per operation + b * pJ per byte.
"""

from __future__ import annotations

from typing import ClassVar

from archcast.collect.estimate.base import LayerCost
from archcast.collect.estimate.layerwise import LayerwiseEstimator
from archcast.collect.estimate.target import Target
from archcast.collect.estimate.work import Work
from archcast.core.errors import InputError

MODEL = 1
"""Raised when the formula changes."""


class RooflineEstimator(LayerwiseEstimator):
    """Cost of each layer from peak speed and bandwidth alone."""

    settable: ClassVar = {
        "peak_gmacs": float,
        "bandwidth_gbs": float,
        "bytes_per_element": float,
        "overhead_us": float,
        "pj_per_mac": float,
        "pj_per_byte": float,
    }
    hardware_keys: ClassVar = tuple(settable)

    @classmethod
    def gives(cls, target: Target) -> str:
        return "latency, energy if its costs are given"

    @classmethod
    def check(cls, target: Target) -> None:
        for name in ("peak_gmacs", "bandwidth_gbs"):
            if name not in target.hardware:
                raise InputError(
                    f"{target.name} must be given {name}, e.g. {target.name}:peak_gmacs=500,bandwidth_gbs=10"
                )
        both = [name in target.hardware for name in ("pj_per_mac", "pj_per_byte")]
        if any(both) and not all(both):
            raise InputError(f"{target.name} must be given both of pj_per_mac and pj_per_byte, or neither")
        if target.watts is not None and any(both):
            raise InputError(f"{target.name} must be given energy.watts or pj_per_mac, not both")

    @property
    def program(self) -> str:
        return f"archcast roofline {MODEL}"

    def price_one(self, work: Work) -> LayerCost:
        return self.cost_of(work.operations, work.moved)

    def cost_of(self, operations: float, elements: float) -> LayerCost:
        """Cost of what has so many operations, and reads and writes so many elements."""
        given = self.target.hardware
        moved = elements * given.get("bytes_per_element", 1.0)
        compute = operations / (given["peak_gmacs"] * 1e6)
        memory = moved / (given["bandwidth_gbs"] * 1e6)
        overhead = given.get("overhead_us", 0.0) * 1e-3
        latency = max(compute, memory) + overhead
        parts = {"compute": compute, "memory": memory, "overhead": overhead}
        if self.target.watts is not None:
            energy = self.target.watts * latency
            return LayerCost(latency, energy, parts, {"power x latency": energy})
        if "pj_per_mac" not in given:
            return LayerCost(latency, None, parts)
        split = {
            "compute": operations * given["pj_per_mac"] * 1e-9,
            "memory": moved * given["pj_per_byte"] * 1e-9,
        }
        return LayerCost(latency, sum(split.values()), parts, split)
