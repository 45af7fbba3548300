"""What predictors of networks are fitted to: networks with values of one metric on one or more devices.

| symbol | meaning |
|---|---|
| n | networks |
| m | targets (devices) |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.device import DeviceName
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.metric import METRICS
from archcast.core.network import Network


@dataclass(frozen=True, slots=True)
class NetworkLabels:
    """Values of one metric for networks.

    Shapes:
        values: (n, m), in the metric's unit, NaN where there is no measurement

    Attributes:
        devices: one a target; a latency is that of one pass over its batch, a network is one item of it.
        networks: what was measured.
        families: of each network, the family it is left out with; empty where it is not known.
        sources, licences: where the values come from, one sentence each, and the licences of those.
        redistributable: whether a model fitted to them may be shipped.
    """

    metric: str
    devices: tuple[str, ...]
    networks: tuple[Network, ...]
    values: Doubles
    families: tuple[str, ...]
    sources: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    redistributable: bool = True

    def __post_init__(self) -> None:
        n, m = len(self.networks), len(self.devices)
        if self.values.shape != (n, m):
            raise InputError(f"values must have shape ({n}, {m}), got {self.values.shape}")
        if len(self.families) != n:
            raise InputError(f"families must be one a network, {n}, got {len(self.families)}")
        for device in self.devices:
            DeviceName.parse(device)
        if np.isinf(self.values).any():
            raise InputError("values must be finite or NaN", item=int(np.isinf(self.values).any(1).argmax()))
        if METRICS[self.metric].positive and (self.values <= 0).any():
            item = int((self.values <= 0).any(axis=1).argmax())
            raise InputError(f"{self.metric} must be above 0", item=item)

    def __len__(self) -> int:
        return len(self.networks)

    def rows(self, chosen: Sequence[int] | np.ndarray) -> NetworkLabels:
        """The same devices for some of the networks, by their positions or a mask."""
        places = np.arange(len(self))[np.asarray(chosen)]
        return replace(
            self,
            networks=tuple(self.networks[i] for i in places),
            families=tuple(self.families[i] for i in places),
            values=self.values[places],
        )

    def only(self, devices: Sequence[str]) -> NetworkLabels:
        """The same networks for some of the devices, in that order; raise UnknownNameError for others."""
        for device in devices:
            if device not in self.devices:
                raise UnknownNameError("device", device, set(self.devices))
        columns = [self.devices.index(device) for device in devices]
        return replace(self, devices=tuple(devices), values=self.values[:, columns])
