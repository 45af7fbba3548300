"""Seconds of one search of 10,000 evaluations over FBNet, with an accuracy proxy and three devices' limits.

FBNet has no public accuracies, so the goal is a proxy: the logarithm of the multiply-adds, a sum of tables by
layer, which costs as little as a shipped accuracy predictor does. The same search then runs with the three
latencies from LightGBM's `predict` on one-hot decisions, learned from 4,000 of archcast's own predictions of
each device. Both are timed in turn; what counts is the ratio within a run.

    python benchmarks/search_speed.py --out benchmarks/results/search_speed.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import time
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

import archcast
from archcast.featurize.cost import quantity
from archcast.featurize.encoders.onehot import one_hot

SPACE, EVALUATIONS = "fbnet", 10_000
LIMITS = ("latency@raspi4<=40", "latency@eyeriss<=6", "latency@1080ti_1<=13")
SETTINGS = {"num_leaves": 31, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--repeats", type=int, default=5)
    chosen = arguments.parse_args()
    rows = []
    ways = {"archcast": {}, "LightGBM": boosters()}
    for method in ("nsga2", "evolution"):
        limits = list(LIMITS)
        taken: dict[str, list[float]] = {way: [] for way in ways}
        processor: dict[str, list[float]] = {way: [] for way in ways}
        for repeat in range(chosen.repeats + 1):
            for way, predictors in ways.items():
                began, busy = time.perf_counter(), time.process_time()
                found = searched(method, limits, predictors)
                if repeat:  # the first loads predictors and libraries
                    taken[way].append(time.perf_counter() - began)
                    processor[way].append(time.process_time() - busy)
        for way in ways:
            rows.append(report(method, way, taken, processor, found))
            print(" ".join(f"{k}={v}" for k, v in rows[-1].items()), flush=True)
    if chosen.out:
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def searched(method: str, limits: list[str], predictors: dict[str, Any]) -> Any:
    found = archcast.search(
        SPACE,
        maximize="accuracy",
        score=proxy(),
        score_takes="codes",
        limits=limits,
        predictors=predictors,
        method=method,
        hold="mean" if predictors else 0.9,
        evaluations=EVALUATIONS,
        population=200,
    )
    if len(found.codes) != EVALUATIONS:
        raise SystemExit(f"a search must have {EVALUATIONS} evaluations, got {len(found.codes)}")
    return found


def proxy() -> Any:
    """Logarithm of the multiply-adds, from a table by layer and block."""
    space = archcast.spaces(SPACE)
    k, top = len(space.columns), space.cardinalities[0]
    base = np.zeros((1, k), dtype=np.int8)
    single = np.repeat(base, k * top, axis=0).reshape(k, top, k)
    single[np.arange(k)[:, None], np.arange(top), np.arange(k)[:, None]] = np.arange(top)
    macs = quantity(space.costs(single.reshape(-1, k), None), "macs").reshape(k, top)
    table = macs - macs[0, 0]
    columns = np.arange(k)

    def score(codes: np.ndarray) -> np.ndarray:
        return np.log(macs[0, 0] + table[columns, codes].sum(axis=1))

    drawn = space.sample(50, seed=3)
    if not np.allclose(score(drawn), np.log(quantity(space.costs(drawn, None), "macs"))):
        raise SystemExit("the table by layer must give the multiply-adds")
    return score


def boosters() -> dict[str, Any]:
    space = archcast.spaces(SPACE)
    codes = space.sample(4000, seed=1)
    made = {}
    for limit in LIMITS:
        device = limit.partition("<=")[0].partition("@")[2]
        values = archcast.load(device, "latency", SPACE).predict_codes(codes)
        data = lightgbm.Dataset(one_hot(codes, space.cardinalities), values)
        booster = lightgbm.train(SETTINGS, data, 300)
        made[f"latency@{device}"] = lambda c, b=booster: b.predict(
            one_hot(c, space.cardinalities), num_threads=1
        )
    return made


def report(
    method: str, way: str, taken: dict[str, list[float]], processor: dict[str, list[float]], found: Any
) -> dict[str, Any]:
    seconds = float(np.median(taken[way]))
    return {
        "method": method,
        "way": way,
        "evaluations": EVALUATIONS,
        "limits": "; ".join(LIMITS),
        "kept_limits": round(float((found.scores.violation == 0).mean()), 3),
        "seconds": round(seconds, 3),
        "least_seconds": round(min(taken[way]), 3),
        "processor_seconds": round(float(np.median(processor[way])), 3),
        "ratio_to_LightGBM": round(float(np.median(taken["LightGBM"])) / seconds, 2),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


if __name__ == "__main__":
    main()
