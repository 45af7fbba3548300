"""How errors of latencies of networks grow with operators that no network which taught had.

Of each device, networks that hold an operator are left out, for one operator after the other (those of eight
networks to 60 % of them), and of timm's all networks with operators of transformers; what was fitted to the
others predicts them. Listed
are errors by the share of a prediction that is of kernels with unseen operators, each left-out set of one
device with the same weight: networks that share an unseen operator share its error too. The ninth decile over
the share, less that where the share is next to nothing, is what
`archcast.predictors.networks.intervals.UNSEEN` stands for.

    ARCHCAST_DATA=... python benchmarks/network_unseen.py --csv benchmarks/results/network_unseen.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from archcast.predictors.networks.contract import operators_of, unseen_shares
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.fit import new
from archcast.training.networks.labels import network_labels

DEVICES = {
    "mobile_ml_bench": (
        "pixel4-tflite2.10-1large",
        "pixel4-tflite2.10-1large-int8",
        "galaxy-s10-torch2.0_mobile-1large",
    ),
    "timm": ("rtx3090-torch2.4-b1024-amp", "i9-10940x-torch2.4_compiled"),
    "ncnn": ("snapdragon855plus-run16-ncnn-1t",),
}
TRANSFORMERS = frozenset({"LayerNormalization", "Softmax", "MatMul"})
FEWEST, LARGEST_SHARE = 8, 0.6
STEPS = (0.0, 0.05, 0.2, 0.5, 0.8, 1.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--csv", type=Path, help="file to write")
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for table, devices in DEVICES.items():
        labels = network_labels(table, devices=devices).labels
        for device in devices:
            rows += of_device(labels.only([device]), each=table != "timm")
    rows += overall(rows)
    out = args.csv.open("w", newline="", encoding="utf-8") if args.csv else sys.stdout
    with out:
        writer = csv.DictWriter(out, [name for name in rows[0] if name != "all"])
        writer.writeheader()
        writer.writerows({k: v for k, v in row.items() if k != "all"} for row in rows)


def of_device(labels: NetworkLabels, *, each: bool) -> list[dict[str, Any]]:
    """A row for each set that was left out and each step of the share."""
    labels = labels.rows(np.isfinite(labels.values[:, 0]))
    inside = [set(operators_of([network])) for network in labels.networks]
    sets: dict[bytes, str] = {}
    for op in sorted(set().union(*inside)) if each else ():
        held = np.array([op in own for own in inside])
        sets.setdefault(held.tobytes(), op)
    both = np.array([not TRANSFORMERS.isdisjoint(own) for own in inside])
    sets[both.tobytes()] = "transformers"
    rows = []
    for key, name in sets.items():
        held = np.frombuffer(key, dtype=bool)
        if FEWEST <= held.sum() <= LARGEST_SHARE * len(held):
            rows += of_set(labels, held, name)
    return rows


def of_set(labels: NetworkLabels, held: np.ndarray, name: str) -> list[dict[str, Any]]:
    model = new("sums", None).fit(labels.rows(~held), seed=0)
    asked = [labels.networks[i] for i in np.flatnonzero(held)]
    errors = np.abs(np.log(model.predict(asked)[:, 0] / labels.values[held, 0]))
    shares = np.array([unseen_shares(model, network)[0] for network in asked])
    rows = []
    for low, high in pairwise(STEPS):
        here = (shares >= low) & (shares < high)
        if here.sum() >= FEWEST // 2:
            rows.append(
                {
                    "device": labels.devices[0],
                    "left_out": name,
                    "taught": int((~held).sum()),
                    "networks": int(here.sum()),
                    "unseen_share": round(float(shares[here].mean()), 3),
                    "median_error": round(float(np.median(errors[here])), 3),
                    "ninth_decile": round(float(np.percentile(errors[here], 90)), 3),
                    "all": errors[here],
                }
            )
            print({k: v for k, v in rows[-1].items() if k != "all"}, file=sys.stderr, flush=True)
    return rows


def overall(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same of all sets together, each with the same weight."""
    out = []
    for low, high in pairwise(STEPS):
        here = [row for row in rows if low <= row["unseen_share"] < high]
        if not here:
            continue
        errors = np.concatenate([row["all"] for row in here])
        weights = np.concatenate([np.full(len(row["all"]), 1 / len(row["all"])) for row in here])
        out.append(
            {
                "device": "all",
                "left_out": f"{len(here)} sets",
                "taught": "",
                "networks": len(errors),
                "unseen_share": round(float(np.mean([row["unseen_share"] for row in here])), 3),
                "median_error": round(_quantile(errors, weights, 0.5), 3),
                "ninth_decile": round(_quantile(errors, weights, 0.9), 3),
            }
        )
    return out


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(reached, share)])


if __name__ == "__main__":
    main()
