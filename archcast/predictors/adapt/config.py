"""The constants of adaptation: how a prior is learned, and how it meets measurements.

All were chosen by leaving source devices out, before a test device was looked at; `archcast evaluate
leave-one-device-out` repeats the measurement that they are judged by. A prior and an adapted predictor keep
those that they were made with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import ArtifactError, InputError


@dataclass(frozen=True, slots=True)
class PriorConfig:
    """How a mixture of priors is learned from source devices, see `archcast.predictors.adapt.prior`.

    Attributes:
        iterations: steps of expectation maximisation.
        strength: devices that the inverse Wishart prior of a covariance is worth.
        freedom: degrees of freedom of the sources' Student-t noise.
        pool, pool_seed: architectures that sources answer for, and the seed that draws them.
        near_source: covariance around one source, over the covariance of all.
        wide: variance of the wide component over the groups' variances.
        span_slack, source_slack: share of the groups' variances beyond the span of the sources, and the same
            for components near one source; of spaces without dead operations.
        price_floor: share of the mean squared price that every price's own square is raised by.
        part_shares: shares of the cost that operations may pay only when they are live.
        part_common, part_own: variance of prices over their squares, of all parts together and of each.
        extra_size: deviation of the extra groups over the root mean square price.
        apart_size, apart_adds, apart_weight, apart_scope: of devices unlike the sources, the variance of
            prices over their squares, the size of sums, log weight and scope.
        reference_noise, reference_offset: deviations of a measurement's noise and of a device's offset that
            references are chosen under, over the deviation of its costs.
    """

    iterations: int = 25
    strength: float = 4.0
    freedom: float = 4.0
    pool: int = 900
    pool_seed: int = 0
    near_source: float = 0.1
    wide: float = 2.0
    span_slack: float = 0.05
    source_slack: float = 0.1
    price_floor: float = 0.3
    part_shares: tuple[float, ...] = (0.0, 0.5, 1.0)
    part_common: float = 0.25
    part_own: float = 0.01
    extra_size: float = 0.2
    apart_size: float = 0.4
    apart_adds: float = 0.5
    apart_weight: float = -2.0
    apart_scope: float = 0.05
    reference_noise: float = 0.2
    reference_offset: float = 3.0

    def to_json(self) -> str:
        """Every constant by its name."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote.

        Raises:
            ArtifactError: the text is no JSON object, or has other constants than these; they are named.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise ArtifactError(f"constants of a prior must be JSON: {error}") from error
        _check_names(values, {f.name for f in fields(cls)})
        given: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
        return cls(**given)


@dataclass(frozen=True, slots=True)
class AdaptConfig:
    """How a prior meets measurements, see `archcast.predictors.adapt.posterior` and `.intervals`.

    Attributes:
        scales, noises: grid of the device's scale and of its noise, over the deviation of its costs.
        scale_spread, noise_middle, noise_spread: log normal priors of the two; scales lie around 1.
        freedom: degrees of freedom of the measurements' Student-t noise.
        growth: power of the cost that the noise's deviation grows with.
        rounds: variational steps.
        spread_ratio: standard over robust deviation of the costs from which on they may also be spread as
            widely as the standard one says, instead of holding outliers.
        spread_noise: noises of the grid up to which that is believed, over that deviation.
        spread_weight: log prior weight of it.
        screen: measurements that components are screened with where there are more than twice as many.
        floor: costs below this share of the median measurement are predicted on a log scale.
        guess, worth: the widening expected beforehand, and the measurements that this guess is worth.
        most: largest standardised error that counts.
        least: measurements below which the mixture itself is a guess.
        interval_freedom: degrees of freedom of Student's quantiles for intervals.
    """

    scales: tuple[float, ...] = (0.25, 0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.2)
    noises: tuple[float, ...] = (0.03, 0.06, 0.12, 0.25, 0.5)
    scale_spread: float = 0.5
    noise_middle: float = 0.2
    noise_spread: float = 1.0
    freedom: float = 4.0
    growth: float = 0.75
    rounds: int = 4
    spread_ratio: float = 1.5
    spread_noise: float = 0.25
    spread_weight: float = -4.0
    screen: int = 100
    floor: float = 0.2
    guess: float = 0.8
    worth: float = 8.0
    most: float = 3.0
    least: float = 3.0
    interval_freedom: int = 4

    def __post_init__(self) -> None:
        if self.rounds < 2:
            raise InputError(f"rounds must be at least 2, got {self.rounds}")


class Grid(NamedTuple):
    """Points over the device's scale c and its noise variance v, with their log prior; each (g,)."""

    c: Doubles
    v: Doubles
    log_prior: Doubles


@lru_cache(maxsize=16)
def grid_of(config: AdaptConfig, most: float = np.inf) -> Grid:
    """The grid that the posterior is computed on, of noises up to the `most`."""
    noises = np.array([noise for noise in config.noises if noise <= most])
    c, v = (points.ravel() for points in np.meshgrid(np.array(config.scales), noises**2, indexing="ij"))
    log_prior = -0.5 * (np.log(c) / config.scale_spread) ** 2
    log_prior -= 0.5 * ((0.5 * np.log(v) - np.log(config.noise_middle)) / config.noise_spread) ** 2
    return Grid(c, v, log_prior)


def _check_names(given: Mapping[str, Any], wanted: set[str]) -> None:
    if not isinstance(given, Mapping):
        raise ArtifactError(f"constants of a prior must be a JSON object, got {type(given).__name__}")
    if wrong := sorted(wanted.symmetric_difference(given)):
        raise ArtifactError(
            f"constants of a prior must be those of this version of archcast; unknown or missing: "
            f"{', '.join(wrong)}"
        )
