"""How a predictor was when it was learned, and how its device moved since.

Architectures that were measured then and now tell the move by the ratio of both; where there are fewer than
three such ones, it is told by how errors now differ from those of then, when each measurement was predicted
without itself (Welch, Biometrika 1947).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.collect.networks import as_stored
from archcast.core.arrays import Doubles
from archcast.core.network import Network
from archcast.predictors.artifact.measured import Measured
from archcast.serving.checking.figures import Comparison, Estimate, in_per_cent, mean_of

_PAIRS = 3
_SURE = 0.99


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned from, and what moved since.

    Attributes:
        samples: measurements that it was learned from.
        again: architectures among the new ones that were measured then too.
        error: mean absolute error of those, each predicted without itself, in per cent.
        drift: how much larger measurements are now, in per cent, with its 95 % interval.
        by_pairs: whether that is told by architectures measured twice.
        sure: the same drift with its 99 % interval.
    """

    samples: int
    again: int
    error: float
    drift: Estimate
    by_pairs: bool
    sure: Estimate


def since_learned(
    kept: Measured, archs: Sequence[Any], measured: Doubles, comparison: Comparison
) -> Learned | None:
    """What is known of the move; None where no errors were kept.

    Args:
        archs: of the new samples, text or networks.

    Shapes:
        measured: (samples,)
    """
    if kept.predicted is None:
        return None
    was = np.log(np.array(kept.values) / np.array(kept.predicted))
    before, now = _logs(kept.archs, np.array(kept.values)), _logs(archs, measured)
    again = [now[key] - before[key] for key in now if key in before]
    by_pairs = len(again) >= _PAIRS

    def drift(confidence: float) -> Estimate:
        if by_pairs:
            return mean_of(np.array(again), confidence, in_points=False)
        return _difference(comparison.errors[comparison.fitting], was, confidence)

    error = float(100 * np.abs(np.exp(-was) - 1).mean())
    return Learned(len(was), len(again), error, drift(0.95), by_pairs, drift(_SURE))


def _logs(archs: Sequence[Any], values: Doubles) -> dict[str, float]:
    """Mean log value of each architecture, by what it is."""
    by_arch: dict[str, list[float]] = {}
    for arch, value in zip(archs, values.tolist(), strict=True):
        key = as_stored(arch).key if isinstance(arch, Network) else arch
        by_arch.setdefault(key, []).append(float(np.log(value)))
    return {key: float(np.mean(own)) for key, own in by_arch.items()}


def _difference(now: Doubles, was: Doubles, confidence: float) -> Estimate:
    """Difference of the means of log errors with Welch's interval, in per cent."""
    from scipy.special import stdtrit

    parts = [own.var(ddof=1) / len(own) for own in (now, was)]
    total = max(sum(parts), 1e-300)
    freedom = total**2 / sum(p**2 / (len(own) - 1) for p, own in zip(parts, (now, was), strict=True))
    reach = float(stdtrit(freedom, 0.5 + confidence / 2)) * float(np.sqrt(total))
    mean = float(now.mean() - was.mean())
    return Estimate(in_per_cent(mean), in_per_cent(mean - reach), in_per_cent(mean + reach))
