"""Mean and outer quantiles of a metric with a block forced, less those without, and their errors.

| symbol | meaning |
|---|---|
| n | random networks, the same for all blocks and places (common random numbers) |
| P, K | places, blocks |
| B | batches of n / B networks |
| S | statistics: mean, 5 % quantile, 95 % quantile |
| t_b | a statistic's difference in batch b, t over all n |

The squared standard error is sum_b (t_b - t)^2 / (B (B - 1)): sectioning (Asmussen and Glynn, Stochastic
Simulation, 2007, section III.5a), which needs no density, as formulas for quantiles do, and holds for any
function of the statistics, such as a block's mean over places, with what places share counted. Batches have
1,000 networks or more from 20,000 on; with fewer, errors of the quantiles come out up to a quarter too small.
Where values are so few that a quantile lies between two lumps, they are too small at any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.places import Place

STATISTICS = ("mean", "q05", "q95")
LOWER, UPPER = 0.05, 0.95
FEWEST = 2_000
_FEWEST_BATCHES, _MOST_BATCHES, _BATCH = 20, 100, 1000
_ROWS = 2**18

Values = Callable[[Codes], NDArray[Any]]
"""Codes (n, k) of members -> values (n,)."""
ByPlace = Callable[[Codes, Place], NDArray[Any]]
"""Members (n, k) in which a place's layer is there -> values (K, n), each block of the place written over."""
Report = Callable[[int, int], None]
"""Told how many of how many are done."""


class Responses(NamedTuple):
    """Statistics of random networks, and by how much blocks in places change them.

    Shapes:
        baseline, baseline_error: (S,); response, error: (P, K, S), NaN where a block does not fit;
        block, block_error: (K, S), means over places. Errors are 0 where every network was looked at.
    """

    baseline: Doubles
    baseline_error: Doubles
    response: Doubles
    error: Doubles
    block: Doubles
    block_error: Doubles
    networks: int


def exact_responses(values: Values, space: Space) -> Responses:
    """Responses over every member of a small space whose layers are always there; a value may be NaN."""
    places, members = space.places(), space.members(np.arange(space.size))
    known = np.asarray(values(members), dtype=np.float64)
    members, known = members[~np.isnan(known)], known[~np.isnan(known)]
    baseline = _statistics(known)
    response = np.full((len(places.places), len(places.blocks), len(STATISTICS)), np.nan)
    for p, place in enumerate(places.places):
        for forced in place.forced:
            having = np.all(members[:, list(forced.columns)] == np.array(forced.codes), axis=1)
            response[p, forced.block] = _statistics(known[having]) - baseline
    block = _over_places(response)
    none = np.zeros(len(STATISTICS))
    error = np.where(np.isnan(response), np.nan, 0.0)
    return Responses(baseline, none, response, error, block, np.zeros_like(block), len(known))


def sampled_responses(
    values: Values,
    space: Space,
    networks: Codes,
    *,
    seed: int,
    by_place: ByPlace | None = None,
    report: Report | None = None,
) -> Responses:
    """Responses over a sample, which is overwritten with each block in each place in turn.

    Args:
        networks: members drawn at random; the last few are left out where batches would not be equal.
        seed: of the blocks in layers that forcing a deeper one brings up.
        by_place: gives what `values` would of each block in a place, quicker; without it, a network that has
            the block already is not asked again.
        report: called after each block.

    Shapes:
        networks: (n, k)

    Raises:
        InputError: fewer than 2,000 networks.
    """
    if len(networks) < FEWEST:
        raise InputError(f"samples must be at least {FEWEST}, got {len(networks)}")
    batches = min(max(len(networks) // _BATCH, _FEWEST_BATCHES), _MOST_BATCHES)
    networks = networks[: len(networks) // batches * batches]
    places, complete = space.places(), space.complete(networks, seed=seed)
    base = _in_parts(values, networks)
    whole, parts = _statistics(base), _statistics(base.reshape(batches, -1))
    shape = (len(places.places), len(places.blocks), len(STATISTICS))
    response, by_batch = np.full(shape, np.nan), np.full((batches, *shape), np.nan)
    todo, done = sum(len(place.forced) for place in places.places), 0
    for p, place in enumerate(places.places):
        members = space.raised(complete, place)
        if by_place is None:
            replaced = _one_by_one(values, members, place, base, networks)
        else:
            replaced = iter(by_place(members, place))
        for forced, own in zip(place.forced, replaced, strict=True):
            response[p, forced.block] = _statistics(own) - whole
            by_batch[:, p, forced.block] = _statistics(own.reshape(batches, -1)) - parts
            done += 1
            if report is not None:
                report(done, todo)
    block = _over_places(response)
    return Responses(
        whole,
        _error(parts, whole),
        response,
        _error(by_batch, response),
        block,
        _error(np.stack([_over_places(own) for own in by_batch]), block),
        len(networks),
    )


def _one_by_one(
    values: Values, members: Codes, place: Place, base: NDArray[Any], networks: Codes
) -> Iterator[NDArray[Any]]:
    """Values (n,) of each block of a place; those of networks that have it are taken from `base`."""
    kept = np.all(members == networks, axis=1)
    for forced in place.forced:
        known = kept & np.all(
            members[:, list(forced.columns)] == np.array(forced.codes, dtype=np.int8), axis=1
        )
        replaced, changed = base.copy(), members[~known]
        forced.force(changed)
        replaced[~known] = _in_parts(values, changed)
        yield replaced


def _in_parts(values: Values, codes: Codes) -> NDArray[Any]:
    if len(codes) == 0:
        return np.zeros(0, dtype=np.float32)
    parts = [values(codes[i : i + _ROWS]) for i in range(0, len(codes), _ROWS)]
    return np.concatenate(parts)


def _statistics(values: NDArray[Any]) -> Doubles:
    """Mean and outer quantiles along the last axis, which becomes S long."""
    mean = values.mean(axis=-1, dtype=np.float64)
    low, high = np.quantile(values, (LOWER, UPPER), axis=-1)
    return np.stack([mean, low, high], axis=-1).astype(np.float64)


def _over_places(response: Doubles) -> Doubles:
    """(P, K, S) -> (K, S), over the places where a block fits."""
    fits = ~np.isnan(response)
    total: Doubles = np.where(fits, response, 0.0).sum(axis=0) / fits.sum(axis=0)
    return total


def _error(by_batch: Doubles, whole: Doubles) -> Doubles:
    """(B, ...) and (...) -> (...)."""
    batches = len(by_batch)
    squares: Doubles = ((by_batch - whole) ** 2).sum(axis=0) / (batches * (batches - 1))
    return np.sqrt(squares)
