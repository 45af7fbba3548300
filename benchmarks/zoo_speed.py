"""Time of every shipped predictor for 1,024 codes and for one, beside LightGBM of 400 trees.

Ways are timed in turn on one thread, so that a busy machine slows all alike. The alternative is taught the
shipped predictor's own answers, must agree with it, and is given its features ready made.

    export OPENBLAS_NUM_THREADS=1 ARCHCAST_THREADS=1
    python benchmarks/zoo_speed.py --out benchmarks/results/zoo_speed.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

import archcast
from archcast.featurize.encoders.encoding import encode
from archcast.featurize.networks import NETWORK
from archcast.predictors.artifact.shipped import zoo_folder

BATCH, TURNS, TAUGHT, ROUNDS = 1024, 60, 3000, 400
PIECES = ("decisions", "features")
SETTINGS = {"num_leaves": 31, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}
THREADS = ("OPENBLAS_NUM_THREADS", "ARCHCAST_THREADS")
GOAL_MS = {BATCH: 1.0, 1: 0.05}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--only", action="append", help="only this entry; the others' rows in --out stay")
    asked = arguments.parse_args()
    out = asked.out
    if {os.environ.get(name) for name in THREADS} != {"1"}:
        raise SystemExit(f"{' and '.join(THREADS)} must be 1")
    chosen = [s for s in first_targets() if not asked.only or s.manifest.folder.name in asked.only]
    rows = [row | machine() for served in chosen for row in measured(served)]
    for row in rows:
        print(" ".join(f"{k}={v}" for k, v in list(row.items())[:9]), flush=True)
    if out:
        if asked.only:
            with out.open(newline="") as file:
                rows += [row for row in csv.DictReader(file) if row["entry"] not in asked.only]
            rows.sort(key=lambda row: (row["entry"], -int(row["batch"])))
        with out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def first_targets() -> list[Any]:
    """An entry of the catalogue for each shipped folder of a space: its first target.

    Predictors of networks have no codes: `network_speed.py` times them.
    """
    names = {folder.name for folder in zoo_folder().iterdir()}
    first: dict[str, Any] = {}
    for served in archcast.devices():
        name = served.manifest.folder.name
        if served.origin == "zoo" and name in names and served.space != NETWORK:
            first.setdefault(name, served)
    return [first[name] for name in sorted(first)]


def measured(served: Any) -> list[dict[str, Any]]:
    """A row for 1,024 codes and one for a single one."""
    space = archcast.spaces(served.space)
    loaded = archcast.load(served.device, served.metric, served.space, dataset=served.dataset)
    booster, codes = taught(space, loaded), space.sample(BATCH, seed=5)
    rows = []
    for batch in (BATCH, 1):
        given = codes[:batch]
        ready = encode(space, given, PIECES)
        ways: dict[str, Callable[[], Any]] = {
            "form": lambda g=given: loaded.form.values(g),
            "predict": lambda g=given: archcast.predict(
                g, served.device, served.metric, served.space, served.dataset
            ),
            "lightgbm": lambda r=ready: booster.predict(r, num_threads=1),
        }
        taken = timed(ways)
        rows.append(
            {
                "entry": served.manifest.folder.name,
                "predictor": served.predictor,
                "served_as": loaded.form.kind,
                "batch": batch,
                **{f"{name}_ms": round(ms, 4) for name, ms in taken.items()},
                "ratio": round(taken["lightgbm"] / taken["form"], 1),
                "reaches_goal": taken["form"] <= GOAL_MS[batch],
            }
        )
    return rows


def taught(space: Any, loaded: Any) -> lightgbm.Booster:
    """A booster of 400 trees that learned the shipped predictor's own answers, and agrees with it."""
    codes, others = space.sample(TAUGHT, seed=0), space.sample(1000, seed=99)
    data = lightgbm.Dataset(encode(space, codes, PIECES), loaded.predict_codes(codes))
    booster = lightgbm.train(SETTINGS, data, num_boost_round=ROUNDS)
    theirs = booster.predict(encode(space, others, PIECES))
    if np.corrcoef(loaded.predict_codes(others), theirs)[0, 1] < 0.9:
        raise SystemExit(f"{loaded.entry.device}: the two do not agree, so their times do not compare")
    return booster


def timed(ways: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Median milliseconds of each way, called in turn after a few calls that warm it."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        for _ in range(3):
            way()
    for _ in range(TURNS):
        for name, way in ways.items():
            way()
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(taken)) * 1e3 for name, taken in seconds.items()}


def machine() -> dict[str, Any]:
    return {
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "date": time.strftime("%Y-%m-%d"),
    }


if __name__ == "__main__":
    sys.exit(main())
