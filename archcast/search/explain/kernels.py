"""What each kernel and each part of a network adds to its cost on a device; they sum to the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.arrays import Arch
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import given
from archcast.search.records_file import write
from archcast.serving import load
from archcast.serving.kernel_costs import START, KernelCost, by_part, kernel_costs
from archcast.serving.loaded import LoadedNetworks

DEAR = 1.5
"""Share of the cost over share of the work from which on a kernel is told as dear."""


@dataclass(frozen=True, slots=True)
class KernelExplanation:
    """A prediction as what kernels add to it, in the metric's unit.

    Attributes:
        of: name of the network: a file's, or an architecture.
        value: the prediction; equal to all kernels together.
        kernels: in the order in which they are run.
    """

    of: str
    device: str
    metric: str
    unit: str
    value: float
    kernels: tuple[KernelCost, ...]

    def parts(self, *, depth: int = 2) -> list[tuple[str, float, float]]:
        """Parts of the network with what they add and their share, dearest first; see `by_part`."""
        return by_part(self.kernels, depth=depth)

    def dear(self) -> list[tuple[KernelCost, float]]:
        """Kernels that are dear for what they compute on this device, and by how much.

        By how much is what they cost beyond the share that they have of the network's multiply-adds and
        bytes, in the metric's unit; the largest first.
        """
        dearest = [(one, one.value * (1 - 1 / one.dearness)) for one in self.kernels if one.dearness >= DEAR]
        return sorted(dearest, key=lambda pair: -pair[1])

    def records(self) -> list[dict[str, Any]]:
        """One record a kernel, in the order in which they are run."""
        return [
            {("multiply_adds" if name == "macs" else name): value for name, value in asdict(one).items()}
            for one in self.kernels
        ]

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON types."""
        head = {name: getattr(self, name) for name in ("device", "metric", "unit", "value")}
        head["parts"] = [{"part": name, "value": v, "share": share} for name, v, share in self.parts()]
        return {"file": self.of} | head | {"kernels": [asdict(one) for one in self.kernels]}

    def save(self, path: str | Path) -> None:
        """Write a `.csv` of kernels or a `.json` of everything.

        Raises:
            InputError: another ending, or the file cannot be written.
        """
        write(path, self.records(), self.to_json(), what="an explanation")


def explain_network(
    network: Network, device: str, *, metric: str = "latency", name: str = ""
) -> KernelExplanation:
    """Explain the cost of a network of any form.

    Args:
        name: of the network, to be shown.

    Raises:
        UnknownNameError: the device knows no networks.
        InputError: the metric follows from another, which is what adds up; or a shape is not known.
    """
    loaded = load(device, metric, NETWORK)
    if not isinstance(loaded, LoadedNetworks):
        raise InputError(f"predictor of {device} must be of networks")
    costs = tuple(kernel_costs(loaded, network))
    value = float(np.sum([cost.value for cost in costs]))
    return KernelExplanation(name, loaded.entry.device, metric, loaded.entry.unit, value, costs)


def explain_member(
    arch: Arch,
    device: str,
    *,
    metric: str = "latency",
    space: str | Space | None = None,
    dataset: str | None = None,
    notation: str | None = None,
) -> KernelExplanation:
    """Explain the cost of a member of a space on a device that knows networks.

    Args:
        notation: of others, in which the architecture is; see `archcast.parse`.

    Raises:
        InputError: as `archcast.parse`; what answers for this device sees decisions and no kernels; else as
            `explain_network`.
    """
    chosen, own = given([arch], space, notation)
    codes = chosen.parse(own)
    entry = load(device, metric, chosen.name, dataset=dataset).entry
    if not entry.by_networks:
        raise InputError(
            f"{metric} of {chosen.name} on {entry.device} must be answered from networks to be explained by "
            f"kernels, and is answered from decisions ({entry.predictor}): explain it by decisions, or name "
            f"another device of archcast devices --space network"
        )
    network = chosen.network(codes[0], entry.dataset)
    return explain_network(network, device, metric=metric, name=chosen.to_text(codes)[0])


def group_by_kind(kernels: Sequence[KernelCost]) -> list[tuple[str, float]]:
    """Kinds of kernels with what they add, dearest first, the start last."""
    sums: dict[str, float] = {}
    for one in kernels:
        sums[one.kind] = sums.get(one.kind, 0.0) + one.value
    return sorted(sums.items(), key=lambda pair: (pair[0] == START, -pair[1]))
