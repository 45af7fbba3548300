"""A device as its few measurements tell it: what sources say, and its own prices.

| symbol | meaning |
|---|---|
| n, t | measured networks, networks that are asked for |
| s | share of what sources say, the rest is that of own prices |
| e, f | (n,) errors of both on each measurement, learned without it |

Log values are s times those of the sources' posterior and 1 - s times those of own prices. The odds of s
are (mean f^2 / mean e^2)^(m / 4), m being n and 10 at most, times `TRUST` where a kind of source is trusted
(`trust_in`); where none is, s is half of that and a quarter, as neither is known to hold.

Deviations are those of the posterior and of f, and what both differ by; a network that sources do not
remember is more uncertain than measured ones that they do. With z, errors over their deviations, they are
multiplied by

(0.8 `WORTH` + sum of min(|z|, 3)) / (0.8 (`WORTH` + n)) (1 + (3 / n)^2)

Where the work of a network is another than that of all measured ones, up to `_OTHER` stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.device import DeviceName
from archcast.predictors.intervals import student_quantile
from archcast.predictors.networks.adapt.own import OwnPrices
from archcast.predictors.networks.adapt.posterior import FREEDOM, Posterior, learn, likeness
from archcast.predictors.networks.adapt.sources import Sources, SourceValues, by_kind
from archcast.predictors.networks.kinds import Kind, kind_of

TRUST = 20.0
WORTH = 8.0
_TYPICAL = 0.8
"""Mean of |z| where deviations are right."""
_KNOWN = 0.5
"""Trust from which sources of a kind are those of the device."""
_MOST = 10
_FLOOR = 1e-4
_WIDER = 1.3
"""How much further off sources are on networks that none of them remembers than what is left on those."""
_OTHER = 0.3
"""How far off the level of other work than was measured is, in logarithms.

Of 0, .2 and .3 it held best among HELP's source devices, from one space to another.
"""
_NEAR = 0.3
"""Likeness of work from which it is no other."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What measurements tell of a device.

    Attributes:
        posterior: what sources say.
        own: its own prices.
        share: s.
        spread: deviation of own prices.
        scale: what deviations are multiplied by.
        remembered: how surely sources remember measured networks, their mean.

    Shapes:
        left: (S,), deviations of what is left of networks that sources remember
    """

    posterior: Posterior
    own: OwnPrices
    share: float
    spread: float
    scale: float
    remembered: float
    left: Doubles

    def mean(self, said: SourceValues, own: Doubles) -> Doubles:
        """Log costs of networks, (t,).

        Args:
            said: by sources.
            own: (t,), log costs by own prices.
        """
        mixed: Doubles = self.share * self.posterior.mean(said.values, said.shares) + (1 - self.share) * own
        return mixed

    def reach(self, said: SourceValues, own: Doubles, coverage: float) -> Doubles:
        """How far log costs lie from the mean at most, in a share `coverage` of cases; shapes as `mean`."""
        by_sources = self.posterior.mean(said.values, said.shares)
        deviation = _joined(
            self.share, self.posterior.deviation(said.values, said.shares), self.spread, by_sources - own
        )
        weights = self._weights()
        missing = np.maximum(self.remembered - said.sure @ weights, 0.0)
        further = self.share**2 * (_WIDER * self.left @ weights) ** 2 * missing
        quantile = student_quantile(0.5 + coverage / 2, FREEDOM + len(self.posterior.measured))
        other = _OTHER * (1 - np.minimum(self.nearest(said.shares) / _NEAR, 1.0))
        reach: Doubles = quantile * np.sqrt(self.scale**2 * (deviation**2 + further) + other**2)
        return reach

    def nearest(self, shares: Doubles) -> Doubles:
        """Likeness of networks' work to that of the measured network that is most alike.

        Shapes:
            shares: (t, c); output: (t,)
        """
        alike: Doubles = likeness(shares, self.posterior.mixes).max(axis=1)
        return alike

    def _weights(self) -> Doubles:
        """Of sources, at least 0 and 1 together."""
        return _positive(self.posterior)


def learn_device(
    logs: Doubles, said: SourceValues, x: Doubles, *, sources: Sources, device: str
) -> tuple[Learned, Doubles, Doubles]:
    """What measurements tell, what is told of each by the others, and the deviation of that.

    Shapes:
        logs: (n,), log costs; x: (n, d), work as the device's kind sees it; output: two of (n,)
    """
    kind = Kind.of(device)
    places = by_kind(sources.kinds)
    trust = trust_in(device, said, places)
    known = max(trust.values()) >= _KNOWN
    posterior = learn(logs, said.values, said.shares, places=places, trust=trust)
    by_sources, deviation = posterior.left_out(logs)
    by_own = OwnPrices.left_out(x, np.exp(logs), kind)
    share = _share(logs - by_sources, logs - by_own, known=known)
    spread = float(np.sqrt(_square(logs - by_own)))
    left_out = share * by_sources + (1 - share) * by_own
    apart = _joined(share, deviation, spread, by_sources - by_own)
    scale = _scale((logs - left_out) / apart)
    learned = Learned(
        posterior=posterior,
        own=OwnPrices.learn(x, np.exp(logs), kind),
        share=share,
        spread=spread,
        scale=scale,
        remembered=float((said.sure @ _positive(posterior)).mean()),
        left=sources.left,
    )
    return learned, left_out, apart * scale


def trust_in(device: str, said: SourceValues, places: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """How much each kind of source is to be trusted, 0 to 1, before anything is compared.

    A device whose runtime is said is of one kind. Of one whose runtime is not, those that remember what was
    measured are trusted by how surely they do.
    """
    if DeviceName.parse(device).runtime:
        return {kind: float(kind == kind_of(device)) for kind in places}
    return {kind: float(said.sure[:, own].mean()) for kind, own in places.items()}


def _positive(posterior: Posterior) -> Doubles:
    weights = np.maximum(posterior.on_sources, 0.0)
    shares: Doubles = weights / max(float(weights.sum()), 1e-12)
    return shares


def _square(errors: Doubles) -> float:
    """Mean square of errors, one far off counting as 1."""
    return float(np.mean(np.minimum(np.abs(errors), 1.0) ** 2)) + _FLOOR


def _share(of_sources: Doubles, of_own: Doubles, *, known: bool) -> float:
    power = min(len(of_own), _MOST) / 4
    odds = (_square(of_own) / _square(of_sources)) ** power
    odds *= TRUST if known else 1.0
    share = float(odds / (1 + odds))
    return share if known else 0.25 + share / 2


def _joined(share: float, deviation: Doubles, spread: float, apart: Doubles) -> Doubles:
    """Deviation of a mean of two that have their own, and differ."""
    variance = share * deviation**2 + (1 - share) * spread**2 + share * (1 - share) * apart**2
    joined: Doubles = np.sqrt(variance)
    return joined


def _scale(z: Doubles) -> float:
    """What deviations are multiplied by, given errors over them."""
    n = len(z)
    seen = (_TYPICAL * WORTH + float(np.minimum(np.abs(z), 3.0).sum())) / (_TYPICAL * (WORTH + n))
    return seen * (1 + (3 / n) ** 2)
