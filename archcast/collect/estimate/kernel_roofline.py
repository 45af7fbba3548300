"""The roofline of networks of any form, kernel by kernel.

Batch norms and activations are joined to what they follow, and kinds of work left out, as the target's
conventions say. What has no multiply-adds has an operation for every element of its window that it reads, or
for every element that it writes. Elements are bytes over the size of the network's floats: the target says
how many bytes an element has there; a network with quantised operators is taken with its own bytes.

A kind of work that is neither multiply-adds nor named by the conventions, and an operator that is not
understood, is priced as the data it moves; its note says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from math import prod
from typing import TYPE_CHECKING, Any

from archcast.collect.estimate.base import LayerCost, LayerEstimate, NetworkEstimate, add_costs
from archcast.collect.estimate.roofline import RooflineEstimator
from archcast.collect.estimate.rows import SOURCE, environment
from archcast.collect.networks import SPACE, as_stored
from archcast.core.measurements import measurement_table
from archcast.core.network import BITS, Network
from archcast.featurize.kernels import Kernel, kernels

if TYPE_CHECKING:
    import pyarrow as pa

LATENCY, ENERGY = "latency (ms)", "energy (mJ)"
_JOINED = {"batch_norm": ("batch_norm", "folded"), "epilogue_activation": ("activation", "fused")}
"""Rule of joining nodes -> the convention that asks for it."""
_COSTS_NOTHING = {
    ("activation", "fused"),
    ("concat", "in_place"),
    ("shuffle", "in_place"),
    ("zero", "removed"),
}
_PRICED = frozenset({"copy", "elementwise", "quantize"})
"""Kinds besides those of conventions that are data moved by what they are."""


def estimate_kernels(estimator: RooflineEstimator, network: Network) -> NetworkEstimate:
    """Cost of a network on a roofline, and of each of its kernels by the position of its first node.

    Raises:
        InputError: a shape is not known; names the node.
    """
    conventions = estimator.target.conventions
    rules = ["constants", "quantized", "normalization", "activation", "attention"]
    rules += [rule for rule, (kind, choice) in _JOINED.items() if conventions.get(kind) == choice]
    size = _element_bytes(network, estimator.target.hardware.get("bytes_per_element", 1.0))
    layers = []
    for kernel in kernels(network, rules):
        op = "+".join(dict.fromkeys(kernel.operators))
        cost = _cost(estimator, kernel, size, conventions)
        layers.append(LayerEstimate(kernel.nodes[0], op, kernel.part, cost))
    return NetworkEstimate(estimator.target.label, add_costs([at.cost for at in layers]), tuple(layers))


def fallbacks(estimate: NetworkEstimate) -> dict[str, float]:
    """Why kernels are priced as data moved alone -> their share of the latency, largest first."""
    shares: dict[str, float] = {}
    for at in estimate.layers:
        if "priced as the data" in at.cost.note:
            shares[at.cost.note] = shares.get(at.cost.note, 0.0) + at.cost.latency_ms
    whole = estimate.latency_ms or 1.0
    return {why: ms / whole for why, ms in sorted(shares.items(), key=lambda s: -s[1])}


def kernel_records(name: str, estimate: NetworkEstimate) -> list[dict[str, Any]]:
    """One record a kernel, one for each thing that latency and energy are made of, and one for the total."""
    head = {"arch": name, "target": estimate.target}

    def entry(what: str, latency: float | None, energy: float | None, part: str = "", note: str = "") -> None:
        costs = {LATENCY: latency, ENERGY: energy}
        records.append(head | {"what": what, "part": part} | costs | {"note": note})

    records: list[dict[str, Any]] = []
    for at in estimate.layers:
        entry(f"node {at.position} {at.op}", at.cost.latency_ms, at.cost.energy_mj, at.part, at.cost.note)
    for what, value in estimate.total.latency_parts.items():
        entry(f"latency in {what}", value, None)
    for what, value in estimate.total.energy_parts.items():
        entry(f"energy of {what}", None, value)
    entry("total", estimate.latency_ms, estimate.energy_mj)
    return records


def kernel_rows(
    estimator: RooflineEstimator, networks: Mapping[str, Network], estimates: Mapping[str, NetworkEstimate]
) -> pa.Table:
    """Measurement table of networks by name: latency, and energy where the target gives it."""
    rows: list[tuple[str, str, float]] = []
    for name, network in networks.items():
        costs = {"latency": estimates[name].latency_ms, "energy": estimates[name].energy_mj}
        key = as_stored(network).key
        rows += [(key, metric, value) for metric, value in costs.items() if value is not None]
    return measurement_table(
        {
            "space": SPACE,
            "arch": [key for key, _, _ in rows],
            "device": estimator.target.label,
            "metric": [metric for _, metric, _ in rows],
            "dataset": "",
            "value": [value for _, _, value in rows],
            "status": ["ok"] * len(rows),
            "source": SOURCE,
            "environment": environment(estimator),
            "time": [datetime.now(UTC)] * len(rows),
        }
    )


def _cost(
    estimator: RooflineEstimator, kernel: Kernel, size: float, conventions: Mapping[str, str]
) -> LayerCost:
    kind = kernel.kind
    choice = conventions.get(kind)
    if (kind, choice) in _COSTS_NOTHING:
        return LayerCost(0.0, 0.0, note=f"{kind}: {choice}")
    note = ""
    if strange := [c.node.op for c in kernel.inside if not c.understood]:
        note = f"{', '.join(dict.fromkeys(strange))} not understood: priced as the data it moves"
    elif not kernel.macs and choice is None and kind not in _PRICED:
        note = f"{kind} has no convention: priced as the data it moves"
    moved = kernel.bytes + (_more_passes(kernel) if (kind, choice) == ("add", "elementwise") else 0)
    cost = estimator.cost_of(kernel.macs or _additions(kernel, size), moved / size)
    return LayerCost(cost.latency_ms, cost.energy_mj, cost.latency_parts, cost.energy_parts, note)


def _more_passes(kernel: Kernel) -> int:
    """Bytes that a sum of more than two moves besides: each of its passes is over two maps."""
    return sum(
        2 * max(len(c.node.inputs) - 2, 0) * c.work.written for c in kernel.inside if c.node.op == "Sum"
    )


def _additions(kernel: Kernel, size: float) -> float:
    """Operations of what has no multiply-adds: a window's elements, or else those read or written."""
    windows = (c.node.attributes.get("kernel_shape") for c in kernel.inside)
    sizes = [[int(side) for side in w if isinstance(side, int)] for w in windows if isinstance(w, tuple)]
    window = max(map(prod, sizes), default=1)
    return max(kernel.written / size * window, kernel.read / size if kernel.kind == "global_pool" else 0.0)


def _element_bytes(network: Network, own: float) -> float:
    """Bytes of a float of the network; the target's own where operators are quantised."""
    if any("Quantize" in node.op or "QLinear" in node.op for node in network.nodes):
        return own
    kinds = Counter(
        network.values[name].dtype
        for node in network.nodes
        for name in node.outputs
        if name and network.values[name].dtype.startswith(("float", "bfloat"))
    )
    return BITS[kinds.most_common(1)[0][0]] / 8 if kinds else own
