"""Estimates as rows of the one measurement schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.collect.estimate.base import Estimator
from archcast.collect.estimate.networks import BatchEstimate
from archcast.core.measurements import measurement_table
from archcast.featurize.spaces import SPACES

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE = "estimate"


def environment(estimator: Estimator, *, live: bool = False) -> str:
    """JSON of all that an estimate depends on: target, its version and settings, mapping, conventions."""
    target = estimator.target
    what: dict[str, Any] = {
        "kind": "estimate",
        "estimator": estimator.program,
        "target": target.name,
        "target_version": target.version,
        "fingerprint": estimator.version,
        "settings": dict(target.settings),
        "mapping": target.mapping.get("version", estimator.unmapped),
        "conventions": dict(target.conventions),
        "dead_layers": "left out" if live or estimator.drops_dead_layers else "charged",
        "batch": 1,
    }
    if target.watts is not None:
        what["watts"] = target.watts
    return json.dumps(what, sort_keys=True)


def estimate_rows(estimator: Estimator, batch: BatchEstimate, *, live: bool = False) -> pa.Table:
    """Measurement table of a batch: latency, and energy where the target gives it.

    A network that could not be estimated has status `failed` and the reason as its note.
    """
    texts = SPACES[batch.space].to_text(batch.codes)
    failed = np.isnan(batch.latency_ms)
    notes = [batch.failures.get(i, "") for i in range(len(texts))]
    metrics = {"latency": batch.latency_ms}
    if batch.energy_mj is not None:
        metrics["energy"] = batch.energy_mj
    return measurement_table(
        {
            "space": batch.space,
            "arch": texts * len(metrics),
            "device": estimator.target.label,
            "metric": [name for name in metrics for _ in texts],
            "dataset": batch.dataset,
            "value": np.concatenate(list(metrics.values())),
            "status": np.tile(np.where(failed, "failed", "ok"), len(metrics)).tolist(),
            "source": SOURCE,
            "environment": environment(estimator, live=live),
            "time": [datetime.now(UTC)] * (len(texts) * len(metrics)),
            "note": notes * len(metrics),
        }
    )
