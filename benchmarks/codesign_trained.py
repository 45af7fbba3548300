"""Networks that co-optimisation finds, trained: predicted against reached, beside random networks.

For each draw of the 25 networks that accuracy is learned from, the ten best different networks of one search
that keep the limits by the estimator too are trained under the kept table's protocol. Beside them are
networks of the kept table that the accuracy was not learned from: ten drawn at random (`random`), and all
that some accelerator runs within the limits on costs (`within`).
Trainings are kept in `ARCHCAST_HOME`, so a run that was cut off goes on.

    python benchmarks/codesign_trained.py --out benchmarks/results/codesign_trained.csv
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from archcast.collect.accuracy import TrainingProtocol, collect_accuracy
from archcast.collect.estimate import load_target
from archcast.collect.store import MeasurementStore
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.find import CodesignResult, find
from archcast.search.codesign.hardware import HardwareGrid
from archcast.search.codesign.problem import pair_limit
from archcast.search.codesign.run import CodesignModels, confirm_pairs, prepare
from archcast.training.labels import load_labels

SPACE = SPACES["skipnet"]
LIMITS = ("latency<=0.2", "area<=300", "accuracy>=75")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--limit", action="append")
    arguments.add_argument("--family", default="gp")
    arguments.add_argument("--draws", type=int, default=3, help="of the 25 networks, a search each")
    arguments.add_argument("--target", default="eyeriss-like")
    arguments.add_argument("--networks", type=int, default=10)
    arguments.add_argument("--seeds", type=int, default=2, help="trainings a network")
    arguments.add_argument("--out", type=Path)
    chosen = arguments.parse_args()
    grid, limits = HardwareGrid.of(load_target(chosen.target)), chosen.limit or list(LIMITS)
    rows: list[dict[str, Any]] = []
    for draw in range(chosen.draws):
        models = prepare(chosen.target, grid=grid, family=chosen.family, accuracy_seed=draw)
        own = found(models, limits, chosen.networks, chosen.target)
        reached = trained([row["arch"] for row in own], chosen.seeds)
        for row in own:
            row["trained"], row["spread"] = reached[row["arch"]]
        own += from_table(models, limits, chosen.networks)
        summarise(draw, own)
        rows += [{"draw": draw} | row for row in own]
        if chosen.out:
            with chosen.out.open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)


def summarise(draw: int, rows: list[dict[str, Any]]) -> None:
    for kind in ("found", "random", "within"):
        said, true = np.array([(r["predicted"], r["trained"]) for r in rows if r["kind"] == kind]).T
        bias, error = (said - true).mean(), np.abs(said - true).mean()
        print(
            f"draw {draw}, {kind}, {len(true)}: predicted {said.mean():.2f}, trained {true.mean():.2f} "
            f"(worst {true.min():.2f}, median {np.median(true):.2f}, best {true.max():.2f}), "
            f"{bias=:.2f}, {error=:.2f}",
            flush=True,
        )
    costs = [r for r in rows if r["kind"] == "found"]
    for name in ("latency_ms", "energy_mj"):
        said, true = (np.array([r[f"{name}{of}"] for r in costs]) for of in ("", "_estimated"))
        error = 100 * np.abs(said - true) / true
        print(f"draw {draw}, found, {name}: mean error {error.mean():.2f} %, largest {error.max():.2f} %")


def found(models: CodesignModels, limits: list[str], n: int, target: str) -> list[dict[str, Any]]:
    """The best pair of each of the `n` best networks, confirmed; its costs as modelled and as estimated."""
    searched = one_a_network(find(models.problem([pair_limit(text) for text in limits])))
    made = one_a_network(confirm_pairs(searched, target, top=4 * n).result)
    best, told = made.codes[:n], made.values[:n]
    space, rows = models.values.space, []
    for pair, modelled, estimated in zip(best, models.values(best), told, strict=True):
        chip = space.grid.describe(pair[space.k :])
        row: dict[str, Any] = {
            "kind": "found",
            "arch": SPACE.to_text(pair[None, : space.k])[0],
            "predicted": round(float(modelled[0]), 2),
            "accelerator": " ".join(f"{name}={value}" for name, value in sorted(chip.items())),
        }
        for name, column in (("latency_ms", 1), ("energy_mj", 2)):
            row |= {
                name: round(float(modelled[column]), 4),
                f"{name}_estimated": round(float(estimated[column]), 4),
            }
        rows.append(row)
    return rows


def one_a_network(made: CodesignResult) -> CodesignResult:
    """The first pair of each network."""
    codes, k = made.codes[made.kept], made.problem.pairs.space.k
    first = np.sort(np.unique(codes[:, :k], axis=0, return_index=True)[1])
    return replace(made, codes=codes[first], values=made.values[made.kept][first])


def trained(archs: list[str], seeds: int) -> dict[str, tuple[float, float]]:
    """Mean accuracy and its deviation over trainings, in %."""
    space, store = SPACE, MeasurementStore()
    collect_accuracy(
        space,
        space.parse(archs),
        protocol=TrainingProtocol(seeds=seeds),
        store=store,
        progress=lambda done: print(done, flush=True),
    )
    table = store.to_table(space=SPACE.name, metric="accuracy").to_pylist()
    return {row["arch"]: (round(row["value"], 2), round(row["spread"], 2)) for row in table}


def from_table(models: CodesignModels, limits: list[str], n: int) -> list[dict[str, Any]]:
    """Networks of the kept table that the accuracy was not learned from."""
    labels = load_labels(SPACE.name, "accuracy", datasets=["digits"])
    others = np.setdiff1d(np.arange(len(labels)), models.trained)
    costs = [limit for limit in map(pair_limit, limits) if limit.quantity.metric != "accuracy"]
    chips = np.array(list(np.ndindex(*models.values.space.grid.shape)))
    pairs = models.values.space.join(
        labels.codes[others].repeat(len(chips), axis=0), np.tile(chips, (len(others), 1))
    )
    problem = models.problem(costs)
    broken = problem.scores(problem.values(pairs)).violation.reshape(len(others), -1)
    kept = (broken == 0).any(axis=1)
    drawn = np.random.default_rng(0).permutation(others)[:n]
    rows = []
    for kind, chosen in (("random", drawn), ("within", others[kept])):
        archs, said = SPACE.to_text(labels.codes[chosen]), models.values.accuracy(labels.codes[chosen])
        for arch, value, true in zip(archs, said, labels.values[chosen, 0], strict=True):
            row = {"kind": kind, "arch": arch, "predicted": round(float(value), 2), "accelerator": ""}
            row |= dict.fromkeys(
                f"{name}{of}" for name in ("latency_ms", "energy_mj") for of in ("", "_estimated")
            )
            rows.append(row | {"trained": round(float(true), 2), "spread": None})
    return rows


if __name__ == "__main__":
    main()
