"""A search as a run in MLflow, in the experiment `search/SPACE`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from archcast.core.version import VERSION
from archcast.search.loop.result import SearchResult
from archcast.training.tracking.record import accepted
from archcast.training.tracking.store import running

_STEPS = 100


def track_search(result: SearchResult) -> str:
    """Record settings, the best by evaluations, the front and the picture; returns the run's identifier.

    Raises:
        DataError: the store cannot be opened.
    """
    tags = {"archcast.version": VERSION, "archcast.stopped": result.stopped}
    name = f"{result.settings['method']}, seed {result.settings['seed']}"
    figures = {
        "evaluations": float(len(result.codes)),
        "seconds": result.seconds,
        "front": float(len(result.front_rows)),
        "kept_limits": float((result.scores.violation == 0).mean()),
    }
    with (
        running(f"search/{result.settings['space']}", name, tags) as (mlflow, run),
        tempfile.TemporaryDirectory(prefix="archcast-") as scratch,
    ):
        mlflow.log_params({key: value[:6000] for key, value in result.settings.items()})
        mlflow.log_metrics(figures)
        for evaluations, best in _best_by_evaluations(result).items():
            mlflow.log_metrics(best, step=evaluations)
        result.write_csv(Path(scratch, "front.csv"))
        result.write_json(Path(scratch, "search.json"))
        result.write_picture(Path(scratch, "search.png"))
        mlflow.log_artifacts(scratch)
    return str(run.info.run_id)


def _best_by_evaluations(result: SearchResult) -> dict[int, dict[str, float]]:
    """Best value of each goal among what keeps the limits, by evaluations, at some hundred steps."""
    n = len(result.codes)
    shown = np.unique(np.linspace(0, n - 1, min(n, _STEPS)).astype(int))
    points: dict[int, dict[str, float]] = {}
    for i, goal in enumerate(result.problem.goals):
        costs = np.where(result.scores.violation == 0, result.scores.costs[:, i], np.inf)
        best = np.minimum.accumulate(costs)[shown] * result.problem.signs[i]
        place = "" if goal.quantity.is_size else f".{goal.quantity.device}"
        name = accepted(f"best.{goal.quantity.metric}{place}")
        for value, step in zip(best, shown, strict=True):
            if np.isfinite(value):
                points.setdefault(int(step) + 1, {})[name] = float(value)
    return points
