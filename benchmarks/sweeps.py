"""How long sweeps of the families of networks take, what their trials say, and what they choose.

    python benchmarks/sweeps.py --out benchmarks/results/sweeps.csv

Trials are recorded in MLflow under ARCHCAST_HOME, and counted there. Processor time is what a machine with
nothing else to do takes on one core.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

from archcast.training.settings_search import Trial
from archcast.training.sweep import sweep
from archcast.training.tracking.store import open_client
from archcast.training.train import train


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--device", default="raspi4")
    arguments.add_argument("--rows", type=int, nargs="+", default=[300, 900])
    arguments.add_argument("--trials", type=int, default=6)
    arguments.add_argument("--families", nargs="+", default=["mlp", "gnn"])
    chosen = arguments.parse_args()
    rows = [
        swept(family, chosen.device, count, chosen.trials)
        for family in chosen.families
        for count in chosen.rows
    ]
    if chosen.out:
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def swept(family: str, device: str, rows: int, trials: int) -> dict[str, Any]:
    """One sweep on NAS-Bench-201, beside a fit with the family's defaults."""
    began, used = time.perf_counter(), time.process_time()
    found = sweep("nasbench201", predictor=family, devices=[device], rows=rows, trials=trials, on_trial=told)
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    plain = train("nasbench201", predictor=family, devices=[device], rows=rows)
    scores = sorted(trial.score for trial in found.search.trials if not trial.failure)
    row = {
        "family": family,
        "device": device,
        "rows": rows,
        "trials": len(found.search.trials),
        "children": children(str(found.parent)),
        "different_scores": len(set(scores)),
        "worst_inner_kendall": round(scores[0], 4),
        "best_inner_kendall": round(scores[-1], 4),
        "best_trial": found.search.best.number,
        "held_out_kendall": round(found.run.fitted.mean_quality["kendall"], 4),
        "held_out_kendall_defaults": round(plain.fitted.mean_quality["kendall"], 4),
        "processor_s": round(cpu),
        "wall_s": round(wall),
    }
    print(row, flush=True)
    return row


def children(parent: str) -> int:
    """Runs that MLflow has below a sweep."""
    client = open_client()
    experiment = client.get_run(parent).info.experiment_id
    return len(client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'"))


def told(trial: Trial) -> None:
    print(f"trial {trial.number}: {trial.score:.4f} after {trial.seconds:.0f} s {trial.failure}", flush=True)


if __name__ == "__main__":
    main()
