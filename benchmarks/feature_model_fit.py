"""How well FLASH's few volumes explain a device: the feature model beside multiply-adds alone.

On published columns it is fitted to 100 networks and judged on all others. On estimates of eyeriss-like it
is fitted to 200 NAS-Bench-201 networks on the points of the target's grid but those of one array size, and
judged on 200 others on that array size: the co-optimisation that it is for.

    python benchmarks/feature_model_fit.py --out benchmarks/results/feature_model_fit.csv
"""

from __future__ import annotations

import argparse
import csv
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from archcast.collect.estimate import (
    Accelerator,
    FeatureModel,
    FeatureModelConfig,
    estimate_networks,
    load_target,
    make_estimator,
)
from archcast.collect.estimate.feature_model import network_volumes
from archcast.collect.matrix import load_measurements
from archcast.featurize.spaces import SPACES

PUBLISHED = (
    *((space, device) for space in ("nasbench201", "fbnet") for device in ("eyeriss", "fpga", "raspi4")),
    ("fbnet", "titan_rtx_1"),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    chosen = arguments.parse_args()
    rows = [row for space, device in PUBLISHED for row in published_rows(space, device)]
    rows += [grid_row(metric, array) for metric in ("latency", "energy") for array in ("14x12", "28x24")]
    for row in rows:
        print(row)
    if chosen.out:
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def published_rows(space: str, device: str) -> list[dict[str, Any]]:
    table = load_measurements(space, "latency", devices=[device])
    known = np.flatnonzero(~np.isnan(table.values[:, 0]))
    order = np.random.default_rng(0).permutation(known)
    some, others = order[:100], order[100:]
    codes, values = table.codes, table.values[:, 0]
    macs = network_volumes(space, codes, table.dataset)[:, 1]
    scaled = macs[others] * np.median(values[some] / macs[some])
    head = {"fitted to": device, "space": space, "metric": "latency", "rows": 100, "judged on": len(others)}
    out = [head | {"model": "multiply-adds, one factor"} | quality(scaled, values[others])]
    for name, positive in (("feature model, weights of zero or more", True), ("feature model, ridge", False)):
        model = FeatureModel(FeatureModelConfig(non_negative=positive))
        model.fit(space, codes[some], values[some], dataset=table.dataset)
        predicted = model.predict(space, codes[others], dataset=table.dataset)
        out.append(head | {"model": name} | quality(predicted, values[others]))
    return out


def grid_row(metric: str, held_out: str) -> dict[str, Any]:
    space = SPACES["nasbench201"]
    drawn = space.members(np.random.default_rng(0).choice(space.size, 400, replace=False))
    fit, judge = ([], [], []), ([], [], [])
    for point in load_target("eyeriss-like").points():
        target = load_target("eyeriss-like", point)
        held = point["array"] == held_out
        networks = drawn[200:] if held else drawn[:200]
        made = estimate_networks(make_estimator(target), space, networks)
        size = prod(map(int, point["array"].split("x")))
        chip = Accelerator(size, float(point["buffer_kib"]), target.hardware["clock_mhz"])
        values = made.latency_ms if metric == "latency" else made.energy_mj
        for into, what in zip(
            judge if held else fit, (networks, values, [chip] * len(networks)), strict=True
        ):
            into.extend(what)
    model = FeatureModel(FeatureModelConfig(metric, hardware=True))
    model.fit("nasbench201", np.array(fit[0]), np.array(fit[1]), accelerators=fit[2])
    predicted = model.predict("nasbench201", np.array(judge[0]), accelerators=judge[2])
    head = {"fitted to": f"eyeriss-like grid without array {held_out}", "space": "nasbench201"}
    head |= {"metric": metric, "rows": len(fit[0]), "judged on": len(judge[0])}
    return head | {"model": "feature model with hardware"} | quality(predicted, np.array(judge[1]))


def quality(predicted: np.ndarray, true: np.ndarray) -> dict[str, float]:
    error = 100 * np.abs(predicted - true) / true
    rank = float(spearmanr(predicted, true).statistic)
    return {"spearman": round(rank, 4), "median_error_percent": round(float(np.median(error)), 2)}


if __name__ == "__main__":
    main()
