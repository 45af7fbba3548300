"""What was measured of members of spaces answers beyond them: for other spaces, and for networks of any form.

Where a device was learned within spaces and not from networks themselves, a predictor of networks is learned
from the same measurements when it is first asked for, and kept as long as those that keep them stay the same.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from archcast.core import settings
from archcast.core.device import file_name
from archcast.core.doubts import DoubtWarning
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces.catalog import space_named
from archcast.predictors import Manifest
from archcast.predictors.artifact.manifest import read_beside, save
from archcast.predictors.artifact.measured import Measured, taught_within
from archcast.predictors.networks.adapt.predictor import LEAST, alike
from archcast.serving.network_adaptation import adapt_networks

_TEACHES = "latency"
"""Costs alike to this have sources that measured networks of many families."""
_MOST = 10
"""Measurements of a predictor that teach: twenty of one space tell no more of others, and each costs time."""


def learn_beyond(own: Sequence[Manifest], device: str, metric: str) -> Path | None:
    """Learn what was measured of members of spaces on a device for networks of any form, and save it.

    Args:
        own: of all of the user's predictors.
        metric: that is asked for; a throughput follows from latencies too.

    Returns:
        The folder; None where that tells too little: nothing was measured, or networks themselves were, which
        taught a predictor already; of energy and memory; of fewer than three different networks.
    """
    if metric not in alike(_TEACHES):
        return None
    taught = taught_within(own, metric, device)
    if not taught:
        metric, taught = _TEACHES, taught_within(own, _TEACHES, device)
    known = list(chain.from_iterable(map(_networks, taught)))
    networks, values = [network for network, _ in known], [value for _, value in known]
    if len({network.key for network in networks}) < LEAST or len(set(values)) == 1:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoubtWarning)  # said where they were learned within their space
        learned = adapt_networks(networks, values, device, metric=metric)
    spaces = ", ".join(dict.fromkeys(manifest.header["space"] for manifest in taught))
    card = replace(
        learned.entry.card,
        title=f"{learned.entry.card.title} of members of {spaces}",
        goes_with=tuple(manifest.sha256 for manifest in taught),
    )
    folder = settings.predictors_dir() / f"{file_name(NETWORK, metric, device)}.beyond"
    shutil.rmtree(folder, ignore_errors=True)  # of former measurements: nothing to be kept aside
    return save(learned.model, folder, card=card)


def _networks(manifest: Manifest) -> Sequence[tuple[Network, float]]:
    """Networks that a predictor keeps measurements of, with these; of many some, from low values to high.

    None where the space has no networks.
    """
    kept = Measured.from_files(manifest.beside, lambda name: read_beside(manifest, name))
    if kept is None:
        return []
    space, dataset = space_named(manifest.header["space"]), manifest.targets[0].dataset
    order = np.argsort(kept.values, kind="stable")
    picked = order[np.unique(np.linspace(0, len(order) - 1, min(_MOST, len(order))).round().astype(int))]
    codes = space.parse([kept.archs[place] for place in picked])
    try:
        networks = [space.network(code, dataset) for code in codes]
    except InputError:
        return []
    return list(zip(networks, (kept.values[place] for place in picked), strict=True))
