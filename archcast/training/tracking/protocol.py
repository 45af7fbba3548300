"""A protocol's result as runs in MLflow, one a predictor and seed, under one parent."""

from __future__ import annotations

import tempfile
from pathlib import Path

from archcast.core.version import VERSION
from archcast.training.protocols.result import ProtocolResult
from archcast.training.tracking.record import accepted
from archcast.training.tracking.store import running

_PARAMETERS = ("predictor", "seed", "seeds", "measured")


def track_protocol(result: ProtocolResult) -> str:
    """Record a result in the experiment `protocol/NAME`; returns the parent run's identifier.

    Raises:
        DataError: the store cannot be opened.
    """
    experiment = f"protocol/{result.protocol}"
    tags = {"archcast.version": VERSION, "archcast.protocol": result.protocol}
    with running(experiment, result.protocol, tags) as (mlflow, parent):
        with tempfile.TemporaryDirectory(prefix="archcast-") as scratch:
            path = Path(scratch, f"{result.protocol}.csv")
            result.write_csv(path)
            mlflow.log_artifact(str(path))
        for record in result.records:
            name = ", ".join(f"{n} {record[n]}" for n in _PARAMETERS if n in record)
            figures = {n: v for n, v in record.items() if n not in _PARAMETERS and isinstance(v, float)}
            with running(experiment, name, tags, parent=parent.info.run_id):
                mlflow.log_params({n: record[n] for n in _PARAMETERS if n in record})
                mlflow.log_metrics({accepted(n): value for n, value in figures.items()})
    return str(parent.info.run_id)
