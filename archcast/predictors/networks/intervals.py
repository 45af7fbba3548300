"""Intervals of networks, from errors in families of networks that were left out.

| symbol | meaning |
|---|---|
| n, m | networks, devices |
| q | mix of a network: square roots of shares of classes of kernels in its multiply-adds and bytes |
| d | mean distance of q to those of the five nearest networks that taught |
| s | 1 + a d, by which errors grow with distance; a is the one of `SLOPES` that makes intervals narrowest |
| g | how far the log value lies below the least that taught, or above the greatest; else 0 |
| u | share of the value that is of kernels with operators which no network that taught had |

An interval reaches down and up from the predicted log value: by the quantile of |error| / s over networks
whose whole family was left out, each family with the same weight, times s, and by `BEYOND` g and `UNSEEN`
u. Errors are often to one side, as kernels that nothing taught are told too cheap: from `BOTH_SIDES`
families on, quantiles of each side stand in its place where the interval is narrower by them. A network of
a known family lies near those that taught, and has a narrower interval. How errors grow with g and u was
measured: `benchmarks/network_beyond.py` and `benchmarks/network_unseen.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from archcast.core.arrays import Doubles, Floats
from archcast.core.errors import InputError
from archcast.featurize.encoders.kernel_table import CLASSES, KernelTable
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.intervals import LEVELS, check_coverage

FILE = "errors.npz"
SLOPES = (0.0, 0.5, 1.0, 2.0, 4.0)
BOTH_SIDES = 10
"""Families from which on errors below and above are told apart."""
BEYOND = 0.3
"""How much further for each e-fold beyond the values that taught."""
UNSEEN = 0.45
"""How much further for a value that is all of operators which nothing taught."""
_NEAREST = 5
_STEPS = 100.0
"""Mixes are kept in hundredths, so that near-copies are kept once."""
_LEAST_FAMILIES = 3
_ALIKE = 0.1
"""Distance of mixes below which none is unlike the others."""


def mix_of(table: KernelTable) -> Doubles:
    """The mix of a network, (2 len(CLASSES),)."""
    moved = table.field("read") + table.field("written") + table.field("weights")
    parts = [np.bincount(table.classes, x, len(CLASSES)) for x in (table.field("macs"), moved)]
    mixed: Doubles = np.concatenate([np.sqrt(part / max(part.sum(), 1.0) / 2.0) for part in parts])
    return mixed


@dataclass(frozen=True, slots=True)
class NetworkIntervals:
    """How far intervals reach.

    Shapes:
        widths: (2, len(LEVELS), m), quantiles of errors / s below and above, inf where too few families tell
        slope: (m,), a of each device; known: (u, 2 len(CLASSES)), mixes of networks that taught
        farthest: largest distance that a network of a family left out had
        ends: (2, m), the least and the greatest value that taught
    """

    widths: Doubles
    slope: Doubles
    known: Doubles
    farthest: float
    ends: Doubles

    @classmethod
    def from_errors(
        cls, truth: Doubles, predicted: Doubles, *, families: Sequence[str], mixes: Doubles
    ) -> NetworkIntervals:
        """Learn how far they reach.

        Args:
            predicted: of each network by what was fitted without its family.

        Shapes:
            truth, predicted: (n, m), NaN where missing; mixes: (n, 2 len(CLASSES))
        """
        names = np.array(families)
        apart = np.empty(len(names))
        for name in np.unique(names):
            apart[names == name] = _distance(mixes[names == name], mixes[names != name])
        errors = np.log(truth) - np.log(predicted)
        m = truth.shape[1]
        widths, slope = np.full((2, len(LEVELS), m), np.inf), np.zeros(m)
        for column in range(m):
            known = np.isfinite(errors[:, column])
            if len(set(names[known])) >= _LEAST_FAMILIES:
                slope[column], widths[:, :, column] = _learned(
                    errors[known, column], apart[known], _weights(names[known])
                )
        kept = np.unique(np.round(mixes * _STEPS), axis=0) / _STEPS
        ends = np.array([np.nanmin(truth, axis=0), np.nanmax(truth, axis=0)])
        return cls(widths, slope, kept, float(apart.max(initial=_ALIKE)), ends)

    def reach(
        self,
        predicted: Doubles | Floats,
        mixes: Doubles,
        coverage: float,
        *,
        unseen: Doubles | float = 0.0,
    ) -> tuple[Doubles, Doubles]:
        """How far intervals of log values reach below and above the predicted.

        Shapes:
            predicted, unseen: (n, m), u; mixes: (n, 2 len(CLASSES)); output: (n, m) each

        Raises:
            InputError: coverage outside 0.5 to 0.99, or too few families tell of a device.
        """
        check_coverage(coverage)
        below, above = (np.array([np.interp(coverage, LEVELS, c) for c in side.T]) for side in self.widths)
        if not np.isfinite(below + above).all():
            raise InputError("too few families of networks were left out to tell how far off predictions are")
        values = np.asarray(predicted, dtype=np.float64)
        within: Doubles = np.clip(values, *self.ends)
        beyond = BEYOND * np.abs(np.log(values / within))
        grown = 1 + self.slope * self.distance(mixes)[:, None]
        further = beyond + UNSEEN * unseen
        return grown * below + further, grown * above + further

    def distance(self, mixes: Doubles) -> Doubles:
        """Mean distance to the nearest networks that taught, (n,)."""
        return _distance(mixes, self.known)

    def select(self, columns: Sequence[int]) -> NetworkIntervals:
        """Those of some devices."""
        c = list(columns)
        return replace(self, widths=self.widths[..., c], slope=self.slope[c], ends=self.ends[:, c])

    def to_file(self) -> bytes:
        """As one file of plain arrays."""
        return pack(
            {
                "widths": self.widths.astype(np.float32),
                "slope": self.slope,
                "known": np.round(self.known * _STEPS).astype(np.uint8),
                "farthest": np.array(self.farthest),
                "ends": self.ends.astype(np.float32),
            }
        )

    @classmethod
    def from_file(cls, content: bytes) -> NetworkIntervals:
        """What `to_file` gave."""
        arrays: Mapping[str, Doubles] = unpack(content, FILE)
        return cls(
            arrays["widths"].astype(np.float64),
            arrays["slope"],
            arrays["known"].astype(np.float64) / _STEPS,
            float(arrays["farthest"]),
            arrays["ends"].astype(np.float64),
        )


def _distance(mixes: Doubles, known: Doubles) -> Doubles:
    """Mean distance to the nearest of some mixes, (n,); 1, the largest there is, where there are none."""
    if not len(known):
        return np.ones(len(mixes))
    squares = (mixes**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * mixes @ known.T
    nearest = np.sort(squares, axis=1)[:, :_NEAREST]
    mean: Doubles = np.sqrt(np.maximum(nearest, 0.0)).mean(axis=1)
    return mean


def _weights(names: Doubles) -> Doubles:
    """Of networks, so that each family weighs the same; they sum to the number of families."""
    _, place, count = np.unique(names, return_inverse=True, return_counts=True)
    weights: Doubles = 1.0 / count[place]
    return weights


def _learned(errors: Doubles, apart: Doubles, weights: Doubles) -> tuple[float, Doubles]:
    """The slope with the narrowest intervals of 90 %, and how far they reach below and above by level."""
    best: tuple[float, float, Doubles] | None = None
    for slope in SLOPES:
        scale = 1 + slope * apart
        ratios = errors / scale
        widths_of = [np.tile(_quantiles(np.abs(ratios), weights, LEVELS), (2, 1))]
        if weights.sum() > BOTH_SIDES - 0.5:
            sides = (LEVELS + 1) / 2
            widths_of.append(np.stack([_quantiles(sign * ratios, weights, sides) for sign in (-1, 1)]))
        for widths in widths_of:
            nominal = sum(float(np.interp(0.9, LEVELS, side)) for side in widths)
            typical = float(np.average(scale, weights=weights)) * nominal
            if best is None or typical < best[0]:
                best = (typical, slope, widths)
    assert best is not None
    return best[1], best[2]


def _quantiles(ratios: Doubles, weights: Doubles, levels: Doubles) -> Doubles:
    """Weighted quantiles, at least 0, with room for one more family."""
    order = np.argsort(ratios)
    reached = np.cumsum(weights[order]) / (weights.sum() + 1)
    place = np.searchsorted(reached, levels - 1e-12)
    return np.maximum(ratios[order][np.minimum(place, len(order) - 1)], 0.0)
