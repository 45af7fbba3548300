"""What predictors are fitted to: architectures of one space with values of one metric.

| symbol | meaning |
|---|---|
| n | architectures |
| k | decisions of the space |
| m | targets: devices, or (for accuracy) data sets |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.metric import METRICS


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One column of values: a device and the data set the networks were built for.

    For metrics of no device (accuracy) both names are the data set's.
    """

    device: str
    dataset: str


@dataclass(frozen=True, slots=True)
class Labels:
    """Values of one metric for architectures of one space, on one or more targets.

    Shapes:
        codes: int8 (n, k); values: (n, m), in the metric's unit, NaN where there is no measurement

    Attributes:
        dataset: data set (input size) that features of the networks are computed for.
        sources: where the values come from, one sentence each.
        licences: licences of those sources.
        redistributable: whether a model fitted to them may be shipped.
    """

    space: str
    metric: str
    dataset: str
    targets: tuple[Target, ...]
    codes: Codes
    values: Doubles
    sources: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    redistributable: bool = True

    def __post_init__(self) -> None:
        n, m = len(self.codes), len(self.targets)
        if self.values.shape != (n, m):
            raise InputError(f"values must have shape ({n}, {m}), got {self.values.shape}")
        if np.isinf(self.values).any():
            raise InputError("values must be finite or NaN", item=int(np.isinf(self.values).any(1).argmax()))
        if METRICS[self.metric].positive and (self.values <= 0).any():
            raise InputError(
                f"{self.metric} must be above 0", item=int((self.values <= 0).any(axis=1).argmax())
            )

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def devices(self) -> tuple[str, ...]:
        """Device of each target."""
        return tuple(target.device for target in self.targets)

    def rows(self, chosen: Ints | Bools) -> Labels:
        """The same targets for some of the architectures."""
        return replace(self, codes=self.codes[chosen], values=self.values[chosen])

    def only(self, devices: tuple[str, ...]) -> Labels:
        """The same architectures for some of the devices; raise UnknownNameError for others."""
        for device in devices:
            if device not in self.devices:
                raise UnknownNameError("device", device, set(self.devices))
        columns = [i for i, device in enumerate(self.devices) if device in devices]
        return replace(self, targets=tuple(self.targets[i] for i in columns), values=self.values[:, columns])


def target_key(target: Target) -> str:
    """A target's name on cards and in runs: its device, with the data set where there is another one."""
    return target.device if target.dataset in ("", target.device) else f"{target.device}/{target.dataset}"
