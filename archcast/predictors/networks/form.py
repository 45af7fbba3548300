"""What is called for the values of networks on some devices: answers that are worked out once a network.

| symbol | meaning |
|---|---|
| n | networks |
| m | all devices of a predictor |
| c | devices that are asked for |

A predictor's values of all m devices are worked out together and stay with the network, by the predictor's
version, so that any of its devices is a look-up from then on. They go when the network goes, and where a
network has met more than `MOST_KEPT` predictors they are worked out anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np

from archcast.core.arrays import Doubles, Floats
from archcast.core.device import DeviceName
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.predictors.networks.contract import NetworkPredictor

MOST_KEPT = 64
"""Predictors whose values stay with one network."""
_KEPT = "_costs"
_kept_of = attrgetter(_KEPT)


class NetworkForm:
    """Values of some devices of a predictor of networks.

    Args:
        model: of all m devices.
        columns: c places among them.
        version: equal for predictors that answer equally, such as the hash of a saved one.
        per_second: give items a second, made from the milliseconds of one pass, instead of those.

    Raises:
        InputError: when called, a network of several items on a device that runs its own batch.
    """

    kind = "direct"
    rows = 8192
    by_number = None

    def __init__(
        self, model: NetworkPredictor, columns: Sequence[int], *, version: object, per_second: bool = False
    ) -> None:
        self.model, self.columns, self.version = model, tuple(columns), version
        self._batches = np.array([DeviceName.parse(device).batch for device in model.devices_])
        self._per_second: Doubles | None = 1000.0 * self._batches[list(columns)] if per_second else None
        first, count = self.columns[0], len(self.columns)
        together = self.columns == tuple(range(first, first + count))
        self._of_version = itemgetter(version)
        self._picked: Any = slice(first, first + count) if together else np.array(columns)

    @property
    def is_rate(self) -> bool:
        """Whether items a second are given, made from milliseconds."""
        return self._per_second is not None

    def values(self, networks: Any) -> Floats:
        """In the metric's unit.

        Shapes:
            networks: n of them; output: float32 (n, c)
        """
        out = self.direct(networks)
        return out if self._per_second is None else self.per_second(out)

    def direct(self, networks: Any, *, strict: bool = True) -> Floats:
        """In the unit of the predictor's own metric; shapes as `values`.

        Args:
            strict: refuse what cannot be told, in place of NaN.
        """
        try:
            rows = list(map(self._of_version, map(_kept_of, networks)))
        except (AttributeError, KeyError):
            rows = self._learnt(networks)
        out: Floats = np.concatenate(rows).reshape(len(rows), -1)[:, self._picked]
        if strict and np.isnan(out).any():
            self._refuse(networks, out)
        return out

    def per_second(self, latency_ms: Floats) -> Floats:
        """Items a second from milliseconds of one pass, where that is what is answered; else as they are.

        Shapes:
            latency_ms: (n, c); output: (n, c)
        """
        return latency_ms if self._per_second is None else (self._per_second / latency_ms).astype(np.float32)

    def _learnt(self, networks: Sequence[Network]) -> list[Floats]:
        """Values of all devices, worked out where they are not known; networks that are one count once.

        Shapes:
            output: n times (m,)
        """
        kept = [network.__dict__.setdefault(_KEPT, {}) for network in networks]
        missing = {n.key: n for n, own in zip(networks, kept, strict=True) if self.version not in own}
        try:
            values = self.model.predict(list(missing.values()))
        except InputError as error:
            raise self._named(networks, error) from error
        several = np.array([items_of(network) > 1 for network in missing.values()], dtype=bool)
        values[several[:, None] & (self._batches > 1)] = np.nan
        by_key = dict(zip(missing, map(np.array, values), strict=True))
        rows = []
        for network, own in zip(networks, kept, strict=True):
            row = own.get(self.version)
            if row is None:
                row = by_key[network.key]
                if len(own) >= MOST_KEPT:
                    own.clear()
                own[self.version] = row
            rows.append(row)
        return rows

    def _named(self, networks: Sequence[Network], error: InputError) -> InputError:
        """An error of one among several networks, with its place."""
        for item, network in enumerate(networks if len(networks) > 1 else ()):
            try:
                self.model.predict([network])
            except InputError as own:
                return InputError(str(own), item=item)
        return error

    def _refuse(self, networks: Sequence[Network], out: Floats) -> None:
        """Raise InputError for the first value that is not there."""
        item, place = (int(i) for i in np.argwhere(np.isnan(out))[0])
        raise InputError(self.why_not(networks[item], place), item=item)

    def why_not(self, network: Network, place: int) -> str:
        """Why the value of a network on the device at a place of `columns` cannot be told."""
        device, items = self.model.devices_[self.columns[place]], items_of(network)
        if items > 1 and self._batches[self.columns[place]] > 1:
            return (
                f"a network must be one item on {device}, which runs its own batch, and this one has a batch "
                f"of {items}: read it with batch=1"
            )
        return f"{self.model.metric_} on {device} cannot be told of this network"


def items_of(network: Network) -> int:
    """Items that a network takes in one pass: the least first dimension of its inputs of two or more."""
    shapes = [network.values[name].shape or () for name in network.inputs]
    return min((d[0] for d in shapes if len(d) > 1 and isinstance(d[0], int)), default=1)
