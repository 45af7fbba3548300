"""What an estimator gives: cost of a network, of its layers, and what the cost is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from archcast.collect.estimate.target import Target
from archcast.core.errors import InputError
from archcast.core.network import Network

if TYPE_CHECKING:
    from archcast.collect.estimate.cache import EstimateCache


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
    """Cost of one layer of a network, by the position of its node."""

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


class Estimator(ABC):
    """Costs of networks on one target; a subclass gives `program` and `estimate`.

    Attributes:
        hardware_keys, mapping_keys: keys that a target's file may have.
        settable: keys of `hardware` that may be set on the command line or swept, and their types.
        worth_keeping: whether estimating is slow enough to keep costs on disk.
        drops_dead_layers: whether layers on no path from input to output are left out, as compilers do.
        unmapped: who lays work on the array where the target's file does not say.
        target: what is estimated.
    """

    hardware_keys: ClassVar[tuple[str, ...]] = ()
    mapping_keys: ClassVar[tuple[str, ...]] = ()
    settable: ClassVar[Mapping[str, type]] = {}
    worth_keeping: ClassVar[bool] = False
    drops_dead_layers: ClassVar[bool] = False
    unmapped: ClassVar[str] = "none"

    def __init__(self, target: Target) -> None:
        self.target = target
        self.cache: EstimateCache | None = None

    @classmethod
    def check(cls, target: Target) -> None:
        """Raise InputError when the target's hardware or mapping is not what it must be.

        By default every one of `hardware_keys` must be there.
        """
        for name in cls.hardware_keys:
            if name not in target.hardware:
                raise InputError(f"hardware of {target.name} must have the key {name}")

    @classmethod
    def gives(cls, target: Target) -> str:
        """What it gives on a target, in words."""
        return "latency" if target.watts is None else "latency, energy"

    @property
    @abstractmethod
    def program(self) -> str:
        """Name and version of what estimates."""

    @property
    def version(self) -> str:
        """Fingerprint of target and program: equal where estimates are equal."""
        return self.target.fingerprint(self.program)

    @property
    def area(self) -> float | None:
        """Area of the accelerator in the units of its description, None where it gives none."""
        return None

    @abstractmethod
    def estimate(self, network: Network) -> NetworkEstimate:
        """Cost of one network; raise InputError where an operator of it cannot be estimated."""

    def total(self, network: Network) -> LayerCost:
        """Cost of the whole network, from disk where it is there."""
        if self.cache is None:
            return self.estimate(network).total
        if network.key in (known := self.cache.get([network.key])):
            return known[network.key]
        cost = self.estimate(network).total
        self.cache.put(network.key, cost)
        return cost


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
