"""What an estimator gives: cost of a network, of its layers, and what the cost is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from archcast.collect.estimate.target import Target
from archcast.core.layers import LayerGraph


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Cost of one layer or of a whole network.

    Attributes:
        latency_ms: latency in ms.
        energy_mj: energy in mJ, None where the estimator gives none.
        latency_parts: what the latency is made of, ms; they sum to it unless the estimator overlaps them.
        energy_parts: what the energy is made of, mJ, by operand and memory; they sum to it.
        note: what a user of the figure must know; empty otherwise.
    """

    latency_ms: float
    energy_mj: float | None = None
    latency_parts: Mapping[str, float] = field(default_factory=dict)
    energy_parts: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class LayerEstimate:
    """Cost of one layer of a network, by its position in the layer graph."""

    position: int
    op: str
    part: str
    cost: LayerCost


@dataclass(frozen=True, slots=True)
class NetworkEstimate:
    """Cost of a network on a target.

    Attributes:
        target: the target's label.
        total: cost of the whole network.
        layers: cost of each layer that has one and of each that costs nothing, with the reason.
        area: area of the accelerator in the units of its hardware description, None where it gives none.
    """

    target: str
    total: LayerCost
    layers: tuple[LayerEstimate, ...]
    area: float | None = None

    @property
    def latency_ms(self) -> float:
        """Latency of the network in ms."""
        return self.total.latency_ms

    @property
    def energy_mj(self) -> float | None:
        """Energy of the network in mJ, None where the estimator gives none."""
        return self.total.energy_mj


class Estimator(Protocol):
    """Costs of networks on one target.

    Attributes:
        target: what is estimated.
        program: name and version of the program that estimates.
    """

    target: Target

    @property
    def program(self) -> str: ...

    @property
    def version(self) -> str:
        """Fingerprint of target, settings, program: equal where estimates are equal."""
        ...

    def estimate(self, graph: LayerGraph) -> NetworkEstimate:
        """Cost of one network; raise InputError where an operator of it cannot be estimated."""
        ...


def add_costs(costs: list[LayerCost]) -> LayerCost:
    """Sum of costs; without energy where one of them has none."""
    latency: dict[str, float] = {}
    energy: dict[str, float] = {}
    for cost in costs:
        for total, parts in ((latency, cost.latency_parts), (energy, cost.energy_parts)):
            for name, value in parts.items():
                total[name] = total.get(name, 0.0) + value
    energies = [cost.energy_mj for cost in costs]
    known = [value for value in energies if value is not None]
    return LayerCost(
        latency_ms=sum(cost.latency_ms for cost in costs),
        energy_mj=sum(known) if len(known) == len(energies) else None,
        latency_parts=latency,
        energy_parts=energy,
        note="; ".join(dict.fromkeys(cost.note for cost in costs if cost.note)),
    )
