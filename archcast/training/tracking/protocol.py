"""A protocol's result as runs in MLflow, one a predictor and seed, under one parent."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from archcast.core.version import VERSION
from archcast.training.protocols.base import ProtocolResult, Record
from archcast.training.tracking.record import accepted
from archcast.training.tracking.store import experiment_id, mlflow_module, open_client, quiet

_PARAMETERS = ("predictor", "seed", "seeds", "measured")
PARENT = "mlflow.parentRunId"


def track_protocol(result: ProtocolResult) -> str:
    """Record a result in the experiment `protocol/NAME`; returns the parent run's identifier.

    Raises:
        DataError: the store cannot be opened.
    """
    client = open_client()
    with quiet():
        experiment = experiment_id(client, f"protocol/{result.protocol}")
        tags = {"archcast.version": VERSION, "archcast.protocol": result.protocol}
        parent = client.create_run(experiment, run_name=result.protocol, tags=tags).info.run_id
        with tempfile.TemporaryDirectory(prefix="archcast-") as scratch:
            path = Path(scratch, f"{result.protocol}.csv")
            result.write_csv(path)
            client.log_artifact(parent, str(path))
        for record in result.records:
            name = ", ".join(f"{n} {record[n]}" for n in _PARAMETERS if n in record)
            child = client.create_run(experiment, run_name=name, tags=tags | {PARENT: parent}).info.run_id
            _record(client, child, record)
        client.set_terminated(parent, "FINISHED")
    return str(parent)


def _record(client: Any, run_id: str, record: Record) -> None:
    entities, now = mlflow_module("mlflow.entities"), int(time.time() * 1000)
    figures = {n: v for n, v in record.items() if n not in _PARAMETERS and isinstance(v, float)}
    client.log_batch(
        run_id,
        params=[entities.Param(name, str(record[name])) for name in _PARAMETERS if name in record],
        metrics=[entities.Metric(accepted(name), value, now, 0) for name, value in figures.items()],
    )
    client.set_terminated(run_id, "FINISHED")
