"""What NN-Degree, its parts and other models say of accuracies on generated shapes, from 25 trained networks.

    python benchmarks/nn_degree_shapes.py --out benchmarks/results/nn_degree_shapes.csv \\
        --picture docs/images/nn_degree_shapes.png

The accuracies are those of the kept table `skipnet_shapes`. A feature by itself predicts by a straight line
through the 25, and ranks by itself too, for which nothing is trained; the families are fitted as `archcast
train` does. Nothing of the other networks is seen.
"""

from __future__ import annotations

import argparse
import csv
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from archcast.collect.tables.shipped import KEPT
from archcast.core.arrays import Doubles
from archcast.core.labels import Labels
from archcast.core.measurements import read_table
from archcast.featurize.spaces import SPACES
from archcast.featurize.topology import nn_degree, nn_mass
from archcast.predictors.contract import PREDICTORS
from archcast.training.labels import load_labels

FAMILIES = {"nn_degree": "NN-Degree, FLASH's form", "lightgbm": "LightGBM", "gp": "Gaussian process"}
NOISE = "the trainings' own noise"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--picture", type=Path)
    arguments.add_argument("--draws", type=int, default=50)
    arguments.add_argument("--trained", type=int, default=25)
    chosen = arguments.parse_args()
    labels = load_labels("skipnet", "accuracy", datasets=["shapes"])
    columns = features(labels)
    rows = judged(labels, columns, draws=chosen.draws, trained=chosen.trained)
    for row in rows:
        print(row)
    if chosen.out:
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    if chosen.picture:
        draw(columns, labels.values[:, 0], chosen.picture)


def features(labels: Labels) -> dict[str, Doubles]:
    """Columns that may predict by themselves, by name.

    Shapes:
        values: (n, c), one column but for the parts together
    """
    space = SPACES["skipnet"]
    cells = space.cells(labels.codes)
    params, macs = space.published_counts(labels.codes, "shapes")
    width = cells.width.sum(axis=1)
    skip = nn_degree(cells) - width
    linked = (cells.skip / cells.depth).sum(axis=1)
    alone = {
        "NN-Degree": width + skip,
        "its width part": width,
        "its skip part": skip,
        "NN-Degree, skips counted as links": width + linked,
        "its skip part, as links": linked,
        "NN-Mass": nn_mass(cells),
        "parameters": params,
        "multiply-adds": macs,
        "depth": cells.depth.sum(axis=1),
    }
    columns = {name: values[:, None] for name, values in alone.items()}
    columns["width and skip part, weighted by the 25"] = np.stack([width, skip], axis=1)
    columns["the same and depth"] = np.stack([width, skip, alone["depth"]], axis=1)
    return columns


def judged(labels: Labels, columns: dict[str, Doubles], *, draws: int, trained: int) -> list[dict[str, Any]]:
    """Error and Kendall correlation of every model over draws of the networks it learns from."""
    values, spread = labels.values[:, 0], spreads(labels)
    found: dict[str, list[tuple[float, float]]] = {}
    itself: dict[str, list[float]] = {name: [] for name, x in columns.items() if x.shape[1] == 1}
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(labels))
        some, others = np.sort(order[:trained]), order[trained:]
        said = {name: lined(x, values, some)[others] for name, x in columns.items()}
        for family, name in FAMILIES.items():
            model = PREDICTORS[family]().fit(labels.rows(some), seed=seed)
            said[name] = model.predict(labels.codes[others])[:, 0]
        said["mean of the 25"] = np.full(len(others), values[some].mean())
        said[NOISE] = values[others] + rng.normal(0, spread[others] / np.sqrt(2))
        for name, answer in said.items():
            found.setdefault(name, []).append(scores(answer, values[others]))
        for name, taus in itself.items():
            taus.append(scores(columns[name][others, 0], values[others])[1])
    rows = []
    for name, pairs in found.items():
        errors, trained_taus = np.array(pairs).T
        untrained = f"{np.mean(itself[name]):.3f}" if name in itself else ""
        rows.append(
            {"model": name, "trained": trained, "judged_on": len(labels) - trained, "draws": draws}
            | {"mae_points": f"{errors.mean():.2f}", "mae_sd": f"{errors.std():.2f}"}
            | {"kendall": f"{trained_taus.mean():.3f}", "kendall_sd": f"{trained_taus.std():.3f}"}
            | {"kendall_untrained": untrained}
        )
    return rows


def lined(x: Doubles, values: Doubles, some: Any) -> Doubles:
    """What a straight line (a plane) through the networks `some` says of all."""
    scaled = (x - x[some].mean(axis=0)) / np.maximum(x[some].std(axis=0), 1e-9)
    design = np.concatenate([scaled, np.ones((len(x), 1))], axis=1)
    weights = np.linalg.lstsq(design[some], values[some], rcond=None)[0]
    said: Doubles = design @ weights
    return said


def scores(said: Doubles, true: Doubles) -> tuple[float, float]:
    """Mean absolute error in points, and Kendall's tau, 0 of a constant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tau = float(kendalltau(said, true).statistic)
    return float(np.abs(said - true).mean()), 0.0 if np.isnan(tau) else tau


def spreads(labels: Labels) -> Doubles:
    """Standard deviation between seeds of each network, in the order of the labels."""
    table = read_table(KEPT / "skipnet_shapes.parquet")
    known = dict(zip(table["arch"].to_pylist(), table["spread"].to_pylist(), strict=True))
    return np.array([known[text] for text in SPACES["skipnet"].to_text(labels.codes)])


def draw(columns: dict[str, Doubles], values: Doubles, path: Path) -> None:
    """Accuracies against NN-Degree, its parts and multiply-adds, coloured by depth."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = ("NN-Degree", "its width part", "its skip part", "multiply-adds")
    figure, axes = plt.subplots(1, len(shown), figsize=(13, 3.4), sharey=True, layout="constrained")
    for axis, name in zip(axes, shown, strict=True):
        dots = axis.scatter(columns[name], values, c=columns["depth"][:, 0], s=14, cmap="viridis")
        axis.set_xlabel(name)
    axes[0].set_ylabel("accuracy (%)")
    figure.colorbar(dots, ax=axes, label="layers of the three cells")
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main()
