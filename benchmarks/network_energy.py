"""How far boosted trees take the GPU energy of HW-GPT-Bench's decoders, of known widths and of others.

Of 2,000 decoders each half is predicted by what the other teaches (`known`), and each embedding width by what
the eight others teach (`left out`). Columns (of work, as predictors of networks see it, the decisions, or
both) and settings of LightGBM are chosen for all devices together by folds of what teaches: random ones, and
of widths. Intervals of 90 % are as those of predictors of networks, each of errors in embedding widths that
were left out; how many decoders they hold, and the ratio of the upper end to the lower one.

    ARCHCAST_DATA=... python benchmarks/network_energy.py --csv benchmarks/results/network_energy.csv
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from network_intervals import held

from archcast.core.arrays import Doubles, Ints
from archcast.featurize.decoders import DecoderArch
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.folds import family_folds
from archcast.predictors.networks.kinds import Kind
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.fit import quality_by_device
from archcast.training.networks.labels import network_labels
from archcast.training.protocols.networks import random_folds

MOST, INNER, WIDTHS = 2_000, 3, 10
FIGURES = ("mape", "median_error", "within_10", "spearman")
TREES: Mapping[str, Mapping[str, Any]] = {
    "200 trees": {"learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 4, "rounds": 200},
    "500 trees": {"learning_rate": 0.03, "num_leaves": 8, "min_data_in_leaf": 10, "rounds": 500},
    "500 trees, absolute errors": {
        "learning_rate": 0.03,
        "num_leaves": 8,
        "min_data_in_leaf": 10,
        "rounds": 500,
        "objective": "l1",
    },
}


def columns_of(labels: NetworkLabels, archs: list[DecoderArch]) -> dict[str, Doubles]:
    """Columns by their names, (n, columns) each."""
    work = np.log1p(Kind.of(labels.devices[0]).totals(labels.networks))
    work = np.unique(work[:, work.std(axis=0) > 0], axis=1)
    rows = [[a.width, len(a.heads), sum(a.heads), sum(a.ratios), a.biased] for a in archs]
    decided = np.array(rows, dtype=np.float64)
    return {"work": work, "decisions": decided, "both": np.concatenate([work, decided], axis=1)}


def trees(x: Doubles, logs: Doubles, asked: Doubles, settings: Mapping[str, Any]) -> Doubles:
    """Log energies of asked decoders on all devices, (asked, m)."""
    fixed = {"objective": "l2", "verbosity": -1, "num_threads": 1, "seed": 0}
    own = {key: value for key, value in settings.items() if key != "rounds"}
    made = [lightgbm.train(fixed | own, lightgbm.Dataset(x, column), settings["rounds"]) for column in logs.T]
    return np.stack([booster.predict(asked) for booster in made], axis=1)


def predicted(
    columns: Mapping[str, Doubles], logs: Doubles, folds: Ints, inner: Mapping[int, Ints]
) -> tuple[Doubles, list[str]]:
    """Log energies of each fold by what was chosen among the others, and what was chosen."""
    out, choices = np.empty_like(logs), []
    for fold in np.unique(folds):
        rows, asked = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        scores = {}
        for name, x in columns.items():
            for kind, settings in TREES.items():
                off = np.empty((len(rows), logs.shape[1]))
                for part in np.unique(inner[fold]):
                    left = inner[fold] == part
                    said = trees(x[rows[~left]], logs[rows[~left]], x[rows[left]], settings)
                    off[left] = np.abs(np.exp(said - logs[rows[left]]) - 1)
                scores[name, kind] = float(np.median(off.mean(axis=0)))
        name, kind = min(scores, key=lambda key: scores[key])
        choices.append(f"{name}: {kind}")
        out[asked] = trees(columns[name][rows], logs[rows], columns[name][asked], TREES[kind])
    return out, choices


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--csv", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    found = network_labels("hwgpt", "energy", most=MOST)
    labels, logs = found.labels, np.log(found.labels.values)
    archs = [DecoderArch.parse(record.name.partition(":")[2]) for record in found.records]
    columns, mixes = columns_of(labels, archs), NetworkPredictor.mixes(labels.networks)
    widths, halves = family_folds(labels.families, WIDTHS), random_folds(found.groups, 2, 0)
    by_width = {
        fold: family_folds([f for f, own in zip(labels.families, widths, strict=True) if own != fold], INNER)
        for fold in np.unique(widths).tolist()
    }
    at_random = {fold: random_folds(np.arange((halves != fold).sum()), INNER, 0) for fold in (0, 1)}
    away, of_widths = predicted(columns, logs, widths, by_width)
    near, of_halves = predicted(columns, logs, halves, at_random)
    rows = []
    for name, said, folds, chosen in (
        ("known", near, halves, of_halves),
        ("left out", away, widths, of_widths),
    ):
        inside, apart = held(labels, folds, (np.exp(away), np.exp(said)), mixes)
        for place, (device, quality) in enumerate(quality_by_device(labels, np.exp(said)).items()):
            row: dict[str, Any] = {"widths": name, "device": device, "decoders": len(labels)}
            row |= {figure: round(quality[figure], 4) for figure in FIGURES}
            row["coverage_90"] = round(float(np.nanmean(inside[:, place])), 3)
            row["ratio"] = round(float(np.exp(np.nanmedian(apart[:, place]))), 2)
            rows.append(row | {"chosen": "; ".join(sorted(set(chosen)))})
            print(rows[-1], flush=True)
    with args.csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
