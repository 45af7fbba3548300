"""HELP's latency-constrained search on NAS-Bench-201, CIFAR-100, checked against the measured tables.

A device has 10 measurements, of HELP's pool (architectures 0 to 899), and HELP's nine source devices, which
are measured on the pool (protocol P1). The limit is held by the upper end of the 90 % interval, or by the
mean. `measured` spends 5 on references and 5 on what the search proposes, for each limit anew. The accuracy
objective is the shipped predictor, which was trained on 80 % of the table, or the table's true accuracy.
Candidates are HELP's list (MetaD2A's 500) or the whole space. What was found is looked up: a limit is broken
when the measured latency is above it; the gap is to the best true accuracy among what was measured within it.

    python benchmarks/search_constrained.py --out benchmarks/results/search_constrained_list.csv
    python benchmarks/search_constrained.py --where space --measured-seeds 3 \\
        --out benchmarks/results/search_constrained_space.csv
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import archcast
from archcast.collect.tables.catalog import recipe_of
from archcast.collect.tables.help import metad2a_candidates
from archcast.collect.tables.place import find
from archcast.core.labels import Labels, Target
from archcast.predictors.adapted import adapt_to
from archcast.search.measured import search_measured
from archcast.serving import LoadedPredictor
from archcast.serving.adaptation import _handle
from archcast.training.labels import load_labels
from archcast.training.protocols.few import drawn_rows, source_prior
from archcast.training.protocols.help_few import POOLS, SOURCES

SPACE, MEASURED, REFERENCES = "nasbench201", 10, 5
LIMITS = {
    "titan_rtx_256": (18, 21, 25),
    "gold_6226": (8, 11, 14),
    "pixel2": (14, 18, 22),
    "eyeriss": (5, 7, 9),
    "fpga": (4, 5, 6),
}
HELP = {
    "titan_rtx_256": ((17.8, 18.9, 24.2), (69.7, 71.5, 71.8)),
    "gold_6226": ((8.0, 10.7, 14.3), (67.3, 70.2, 72.1)),
    "pixel2": ((13, 19, 25), (69.7, 71.8, 73.2)),
    "eyeriss": ((3.9, 5.1, 9.1), (71.5, 71.8, 73.5)),
    "fpga": ((3.8, 4.7, 7.4), (70.2, 71.8, 73.5)),
}


class Table:
    """Everything that is known, and what a search may see of it."""

    def __init__(self) -> None:
        self.space = archcast.spaces(SPACE)
        self.latency = load_labels(SPACE, "latency", sources=["help"])
        accuracy = load_labels(SPACE, "accuracy", datasets=["cifar100"], sources=["nasbench201_accuracy"])
        self.accuracy = accuracy.values[:, 0]
        self.pool = np.arange(POOLS[SPACE])
        self.prior = source_prior(self.latency, SOURCES[SPACE], self.pool)
        self.candidates = _candidates()
        self.made: dict[tuple[str, bytes, bytes], LoadedPredictor] = {}

    def adapted(self, codes: np.ndarray, values: np.ndarray, device: str) -> LoadedPredictor:
        """Predictor of a device; the same measurements give the same one again."""
        known = np.isfinite(values)
        key = (device, codes[known].tobytes(), values[known].tobytes())
        if key not in self.made:
            self.made[key] = self._adapted(codes[known], values[known], device)
        return self.made[key]

    def _adapted(self, codes: np.ndarray, values: np.ndarray, device: str) -> LoadedPredictor:
        model = adapt_to(self.prior, codes, values, device=device, metric="latency")
        labels = Labels(SPACE, "latency", "cifar10", (Target(device, "cifar10"),), codes, values[:, None])
        return _handle(model, labels, SOURCES[SPACE])

    def rows_of(self, archs: Any) -> np.ndarray:
        return self.space.to_index(archs)

    def true_accuracy(self, archs: Any) -> np.ndarray:
        return self.accuracy[self.rows_of(archs)]


def _candidates() -> list[str]:
    _, folder = find(recipe_of("help"))
    if folder is None:
        raise SystemExit("set ARCHCAST_DATA to the folder of the public tables")
    return list(metad2a_candidates(folder).arch)


@dataclass(frozen=True)
class Case:
    way: str
    where: str
    objective: str
    references: str
    seeds: int


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--measured-seeds", type=int, help="of the way `measured`; default as --seeds")
    arguments.add_argument("--where", choices=("list", "space"), default="list")
    chosen = arguments.parse_args()
    table, rows = Table(), []
    for case in cases(chosen.where, chosen.seeds, chosen.measured_seeds or chosen.seeds):
        found = [found_by(case, table, device, limit) for device in LIMITS for limit in LIMITS[device]]
        for row in [*found, summary(case, found)]:
            rows.append(row)
        print(" ".join(f"{k}={v}" for k, v in rows[-1].items() if v != ""), flush=True)
        if chosen.out:
            with chosen.out.open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)


def cases(where: str, seeds: int, measured_seeds: int) -> Iterator[Case]:
    for way in ("measured", "held 90 %", "mean"):
        for objective in ("shipped", "true"):
            for references in ("suggested", "random"):
                many = drawn(where, references, measured_seeds if way == "measured" else seeds)
                yield Case(way, where, objective, references, many)


def drawn(where: str, references: str, seeds: int) -> int:
    """Seeds that differ: with suggested references and a list of candidates nothing is drawn."""
    return 1 if (where, references) == ("list", "suggested") else seeds


def found_by(case: Case, table: Table, device: str, limit: float) -> dict[str, Any]:
    column = table.latency.devices.index(device)
    latency = table.latency.values[:, column]
    count = REFERENCES if case.way == "measured" else MEASURED
    draws = drawn_rows(
        case.references, table.prior, table.latency, column, table.pool, count, range(case.seeds)
    )
    draws = draws * case.seeds if len(draws) == 1 else draws
    allowed = table.rows_of(table.candidates) if case.where == "list" else np.arange(len(latency))
    best = table.accuracy[allowed][latency[allowed] <= limit].max()
    search = measured if case.way == "measured" else held
    at = [search(case, table, device, limit, rows, latency, seed) for seed, rows in enumerate(draws)]
    hit = np.array([row for row in at if row is not None])
    broken = ~(latency[hit] <= limit)
    ms, accuracy = HELP[device]
    place = LIMITS[device].index(limit)
    return head(case) | {
        "device": device,
        "limit_ms": limit,
        "latency_ms": round(float(np.nanmean(latency[hit])), 2),
        "accuracy": round(float(table.accuracy[hit].mean()), 2),
        "best": round(float(best), 2),
        "gap": round(float((best - table.accuracy[hit]).mean()), 3),
        "broken": round(float(broken.mean()), 3),
        "most_broken_in_a_seed": "",
        "nothing_found": len(at) - len(hit),
        "help_latency_ms": ms[place],
        "help_accuracy": accuracy[place],
        "_broken": broken,
    }


def held(
    case: Case, table: Table, device: str, limit: float, rows: np.ndarray, latency: np.ndarray, seed: int
) -> int | None:
    predictor = table.adapted(table.latency.codes[rows], latency[rows], device)
    if case.where == "list":
        how: dict[str, Any] = {
            "method": "random",
            "start": table.candidates,
            "evaluations": len(set(table.candidates)),
        }
    else:
        how = {"method": "evolution", "evaluations": 2000, "seed": seed}
    found = archcast.search(
        SPACE,
        maximize="accuracy@cifar100",
        score=table.true_accuracy if case.objective == "true" else None,
        limits=[f"latency@{device}<={limit}"],
        predictors={f"latency@{device}": predictor},
        hold="mean" if case.way == "mean" else 0.9,
        **how,
    )
    return int(table.rows_of(found.archs[:1])[0]) if found.feasible else None


def measured(
    case: Case, table: Table, device: str, limit: float, rows: np.ndarray, latency: np.ndarray, seed: int
) -> int | None:
    def measure(archs: Any) -> np.ndarray:
        values = latency[table.rows_of(archs)]
        return np.where(np.isfinite(values), values, 1e3)  # a failed measurement is not within a limit

    def learn(archs: Any, values: list[float]) -> LoadedPredictor:
        known = np.where(np.array(values) < 1e3, values, np.nan)
        return table.adapted(table.space.parse(archs), known, device)

    found = search_measured(
        SPACE,
        measure,
        f"latency@{device}<={limit}",
        maximize="accuracy@cifar100",
        predictor=table.true_accuracy if case.objective == "true" else None,
        measurements=MEASURED,
        references=table.space.format(table.latency.codes[rows]),
        learn=learn,
        candidates=table.candidates if case.where == "list" else None,
        evaluations=1000,
        seed=seed,
    )
    return None if found.arch is None else int(table.rows_of([found.arch])[0])


def head(case: Case) -> dict[str, Any]:
    return {
        "way": case.way,
        "where": case.where,
        "objective": case.objective,
        "references": case.references,
        "measurements": MEASURED,
        "seeds": case.seeds,
    }


def summary(case: Case, found: list[dict[str, Any]]) -> dict[str, Any]:
    """All fifteen limits: broken of fifteen (mean and most in a seed), mean gap."""
    broken = [row.pop("_broken") for row in found]
    whole = [b for b in broken if len(b) == case.seeds]
    names = ("latency_ms", "limit_ms", "best", "help_latency_ms")
    return (
        head(case)
        | dict.fromkeys(names, "")
        | {
            "device": "all fifteen",
            "accuracy": round(float(np.mean([row["accuracy"] for row in found])), 2),
            "gap": round(float(np.mean([row["gap"] for row in found])), 3),
            "broken": round(float(sum(b.mean() for b in broken)), 2),
            "most_broken_in_a_seed": int(np.sum(whole, axis=0).max()) if len(whole) == len(broken) else "",
            "nothing_found": sum(row["nothing_found"] for row in found),
            "help_accuracy": round(float(np.mean([row["help_accuracy"] for row in found])), 2),
        }
    )


if __name__ == "__main__":
    main()
