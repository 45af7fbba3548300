"""Estimates as records for people and programs: by network, or by layer and by what costs are made of."""

from __future__ import annotations

from math import isnan
from typing import Any

from archcast.collect.estimate.base import Estimator, LayerCost, NetworkEstimate, add_costs
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
        records += breakdown(arch, estimator.estimate(space.network(code, made.dataset, live=live)))
    return records


def breakdown(name: str, estimate: NetworkEstimate) -> list[dict[str, Any]]:
    """Records of one network, see `layer_records`; None for what is not timed."""
    records: list[dict[str, Any]] = []
    head = {"arch": name, "target": estimate.target}

    def add(what: str, latency: float | None, energy: float | None, part: str = "", note: str = "") -> None:
        costs = {LATENCY: None if latency is None or isnan(latency) else latency, ENERGY: energy}
        records.append(head | {"what": what, "part": part} | costs | {"note": note})

    parts: dict[str, list[LayerCost]] = {}
    for at in estimate.layers:
        add(f"layer {at.position} {at.op}", at.cost.latency_ms, at.cost.energy_mj, at.part, at.cost.note)
        parts.setdefault(at.part, []).append(at.cost)
    for part, costs in parts.items():
        whole = add_costs(costs)
        add("part", whole.latency_ms, whole.energy_mj, part)
    for what, value in estimate.total.latency_parts.items():
        add(f"latency in {what}", value, None)
    for what, value in estimate.total.energy_parts.items():
        add(f"energy of {what}", None, value)
    add("total", estimate.latency_ms, estimate.energy_mj)
    return records
