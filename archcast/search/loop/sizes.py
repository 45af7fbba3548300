"""Sizes of networks as quantities of a search: their features, and the memory that activations take.

| name | meaning | unit |
|---|---|---|
| `params`, `macs`, `bytes`, `layers`, ... | see `archcast.featurize.features` | single units |
| `memory` | most of the activations that are alive at once | MiB |

They are counted, not predicted, and so exact: `hold` does not widen them.
"""

from __future__ import annotations

from dataclasses import dataclass

from archcast.core.arrays import Codes, Doubles
from archcast.featurize.features import feature_names, feature_values
from archcast.featurize.spaces import Space

MEMORY = "memory"
"""Also a metric, where it is of a device."""
_MIB = 2.0**20
_UNITS = {
    "params": "parameters",
    "macs": "multiply-adds",
    "bytes": "bytes",
    "layers": "layers",
    "count": "layers",
    "depth": "layers",
    "width": "channels",
    "skip": "channels",
    "edges": "edges",
    MEMORY: "MiB",
}
"""First word of a name, after `live`, -> unit; the others have none."""


def size_names(space: Space) -> tuple[str, ...]:
    """Every size that a space's networks have."""
    return (*feature_names(space), MEMORY)


def size_unit(name: str) -> str:
    """Unit of a size; empty where it has none."""
    return _UNITS.get(name.removeprefix("live_").split("_")[0], "")


@dataclass(frozen=True, slots=True)
class Counted:
    """A size of networks built for a data set."""

    size: str
    space: Space
    dataset: str

    @property
    def name(self) -> str:
        """What it is counted of."""
        return f"the networks for {self.dataset}"

    def mean(self, codes: Codes) -> Doubles:
        """(n,) sizes."""
        if self.size == MEMORY:
            return self.space.peak_bytes(codes, self.dataset) / _MIB
        return feature_values(self.space, codes, self.dataset, names=(self.size,))[:, 0]

    def end(self, codes: Codes, share: float, *, upper: bool) -> Doubles:
        """(n,) sizes."""
        del share, upper
        return self.mean(codes)
