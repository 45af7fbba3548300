"""What was learned of a device as plain arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Doubles
from archcast.predictors.networks.adapt.learned import Learned
from archcast.predictors.networks.adapt.own import OwnPrices
from archcast.predictors.networks.adapt.posterior import Hypothesis, Posterior

ARRAYS = "learned.npz"
_NUMBERS = ("share", "spread", "scale", "remembered")
_OF_HYPOTHESES = ("on_sources", "on_shares", "on_likeness", "strengths", "inverse")


def arrays_of(learned: Learned) -> dict[str, NDArray[Any]]:
    """All but what sources know of themselves."""
    p = learned.posterior
    arrays: dict[str, NDArray[Any]] = {"measured": p.measured, "mixes": p.mixes, "own": learned.own.weights}
    arrays["numbers"] = np.array([getattr(learned, name) for name in _NUMBERS])
    for name in ("weight", "level"):
        arrays[name] = np.array([getattr(h, name) for h in p.hypotheses])
    for name in _OF_HYPOTHESES:
        arrays[name] = np.stack([np.asarray(getattr(h, name)) for h in p.hypotheses])
    groups = np.zeros((len(p.hypotheses), p.measured.shape[1]), dtype=np.uint16)
    for row, h in enumerate(p.hypotheses):
        for number, members in enumerate(h.groups, start=1):
            groups[row, list(members)] = number
    return arrays | {"groups": groups}


def learned_of(arrays: Mapping[str, NDArray[Any]], left: Doubles) -> Learned:
    """What `arrays_of` gave, with the deviations of sources."""
    hypotheses = tuple(
        Hypothesis(
            float(arrays["weight"][i]),
            float(arrays["level"][i]),
            arrays["on_sources"][i],
            arrays["on_shares"][i],
            arrays["on_likeness"][i],
            tuple(
                tuple(np.flatnonzero(arrays["groups"][i] == number).tolist())
                for number in range(1, int(arrays["groups"][i].max()) + 1)
            ),
            tuple(arrays["strengths"][i].tolist()),
            arrays["inverse"][i],
        )
        for i in range(len(arrays["weight"]))
    )
    posterior = Posterior(hypotheses, arrays["measured"], arrays["mixes"])
    share, spread, scale, remembered = arrays["numbers"].tolist()
    return Learned(posterior, OwnPrices(arrays["own"]), share, spread, scale, remembered, left)
