"""Networks of a space beside accelerators of a grid, as one space.

| symbol | meaning |
|---|---|
| n | pairs of a network and an accelerator |
| k | decisions of the network |
| h | accelerators |

A pair's codes are the network's, then the positions of array size, buffer size and clock among their values.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from archcast.core.arrays import Arch, Bools, Codes, Ints
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.checks import check_choice, check_keys
from archcast.featurize.spaces.genome import Axis, Genome
from archcast.search.codesign.hardware import PARAMETERS, HardwareGrid

_POINTS = 4
"""Most values of each hardware parameter on a coarse lattice."""


class Pairs(NamedTuple):
    """Pairs taken apart.

    Shapes:
        networks: (m, k), equal ones that stand side by side once; owner: (n,), each pair's row of them;
        accelerator: (n,), numbers of its accelerators
    """

    networks: Codes
    owner: Ints
    accelerator: Ints


class JointSpace(Space):
    """Every network of a space on every accelerator of a grid.

    An architecture is written `{"arch": ..., "array": "14x12", "buffer_kib": 108.0, "clock_mhz": 200.0}`.
    """

    def __init__(self, networks: Space, grid: HardwareGrid) -> None:
        self.networks, self.grid, self.k = networks, grid, len(networks.columns)
        self.name = f"{networks.name} beside hardware"
        self.datasets = networks.datasets
        self.columns = (*networks.columns, *PARAMETERS)
        self.cardinalities = (*networks.cardinalities, *grid.shape)
        self.check_decisions()

    @cached_property
    def size(self) -> int:
        return self.networks.size * self.grid.size

    @property
    def n_networks(self) -> int:
        return self.networks.n_networks * self.grid.size

    def split(self, codes: Codes) -> Pairs:
        """Networks and accelerators of pairs.

        Shapes:
            codes: (n, k + 3)
        """
        own, new = codes[:, : self.k], np.ones(len(codes), dtype=bool)
        words = np.zeros((len(codes), -(-self.k // 8) * 8), dtype=np.int8)
        words[:, : self.k] = own
        whole = words.view(np.int64)  # which are quicker to compare than bytes
        np.logical_or.reduce([w[1:] != w[:-1] for w in whole.T], out=new[1:])
        numbers = np.ravel_multi_index(tuple(codes[:, self.k :].T.astype(np.int64)), self.grid.shape)
        return Pairs(np.ascontiguousarray(own[new]), np.cumsum(new) - 1, numbers)

    def join(self, networks: Codes, positions: Codes | Ints) -> Codes:
        """Pairs of networks (n, k) and positions in the grid (n, 3)."""
        return np.concatenate([networks, positions.astype(np.int8)], axis=1)

    # -- notation and members ---------------------------------------------------------------------------

    def matches(self, item: Arch) -> bool:
        return isinstance(item, dict) and not item.keys().isdisjoint(PARAMETERS)

    def parse_items(self, items: Sequence[Arch]) -> Codes:
        rows = []
        for i, item in enumerate(items):
            check_keys(item, ("arch", *PARAMETERS), space=self.name, index=i)
            rows.append([self._position(item, name, i) for name in PARAMETERS])
        return self.join(self.networks.parse([item["arch"] for item in items]), np.array(rows))

    def _position(self, item: dict[str, Any], name: str, i: int) -> int:
        values = getattr(self.grid, name)
        return check_choice(item[name], values, what=f"{self.name} {name}", item=i, position=name)

    def format(self, codes: Codes) -> list[Arch]:
        archs = self.networks.format(codes[:, : self.k])
        pairs = zip(archs, codes[:, self.k :], strict=True)
        return [{"arch": arch} | self.grid.describe(position) for arch, position in pairs]

    def canonical(self, codes: Codes) -> Codes:
        return self.join(self.networks.canonical(codes[:, : self.k]), codes[:, self.k :])

    def normalise(self, codes: Codes) -> Codes:
        return self.join(self.networks.normalise(codes[:, : self.k]), codes[:, self.k :])

    def valid(self, codes: Codes) -> Bools:
        at = codes[:, self.k :]
        inside = np.all((at >= 0) & (at < np.array(self.grid.shape)), axis=1)
        valid: Bools = self.networks.valid(codes[:, : self.k]) & inside
        return valid

    def sample(self, n: int, *, seed: int) -> Codes:
        positions = np.random.default_rng(seed).integers(0, self.grid.shape, (n, len(PARAMETERS)))
        return self.join(self.networks.sample(n, seed=seed), positions)

    def genome(self) -> Genome:
        return _JointGenome(self)


class _JointGenome(Genome):
    """The genes of the networks, then the positions in the grid."""

    def __init__(self, space: JointSpace) -> None:
        super().__init__(space)
        self._own, self._joint = space.networks.genome(), space
        self.size = self._own.size * space.grid.size
        k = self._k = len(self._own.cardinalities)
        self.cardinalities = np.append(self._own.cardinalities, space.grid.shape)
        self.names = (*self._own.names, *PARAMETERS)
        self.axes = (*self._own.axes, *(Axis((k + p,), _POINTS) for p in range(len(PARAMETERS))))

    def codes(self, genes: Ints) -> Codes:
        return self._joint.join(self._own.codes(genes[:, : self._k]), genes[:, self._k :])

    def genes(self, codes: Codes) -> Ints:
        k = self._joint.k
        return np.concatenate([self._own.genes(codes[:, :k]), codes[:, k:].astype(np.int64)], axis=1)
