"""How much sooner a search ends that measures ten networks than one that measures every candidate.

Costs of a measurement are those of the kept table `host_cpu`: the time from its first measurement of a device
to its last, over their number, with warm-up and repeats as they were. A search of 2,000 evaluations under a
limit on latency (the median of the table) either measures all 2,000, or measures the ten that
`archcast.suggest` names, adapts and searches by prediction, which is processor time, learning the prior too.

    python benchmarks/search_saving.py --out benchmarks/results/search_saving.csv
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

import archcast
from archcast.collect.tables.catalog import recipe_of
from archcast.training.labels import load_labels

TABLE, EVALUATIONS, MEASURED = "host_cpu", 2000, 10
GOALS = {"nasbench201": "accuracy@cifar100", "fbnet": "macs"}
DEVICES = ("epyc-zen4-ort-1t", "epyc-zen4-torch-1t")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    chosen = arguments.parse_args()
    rows = [row(space, device) for space in GOALS for device in DEVICES]
    if chosen.out:
        with chosen.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def row(space: str, device: str) -> dict[str, Any]:
    cost = seconds_a_measurement(space, device)
    labels = load_labels(space, "latency", devices=[device], sources=[TABLE])
    values = {code.tobytes(): value for code, value in zip(labels.codes, labels.values[:, 0], strict=True)}
    began = time.process_time()
    archs = archcast.suggest(space, n=MEASURED, candidates=labels.codes, device=device)
    measured = [float(values[code.tobytes()]) for code in archcast.parse(archs, space=space)]
    mine = archcast.adapt(archs, measured, device=device, space=space)
    archcast.search(
        space,
        maximize=GOALS[space],
        limits=[f"latency@{device}<={np.nanmedian(labels.values):g}"],
        predictors={f"latency@{device}": mine},
        method="evolution",
        evaluations=EVALUATIONS,
    )
    own = time.process_time() - began
    whole, few = EVALUATIONS * cost, MEASURED * cost
    made = {
        "space": space,
        "device": device,
        "seconds a measurement": round(cost, 2),
        "evaluations": EVALUATIONS,
        "measuring all, seconds": round(whole),
        "measuring ten, seconds": round(few, 1),
        "everything else, processor seconds": round(own, 1),
        "times faster": round(whole / (few + own)),
    }
    print(" ".join(f"{name}={value}" for name, value in made.items()), flush=True)
    return made


def seconds_a_measurement(space: str, device: str) -> float:
    """From the first measurement of a device to the last, over their number."""
    folder = recipe_of(TABLE).folder
    if folder is None:
        raise SystemExit(f"{TABLE} does not ship with this version")
    table = pq.read_table(folder / f"{TABLE}.parquet", columns=["space", "device", "time"])
    mine = pc.and_(pc.equal(table["space"], space), pc.equal(table["device"], device))
    times = table.filter(mine)["time"].to_pylist()
    return float((max(times) - min(times)).total_seconds()) / (len(times) - 1)


if __name__ == "__main__":
    main()
