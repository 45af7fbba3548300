"""Costs of networks of any form on a target, kernel by kernel.

Batch norms and activations are joined to what they follow, and kinds of work left out, as the target's
conventions say. A kind of work that is neither multiply-adds nor named by the conventions, and an operator
that is not understood, is priced as the data it moves; its note says so. A quantised network is priced as
what it was quantised from, as the target says how many bits a number has there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from math import isnan
from typing import TYPE_CHECKING

from archcast.collect.estimate.base import Estimator, LayerEstimate, NetworkEstimate
from archcast.collect.estimate.feature_estimator import FeatureModelEstimator
from archcast.collect.estimate.kernel_roofline import roofline_kernels
from archcast.collect.estimate.kernel_vela import estimate_on_vela
from archcast.collect.estimate.layerwise import LayerwiseEstimator, Report
from archcast.collect.estimate.roofline import RooflineEstimator
from archcast.collect.estimate.rows import SOURCE, environment
from archcast.collect.estimate.vela import VelaEstimator
from archcast.collect.networks import SPACE, as_stored
from archcast.core.errors import InputError
from archcast.core.measurements import measurement_table
from archcast.core.network import Network
from archcast.featurize.fusion.unquantized import Unquantized, unquantized

if TYPE_CHECKING:
    import pyarrow as pa


def estimate_kernels(estimator: Estimator, network: Network, report: Report | None = None) -> NetworkEstimate:
    """Cost of a network, and of each of its kernels by the position of its first node.

    Args:
        report: called with the number of distinct pieces of work done and to do.

    Raises:
        InputError: a shape is not known, a piece of work does not fit, or the estimator takes members of
            search spaces alone; names the node or the estimator.
    """
    plain = unquantized(network)
    if isinstance(estimator, VelaEstimator):
        estimate = estimate_on_vela(estimator, plain.network)
    elif isinstance(estimator, FeatureModelEstimator):
        estimate = estimator.estimate(plain.network)
    elif isinstance(estimator, RooflineEstimator):
        estimate = estimator.joined(roofline_kernels(estimator, plain.network))
    elif isinstance(estimator, LayerwiseEstimator):
        estimate = estimator.joined(estimator.kernel_costs(plain.network, report))
    else:
        raise InputError(f"{estimator.target.label} estimates members of search spaces alone")
    return replace(estimate, layers=tuple(_placed(layer, plain) for layer in estimate.layers))


def _placed(layer: LayerEstimate, plain: Unquantized) -> LayerEstimate:
    """A layer at the position in the network that was given."""
    return replace(layer, position=plain.stands[layer.position][0])


def fallbacks(estimate: NetworkEstimate) -> dict[str, float | None]:
    """Why kernels are priced as data moved alone -> their share of the latency, largest first; what is not
    timed at all has none.
    """
    if any(isnan(at.cost.latency_ms) for at in estimate.layers):
        return {estimate.total.note: None}
    shares: dict[str, float] = {}
    for at in estimate.layers:
        if "priced as the data" in at.cost.note:
            shares[at.cost.note] = shares.get(at.cost.note, 0.0) + at.cost.latency_ms
    whole = estimate.latency_ms or 1.0
    return {why: ms / whole for why, ms in sorted(shares.items(), key=lambda s: -s[1])}


def kernel_rows(
    estimator: Estimator, networks: Mapping[str, Network], estimates: Mapping[str, NetworkEstimate]
) -> pa.Table:
    """Measurement table of networks by name: latency, and energy where the target gives it.

    A network part of which is not timed has status `failed`, with the reason as its note.
    """
    rows: list[tuple[str, str, float, str]] = []
    for name, network in networks.items():
        estimate = estimates[name]
        costs = {"latency": estimate.latency_ms, "energy": estimate.energy_mj}
        lacks = any(isnan(at.cost.latency_ms) for at in estimate.layers)
        key, note = as_stored(network).key, estimate.total.note if lacks else ""
        for metric, value in costs.items():
            if value is not None:
                rows.append((key, metric, float("nan") if lacks else value, note))
    return measurement_table(
        {
            "space": SPACE,
            "arch": [row[0] for row in rows],
            "device": estimator.target.label,
            "metric": [row[1] for row in rows],
            "dataset": "",
            "value": [row[2] for row in rows],
            "status": ["failed" if row[3] else "ok" for row in rows],
            "source": SOURCE,
            "environment": environment(estimator),
            "time": [datetime.now(UTC)] * len(rows),
            "note": [row[3] for row in rows],
        }
    )
