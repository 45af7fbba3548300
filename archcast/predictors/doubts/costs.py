"""What is likely wrong with measured costs, by what sources say of the same networks and by each other.

| symbol | meaning |
|---|---|
| n | different networks; one that was measured several times counts by its geometric mean |
| S | source devices |
| l | (n,) log cost; of a throughput the cost is a time, its inverse |
| s | (n, S) log cost on the source devices |
| p | (n,) log cost as predicted from the other measurements |

A source explains l up to a factor. Its distance is the deviation of l - s; that of the nearest source is
small for whatever is a device. What is looked for, in this order:

| kind | found where |
|---|---|
| repeats | measurements of one network are more than `REPEATS` times apart |
| unit | every source's median of l - s is beyond the limit that the caller sets |
| inverse | -l is nearer to a source than l is by `INVERSE`, and than after any exchange |
| mixed | the medians over sources of l - s, in order, have a gap of `GAP` |
| swapped | exchanging two networks' costs, which are twice apart, brings a source nearer by `EXCHANGE` |
| rows | l - s, its median over networks taken off, is beyond `FAR` on one side for every source and for p |
| order | no source is nearer than `FOLLOWS` of the deviation of l, nor is p |

Units, inverses and order are told by sources of the same metric alone, the last two by `_SEVERAL` of them. Of
many sources the nearest count.
Where nothing is known of sources, p stands alone and counts from `GAP` on. The thresholds were chosen on
source devices, see `benchmarks/doubtful_measurements.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Bools, Doubles, Ints
from archcast.core.doubts import Doubt
from archcast.core.metric import METRICS
from archcast.core.units import likely_unit

REPEATS = 3.0
INVERSE = 0.25
GAP = float(np.log(30.0))
FAR = float(np.log(3.5))
EXCHANGE = 0.3
FOLLOWS = 0.85
_APART = float(np.log(2.0))
_EXPLAINED = 0.8
_LEAN = 0.5
_FEW, _SOME = 5, 8
_FOLLOWS_FEW = 1.15
_MOST_EXCHANGED = 200
_DECIMAL = 0.35
_SEVERAL, _SOURCES = 3, 32


@dataclass(frozen=True, slots=True)
class Costs:
    """Measured costs and what is known of them.

    Shapes:
        values: (r,) measurements, in the metric's unit; groups: (r,), which network each is of, dense from 0
        known: (n, S), costs on sources; S may be 0
        same: (S,), whether a source's costs are of the metric itself
        expected: (n,), cost of each network as predicted from the others; NaN where that is not known

    Attributes:
        limit: factor to the nearest source from which another unit is likely.
    """

    metric: str
    values: Doubles
    groups: Ints
    known: Doubles
    same: Bools
    expected: Doubles
    limit: float = 30.0

    @property
    def logs(self) -> Doubles:
        """l, (n,)."""
        sign = -1.0 if self.metric == "throughput" else 1.0
        counts = np.bincount(self.groups)
        mean: Doubles = sign * np.bincount(self.groups, np.log(self.values)) / counts
        return mean

    def items(self, networks: Ints) -> tuple[int, ...]:
        """Places of the measurements of some networks."""
        return tuple(np.flatnonzero(np.isin(self.groups, networks)).tolist())


def doubts_of_costs(given: Costs) -> list[Doubt]:
    """What is likely wrong, the weightiest first; empty where nothing is."""
    logs, kept = given.logs, np.arange(given.groups.max() + 1)
    doubts = [*repeats_apart(given.metric, given.values, given.groups), *_unit(given, logs)]
    given = _nearest(given, logs)
    columns, comparable = _columns(given, logs), given.same.sum() >= _SEVERAL
    if comparable and len(logs) >= _FEW and _is_inverse(logs, columns[:, : len(given.same)]):
        return [*doubts, _inverse(given.metric)]
    odd = _mixed(given, logs, columns)
    doubts += [doubt for doubt, _ in odd]
    kept = np.setdiff1d(kept, np.concatenate([kept[:0], *(networks for _, networks in odd)]))
    if not len(given.same):
        return doubts
    own, fitting = _rows(given, logs, columns, kept)
    if comparable and not odd and not _follows(logs[fitting], columns[fitting]):
        text = f"{given.metric} follows no source device: do values stand in other rows than their networks?"
        own = [Doubt("order", (), text)]
    return [*doubts, *own]


def _nearest(given: Costs, logs: Doubles) -> Costs:
    """The same with the sources nearest by their median distance, where there are many."""
    if len(given.same) <= _SOURCES:
        return given
    off = logs[:, None] - np.log(given.known)
    apart = np.median(np.abs(off - np.median(off, axis=0)), axis=0)
    best = np.sort(np.argsort(apart)[:_SOURCES])
    return replace(given, known=given.known[:, best], same=given.same[best])


def _columns(given: Costs, logs: Doubles) -> Doubles:
    """l less each source, and less p as the last where it is known; (n, S or S + 1)."""
    parts = [logs[:, None] - np.log(given.known)]
    if np.isfinite(given.expected).all():
        floor = 0.05 * np.median(np.exp(logs))
        parts.append((logs - np.log(np.maximum(given.expected, floor)))[:, None])
    return np.concatenate(parts, axis=1)


def repeats_apart(metric: str, values: Doubles, groups: Ints) -> Iterator[Doubt]:
    """Networks whose measurements are more than `REPEATS` times apart.

    Shapes:
        values: (r,), in the metric's unit; groups: (r,), which network each is of, dense from 0
    """
    for network in np.flatnonzero(np.bincount(groups) > 1):
        places = np.flatnonzero(groups == network)
        low, high = values[places].min(), values[places].max()
        if high > REPEATS * low:
            unit = METRICS[metric].unit
            text = f"{metric} of one network was measured as {low:.4g} and as {high:.4g} {unit}"
            yield Doubt("repeats", tuple(places.tolist()), text)


def _is_inverse(logs: Doubles, off: Doubles) -> bool:
    """Whether the inverse of a cost is plainly nearer to a source, and nearer than any exchange of two."""
    turned = (off - 2 * logs[:, None]).std(axis=0).min()
    if turned > _EXPLAINED * logs.std() or turned * np.exp(INVERSE) > off.std(axis=0).min():
        return False
    exchanged = _exchanged(logs, off)
    return exchanged is None or exchanged.distance > turned


def _inverse(metric: str) -> Doubt:
    other = "latency" if metric == "throughput" else "throughput"
    return Doubt("inverse", (), f"{metric} runs against every source device: is it {other}?")


def _unit(given: Costs, logs: Doubles) -> list[Doubt]:
    if not given.same.any():
        return []
    sign = -1.0 if given.metric == "throughput" else 1.0
    ratios = sign * np.median(logs[:, None] - np.log(given.known[:, given.same]), axis=0)
    limit = np.log(given.limit)
    if ratios.min() <= limit and ratios.max() >= -limit:
        return []
    nearest = float(np.exp(ratios[np.argmin(np.abs(ratios))]))
    unit = METRICS[given.metric].unit
    text = f"{given.metric} is {nearest:.3g} times that of the nearest source device: is it in {unit}"
    return [Doubt("unit", (), f"{text}{likely_unit(nearest, given.metric)}?")]


def _mixed(given: Costs, logs: Doubles, columns: Doubles) -> list[tuple[Doubt, Ints]]:
    """Groups of networks that a wide gap parts from the others, with those networks."""
    if not columns.shape[1]:
        return []
    level, left = np.median(columns, axis=1), np.arange(len(logs))
    mixed: list[tuple[Doubt, Ints]] = []
    while len(left) > 2:
        order = left[np.argsort(level[left])]
        gaps = np.diff(level[order])
        at = int(gaps.argmax()) + 1
        if gaps[at - 1] < GAP:
            break
        sides = sorted((order[:at], order[at:]), key=lambda s: (len(s), -abs(float(np.median(level[s])))))
        odd, left = sides
        off = float(np.median(level[odd]) - np.median(level[left]))
        mixed.append((_told(given, odd, off, len(logs)), odd))
    return mixed


def _rows(given: Costs, logs: Doubles, columns: Doubles, kept: Ints) -> tuple[list[Doubt], Ints]:
    """Of the networks kept, those far off for every source, or two that are swapped; and the rest."""
    if len(kept) < 3:
        return [], kept
    off = columns[kept] - np.median(columns[kept], axis=0)
    low, high = off.min(axis=1), off.max(axis=1)
    sure = np.where(low > 0, low, np.where(high < 0, high, 0.0))
    far = np.flatnonzero(np.abs(sure) >= FAR)
    exchanged = _exchanged(logs[kept], columns[kept])
    if exchanged is not None and (len(far) != 1 or (np.abs(sure[list(exchanged.pair)]) > _LEAN).all()):
        two = kept[list(exchanged.pair)]
        text = f"{given.metric} fits when two are exchanged: are they swapped?"
        return [Doubt("swapped", given.items(two), text)], np.setdiff1d(kept, two)
    doubts = [_told(given, kept[[i]], float(np.median(off[i])), len(kept)) for i in far.tolist()]
    return doubts, np.delete(kept, far)


class _Exchange(NamedTuple):
    """Two networks, and the distance of the nearest source once their costs are exchanged."""

    pair: tuple[int, int]
    distance: float


def _exchanged(logs: Doubles, off: Doubles) -> _Exchange | None:
    """The two networks whose exchange brings a source nearest, where that is much nearer."""
    n = len(logs)
    if not _FEW <= n <= _MOST_EXCHANGED:
        return None
    centred = off - off.mean(axis=0)
    squares = (centred**2).sum(axis=0)
    apart = logs[None, :] - logs[:, None]
    best, nearest = None, np.inf
    for source, total in enumerate(squares):
        own = centred[:, source]
        totals = total + 2 * apart * (own[:, None] - own[None, :]) + 2 * apart**2
        totals[np.abs(apart) < _APART] = np.inf
        if totals.min() < nearest:
            nearest = float(totals.min())
            best = divmod(int(totals.argmin()), n)
    after, before = float(np.sqrt(max(nearest, 1e-24) / n)), float(np.sqrt(squares.min() / n))
    if best is None or after > before * np.exp(-EXCHANGE) or after > _EXPLAINED * logs.std():
        return None
    return _Exchange((min(best), max(best)), after)


def _follows(logs: Doubles, columns: Doubles) -> bool:
    n, spread = len(logs), logs.std()
    if n < _FEW or spread == 0:
        return True
    limit = FOLLOWS if n >= _SOME else _FOLLOWS_FEW
    return bool(columns.std(axis=0).min() <= limit * spread)


def _told(given: Costs, networks: Ints, off: float, n: int) -> Doubt:
    """Networks off by a factor of exp(off) in cost, and by what that may come."""
    sign = -1.0 if given.metric == "throughput" else 1.0
    factor = float(np.exp(sign * off))
    items = given.items(networks)
    near = likely_unit(factor, given.metric) if not 1 / 100 < factor < 100 else ""
    hint = f"is it in{near.removeprefix(', or in')}?" if near else _digits(factor)
    size = f"{_figure(factor)} times" if factor >= 1 else f"{_figure(1 / factor)} times less than"
    said = f"is {size} what the others and the sources say: {hint}"
    if len(items) == 1:
        value = f"{given.values[items[0]]:.6g} {METRICS[given.metric].unit}"
        return Doubt("rows", items, f"{given.metric} of {value} {said}")
    kind = "rows" if len(networks) == 1 else "mixed"
    return Doubt(kind, items, f"{given.metric} of {len(networks)} of {n} {said}")


def _figure(factor: float) -> str:
    return f"{factor:.0f}" if factor >= 10 else f"{factor:.2g}"


def _digits(factor: float) -> str:
    tens = abs(np.log10(factor))
    if tens > _DECIMAL and abs(tens - round(tens)) < _DECIMAL:
        return "is the decimal point right?"
    return "was it measured as the others?"
