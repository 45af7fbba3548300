"""How surely wrong measurements are found, and how often right ones are doubted.

Every source device of a space plays the new one, the others teach. In each draw of measurements one fault is
put. `found` is the share of draws with any doubt; `named` is that in which the faulty rows are among those
named or, of a fault of all rows, the right kind of doubt is told. HELP's test devices are left out.

    python benchmarks/doubtful_measurements.py --out benchmarks/results/doubtful_measurements.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from archcast.predictors.adapt.posterior import adapt_to
from archcast.predictors.adapt.references import suggest_references
from archcast.predictors.adapt.sources import prior_of, source_devices
from archcast.serving.doubts import doubts_of_members
from archcast.training.labels import load_labels

TEST = {
    "nasbench201": ("titan_rtx_256", "gold_6226", "fpga", "pixel2", "raspi4", "eyeriss"),
    "fbnet": ("fpga", "raspi4", "eyeriss"),
}
ALL_ROWS = {
    "all in us": "unit",
    "all in s": "unit",
    "throughput": "inverse",
    "one row down": "order",
    "shuffled": "order",
}
DRAWS = {"nasbench201": 6, "fbnet": 3}
FACTORS = {"one row in us": 1e3, "one row in s": 1e-3, "one row x 10": 10.0, "one row / 10": 0.1}


def faults(values: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, list[int]]]:
    """Name, values and faulty rows; those of a swap are three times apart, and few draws have such."""
    n, row = len(values), int(rng.integers(len(values)))
    yield "none", values, []
    for name, factor in FACTORS.items():
        changed = values.copy()
        changed[row] *= factor
        yield name, changed, [row]
    for name, share, factor in (("half in s", 2, 1e-3), ("a quarter in us", 4, 1e3)):
        rows = rng.choice(n, max(n // share, 1), replace=False)
        changed = values.copy()
        changed[rows] *= factor
        yield name, changed, sorted(rows.tolist())
    yield "all in us", 1e3 * values, []
    yield "all in s", 1e-3 * values, []
    yield "throughput", 1e3 / values, []
    pairs = [(i, j) for i in range(n) for j in range(i) if abs(np.log(values[i] / values[j])) > np.log(3.0)]
    if pairs:
        two = list(pairs[rng.integers(len(pairs))])
        changed = values.copy()
        changed[two] = changed[two[::-1]]
        yield "two rows swapped", changed, two
    yield "shuffled", rng.permutation(values), []
    yield "one row down", np.roll(values, 1), []


def trials(space: str, sizes: list[int], only: list[str] | None) -> Iterator[dict[str, object]]:
    """One record a draw and fault."""
    labels = load_labels(space, "latency", sources=["help"])
    devices = [d for d in labels.devices if d not in TEST[space] and d in source_devices(space).names]
    for device in only or devices:
        print(space, device, file=sys.stderr)
        names = tuple(d for d in devices if d != device)
        prior, values = prior_of(space, names), labels.values[:, labels.devices.index(device)]
        known = np.flatnonzero(np.isfinite(values))
        pool = np.random.default_rng(1).choice(known, min(len(known), 3000), replace=False)
        for n in sizes:
            suggested = pool[suggest_references(prior, labels.codes[pool], n)]
            for draw in range(DRAWS[space]):
                rng = np.random.default_rng([draw, n])
                rows = rng.choice(known, n, replace=False) if draw else suggested
                for name, changed, bad in faults(values[rows], rng):
                    codes = labels.codes[rows]
                    made = adapt_to(prior, codes, changed, device=device, metric="latency")
                    doubts = doubts_of_members(made, codes, changed, names)
                    items = {item for doubt in doubts for item in doubt.items}
                    kinds = {doubt.kind for doubt in doubts}
                    named = set(bad) <= items if bad else ALL_ROWS.get(name) in kinds
                    yield {"space": space, "n": n, "fault": name, "found": bool(doubts), "named": named}


def summary(found: list[dict[str, object]]) -> list[dict[str, object]]:
    """Shares by space, number and fault."""
    groups: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for record in found:
        groups.setdefault((record["space"], record["n"], record["fault"]), []).append(record)
    return [
        {
            "space": space,
            "measurements": n,
            "fault": fault,
            "draws": len(own),
            "found": round(float(np.mean([bool(r["found"]) for r in own])), 3),
            "named": "" if fault == "none" else round(float(np.mean([bool(r["named"]) for r in own])), 3),
        }
        for (space, n, fault), own in sorted(groups.items(), key=lambda pair: pair[0][:2])
    ]


def main() -> None:
    """Run it and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--space", action="append", choices=tuple(TEST))
    parser.add_argument("--device", action="append", help="Only these devices, the sources stay.")
    parser.add_argument("-n", type=int, action="append")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    found: list[dict[str, object]] = []
    for space in given.space or TEST:
        found += trials(space, given.n or [5, 10, 20], given.device)
    records = summary(found)
    with given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, tuple(records[0]))
        writer.writeheader()
        writer.writerows(records)


if __name__ == "__main__":
    main()
