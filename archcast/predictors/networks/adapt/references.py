"""Which networks to measure first: those after which the rest is known best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.predictors.networks.adapt.posterior import likeness
from archcast.predictors.networks.adapt.sources import Sources
from archcast.predictors.networks.contract import NetworkPredictor

_DIFFERENCES, _LIKENESS, _PRICES, _NOISE, _LEVEL = 1.0, 0.006, 0.5, 0.01, 100.0


def suggest_networks(
    candidates: Sequence[Network],
    n: int,
    *,
    sources: Sequence[NetworkPredictor],
    measured: Sequence[Network] = (),
    seed: int = 0,
) -> list[int]:
    """Places of the networks to measure, in the order in which to measure them.

    One after another, that which lowers most the mean variance of all candidates, under the covariance that
    adaptation has before anything is measured. Nothing is drawn at random.

    Args:
        measured: what was measured already, to be built on.

    Raises:
        InputError: fewer than n different candidates that are not measured yet.
    """
    del seed
    done = {network.key for network in measured}
    first: dict[str, int] = {}
    for place, network in enumerate(candidates):
        if network.key not in done:
            first.setdefault(network.key, place)
    if len(first) < n:
        raise InputError(
            f"there must be at least {n} different candidates that are not measured yet, got {len(first)}"
        )
    places = list(first.values())
    every = [*(candidates[place] for place in places), *measured]
    said = Sources(tuple(sources)).parts(every)
    return [places[i] for i in suggest_places(said.values, said.shares, n, measured=len(measured))]


def suggest_places(values: Doubles, shares: Doubles, n: int, *, measured: int = 0) -> list[int]:
    """Rows of the networks to measure by what sources say of them, see `suggest_networks`.

    Args:
        measured: how many of the last rows were measured already.

    Shapes:
        values: (k, S) log values of sources; shares: (k, c) of classes of kernels in the work
    """
    covariance = _prior(values, shares)
    pool = len(values) - measured
    for place in range(pool, len(values)):
        covariance = _after(covariance, place)
    chosen: list[int] = []
    for _ in range(n):
        own = np.diag(covariance)[:pool]
        gain = (covariance[:pool, :pool] ** 2).sum(axis=1) / (own + _NOISE)
        gain[chosen] = -np.inf
        best = int(np.argmax(gain))
        chosen.append(best)
        covariance = _after(covariance, best)
    return chosen


def _prior(values: Doubles, shares: Doubles) -> Doubles:
    """Covariance of log values before anything is measured."""
    spread = values - values.mean(axis=0)
    spread = spread - spread.mean(axis=1, keepdims=True)
    differences: Doubles = _DIFFERENCES * spread @ spread.T / spread.shape[1]
    return differences + _LIKENESS * likeness(shares, shares) + _PRICES * shares @ shares.T + _LEVEL


def _after(covariance: Doubles, place: int) -> Doubles:
    """Covariance once a network is measured."""
    column = covariance[:, place]
    rest: Doubles = covariance - np.outer(column, column) / (column[place] + _NOISE)
    return rest
