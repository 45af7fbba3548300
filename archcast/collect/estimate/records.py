"""Estimates as records for people and programs: by network, or by layer and by what costs are made of."""

from __future__ import annotations

from typing import Any

from archcast.collect.estimate.base import Estimator, LayerCost, add_costs
from archcast.collect.estimate.catalog import ESTIMATORS
from archcast.collect.estimate.networks import BatchEstimate
from archcast.collect.estimate.target_files import read_target, target_names
from archcast.core.errors import InputError
from archcast.featurize.spaces.base import Space

LATENCY, ENERGY = "latency (ms)", "energy (mJ)"


def target_records() -> list[dict[str, Any]]:
    """One record a shipped target: estimator, what it gives, parameters to set, points of its grid."""
    out = []
    for name in target_names():
        target = read_target(name)
        points = len(target.points()) if target.grid else 0
        estimator = ESTIMATORS[target.estimator]
        out.append(
            {
                "target": name,
                "estimator": target.estimator,
                "version": target.version,
                "gives": estimator.gives(target),
                "parameters": ", ".join(estimator.settable),
                "grid points": points,
                "description": target.description,
            }
        )
    return out


def network_records(estimator: Estimator, space: Space, made: BatchEstimate) -> list[dict[str, Any]]:
    """One record a network; None where it could not be estimated, with the reason as note."""
    energy = made.energy_mj
    return [
        {
            "arch": arch,
            "target": estimator.target.label,
            LATENCY: None if i in made.failures else float(made.latency_ms[i]),
            ENERGY: None if energy is None else float(energy[i]),
            "area": made.area,
            "note": made.failures.get(i, ""),
        }
        for i, arch in enumerate(space.to_text(made.codes))
    ]


def layer_records(
    estimator: Estimator, space: Space, made: BatchEstimate, *, live: bool = False
) -> list[dict[str, Any]]:
    """For each network one record a layer, one a part of the network, one for each thing that latency and
    energy are made of, and one for the total.

    Raises:
        InputError: a network could not be estimated; names it.
    """
    records: list[dict[str, Any]] = []
    for i, (arch, code) in enumerate(zip(space.to_text(made.codes), made.codes, strict=True)):
        if i in made.failures:
            raise InputError(made.failures[i], item=i)
        found = estimator.estimate(space.network(code, made.dataset, live=live))
        head = {"arch": arch, "target": found.target}
        parts: dict[str, list[LayerCost]] = {}
        for at in found.layers:
            cost, what = at.cost, f"layer {at.position} {at.op}"
            records.append(head | _entry(what, at.part, cost.latency_ms, cost.energy_mj, cost.note))
            parts.setdefault(at.part, []).append(cost)
        for name, costs in parts.items():
            whole = add_costs(costs)
            records.append(head | _entry("part", name, whole.latency_ms, whole.energy_mj))
        total = found.total
        records += [head | _entry(f"latency in {k}", "", v, None) for k, v in total.latency_parts.items()]
        records += [head | _entry(f"energy of {k}", "", None, v) for k, v in total.energy_parts.items()]
        records.append(head | _entry("total", "", total.latency_ms, total.energy_mj))
    return records


def _entry(
    what: str, part: str, latency: float | None, energy: float | None, note: str = ""
) -> dict[str, Any]:
    return {"what": what, "part": part, LATENCY: latency, ENERGY: energy, "note": note}
