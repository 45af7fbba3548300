"""Reads the quantities and limits of one search, each with its device or as a size of the network."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from archcast.core.errors import UnknownNameError
from archcast.featurize.spaces import Space
from archcast.search.loop.goals import Limit, Quantity, parse_limit, parse_quantity, with_device
from archcast.search.loop.sizes import MEMORY
from archcast.serving import devices as served

_MEMORY_OF_A_DEVICE = re.compile(rf"\s*{MEMORY}\b")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads quantities and limits of one search.

    Attributes:
        devices: of quantities that name none.
        dataset: of accuracies that name none.
        has_memory: devices that memory can be told of.
    """

    space: Space
    devices: Sequence[str]
    dataset: str
    has_memory: frozenset[str] = frozenset()

    def quantity(self, text: str) -> Quantity:
        """A quantity with its device, or a size; errors as `goals.parse_quantity` and `goals.with_device`."""
        return self._settled(parse_quantity(text, self.space))

    def limits(self, given: Sequence[str | Limit] | str) -> tuple[Limit, ...]:
        """Limits of quantities with their devices; errors as `goals.parse_limit` and `goals.with_device`."""
        listed = [given] if isinstance(given, str) else given
        parsed = [parse_limit(limit, read=self.quantity, example="latency@raspi4<=11") for limit in listed]
        return tuple(replace(limit, quantity=self._settled(limit.quantity)) for limit in parsed)

    def _settled(self, quantity: Quantity) -> Quantity:
        return with_device(quantity, self.devices, self.dataset, has_memory=self.has_memory)


def memory_devices(space: Space, devices: Sequence[str], given: Collection[str] = ()) -> frozenset[str]:
    """Devices of those named whose memory is predicted, so that `memory` means theirs.

    Args:
        given: quantities that the caller has predictors of.
    """
    if not devices:
        return frozenset()
    if any(_MEMORY_OF_A_DEVICE.match(text) for text in given):
        return frozenset(devices)
    try:
        there = {entry.device for entry in served(space.name, MEMORY)}
    except UnknownNameError:
        there = set()
    return frozenset(there.intersection(devices))
