"""Accuracy models of skipnet from few trained networks, judged on all that were not among them.

python benchmarks/codesign_accuracy.py --out benchmarks/results/codesign_accuracy.csv
"""

from __future__ import annotations

import argparse
import csv
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from archcast.predictors.contract import PREDICTORS
from archcast.training.labels import load_labels

FAMILIES = ("nn_degree", "linear", "lightgbm", "gp")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--draws", type=int, default=50)
    arguments.add_argument("--trained", type=int, default=25)
    chosen = arguments.parse_args()
    labels = load_labels("skipnet", "accuracy", datasets=["digits"])
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in (*FAMILIES, "mean of the 25")}
    for seed in range(chosen.draws):
        order = np.random.default_rng(seed).permutation(len(labels))
        some, others = np.sort(order[: chosen.trained]), order[chosen.trained :]
        true = labels.values[others, 0]
        mean = float(labels.values[some, 0].mean())
        found["mean of the 25"].append((float(np.abs(true - mean).mean()), 0.0))
        for name in FAMILIES:
            model = PREDICTORS[name]().fit(labels.rows(some), seed=seed)
            said = model.predict(labels.codes[others])[:, 0]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tau = float(kendalltau(said, true).statistic)
            found[name].append((float(np.abs(said - true).mean()), 0.0 if np.isnan(tau) else tau))
    rows: list[dict[str, Any]] = []
    for name, pairs in found.items():
        errors, taus = np.array(pairs).T
        rows.append(
            {"model": name, "trained": chosen.trained, "judged_on": len(labels) - chosen.trained}
            | {"draws": chosen.draws, "mae_points": round(errors.mean(), 2), "mae_sd": round(errors.std(), 2)}
            | {"kendall": round(taus.mean(), 3), "kendall_sd": round(taus.std(), 3)}
        )
        print(rows[-1])
    if chosen.out:
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
