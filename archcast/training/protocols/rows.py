"""Rules by which a protocol sets rows aside."""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.errors import UnknownNameError
from archcast.core.labels import Labels


def column_of(labels: Labels, device: str) -> int:
    """The column of a target device; raise UnknownNameError where the tables have none."""
    if device not in labels.devices:
        raise UnknownNameError("target device", device, labels.devices)
    return labels.devices.index(device)


def middle_rows(labels: Labels, column: int, share: float) -> Ints:
    """Rows left when the slowest and the fastest share of a device are set aside, as HELP does with a tenth.

    A glitch, which has no value, counts among the fastest: it was published as a time near zero.
    """
    order = np.argsort(np.nan_to_num(labels.values[:, column], nan=0.0), kind="stable")
    cut = round(share * len(order))
    return np.sort(order[cut : len(order) - cut])
