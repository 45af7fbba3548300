"""What devices that are known say of networks, side by side.

| symbol | meaning |
|---|---|
| n, S | networks, source devices |
| L | (n, S) log costs of a pass that sources predict, with what is remembered of networks that taught them |
| F | (n, c) shares that classes of kernels have of a network's work |
| A | (n, S) how surely each source remembers a network, 0 to 1 |

All are made of sums over kernels: sources' terms, and work by class. So whatever is a weighted mean of
logarithms of sources, times a function of shares, is a predictor of networks too. A throughput is told as the
time of a pass, so that sources of both teach both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.device import DeviceName
from archcast.core.network import Network
from archcast.featurize.networks import NETWORK
from archcast.predictors.artifact.manifest import MANIFEST, load_any, read_manifest
from archcast.predictors.artifact.shipped import sources_folder
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.kinds import kind_of, pass_costs
from archcast.predictors.networks.remembered import shares_of, work_by_class

_LEAST = 1e-12
_BATCH = re.compile(r"_[0-9]+$")


class SourceValues(NamedTuple):
    """What sources say of networks.

    Shapes:
        values: (n, S), L; shares: (n, c), F; sure: (n, S), A
    """

    values: Doubles
    shares: Doubles
    sure: Doubles


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of sources and work by class, as one array and apart.

    Attributes:
        sizes: number of terms of each predictor; work by class stands after them.
    """

    sizes: tuple[int, ...]

    def split(self, terms: Doubles) -> tuple[list[Doubles], Doubles]:
        """Terms of each predictor, and work by class."""
        ends = np.cumsum(self.sizes)
        return np.split(terms[:, : ends[-1]], ends[:-1], axis=1), terms[:, ends[-1] :]


@dataclass(frozen=True)
class Sources:
    """Predictors of one metric on devices that teach.

    Attributes:
        predictors: of different devices.
    """

    predictors: tuple[NetworkPredictor, ...]

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """All devices, predictor by predictor."""
        return tuple(device for predictor in self.predictors for device in predictor.devices_)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kind of each device, see `kind_of`."""
        return tuple(map(kind_of, self.devices))

    @cached_property
    def left(self) -> Doubles:
        """Deviation of what is left of the networks that each source remembers, (S,); 0 where it does not."""
        found = [
            np.zeros(len(p.devices_)) if p.remembered_ is None else p.remembered_.rests.std(axis=0)
            for p in self.predictors
        ]
        return np.concatenate(found)

    def without(self, devices: Sequence[str]) -> Sources:
        """Those that are not on some hardware, whatever its settings and contributed run.

        `1080ti_32`, as tables of spaces write the batch, is on the hardware of `1080ti`.
        """
        hardware = {hardware_of(device) for device in devices}
        hardware |= {_BATCH.sub("", name) for name in hardware}
        return self.only([d for d in self.devices if hardware_of(d) not in hardware])

    def only(self, devices: Sequence[str]) -> Sources:
        """Those of some devices."""
        kept = []
        for predictor in self.predictors:
            columns = tuple(c for c, device in enumerate(predictor.devices_) if device in devices)
            if columns:
                kept.append(predictor.select(columns))
        return Sources(tuple(kept))

    def kernel_terms(self, network: Network) -> Doubles:
        """Terms of kernels, and their work by class; each predictor's kernels stand in rows of their own."""
        blocks = [predictor.kernel_terms(network) for predictor in self.predictors]
        blocks.append(work_by_class(network))
        out = np.zeros((sum(map(len, blocks)), sum(block.shape[1] for block in blocks)))
        row = column = 0
        for block in blocks:
            out[row : row + len(block), column : column + block.shape[1]] = block
            row, column = row + len(block), column + block.shape[1]
        return out

    def parts(self, networks: Sequence[Network]) -> SourceValues:
        """L, F and A of networks."""
        values = [np.asarray(p.predict(networks), dtype=np.float64) for p in self.predictors]
        work = np.stack([work_by_class(network).sum(axis=0) for network in networks])
        return self._said(values, work)

    def parts_of_terms(self, terms: Doubles, sizes: Sequence[int]) -> SourceValues:
        """The same of terms that were summed already."""
        own, work = Terms(tuple(sizes)).split(terms)
        return self._said([p.finish(t) for p, t in zip(self.predictors, own, strict=True)], work)

    def _said(self, values: Sequence[Doubles], work: Doubles) -> SourceValues:
        logs, sure = [], []
        for predictor, own in zip(self.predictors, values, strict=True):
            costs = pass_costs(np.maximum(own, _LEAST), predictor.metric_, predictor.devices_)
            rests, known = predictor.remembered(work)
            logs.append(np.log(costs) + rests)
            sure.append(np.repeat(known[:, None], len(predictor.devices_), axis=1))
        return SourceValues(np.concatenate(logs, axis=1), shares_of(work), np.concatenate(sure, axis=1))

    def sizes(self, network: Network) -> tuple[int, ...]:
        """Number of terms of each predictor."""
        return tuple(predictor.kernel_terms(network).shape[1] for predictor in self.predictors)


@lru_cache(maxsize=1)
def shipped_sources() -> tuple[NetworkPredictor, ...]:
    """Shipped predictors that only teach: too few families taught them to answer for any network."""
    root = sources_folder() / NETWORK
    folders = sorted((f for f in root.iterdir() if f.joinpath(MANIFEST).is_file()), key=str)
    shipped: list[Any] = [load_any(read_manifest(folder)) for folder in folders]
    return tuple(shipped)


def hardware_of(device: str) -> str:
    """Hardware of a device, without the run of a contributor."""
    return re.sub(r"-run[0-9]+$", "", DeviceName.parse(device).hardware)


def by_kind(kinds: Sequence[str]) -> Mapping[str, list[int]]:
    """Places of sources by kind."""
    found: dict[str, list[int]] = {}
    for place, kind in enumerate(kinds):
        found.setdefault(kind, []).append(place)
    return found
