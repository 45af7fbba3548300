"""What is said of a network: its counts, what it costs on each device, and where the cost goes."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from archcast.core.errors import InputError
from archcast.core.metric import METRICS
from archcast.core.network import Network
from archcast.serving.entry import Entry
from archcast.serving.http.networks.question import Question
from archcast.serving.kernel_costs import by_part, kernel_costs
from archcast.serving.loaded import LoadedNetworks, loaded
from archcast.serving.network_costs import network_costs
from archcast.serving.store import Store

ABOUT = (
    *("device", "hardware", "runtime", "precision", "batch", "threads"),
    *("origin", "basis", "predictor", "unit", "derived_from"),
)
_BEYOND = "beyond any number"


def answers(network: Network, question: Question, here: Store) -> dict[str, Any]:
    """All that a question asks, as plain types.

    Raises:
        UnknownNameError, InputError: as `Question.entries`; a network of several items on a device that was
            named and runs its own batch; coverage outside 0.5 to 0.99; a derived metric to be explained.
    """
    entries, named = question.entries(here)
    costs = network_costs([network], entries, here, coverage=question.coverage)
    notes = []
    for place, entry in enumerate(entries):
        value, note = _finite(costs.values[0, place]), costs.notes[0][place]
        if value is None and place < named:
            raise InputError(note or f"{question.metric} on {entry.device} is {_BEYOND} for this network")
        record = about(entry) | {"value": value, "note": note or ("" if value is not None else _BEYOND)}
        if costs.low is not None and costs.high is not None:
            record |= {"lower": _finite(costs.low[0, place]), "upper": _finite(costs.high[0, place])}
        notes.append(record)
    head = {"metric": question.metric, "unit": METRICS[question.metric].unit, "coverage": question.coverage}
    explained = {"explained": [explain(network, e, here) for e in entries]} if question.explain else {}
    return head | {"answers": notes} | explained


def about(entry: Entry) -> dict[str, Any]:
    """A device and what answers for it."""
    return {name: getattr(entry, name) for name in ABOUT} | {"label": entry.version, "version": entry.digest}


def explain(network: Network, entry: Entry, here: Store) -> dict[str, Any]:
    """Where the cost of a network goes on a device, by part and by kernel.

    Raises:
        InputError: the metric is derived from another, which is what adds up, or no number can tell the cost.
    """
    model = loaded(entry, here)
    if not isinstance(model, LoadedNetworks):
        raise InputError(f"predictor of {entry.device} must be of networks")
    costs = kernel_costs(model, network)
    parts = [{"part": name, "value": value, "share": share} for name, value, share in by_part(costs)]
    total = sum(cost.value for cost in costs)
    if not math.isfinite(total):
        raise InputError(f"{entry.metric} on {entry.device} is {_BEYOND} for this network")
    record = {"device": entry.device, "unit": entry.unit, "value": total, "parts": parts}
    return record | {"kernels": [asdict(cost) for cost in costs]}


def summary_of(network: Network) -> dict[str, Any]:
    """Counts of a network and its key."""
    counts = network.summary().to_dict()
    return {name: _finite(n) if isinstance(n, float) else n for name, n in counts.items()}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
