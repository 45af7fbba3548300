"""Values of networks on devices of several predictors, which stay with each network side by side.

What is asked for again and again, such as all devices of a product line, is then one row of memory a network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from archcast.core.arrays import Floats
from archcast.core.network import Network
from archcast.predictors.networks.form import NetworkForm

MOST_JOINED = 8
"""Lists of devices whose values stay with one network."""
_JOINED = "_joined_costs"


class JoinedForm:
    """Values of the devices of several forms.

    Args:
        parts: forms, each with the places in the answer that its devices have.
    """

    kind = "direct"
    rows = 8192
    by_number = None

    def __init__(self, parts: Sequence[tuple[NetworkForm, Sequence[int]]]) -> None:
        self._parts = [(form, list(places)) for form, places in parts]
        described = repr([(form.version, form.columns, form.is_rate, places) for form, places in self._parts])
        self._key = hashlib.sha256(described.encode()).hexdigest()

    def values(self, networks: Any) -> Floats:
        """In the metric's unit.

        Shapes:
            networks: n of them; output: float32 (n, all devices)

        Raises:
            InputError: as `NetworkForm.values`.
        """
        key = self._key
        try:
            rows = [network.__dict__[_JOINED][key] for network in networks]
        except KeyError:
            return self._learnt(networks)
        out: Floats = np.concatenate(rows).reshape(len(rows), -1)
        return out

    def _learnt(self, networks: Sequence[Network]) -> Floats:
        """The values of each form in their places, kept with the networks."""
        out = np.empty((len(networks), sum(len(places) for _, places in self._parts)), dtype=np.float32)
        for form, places in self._parts:
            out[:, places] = form.values(networks)
        for network, row in zip(networks, out, strict=True):
            kept = network.__dict__.setdefault(_JOINED, {})
            if len(kept) >= MOST_JOINED:
                kept.clear()
            kept[self._key] = row.copy()
        return out
