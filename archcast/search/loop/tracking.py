"""A search as a run in MLflow, in the experiment `search/SPACE`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from archcast.core.version import VERSION
from archcast.search.loop.result import SearchResult
from archcast.training.tracking.fitted import finished
from archcast.training.tracking.record import accepted
from archcast.training.tracking.store import experiment_id, mlflow_module, open_client, quiet

_STEPS = 100


def track_search(result: SearchResult) -> str:
    """Record settings, the best by evaluations, the front and the picture; returns the run's identifier.

    Raises:
        DataError: the store cannot be opened.
    """
    client = open_client()
    with quiet():
        experiment = experiment_id(client, f"search/{result.settings['space']}")
        name = f"{result.settings['method']}, seed {result.settings['seed']}"
        tags = {"archcast.version": VERSION, "archcast.stopped": result.stopped}
        run_id = str(client.create_run(experiment, run_name=name, tags=tags).info.run_id)
        with finished(client, run_id):
            entities, now = mlflow_module("mlflow.entities"), int(time.time() * 1000)
            figures = {
                "evaluations": float(len(result.codes)),
                "seconds": result.seconds,
                "front": float(len(result.front_rows)),
                "kept_limits": float((result.scores.violation == 0).mean()),
            }
            metrics = [entities.Metric(name, value, now, 0) for name, value in figures.items()]
            metrics += [entities.Metric(*point) for point in _best_by_evaluations(result, now)]
            client.log_batch(
                run_id,
                params=[entities.Param(key, value[:6000]) for key, value in result.settings.items()],
                metrics=metrics,
            )
            with tempfile.TemporaryDirectory(prefix="archcast-") as scratch:
                result.write_csv(Path(scratch, "front.csv"))
                result.write_json(Path(scratch, "search.json"))
                result.write_picture(Path(scratch, "search.png"))
                client.log_artifacts(run_id, scratch)
    return run_id


def _best_by_evaluations(result: SearchResult, now: int) -> list[tuple[str, float, int, int]]:
    """Best value of each goal among what keeps the limits, at some hundred steps."""
    points = []
    n = len(result.codes)
    shown = np.unique(np.linspace(0, n - 1, min(n, _STEPS)).astype(int))
    for i, goal in enumerate(result.problem.goals):
        costs = np.where(result.scores.violation == 0, result.scores.costs[:, i], np.inf)
        best = np.minimum.accumulate(costs)[shown] * result.problem.signs[i]
        name = accepted(f"best.{goal.quantity.metric}.{goal.quantity.device}")
        points += [
            (name, float(b), now, int(step) + 1)
            for b, step in zip(best, shown, strict=True)
            if np.isfinite(b)
        ]
    return points
