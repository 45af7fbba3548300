"""Time of `archcast.predict` for a batch of NAS-Bench-201 strings, beside LightGBM called directly.

Both answer the same batches: archcast takes the strings; LightGBM takes ready features (its own predict,
one thread, 400 trees) and, in a second column, the strings as well, parsed and encoded before. Medians and
99th percentiles over interleaved repeats after a warm-up; what counts is the ratio, taken in one run.

    python benchmarks/predict_latency.py --out benchmarks/results/predict_latency.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np

import archcast
from archcast.featurize.encoding import encode

REPEATS = 200
ROWS = 3000
PIECES = ("decisions", "features")
SETTINGS = {"num_leaves": 31, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--batch", type=int, nargs="+", default=[1, 64, 1024])
    chosen = arguments.parse_args()
    space = archcast.spaces("nasbench201")
    booster = taught(space)
    rows = []
    for size in chosen.batch:
        codes = space.sample(size, seed=size)
        strings, ready = space.format(codes), encode(space, codes, PIECES)
        agree(space, booster)
        ways: dict[str, Callable[[], object]] = {
            "archcast.predict, strings": lambda strings=strings: archcast.predict(strings, "raspi4"),
            "LightGBM, ready features": lambda ready=ready: booster.predict(ready, num_threads=1),
            "LightGBM, strings": lambda strings=strings: booster.predict(
                encode(space, space.parse(strings), PIECES), num_threads=1
            ),
        }
        rows += report(size, timed(ways))
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def taught(space: object) -> lightgbm.Booster:
    """A booster of 400 trees that learned the shipped predictor's own answers."""
    codes = space.sample(ROWS, seed=0)
    data = lightgbm.Dataset(encode(space, codes, PIECES), archcast.predict(codes, "raspi4"))
    return lightgbm.train(SETTINGS, data, num_boost_round=400)


def agree(space: object, booster: lightgbm.Booster) -> None:
    """Both must say nearly the same before their times are compared."""
    codes = space.sample(1000, seed=99)
    ours, theirs = archcast.predict(codes, "raspi4"), booster.predict(encode(space, codes, PIECES))
    if np.corrcoef(ours, theirs)[0, 1] < 0.99:
        raise SystemExit("the two predictors do not agree, so their times do not compare")


def timed(ways: dict[str, Callable[[], object]]) -> dict[str, np.ndarray]:
    """Seconds of each way, taken in turn."""
    for _ in range(10):
        for way in ways.values():
            way()
    seconds = {name: np.empty(REPEATS) for name in ways}
    for i in range(REPEATS):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name][i] = time.perf_counter() - start
    return seconds


def report(size: int, seconds: dict[str, np.ndarray]) -> list[dict[str, object]]:
    """Print and return a row a way."""
    ours = np.median(seconds["archcast.predict, strings"])
    rows = []
    for name, s in seconds.items():
        row = {
            "batch": size,
            "way": name,
            "median_ms": round(float(np.median(s)) * 1e3, 4),
            "p99_ms": round(float(np.percentile(s, 99)) * 1e3, 4),
            "ratio_of_medians": round(float(np.median(s) / ours), 2),
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "machine": platform.machine(),
        }
        rows.append(row)
        took = f"{row['median_ms']:>9} ms  p99 {row['p99_ms']:>9} ms"
        print(f"{size:>6} {name:<28} {took}  x{row['ratio_of_medians']}")
    return rows


if __name__ == "__main__":
    main()
