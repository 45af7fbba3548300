"""Rules by which a protocol sets rows aside."""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.labels import Labels
from archcast.training.protocols.schema import Rows


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


def check_apart(taught: Rows, tested: Rows, labels: Labels, seed: int, *, what: str) -> None:
    """Raise InputError for rows that are tested although they teach; `what` names those that teach."""
    both = np.intersect1d(taught.of(labels, seed), tested.of(labels, seed))
    if len(both):
        raise InputError(
            f"test must hold other rows than {what}, got {len(both)} of {labels.space} in both, the first "
            f"{both[0]}"
        )
