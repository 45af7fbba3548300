"""What one architecture costs on many devices, each with its interval and what must be known of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.core.arrays import Codes, Floats
from archcast.core.errors import InputError
from archcast.core.metric import METRICS
from archcast.core.network import Network
from archcast.featurize.kernels import Kernel, kernels
from archcast.featurize.spaces import Space
from archcast.predictors.intervals import check_coverage
from archcast.serving.entry import Entry
from archcast.serving.kernel_costs import KernelCost, kernel_costs
from archcast.serving.loaded import LoadedNetworks, LoadedPredictor


@dataclass(frozen=True, slots=True)
class Row:
    """A cost on one device.

    Attributes:
        entry: what was asked, with its unit.
        value: in that unit.
        low, high: ends of its interval; None where nothing is known of errors.
        note: what must be known of it; empty where there is nothing.
    """

    entry: Entry
    value: float
    low: float | None
    high: float | None
    note: str


class MemberCosts:
    """A predictor of networks, asked for members of a space, each built as a network; equal by what it says.

    Args:
        own: the predictor of networks.
        entry: what it answers for the space, as `archcast.serving.entry.through_networks` gives it.
    """

    def __init__(self, own: LoadedNetworks, entry: Entry, space: Space) -> None:
        self.own, self.entry, self.space = own, entry, space
        self._key = own, space, entry.dataset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MemberCosts) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def network(self, code: Codes) -> Network:
        """The network of one member."""
        return self.space.network(code, self.entry.dataset)

    def predict_codes(self, codes: Codes) -> Floats:
        """Values of members.

        Shapes:
            codes: (n, k); output: float32 (n,)
        """
        if not len(codes):
            return np.empty(0, dtype=np.float32)
        return np.concatenate([self.own.predict_networks([self.network(code)]) for code in codes])


CostModel = LoadedPredictor | MemberCosts
"""What answers for members of a space."""


def overview(asked: Sequence[CostModel], codes: Codes, *, coverage: float = 0.9) -> list[Row]:
    """What one architecture costs, a row each predictor; its network is built once.

    Shapes:
        codes: (1, k)

    Raises:
        InputError: coverage outside 0.5 to 0.99; a device cannot answer for the architecture.
    """
    networks: dict[str, Network] = {}
    rows = []
    for model in asked:
        if isinstance(model, MemberCosts):
            dataset = model.entry.dataset
            if dataset not in networks:
                networks[dataset] = model.network(codes[0])
            rows.append(network_row(model.own, model.entry, networks[dataset], coverage=coverage))
        else:
            rows.append(_code_row(model, codes, coverage))
    return rows


def network_row(own: LoadedNetworks, entry: Entry, network: Network, *, coverage: float = 0.9) -> Row:
    """What a network costs on one device.

    Args:
        entry: under which the device was asked.

    Raises:
        InputError: coverage outside 0.5 to 0.99; a network of several items on a device with its own batch.
    """
    value = float(own.predict_networks([network])[0])
    low, high = _ends(lambda: own.interval_networks([network], coverage), coverage)
    return Row(entry, value, low, high, own.notes([network])[0])


def _code_row(model: LoadedPredictor, codes: Codes, coverage: float) -> Row:
    values = model.predict_codes(codes)
    value = float(values[0])
    low, high = _ends(lambda: model.interval_codes(codes, coverage, predicted=values), coverage)
    return Row(model.entry, value, low, high, model.notes_of_codes(codes, values)[0])


def _ends(ask: Any, coverage: float) -> tuple[float | None, float | None]:
    """Ends of an interval; None twice where nothing is known of errors."""
    check_coverage(coverage)
    try:
        low, high = ask()
    except InputError:
        return None, None
    ends = float(low[0]), float(high[0])
    return ends if all(map(math.isfinite, ends)) else (None, None)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Where the cost of a network goes.

    Attributes:
        unit: of the values.
        is_cost: whether they are the device's costs; else multiply-adds, as the device's predictor knows
            decisions and no kernels.
        costs: of kernels, in the order in which they are run.
    """

    unit: str
    is_cost: bool
    costs: tuple[KernelCost, ...]


def breakdown(model: CostModel, codes: Codes) -> Breakdown:
    """Where the cost of an architecture goes, kernel by kernel.

    Shapes:
        codes: (1, k)

    Raises:
        InputError: the space has no networks; the metric is derived from another, which is what adds up.
    """
    entry = model.entry
    if isinstance(model, MemberCosts):
        return Breakdown(entry.unit, True, tuple(kernel_costs(model.own, model.network(codes[0]))))
    dataset = entry.dataset if METRICS[entry.metric].of_device and entry.dataset else None
    return Breakdown("multiply-adds", False, counted_costs(model.space.network(codes[0], dataset)))


def counted_costs(network: Network) -> tuple[KernelCost, ...]:
    """Multiply-adds of the kernels of a network, in place of a device's costs."""
    priced = kernels(network)
    macs = sum(kernel.macs for kernel in priced) or 1
    moved = sum(kernel.bytes for kernel in priced) or 1
    return tuple(_counted(kernel, kernel.macs / macs, kernel.bytes / moved) for kernel in priced)


def _counted(kernel: Kernel, macs: float, moved: float) -> KernelCost:
    """One kernel.

    Args:
        macs, moved: its shares of all multiply-adds and bytes.
    """
    return KernelCost(
        kind=kernel.kind,
        operators=" + ".join(dict.fromkeys(kernel.operators)),
        part=kernel.part,
        macs=float(kernel.macs),
        bytes=float(kernel.bytes),
        value=float(kernel.macs),
        share=macs,
        dearness=2 * macs / (macs + moved) if macs + moved else 0.0,
    )
