"""How well hardware that nothing taught is learned from a few of its networks, by what ships.

Some of each table's settings play new ones. Sources are the shipped predictors of other makers (`table`: none
of the table's own settings teach) or of other hardware (`hardware`: boards and NPUs of the same table teach,
and have measured the same networks). Networks are drawn at random; all others of the setting are tested.
Beside it stand the same without what sources remember and without own prices, prices of the measured networks
alone, and LightGBM on them.

    ARCHCAST_DATA=... python benchmarks/new_hardware.py --csv benchmarks/results/new_hardware.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.predictors.artifact.manifest import load_any, read_manifest
from archcast.predictors.networks.adapt.learned import learn_device
from archcast.predictors.networks.adapt.predictor import alike
from archcast.predictors.networks.adapt.sources import Sources, shipped_sources
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.kinds import Kind, pass_costs
from archcast.training.metrics import quality
from archcast.training.networks.few import SourceAnswers, answers_of
from archcast.training.networks.labels import network_labels

ZOO = Path(__file__).parents[1] / "archcast" / "zoo"
MEASURED, DRAWS, SETTINGS, LEAST = (5, 10, 20), 2, 24, 15
FIGURES = ("mape", "median_error", "within_10", "within_20", "spearman", "coverage_90")


@dataclass(frozen=True, slots=True)
class Target:
    """A table whose settings are new.

    Attributes:
        without: what does not teach, `table` or `hardware`.
        word: that the names of its settings hold.
        no: word that they do not hold.
    """

    table: str
    metric: str
    without: str
    word: str = ""
    no: str = " "


TARGETS = (
    Target("hailo", "throughput", "table"),
    Target("qai_hub", "latency", "table", word="npu"),
    Target("qai_hub", "latency", "hardware", word="npu"),
    Target("ncnn", "latency", "hardware", no="vulkan"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--csv", type=Path, help="file to write")
    args = parser.parse_args()
    folders = sorted(ZOO.glob("network-*"))
    shipped = (*(load_any(read_manifest(folder)) for folder in folders), *shipped_sources())
    sources = Sources(
        tuple(p for p in shipped if isinstance(p, NetworkPredictor) and p.metric_ in alike("latency"))
    )
    rows = [row for target in TARGETS for row in of_target(target, sources)]
    out = args.csv.open("w", newline="", encoding="utf-8") if args.csv else sys.stdout
    with out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def of_target(target: Target, sources: Sources) -> Iterator[dict[str, object]]:
    """A row for each way and number of measurements: medians over settings of means over draws."""
    labels = network_labels(target.table, target.metric).labels
    if target.without == "table":
        sources = sources.only([d for d in sources.devices if d not in labels.devices])
    told = answers_of(sources, labels.networks), answers_of(without_rests(sources), labels.networks)
    costs = pass_costs(labels.values, target.metric, labels.devices)
    chosen = [d for d in labels.devices if target.word in d and target.no not in d]
    for n in MEASURED:
        enough = [d for d in chosen if known(costs, labels.devices.index(d)).size >= max(n + 6, LEAST)]
        found: dict[str, list[list[float]]] = {}
        for device in enough[:: -(-len(enough) // SETTINGS) or 1]:
            drawn = [
                of_draw(told, costs[:, labels.devices.index(device)], device, n, s) for s in range(DRAWS)
            ]
            for way in drawn[0]:
                found.setdefault(way, []).append(np.mean([one[way] for one in drawn], axis=0).tolist())
        for way, figures in found.items():
            middle = np.median(figures, axis=0).round(4).tolist()
            about: dict[str, object] = {
                "table": target.table,
                "only": target.word,
                "left_out": target.without,
                "measured": n,
                "settings": len(figures),
                "way": way,
            }
            print(about, middle, file=sys.stderr, flush=True)
            yield about | dict(zip(FIGURES, middle, strict=True))


def without_rests(sources: Sources) -> Sources:
    """The same predictors, which remember no network."""
    bare = [predictor.select(tuple(range(len(predictor.devices_)))) for predictor in sources.predictors]
    for predictor in bare:
        predictor.remembered_ = None
    return Sources(tuple(bare))


def of_draw(
    told: tuple[SourceAnswers, SourceAnswers], costs: Doubles, device: str, n: int, seed: int
) -> dict[str, list[float]]:
    """Figures of each way on one setting after n networks were measured."""
    there = known(costs[:, None], 0)
    rows = np.random.default_rng(seed).choice(there, n, replace=False)
    test = np.setdiff1d(there, rows)
    mine, plain = (one.for_device(device) for one in told)
    x, y = Kind.of(device).totals(mine.networks), np.log(costs)
    found = {}
    for way, of in (("adapted", mine), ("sources' predictions alone", plain)):
        made, _, _ = learn_device(y[rows], of.rows(rows), x[rows], sources=of.sources, device=device)
        if of is plain:
            made = replace(made, share=1.0, scale=1.0)
        own = made.own.logs(x[test])
        mean, reach = made.mean(of.rows(test), own), made.reach(of.rows(test), own, 0.9)
        found[way] = figures(y[test], mean, float((np.abs(y[test] - mean) <= reach).mean()))
        if of is mine:
            found["own prices alone"] = figures(y[test], own, np.nan)
    found["LightGBM"] = figures(y[test], boosted(x[rows], y[rows], x[test]), np.nan)
    return found


def figures(truth: Doubles, predicted: Doubles, coverage: float) -> list[float]:
    """Of log costs, in the order of `FIGURES`."""
    made = quality(np.exp(truth), np.exp(predicted))
    median = float(np.median(np.abs(np.exp(predicted - truth) - 1)))
    return [made["mape"], median, made["within_10"], made["within_20"], made["spearman"], coverage]


def boosted(x: Doubles, y: Doubles, asked: Doubles) -> Doubles:
    """Boosted trees with leaves small enough for ten rows."""
    import lightgbm

    settings = {
        "learning_rate": 0.1,
        "num_leaves": 4,
        "min_data_in_leaf": 2,
        "verbosity": -1,
        "num_threads": 1,
    }
    trees = lightgbm.train(settings, lightgbm.Dataset(np.log1p(x), y), num_boost_round=60)
    return np.asarray(trees.predict(np.log1p(asked)))


def known(costs: Doubles, column: int) -> Ints:
    """Rows that were measured."""
    return np.flatnonzero(np.isfinite(costs[:, column]))


if __name__ == "__main__":
    main()
