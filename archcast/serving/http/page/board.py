"""What the page shows of architectures, as plain types: spaces, costs on devices, where they go, fronts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.metric import METRICS
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import SPACES
from archcast.serving.entry import Entry
from archcast.serving.front import MOST_NEIGHBOURS, cloud, front_rows, neighbours
from archcast.serving.http.models import Catalogue
from archcast.serving.kernel_costs import by_part
from archcast.serving.loaded import LoadedNetworks, LoadedPredictor
from archcast.serving.measured import measured
from archcast.serving.overview import CostModel, MemberCosts, Row, breakdown, overview

ABOUT = (
    *("device", "space", "metric", "unit", "dataset", "predictor", "origin", "basis", "hardware"),
    *("runtime", "precision", "batch", "threads", "derived_from"),
)
ACCURACY = "accuracy"
_SHOWN = 1500
"""Members of a cloud that are told, beside its front."""
_EXAMPLES = 3


def spaces(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The spaces that can be asked for, with examples of their notation."""
    return [_space(SPACES[name], catalogue) for name in SPACES]


def _space(space: Space, catalogue: Catalogue) -> dict[str, Any]:
    own = [model.entry for model in catalogue if model.entry.space == space.name]
    return {
        "space": space.name,
        "size": float(space.size),
        "datasets": list(space.datasets),
        "examples": space.to_text(space.sample(_EXAMPLES, seed=0)),
        "metrics": sorted({entry.metric for entry in own}),
        "accuracy": [entry.dataset for entry in own if entry.metric == ACCURACY],
    }


def asked_of(
    catalogue: Catalogue, space: Space, metric: str, device: str | None, *, dataset: str | None
) -> CostModel:
    """What answers for a space's members on a device; raises as `archcast.predict`."""
    entry = catalogue.entries.find(space.name, device=device, metric=metric, dataset=dataset)
    if not entry.by_networks:
        return catalogue.versions[entry.key][0]
    own = catalogue.versions[(NETWORK, metric, entry.device, "")][0]
    if not isinstance(own, LoadedNetworks):
        raise InputError(f"predictor of {entry.device} must be of networks to answer for {space.name}")
    return MemberCosts(own, entry, space)


def costs(
    catalogue: Catalogue,
    space: Space,
    codes: Codes,
    *,
    metric: str,
    devices: Sequence[str] | None,
    dataset: str | None,
    coverage: float,
) -> dict[str, Any]:
    """One metric of an architecture on devices, its accuracy, and its counts.

    Args:
        codes: (1, k).
        devices: by name; None for all that the space's own predictors know.

    Raises:
        UnknownNameError, InputError: as `archcast.predict`, and a coverage outside 0.5 to 0.99.
    """
    METRICS[metric]
    names = _own_devices(catalogue, space, metric, dataset) if devices is None else devices
    asked = [asked_of(catalogue, space, metric, name, dataset=dataset) for name in names]
    rows = overview(asked, codes, coverage=coverage)
    reached = [model for model in catalogue if _is_accuracy(model.entry, space)]
    return {
        "space": space.name,
        "architecture": space.to_text(codes)[0],
        "network": _counts(space, codes[0], dataset),
        "accuracy": [record(row) for row in overview(reached, codes, coverage=coverage)],
        "metric": metric,
        "unit": METRICS[metric].unit,
        "coverage": coverage,
        "answers": [record(row) for row in rows],
    }


def record(row: Row) -> dict[str, Any]:
    """One row as plain types."""
    entry = row.entry
    fields = {name: getattr(entry, name) for name in ABOUT}
    fields |= {"label": entry.version, "version": entry.digest}
    ends = {"lower": row.low, "upper": row.high}
    return fields | {"value": _finite(row.value), **ends, "note": row.note}


def measurements(
    space: Space, codes: Codes, *, metric: str, devices: Sequence[str], dataset: str | None
) -> dict[str, Any]:
    """What tables and the store on this machine have of an architecture, a record each device.

    Raises:
        UnknownNameError: a device of which nothing is known.
        DataError: a table or the store is damaged.
    """
    answers: list[dict[str, Any]] = []
    absent: list[str] = []
    for device in devices:
        table = measured(codes, device, metric, space, dataset)
        (record,) = table.records()
        answers.append({"device": device} | record)
        absent += table.absent
    return {
        "space": space.name,
        "architecture": space.to_text(codes)[0],
        "metric": metric,
        "unit": METRICS[metric].unit,
        "answers": answers,
        "absent": list(dict.fromkeys(absent)),
    }


def where(
    catalogue: Catalogue, space: Space, codes: Codes, *, metric: str, device: str | None, dataset: str | None
) -> dict[str, Any]:
    """Where the cost of an architecture goes on a device, by part and by kernel; raises as `breakdown`."""
    model = asked_of(catalogue, space, metric, device, dataset=dataset)
    whole = breakdown(model, codes)
    parts = [{"part": name, "value": value, "share": share} for name, value, share in by_part(whole.costs)]
    return {
        "device": model.entry.device,
        "metric": metric,
        "unit": whole.unit,
        "is_cost": whole.is_cost,
        "value": sum(cost.value for cost in whole.costs),
        "parts": parts,
        "kernels": [asdict(cost) for cost in whole.costs],
    }


def front(
    catalogue: Catalogue, space: Space, codes: Codes, *, metric: str, device: str | None, dataset: str | None
) -> dict[str, Any]:
    """Accuracy against cost over the space on a device, with an architecture and its best neighbours.

    Raises:
        UnknownNameError, InputError: nothing predicts the accuracy, or as `archcast.predict`.
    """
    if not METRICS[metric].of_device:
        raise InputError(f"metric must be a cost on a device, got {metric}")
    named = _dataset_of_accuracy(catalogue, space, dataset)
    reached = asked_of(catalogue, space, ACCURACY, None, dataset=named)
    model = asked_of(catalogue, space, metric, device, dataset=dataset)
    if not isinstance(reached, LoadedPredictor):
        raise InputError(f"{space.name} must have a predictor of its accuracy")
    seen = cloud(model, reached)
    rows = front_rows(seen.cost, seen.accuracy, lower_is_better=METRICS[metric].lower_is_better)
    step = max(1, math.ceil(len(seen.codes) / _SHOWN))
    return {
        "space": space.name,
        "device": model.entry.device,
        "metric": metric,
        "unit": model.entry.unit,
        "dataset": reached.entry.dataset,
        "members": len(seen.codes),
        "whole": seen.whole,
        "cloud": _points(seen.cost[::step], seen.accuracy[::step]),
        "front": [
            {"architecture": text, "cost": cost, "accuracy": accuracy}
            for text, (cost, accuracy) in zip(
                space.to_text(seen.codes[rows]), _points(seen.cost[rows], seen.accuracy[rows]), strict=True
            )
        ],
        "architecture": {
            "architecture": space.to_text(codes)[0],
            "cost": float(model.predict_codes(codes)[0]),
            "accuracy": float(reached.predict_codes(codes)[0]),
        },
        "neighbours": [asdict(n) for n in neighbours(model, reached, codes)],
        "most_neighbours": MOST_NEIGHBOURS,
    }


def _dataset_of_accuracy(catalogue: Catalogue, space: Space, dataset: str | None) -> str | None:
    """The data set whose accuracy is meant: the one asked for where there is a predictor of it."""
    known = {model.entry.dataset for model in catalogue if _is_accuracy(model.entry, space)}
    return dataset if dataset in known else None


def _is_accuracy(entry: Entry, space: Space) -> bool:
    return entry.metric == ACCURACY and entry.space == space.name


def _own_devices(catalogue: Catalogue, space: Space, metric: str, dataset: str | None) -> list[str]:
    """Devices that predictors of the space itself know."""
    picked = space.check_dataset(dataset)
    entries = [m.entry for m in catalogue if (m.entry.space, m.entry.metric) == (space.name, metric)]
    return list(dict.fromkeys(e.device for e in entries if dataset is None or e.dataset in (picked, "")))


def _counts(space: Space, code: Codes, dataset: str | None) -> dict[str, Any] | None:
    """Counts of the network of an architecture; None where the space has none."""
    if dataset is not None and dataset not in space.datasets:
        raise UnknownNameError(f"dataset of {space.name}", dataset, space.datasets)
    try:
        counts: dict[str, Any] = space.network(code, dataset).summary().to_dict()
    except InputError:
        return None
    return counts


def _points(cost: Doubles, accuracy: Doubles) -> list[list[float]]:
    points: list[list[float]] = np.stack([cost, accuracy], axis=1).tolist()
    return points


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
