"""What devices measured of networks that taught them, beside what their predictors say of those.

| symbol | meaning |
|---|---|
| n, k, m | networks that are asked for, that taught; devices |
| w | (n, c) work by class of kernels |
| d | distance of networks: of log total work, and of square roots of shares of classes |

A predictor's prices leave a rest on each network that taught. Where a network, or a near-copy of it, is
asked for again, that rest is known: log measurement less log prediction, times exp(-d^2 / 2 `REACH`^2).
Several that are near count by that over d^2, so that the very network counts alone. A network that a device
has not measured has the mean rest of the devices of its kind.

Source devices are told with it, so that a new device is compared with what they measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_table import CLASSES, kernel_table
from archcast.featurize.encoders.program import Program
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.networks.kinds import kind_of, pass_costs
from archcast.predictors.networks.labels import NetworkLabels

FILE = "remembered.npz"
BALANCE = 100.0
"""Multiply-adds that count as much work as a byte moved."""
REACH = 0.05
_MIXED = 2.0
"""How far a difference of roots of shares counts, against one of log totals."""
_FARTHEST = 4 * REACH
_SAME = 1e-5
"""Square of a distance below which networks are one."""
_STEPS = 1000.0
_ALONE = 1.0
"""Devices whose rest of 0 stands beside those of a kind where a mean of them is taken."""


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


@dataclass(frozen=True, slots=True)
class Remembered:
    """Networks that taught, the least work first.

    Shapes:
        totals: (k,), log total work, rising; roots: (k, c), of shares of classes
        rests: (k, m), of log costs of a pass
    """

    totals: Doubles
    roots: Doubles
    rests: Doubles

    @classmethod
    def of(cls, labels: NetworkLabels, predicted: Doubles, work: Doubles) -> Remembered:
        """From measurements and what the fitted predictor says of the same networks.

        Shapes:
            predicted: (k, m), in the metric's unit; work: (k, c)
        """
        costs = [np.log(pass_costs(v, labels.metric, labels.devices)) for v in (labels.values, predicted)]
        rests = _filled(costs[0] - costs[1], labels.devices)
        totals, roots = _told(work)
        order = np.argsort(totals, kind="stable")
        return cls(totals[order], np.round(roots[order] * _STEPS) / _STEPS, rests[order])

    def at(self, work: Doubles) -> tuple[Doubles, Doubles]:
        """Rests of networks, and how surely each is one that taught, 0 to 1.

        Shapes:
            work: (n, c); output: (n, m), (n,)
        """
        totals, roots = _told(work)
        first = np.searchsorted(self.totals, totals - _FARTHEST)
        count = np.searchsorted(self.totals, totals + _FARTHEST, side="right") - first
        rows = np.repeat(np.arange(len(work)), count)
        near = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
        apart = (totals[rows] - self.totals[near]) ** 2
        apart += (_MIXED**2 * (roots[rows] - self.roots[near]) ** 2).sum(axis=1)
        alike = np.exp(-apart / (2 * REACH**2))
        weight = alike / (apart + _SAME)
        rests, sure = np.zeros((len(work), self.rests.shape[1])), np.zeros(len(work))
        total = np.zeros(len(work))
        np.add.at(rests, rows, weight[:, None] * self.rests[near])
        np.add.at(total, rows, weight)
        np.maximum.at(sure, rows, alike)
        scale = np.where(total > 0, sure / np.where(total > 0, total, 1.0), 0.0)
        return rests * scale[:, None], sure

    def select(self, columns: Sequence[int]) -> Remembered:
        """Those of some devices."""
        return replace(self, rests=self.rests[:, list(columns)])

    def to_file(self) -> bytes:
        """As one file of plain arrays."""
        return pack(
            {
                "totals": self.totals.astype(np.float32),
                "roots": np.round(self.roots * _STEPS).astype(np.uint16),
                "rests": self.rests.astype(np.float16),
            }
        )

    @classmethod
    def from_file(cls, content: bytes) -> Remembered:
        """What `to_file` gave."""
        arrays = unpack(content, FILE)
        whole = [arrays[name].astype(np.float64) for name in ("totals", "roots", "rests")]
        return cls(whole[0], whole[1] / _STEPS, whole[2])


def _told(work: Doubles) -> tuple[Doubles, Doubles]:
    """Log total work, and roots of shares."""
    return np.log(np.maximum(work.sum(axis=1), 1.0)), np.sqrt(shares_of(work))


def _filled(rests: Doubles, devices: Sequence[str]) -> Doubles:
    """Rests with means of devices of one kind where there is no measurement."""
    known, kinds = np.isfinite(rests), np.array([kind_of(device) for device in devices])
    out = np.where(known, rests, 0.0)
    for kind in np.unique(kinds):
        own = kinds == kind
        mean = out[:, own].sum(axis=1) / (known[:, own].sum(axis=1) + _ALONE)
        out[:, own] = np.where(known[:, own], out[:, own], mean[:, None])
    return out
