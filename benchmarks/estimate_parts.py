"""What the published eyeriss column of FBNet charges for, beside what our estimate does.

Both are regressed on multiply-adds of depthwise and of other convolutions, weights and bytes, each over its
deviation, and the published column on our estimate with one of them added: what raises the rank correlation
is what the estimate lacks. The estimate is the shipped one of `eyeriss-like`.

    python benchmarks/estimate_parts.py --out benchmarks/results/estimate_parts.csv
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

import archcast
from archcast.training.labels import load_labels

SPACE, DEVICE, ESTIMATE = "fbnet", "eyeriss", "eyeriss-like"
PARTS = (
    ("multiply-adds",),
    ("depthwise", "dense"),
    ("depthwise", "dense", "weights"),
    ("depthwise", "dense", "weights", "bytes"),
)
BESIDE = ((), ("weights",), ("depthwise",), ("depthwise", "weights"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    chosen = arguments.parse_args()
    rows = list(found())
    for row in rows:
        print(" ".join(f"{name}={value}" for name, value in row.items() if value != ""))
    if chosen.out:
        with chosen.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def found() -> Iterator[dict[str, Any]]:
    labels = load_labels(SPACE, "latency", sources=["help"])
    published = labels.values[:, labels.devices.index(DEVICE)]
    estimate = np.asarray(archcast.predict(labels.codes, device=ESTIMATE, space=SPACE), dtype=np.float64)
    features = archcast.features(labels.codes, space=SPACE)

    def column(name: str) -> np.ndarray:
        return features.values[:, features.names.index(name)]

    columns = {
        "multiply-adds": column("macs"),
        "depthwise": column("macs_conv_depthwise"),
        "dense": column("macs_conv_1x1") + column("macs_conv_grouped"),
        "weights": column("params"),
        "bytes": column("bytes"),
        "estimate": estimate,
    }
    for names in PARTS:
        yield regressed("published", published, columns, names)
        yield regressed("estimate", estimate, columns, names)
    for names in BESIDE:
        yield regressed("published", published, columns, ("estimate", *names))


def regressed(
    target: str, values: np.ndarray, columns: dict[str, np.ndarray], names: tuple[str, ...]
) -> dict[str, Any]:
    """Least squares of standardised columns, and how well they rank."""
    x = np.column_stack([(columns[name] - columns[name].mean()) / columns[name].std() for name in names])
    y = (values - values.mean()) / values.std()
    weights = np.linalg.lstsq(x, y, rcond=None)[0]
    told = dict.fromkeys(("multiply-adds", "depthwise", "dense", "weights", "bytes", "estimate"), "")
    told |= {name: f"{weight:.2f}" for name, weight in zip(names, weights, strict=True)}
    return {"of": target, "spearman": round(float(spearmanr(x @ weights, values).statistic), 4)} | told


if __name__ == "__main__":
    main()
