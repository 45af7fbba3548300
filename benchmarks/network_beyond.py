"""How errors of latencies of networks grow beyond the values that were learned from.

Fits the part of a table's networks whose latency lies above (or below) a percentile, predicts the others, and
lists errors by how many e-folds the prediction lies beyond the nearest value that taught. The ninth decile of
errors over the distance is what `archcast.predictors.networks.intervals.BEYOND` stands for.

    ARCHCAST_DATA=... python benchmarks/network_beyond.py --csv benchmarks/results/network_beyond.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.fit import new
from archcast.training.networks.labels import network_labels

DEVICES = ("pixel4-tflite2.10-1large", "pixel4-tflite2.10-1large-int8")
LEFT_OUT = (30, 50, 70)
"""Per cent of the networks that are predicted."""
STEPS = (0.0, 0.35, 0.7, 1.4, 2.8, np.inf)
_LEAST = 5
"""Networks in a step, below which it is not listed."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--csv", type=Path, help="file to write")
    args = parser.parse_args()
    labels = network_labels("mobile_ml_bench", devices=DEVICES).labels
    rows = [row for device in DEVICES for row in of_device(labels.only([device]))]
    out = args.csv.open("w", newline="", encoding="utf-8") if args.csv else sys.stdout
    with out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def of_device(labels: NetworkLabels) -> Iterator[dict[str, Any]]:
    """Errors by distance, below and above what taught."""
    labels = labels.rows(np.isfinite(labels.values[:, 0]))
    values = labels.values[:, 0]
    for side, sign in (("below", 1), ("above", -1)):
        for percent in LEFT_OUT:
            taught = sign * values > np.percentile(sign * values, percent)
            end = (sign * values[taught]).min() * sign
            model = new("sums", None).fit(labels.rows(taught), seed=0)
            asked = np.flatnonzero(~taught)
            predicted = model.predict([labels.networks[i] for i in asked])[:, 0]
            beyond = sign * np.log(end / predicted)
            errors = np.abs(np.log(predicted / values[asked]))
            for low, high in pairwise(STEPS):
                here = (beyond > low) & (beyond <= high)
                if here.sum() >= _LEAST:
                    yield {
                        "device": labels.devices[0],
                        "side": side,
                        "left_out_percent": percent,
                        "networks": int(here.sum()),
                        "e_folds_beyond": round(float(beyond[here].mean()), 2),
                        "median_error": round(float(np.median(errors[here])), 3),
                        "ninth_decile": round(float(np.percentile(errors[here], 90)), 3),
                    }


if __name__ == "__main__":
    main()
