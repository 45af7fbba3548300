"""Costs of many networks of a space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from archcast.collect.estimate.base import Estimator, LayerCost
from archcast.collect.estimate.layerwise import LayerwiseEstimator, Report
from archcast.collect.estimate.terms import terms_of
from archcast.core.arrays import ArchBatch, Codes, Doubles, Ints
from archcast.core.errors import InputError
from archcast.featurize.spaces.base import Space


@dataclass(frozen=True, slots=True)
class BatchEstimate:
    """Costs of n networks on one target.

    Attributes:
        codes: (n, k).
        latency_ms: (n,), NaN where a network could not be estimated.
        energy_mj: (n,), None where the target gives no energy.
        latency_parts, energy_parts: what they are made of, (n,) each.
        failures: position -> why it could not be estimated.
        area: area of the accelerator in the units of its description, None where it gives none.
        priced: distinct pieces of work (or networks) that the costs are made of.
    """

    space: str
    dataset: str
    codes: Codes
    latency_ms: Doubles
    energy_mj: Doubles | None
    latency_parts: Mapping[str, Doubles]
    energy_parts: Mapping[str, Doubles]
    failures: Mapping[int, str] = field(default_factory=dict)
    area: float | None = None
    priced: int = 0


def estimate_networks(
    estimator: Estimator,
    space: Space,
    archs: ArchBatch,
    dataset: str | None = None,
    *,
    live: bool = False,
    report: Report | None = None,
) -> BatchEstimate:
    """Latency and energy of networks.

    Where costs add over layers, each distinct piece of work is priced once. Elsewhere each distinct network
    is estimated, and one that cannot be is a failure, not an error.

    Args:
        archs: architectures in the space's notation, or codes.
        live: leave out operators on no path from input to output, which otherwise are charged as the public
            tables do. Some estimators always leave them out, as a compiler does.
        report: called with the number of works or networks done and to do.

    Raises:
        InputError: costs are not those of one pass, an operator has no price, or a layer does not fit.
    """
    codes, dataset = space.parse(archs), space.check_dataset(dataset)
    if not space.counts_nodes:
        raise InputError(f"{space.name} cannot be estimated: its costs are not those of one pass")
    if isinstance(estimator, LayerwiseEstimator):
        return _by_layer(estimator, space, codes, dataset, live, report)
    return _by_network(estimator, space, codes, dataset, live, report)


def _by_layer(
    estimator: LayerwiseEstimator,
    space: Space,
    codes: Codes,
    dataset: str,
    live: bool,
    report: Report | None,
) -> BatchEstimate:
    target = estimator.target
    terms = terms_of(space, codes, dataset, target.conventions, target.name, live=live)
    costs = estimator.price(terms.works, report)
    listed = [costs[work] for work in terms.works]
    latency_names = tuple(dict.fromkeys(name for cost in listed for name in cost.latency_parts))
    energy_names = tuple(dict.fromkeys(name for cost in listed for name in cost.energy_parts))
    has_energy = all(cost.energy_mj is not None for cost in listed)
    prices = np.array(
        [
            [cost.latency_ms, cost.energy_mj or 0.0]
            + [cost.latency_parts.get(name, 0.0) for name in latency_names]
            + [cost.energy_parts.get(name, 0.0) for name in energy_names]
            for cost in listed
        ]
    )
    total = terms.total(prices)
    split = 2 + len(latency_names)
    return BatchEstimate(
        space=space.name,
        dataset=dataset,
        codes=codes,
        latency_ms=total[:, 0],
        energy_mj=total[:, 1] if has_energy else None,
        latency_parts=dict(zip(latency_names, total[:, 2:split].T, strict=True)),
        energy_parts=dict(zip(energy_names, total[:, split:].T, strict=True)),
        area=estimator.area,
        priced=len(listed),
    )


def _by_network(
    estimator: Estimator, space: Space, codes: Codes, dataset: str, live: bool, report: Report | None
) -> BatchEstimate:
    wanted = space.live(codes) if live or estimator.drops_dead_layers else codes
    distinct, row = np.unique(wanted, axis=0, return_inverse=True)
    row = row.reshape(-1)
    costs, reasons = [LayerCost(np.nan)] * len(distinct), {}
    for i, code in enumerate(distinct):
        if report is not None:
            report(i, len(distinct))
        try:
            costs[i] = estimator.total(
                space.network(code, dataset, live=live and not estimator.drops_dead_layers)
            )
        except InputError as error:
            reasons[i] = str(error)
    estimated = [cost for i, cost in enumerate(costs) if i not in reasons]
    has_energy = bool(estimated) and all(cost.energy_mj is not None for cost in estimated)
    energies = [np.nan if cost.energy_mj is None else cost.energy_mj for cost in costs]
    return BatchEstimate(
        space=space.name,
        dataset=dataset,
        codes=codes,
        latency_ms=np.array([cost.latency_ms for cost in costs])[row],
        energy_mj=np.array(energies)[row] if has_energy else None,
        latency_parts=_parts([cost.latency_parts for cost in costs], row),
        energy_parts=_parts([cost.energy_parts for cost in costs], row),
        failures={n: reasons[i] for n, i in enumerate(row.tolist()) if i in reasons},
        area=estimator.area,
        priced=len(distinct),
    )


def _parts(parts: Sequence[Mapping[str, float]], row: Ints) -> dict[str, Doubles]:
    """Part -> its share of each network's cost; NaN where the network could not be estimated."""
    names = dict.fromkeys(name for own in parts for name in own)
    return {name: np.array([own.get(name, 0.0 if own else np.nan) for own in parts])[row] for name in names}
