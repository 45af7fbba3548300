"""Estimates beside the published eyeriss and fpga columns of HW-NAS-Bench, and the time they take.

Every target estimates all networks that the column has, from an empty cache. Agreement is by rank
(Spearman, Kendall) and by value after one factor, the median ratio. Multiply-adds alone, given the same
factor, stand beside them. NAS-Bench-201 is priced with both pooling conventions: `window`, the target's own,
and `dense`, a dense 3x3 convolution, which is what the published eyeriss column charges for a pool. Targets
without a published column are timed only; an Ethos-U compiles whole networks, so it is timed on a hundred.

    python benchmarks/estimate_agreement.py --out benchmarks/results/estimate_agreement.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau, spearmanr

from archcast.collect.estimate import estimate_networks, load_target, make_estimator
from archcast.collect.matrix import load_measurements
from archcast.featurize.cost import quantity
from archcast.featurize.spaces import SPACES

SPACE_NAMES = ("nasbench201", "fbnet")
ETHOS = ("u55-256", "u65-512", "u85-1024")


@dataclass(frozen=True)
class Case:
    target: str
    space: str
    published: str = ""
    pool: str = "window"
    networks: int | None = None


CASES = (
    *(Case("eyeriss-like", "nasbench201", "eyeriss", pool) for pool in ("window", "dense")),
    *(Case("fpga-zc706-like", "nasbench201", "fpga", pool) for pool in ("window", "dense")),
    Case("eyeriss-like", "fbnet", "eyeriss"),
    Case("fpga-zc706-like", "fbnet", "fpga"),
    *(Case(f"{name}-like", space) for name in ("edge-tpu", "tpu", "tesla-npu") for space in SPACE_NAMES),
    *(Case(f"ethos-{name}", space, networks=100) for name in ETHOS for space in SPACE_NAMES),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--target", nargs="+", help="only these targets")
    chosen = arguments.parse_args()
    rows = []
    for space in SPACE_NAMES:
        rows += [macs_row(space, published) for published in ("eyeriss", "fpga")]
    for case in CASES:
        if not chosen.target or case.target in chosen.target:
            rows.append(row := estimate_row(case))
            print(" ".join(f"{k}={v}" for k, v in row.items() if k not in ("python", "machine")), flush=True)
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def estimate_row(case: Case) -> dict[str, Any]:
    table = load_measurements(case.space, "latency", devices=[case.published or "eyeriss"])
    codes = table.codes
    if case.networks:
        codes = codes[np.random.default_rng(0).choice(len(codes), case.networks, replace=False)]
    target = load_target(case.target, {} if case.pool == "window" else {"pool": case.pool})
    with tempfile.TemporaryDirectory() as home:
        os.environ["ARCHCAST_HOME"] = home
        wall, cpu = time.perf_counter(), time.process_time()
        made = estimate_networks(make_estimator(target), SPACES[case.space], codes, table.dataset)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    values = table.values[:, 0] if case.published else None
    row = agreement(made.latency_ms, values) | {"seconds": round(wall, 1), "cpu_seconds": round(cpu, 1)}
    pool = case.pool if case.space == "nasbench201" else ""
    head = named(case.space, table.dataset, target.name, pool, case.published, len(codes))
    return head | row | {"priced": made.priced, "failed": len(made.failures)} | machine()


def macs_row(space: str, published: str) -> dict[str, Any]:
    table = load_measurements(space, "latency", devices=[published])
    macs = quantity(SPACES[space].costs(table.codes, table.dataset), "macs")
    head = named(space, table.dataset, "multiply-adds", "", published, len(macs))
    row = agreement(macs, table.values[:, 0]) | {"seconds": "", "cpu_seconds": ""}
    return head | row | {"priced": "", "failed": 0} | machine()


def named(space: str, dataset: str, target: str, pool: str, published: str, networks: int) -> dict[str, Any]:
    return {
        "space": space,
        "dataset": dataset,
        "networks": networks,
        "target": target,
        "pool": pool,
        "published": published,
    }


def agreement(estimated: np.ndarray, published: np.ndarray | None) -> dict[str, Any]:
    names = ("spearman", "kendall", "scale", "median_error_percent")
    if published is None:
        return dict.fromkeys(names, "")
    usable = ~np.isnan(estimated) & ~np.isnan(published)
    a, b = estimated[usable], published[usable]
    scale = float(np.median(b / a))
    error = 100 * float(np.median(np.abs(scale * a - b) / b))
    values = (float(spearmanr(a, b).statistic), float(kendalltau(a, b).statistic), scale, error)
    return {name: float(f"{value:.4g}") for name, value in zip(names, values, strict=True)}


def machine() -> dict[str, Any]:
    return {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


if __name__ == "__main__":
    main()
