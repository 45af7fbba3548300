"""What devices that are known say of networks, side by side.

| symbol | meaning |
|---|---|
| n, S | networks, source devices |
| L | (n, S) log values that sources predict |
| F | (n, c) shares that classes of kernels have of a network's work |

Both are made of sums over kernels: sources' terms, and work by class. So whatever is a weighted mean of
logarithms of sources, times a function of shares, is a predictor of networks too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.device import DeviceName
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_table import CLASSES, kernel_table
from archcast.featurize.encoders.program import Program
from archcast.predictors.networks.contract import NetworkPredictor

BALANCE = 100.0
"""Multiply-adds that count as much work as a byte moved."""
_LEAST = 1e-12


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

    def without(self, devices: Sequence[str]) -> Sources:
        """Those that are not on some hardware, whatever its settings and contributed run."""
        hardware = {hardware_of(device) for device in devices}
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

    def parts(self, networks: Sequence[Network]) -> tuple[Doubles, Doubles]:
        """L and F of networks."""
        values = [np.asarray(p.predict(networks), dtype=np.float64) for p in self.predictors]
        work = np.stack([work_by_class(network).sum(axis=0) for network in networks])
        return np.log(np.maximum(np.concatenate(values, axis=1), _LEAST)), shares_of(work)

    def parts_of_terms(self, terms: Doubles, sizes: Sequence[int]) -> tuple[Doubles, Doubles]:
        """The same of terms that were summed already."""
        own, work = Terms(tuple(sizes)).split(terms)
        values = [p.finish(t) for p, t in zip(self.predictors, own, strict=True)]
        return np.log(np.maximum(np.concatenate(values, axis=1), _LEAST)), shares_of(work)

    def sizes(self, network: Network) -> tuple[int, ...]:
        """Number of terms of each predictor."""
        return tuple(predictor.kernel_terms(network).shape[1] for predictor in self.predictors)


def work_by_class(network: Network) -> Doubles:
    """Work of each kernel in the column of its class: bytes moved, and multiply-adds over `BALANCE`.

    Shapes:
        output: (kernels, len(CLASSES))
    """
    table = kernel_table(network, Program())
    work = table.field("macs") / BALANCE
    work = work + table.field("read") + table.field("written") + table.field("weights")
    out = np.zeros((len(table), len(CLASSES)))
    out[np.arange(len(table)), table.classes] = work
    return out


def shares_of(work: Doubles) -> Doubles:
    """Rows that sum to 1."""
    total = work.sum(axis=1, keepdims=True)
    shares: Doubles = work / np.where(total > 0, total, 1.0)
    return shares


def kind_of(device: str) -> str:
    """Runtime, processor and precision of a device in few words, such as `tflite cpu int8`."""
    name = DeviceName.parse(device)
    found = re.match(r"[a-z]+", name.runtime)
    runtime = found[0] if found else ""
    if "mobile" in name.runtime.split("_"):
        runtime += "_mobile"
    if "compiled" in name.runtime.split("_"):
        runtime += "_compiled"
    on_gpu = name.processor in ("gpu", "vulkan", "opencl", "cuda", "metal") or name.batch > 1
    other = name.processor in ("npu", "dsp", "tpu")
    processor = name.processor if other else "gpu" if on_gpu else "cpu"
    return (
        f"{runtime} {processor} {'int8' if 'int8' in name.precision or 'w8' in name.precision else 'float'}"
    )


def hardware_of(device: str) -> str:
    """Hardware of a device, without the run of a contributor."""
    return re.sub(r"-run[0-9]+$", "", DeviceName.parse(device).hardware)


def by_kind(kinds: Sequence[str]) -> Mapping[str, list[int]]:
    """Places of sources by kind."""
    found: dict[str, list[int]] = {}
    for place, kind in enumerate(kinds):
        found.setdefault(kind, []).append(place)
    return found
