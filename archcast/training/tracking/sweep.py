"""A sweep as runs in MLflow: one parent, and its trials as children."""

from __future__ import annotations

import csv
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archcast.core.labels import Labels
from archcast.training.settings_search import Search, Trial
from archcast.training.splits import Split
from archcast.training.tracking.experiment_view import view_tags
from archcast.training.tracking.fitted import finished
from archcast.training.tracking.protocol import PARENT
from archcast.training.tracking.record import (
    config_parameters,
    devices_said,
    quantity_parameters,
    quantity_tags,
)
from archcast.training.tracking.store import experiment_id, mlflow_module, open_client, quiet

_TRIALS = "trials.csv"


@dataclass(slots=True)
class SweepRecord:
    """The runs of a sweep that is under way.

    Attributes:
        run_id: of the parent.
    """

    client: Any
    experiment: str
    run_id: str
    labels: Labels
    split: Split
    family: str
    seed: int

    def add(self, trial: Trial) -> None:
        """Record one trial as a child run."""
        entities, now = mlflow_module("mlflow.entities"), int(time.time() * 1000)
        tags = quantity_tags(self.labels, self.split, self.family) | {PARENT: self.run_id}
        if trial.failure:
            tags["mlflow.note.content"] = trial.failure
        settings = quantity_parameters(self.labels, self.split, self.family, seed=self.seed)
        settings |= config_parameters(trial.settings) | {"trial": str(trial.number)}
        figures = {f"inner.{name}": value for name, value in trial.quality.items()}
        with quiet():
            run = self.client.create_run(
                self.experiment, run_name=f"{self.family}, trial {trial.number}", tags=tags
            )
            self.client.log_batch(
                run.info.run_id,
                params=[entities.Param(*pair) for pair in settings.items()],
                metrics=[
                    entities.Metric(name, value, now, 0)
                    for name, value in {**figures, "fit_seconds": trial.seconds}.items()
                ],
            )
            self.client.set_terminated(run.info.run_id, "FAILED" if trial.failure else "FINISHED")

    def summarise(self, search: Search) -> None:
        """Record the search's outcome on the parent: best settings and figures, and every trial."""
        entities, now = mlflow_module("mlflow.entities"), int(time.time() * 1000)
        figures = {f"inner.{name}": value for name, value in search.best.quality.items()}
        figures |= {"trials": float(len(search.trials)), "best_trial": float(search.best.number)}
        settings = config_parameters(search.settings)
        with quiet(), tempfile.TemporaryDirectory(prefix="archcast-") as scratch:
            self.client.log_batch(
                self.run_id,
                params=[entities.Param(*pair) for pair in settings.items()],
                metrics=[entities.Metric(name, value, now, 0) for name, value in figures.items()],
            )
            _write_trials(search, Path(scratch, _TRIALS))
            self.client.log_artifact(self.run_id, str(Path(scratch, _TRIALS)))


@contextmanager
def sweep_runs(family: str, labels: Labels, split: Split, *, trials: int, seed: int) -> Iterator[SweepRecord]:
    """A parent run that takes trials until the end of the block, where it is finished or failed.

    Raises:
        DataError: the store cannot be opened.
    """
    client, name = open_client(), f"{labels.space}/{labels.metric}"
    with quiet():
        experiment = experiment_id(client, name, tags=view_tags())
        title = f"sweep of {family}, {devices_said(labels.targets)}, {len(split.train)} rows"
        tags = quantity_tags(labels, split, family) | {"mlflow.note.content": f"{title}, {trials} trials"}
        run_id = client.create_run(experiment, run_name=title, tags=tags).info.run_id
        settings = quantity_parameters(labels, split, family, seed=seed)
        param = mlflow_module("mlflow.entities").Param
        client.log_batch(run_id, params=[param(*pair) for pair in settings.items()])
    with finished(client, run_id):
        yield SweepRecord(client, experiment, run_id, labels, split, family, seed)


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
