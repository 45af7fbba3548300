"""Cost models of co-optimisation on networks and accelerators that they were not fitted to.

The models are fitted as `archcast codesign` fits them: to 6 networks at every point of the target's grid.
They are judged on other networks at those points, on the same networks at points between, and on both at
once. The median of what was fitted stands beside as a model that knows nothing.

    python benchmarks/codesign_costs.py --out benchmarks/results/codesign_costs.csv
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from archcast.collect.estimate import Accelerator, estimate_networks, load_target, make_estimator
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.costs import CostModels, GridEstimates, estimate_grid
from archcast.search.codesign.hardware import multipliers
from archcast.search.codesign.run import ESTIMATED, drawn_networks

SPACE = SPACES["skipnet"]
METRICS = ("latency", "energy", "area")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--target", default="eyeriss-like")
    arguments.add_argument("--networks", type=int, default=12, help="networks that were not fitted")
    arguments.add_argument("--arrays", default="10x9,20x18", help="array sizes that were not fitted")
    arguments.add_argument("--buffers", default="180,512", help="buffers in KiB that were not fitted")
    arguments.add_argument("--out", type=Path)
    chosen = arguments.parse_args()
    fitted = drawn_networks(SPACE, ESTIMATED, seed=0)
    others = drawn_networks(SPACE, chosen.networks, seed=1000)
    within = load_target(chosen.target).points()
    between = [
        {"array": array, "buffer_kib": buffer}
        for array in chosen.arrays.split(",")
        for buffer in chosen.buffers.split(",")
    ]
    known = estimate_grid(chosen.target, SPACE, fitted, dataset="digits")
    models = CostModels.fit(known)
    rows: list[dict[str, Any]] = []
    for networks, points, codes, settings in (
        ("fitted", "fitted", fitted, within),
        ("other", "fitted", others, within),
        ("fitted", "other", fitted, between),
        ("other", "other", others, between),
    ):
        estimates = estimated(chosen.target, codes, settings)
        for row in judged(models, known, estimates):
            rows.append({"networks": networks, "accelerators": points, "pairs": len(estimates.codes)} | row)
            print(rows[-1], flush=True)
    if chosen.out:
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def estimated(target: str, codes: np.ndarray, points: list[dict[str, str]]) -> GridEstimates:
    columns, chips = [], []
    for point in points:
        one = load_target(target, point)
        made = estimate_networks(make_estimator(one), SPACE, codes, "digits")
        columns.append((made.latency_ms, made.energy_mj, np.full(len(codes), made.area)))
        hardware = one.hardware
        chip = Accelerator(
            multipliers(hardware["array"]), float(hardware["buffer_kib"]), float(hardware["clock_mhz"])
        )
        chips += [chip] * len(codes)
    latency, energy, area = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return GridEstimates(SPACE, "digits", np.tile(codes, (len(points), 1)), chips, latency, energy, area)


def judged(models: CostModels, known: GridEstimates, estimates: GridEstimates) -> list[dict[str, Any]]:
    rows = []
    for metric in METRICS:
        field = {"latency": "latency_ms", "energy": "energy_mj", "area": "area"}[metric]
        true = getattr(estimates, field)
        said = getattr(models, metric).predict(
            SPACE.name, estimates.codes, dataset="digits", accelerators=estimates.accelerators
        )
        error = 100 * np.abs(said - true) / true
        plain = 100 * np.abs(np.median(getattr(known, field)) - true) / true
        rows.append(
            {
                "metric": metric,
                "error_mean_percent": round(float(error.mean()), 2),
                "error_median_percent": round(float(np.median(error)), 2),
                "error_p90_percent": round(float(np.quantile(error, 0.9)), 2),
                "error_max_percent": round(float(error.max()), 2),
                "kendall": round(float(kendalltau(said, true).statistic), 3),
                "constant_error_median_percent": round(float(np.median(plain)), 2),
            }
        )
    return rows


if __name__ == "__main__":
    main()
