"""How often 90 % intervals of the shipped predictors of networks hold, of networks that taught nothing.

`left out`: networks whose family taught neither the predictor nor the widths, each family counting the same.
`known`: networks in random folds of groups, whose relatives taught, while near-copies did not; widths are, as
in what ships, of errors in families left out. Of entries with many settings some are taken (`EVERY`), and of
`network-gpus` 400 networks, as each fold is fitted anew. `ratio` is the median of the upper end over
the lower one.

    ARCHCAST_DATA=... python benchmarks/network_intervals.py network-npus network-boards
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from make_network_zoo import ENTRIES, NetworkEntry

from archcast.core.arrays import Doubles, Ints
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.folds import family_folds
from archcast.predictors.networks.intervals import NetworkIntervals
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.fit import FOLDS, left_out, new
from archcast.training.networks.labels import network_labels
from archcast.training.protocols.networks import random_folds

RESULTS = Path(__file__).with_name("results") / "network_intervals.csv"
SHIPPED = RESULTS.with_name("network_zoo.csv")
COVERAGE = 0.9
EVERY = {
    "network-phones": 12,
    "network-boards": 8,
    "network-npus": 3,
    "network-npus-memory": 3,
    "network-gpus": 4,
}
MOST = {"network-gpus": 400, "network-gpt": 500}


def main() -> None:
    """Measure the entries that are named, and write their lines anew."""
    for name in sys.argv[1:] or ENTRIES:
        rows = list(csv.DictReader(RESULTS.open())) if RESULTS.is_file() else []
        rows = [row for row in rows if row["entry"] != name] + list(of_entry(name, ENTRIES[name]))
        with RESULTS.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


def of_entry(name: str, entry: NetworkEntry) -> Iterator[dict[str, Any]]:
    """A row of networks of families left out, and one of known ones: means over settings."""
    found = network_labels(entry.table, entry.metric, most=MOST.get(name, entry.most))
    with SHIPPED.open() as file:
        devices = [row["device"] for row in csv.DictReader(file) if row["entry"] == name]
    labels = found.labels.only(devices[:: EVERY.get(name, 1)])
    there = np.isfinite(labels.values).any(axis=1)
    labels, groups = labels.rows(there), found.groups[there]
    mixes = NetworkPredictor.mixes(labels.networks)
    folds = family_folds(labels.families, FOLDS)
    away = predicted(entry, labels, folds, None)
    drawn = random_folds(groups, FOLDS, 0)
    for networks, numbers, said in (
        ("left out", folds, away),
        ("known", drawn, predicted(entry, labels, drawn, groups)),
    ):
        inside, apart = held(labels, numbers, (away, said), mixes)
        weights = 1.0 / np.array([labels.families.count(family) for family in labels.families])
        if networks == "known":
            weights[:] = 1.0
        judged = np.isfinite(inside)
        by_setting = [np.average(i[k], weights=weights[k]) for i, k in zip(inside.T, judged.T, strict=True)]
        row = {
            "entry": name,
            "networks": networks,
            "settings": len(labels.devices),
            "count": len(labels),
            "coverage_90": round(float(np.mean(by_setting)), 3),
            "lowest_tenth": round(float(np.quantile(by_setting, 0.1)), 3),
            "highest_tenth": round(float(np.quantile(by_setting, 0.9)), 3),
            "ratio": round(float(np.exp(np.nanmedian(apart))), 2),
        }
        print(row, flush=True)
        yield row


def predicted(entry: NetworkEntry, labels: NetworkLabels, folds: Ints, groups: Ints | None) -> Doubles:
    """Of each fold by what was fitted to the others."""
    return left_out(lambda: new(entry.family, entry.config), labels, folds, groups=groups)


def held(
    labels: NetworkLabels, folds: Ints, said: tuple[Doubles, Doubles], mixes: Doubles
) -> tuple[Doubles, Doubles]:
    """Whether measurements lie inside, and log ratios of both ends, (n, m) each; widths are of other folds.

    NaN where there is no measurement, or where fewer than three families of other folds tell widths.

    Args:
        said: predictions of families left out, of which widths are, and those that are judged.
    """
    inside, apart = np.full((2, *labels.values.shape), np.nan)
    for fold in np.unique(folds):
        taught, asked = folds != fold, np.flatnonzero(folds == fold)
        families = [labels.families[row] for row in np.flatnonzero(taught)]
        intervals = NetworkIntervals.from_errors(
            labels.values[taught], said[0][taught], families=families, mixes=mixes[taught]
        )
        told = np.flatnonzero(np.isfinite(intervals.widths).all(axis=(0, 1)))
        here = np.ix_(asked, told)
        below, above = intervals.select(told.tolist()).reach(said[1][here], mixes[asked], COVERAGE)
        off = np.log(labels.values[here] / said[1][here])
        inside[here], apart[here] = (-below <= off) & (off <= above), below + above
    inside[~np.isfinite(labels.values)] = apart[~np.isfinite(labels.values)] = np.nan
    return inside, apart


if __name__ == "__main__":
    main()
