"""How well ranks of noisy devices can be predicted at all, and what rounding to milliseconds takes of it.

Under HELP's rule (architectures 900 to 1899 without the slowest and fastest tenth of a device) and of 3,000
random architectures: the rank correlation of the measurements with a sum of terms fitted to all other
architectures; and of the fit with itself once it is rounded as the measurements are, which is what rounding
alone takes.

    python benchmarks/rank_ceilings.py --out benchmarks/results/rank_ceilings.csv
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from archcast.core.arrays import Ints
from archcast.core.labels import Labels
from archcast.training.labels import load_labels
from archcast.training.protocols import load_protocol
from archcast.training.protocols.rows import middle_rows
from archcast.training.train import make_predictor

PROTOCOL = load_protocol("help-nasbench201")
DEVICES = ("pixel2", "samsung_s7", "essential_ph_1")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    chosen = arguments.parse_args()
    rows = list(found())
    for row in rows:
        print(" ".join(f"{name}={value}" for name, value in row.items()))
    if chosen.out:
        with chosen.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def found() -> Iterator[dict[str, Any]]:
    labels = load_labels("nasbench201", "latency", sources=["help"])
    any_rows = np.sort(np.random.default_rng(0).choice(len(labels), 3000, replace=False))
    for rule, tested in (("HELP", PROTOCOL.test.of(labels, 0)), ("any", any_rows)):
        for device in DEVICES:
            yield {"rule": rule} | ceiling(labels.only((device,)), tested, trimmed=rule == "HELP")


def ceiling(one: Labels, tested: Ints, *, trimmed: bool) -> dict[str, Any]:
    """Of a device's measurements on the tested rows."""
    known = np.isfinite(one.values[:, 0])
    taught = np.setdiff1d(np.flatnonzero(known), tested)
    rows = tested[middle_rows(one.rows(tested), 0, PROTOCOL.trimmed)] if trimmed else tested
    rows = rows[known[rows]]
    fitted = make_predictor("additive", {}).fit(one.rows(taught)).predict(one.codes[rows])[:, 0]
    measured = one.values[rows, 0]
    if not (measured == np.round(measured)).all():
        raise SystemExit(f"{one.devices[0]} is not measured in whole milliseconds")
    return {
        "device": one.devices[0],
        "rows": len(rows),
        "different values": len(np.unique(measured)),
        "ceiling": round(float(spearmanr(fitted, measured).statistic), 4),
        "rounding alone": round(float(spearmanr(fitted, np.round(fitted)).statistic), 4),
    }


if __name__ == "__main__":
    main()
