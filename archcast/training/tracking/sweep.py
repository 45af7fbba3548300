"""A sweep as runs in MLflow: one parent, and its trials as children."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archcast.core.labels import Labels
from archcast.training.settings_search import Search, Trial
from archcast.training.splits import Split
from archcast.training.tracking.experiment_view import view_tags
from archcast.training.tracking.record import (
    config_parameters,
    devices_said,
    quantity_parameters,
    quantity_tags,
)
from archcast.training.tracking.store import experiment_id, running, tracking

_TRIALS = "trials.csv"


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """The runs of a sweep that is under way.

    Attributes:
        run_id: of the parent.
    """

    run_id: str
    labels: Labels
    split: Split
    family: str
    seed: int

    @property
    def experiment(self) -> str:
        """Experiment of parent and trials."""
        return f"{self.labels.space}/{self.labels.metric}"

    def add(self, trial: Trial) -> None:
        """Record one trial as a child run."""
        tags = quantity_tags(self.labels, self.split, self.family)
        if trial.failure:
            tags["mlflow.note.content"] = trial.failure
        settings = quantity_parameters(self.labels, self.split, self.family, seed=self.seed)
        settings |= config_parameters(trial.settings)
        settings |= {"trial": str(trial.number), "fitted_rows": str(trial.rows)}
        figures = {f"inner.{name}": value for name, value in trial.quality.items()}
        name = f"{self.family}, trial {trial.number}"
        with running(self.experiment, name, tags, parent=self.run_id) as (mlflow, _):
            mlflow.log_params(settings)
            mlflow.log_metrics(figures | {"fit_seconds": trial.seconds})
            if trial.failure:
                mlflow.end_run("FAILED")

    def summarise(self, search: Search) -> None:
        """Record the search's outcome on the parent: best settings and figures, and every trial."""
        figures = {f"inner.{name}": value for name, value in search.best.quality.items()}
        figures |= {"trials": float(len(search.trials)), "best_trial": float(search.best.number)}
        with tracking() as mlflow, tempfile.TemporaryDirectory(prefix="archcast-") as scratch:
            mlflow.log_params(config_parameters(search.settings), run_id=self.run_id)
            mlflow.log_metrics(figures, run_id=self.run_id)
            _write_trials(search, Path(scratch, _TRIALS))
            mlflow.log_artifact(str(Path(scratch, _TRIALS)), run_id=self.run_id)


@contextmanager
def sweep_runs(family: str, labels: Labels, split: Split, *, trials: int, seed: int) -> Iterator[SweepRecord]:
    """A parent run that takes trials until the end of the block, where it is finished or failed.

    MLflow's addresses are the project's only while something is recorded, not while a trial is fitted.

    Raises:
        DataError: the store cannot be opened.
    """
    title = f"sweep of {family}, {devices_said(labels.targets)}, {len(split.train)} rows"
    tags = quantity_tags(labels, split, family) | {"mlflow.note.content": f"{title}, {trials} trials"}
    with tracking() as mlflow:
        where = experiment_id(mlflow, f"{labels.space}/{labels.metric}", tags=view_tags())
        run_id = mlflow.MlflowClient().create_run(where, run_name=title, tags=tags).info.run_id
        mlflow.log_params(quantity_parameters(labels, split, family, seed=seed), run_id=run_id)
    status = "FAILED"
    try:
        yield SweepRecord(run_id, labels, split, family, seed)
        status = "FINISHED"
    finally:
        with tracking() as mlflow:
            mlflow.MlflowClient().set_terminated(run_id, status)


def _write_trials(search: Search, path: Path) -> None:
    """One line a trial: its settings, its figures on the inner split, and why it failed if it did."""
    figures = list(search.best.quality)
    names = list(search.best.settings)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", *names, *figures, "seconds", "failure"])
        for trial in search.trials:
            values = [trial.settings[name] for name in names]
            shown = [value if isinstance(value, str) else json.dumps(value) for value in values]
            measured = [trial.quality.get(name, "") for name in figures]
            writer.writerow([trial.number, *shown, *measured, f"{trial.seconds:.3f}", trial.failure])
