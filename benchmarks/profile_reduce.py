"""What searching a smaller space is worth, against the whole space and random ones as large.

For each seed, 100 random networks are labelled. Two predictors fitted to them, of accuracy and of cost (a
Gaussian process each; in mnasnet, for its pace, linear in the decisions), are profiled; the profile proposes
a smaller space; NSGA-II then searches with `--budget` evaluations

- the whole space (`full`), and the same with 100 evaluations more (`full_and_labels`), as labels cost too,
- the smaller space (`reduced`),
- a random space of the same size (`random`).

Evaluations are of the truth: the public tables of NAS-Bench-201 and NAS-Bench-Macro. Macro has no latency,
so its cost is multiply-adds, which are counted. The table of mnasnet holds 4,092 of 1e11 networks, which no
search would meet; there the truth is the shipped predictors, which learned from all of them, while the labels
are the table's own rows.

`hypervolume` is that of what was found, in truth, as a share of that of the true front (mnasnet: of the best
front of all runs and 300,000 random networks), from the worst corner of the space; `upper_hypervolume` counts
only what is more accurate than half of the networks.

    python benchmarks/profile_reduce.py --out benchmarks/results/profile_reduce.csv
"""

from __future__ import annotations

import argparse
import csv
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.indicators.hv import HV
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.optimize import minimize

import archcast
from archcast.core.labels import Labels, Target
from archcast.featurize.cost import quantity
from archcast.featurize.spaces import SPACES
from archcast.predictors.families.gp import GP
from archcast.predictors.families.linear import BayesianLinear, LinearConfig
from archcast.search.blocks.profile import profile_values
from archcast.search.blocks.reduce import ReducedSpace, reduce_space
from archcast.training.labels import load_labels

LABELLED, POPULATION, KEEP = 100, 20, 2
MANY = 300_000
Truth = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Task:
    """A space with its truth: codes (n, k) -> accuracy and cost (n, 2); rows that may be labelled."""

    name: str
    space: str
    truth: Truth
    codes: np.ndarray
    values: np.ndarray
    cost: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budget", type=int, default=200)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for task in (
        nasbench201("raspi4"),
        nasbench201("titan_rtx_256"),
        nasbench201("eyeriss"),
        macro(),
        mnasnet(),
    ):
        rows += run(task, given.seeds, given.budget)
        for row in summary([r for r in rows if r["task"] == task.name]):
            print(row, flush=True)
    if given.out:
        with given.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def nasbench201(device: str) -> Task:
    accuracy = load_labels("nasbench201", "accuracy")
    latency = load_labels("nasbench201", "latency", devices=[device])
    space = SPACES["nasbench201"]
    table = np.full((space.size, 2), np.nan)
    table[space.numbers(accuracy.codes), 0] = accuracy.values[:, 0]
    table[space.numbers(latency.codes), 1] = latency.values[:, 0]
    known = np.isfinite(table).all(axis=1)
    table[~known] = [np.nanmin(table[:, 0]), np.nanmax(table[:, 1])]  # not measured: never on the front
    members = space.members(np.flatnonzero(known))
    name = f"nasbench201, latency on {device}"
    return Task(name, space.name, lambda c: table[space.numbers(c)], members, table[known], "latency")


def macro() -> Task:
    accuracy, space = load_labels("macro", "accuracy"), SPACES["macro"]
    table = np.empty((space.size, 2))
    table[space.numbers(accuracy.codes), 0] = accuracy.values[:, 0]
    members = space.members(np.arange(space.size))
    table[:, 1] = quantity(space.costs(members), "macs") / 1e6
    # multiply-adds are put where predictors keep a latency: both are above 0 and add up
    return Task("macro, multiply-adds", "macro", lambda c: table[space.numbers(c)], members, table, "latency")


def mnasnet() -> Task:
    accuracy = load_labels("mnasnet", "accuracy")
    latency = load_labels("mnasnet", "latency", devices=["zcu102"])
    place = {row.tobytes(): i for i, row in enumerate(latency.codes)}
    at = [place.get(row.tobytes(), -1) for row in accuracy.codes]
    both = np.array(at) >= 0
    values = np.column_stack([accuracy.values[both, 0], latency.values[np.array(at)[both], 0]])
    models = [archcast.load(None, "accuracy", "mnasnet"), archcast.load("zcu102", "latency", "mnasnet")]

    def truth(codes: np.ndarray) -> np.ndarray:
        return np.column_stack([model.predict_codes(codes) for model in models]).astype(np.float64)

    name = "mnasnet, latency on zcu102, truth predicted"
    return Task(name, "mnasnet", truth, accuracy.codes[both], values, "latency")


def run(task: Task, seeds: int, budget: int) -> list[dict[str, Any]]:
    space = SPACES[task.space]
    whole = ReducedSpace(task.space, {}, "whole")
    some = task.truth(space.sample(MANY, seed=12345)) if task.space == "mnasnet" else task.values
    found: list[tuple[dict[str, Any], np.ndarray]] = []
    for seed in range(seeds):
        reduced = proposed(task, seed)
        spaces = {
            "full": (whole, budget),
            "full_and_labels": (whole, budget + LABELLED),
            "reduced": (reduced, budget),
            "random": (reduced.like(seed=seed), budget),
        }
        for method, (searched, evaluations) in spaces.items():
            values = searched_values(task, searched, evaluations, seed)
            whole_table = task.space != "mnasnet"
            inside = task.values[searched.allows(task.codes)] if whole_table else np.empty((0, 2))
            row = {"task": task.name, "seed": seed, "method": method, "evaluations": evaluations}
            row |= {"share_of_space": round(searched.share, 6), "inside": inside}
            found.append((row, values))
    everything = np.concatenate([some, *(values for _, values in found)])
    measure = Hypervolume(everything, float(everything[:, 0].min()))
    upper = Hypervolume(everything, float(np.median(some[:, 0])))
    rows = []
    for row, values in found:
        inside = row.pop("inside")
        row["hypervolume"] = round(measure(values), 5)
        row["upper_hypervolume"] = round(upper(values), 5)
        row["best_in_space"] = round(measure(inside), 5) if len(inside) else ""
        rows.append(row)
    return rows


def proposed(task: Task, seed: int) -> ReducedSpace:
    """The smaller space that profiles of predictors fitted to a few labels propose."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(task.codes), LABELLED, replace=False)
    dataset = SPACES[task.space].datasets[0]
    profiles = []
    for column, metric in enumerate(("accuracy", task.cost)):
        target = Target(dataset if metric == "accuracy" else "board", dataset)
        values = task.values[rows, column : column + 1]
        labels = Labels(task.space, metric, dataset, (target,), task.codes[rows], values)
        family = BayesianLinear(LinearConfig(("decisions",))) if task.space == "mnasnet" else GP()
        model = family.fit(labels, seed=seed)
        profiles.append(
            profile_values(
                lambda codes, model=model: model.predict_checked(codes)[:, 0],
                task.space,
                metric=metric,
                device=target.device,
                samples=2_000,
                seed=seed,
            )
        )
    return reduce_space(profiles[1], profiles[0], keep=KEEP)


class _Search(Problem):
    def __init__(self, task: Task, space: ReducedSpace) -> None:
        self.task, self.space, self.seen = task, space, []
        super().__init__(n_var=len(space.cardinalities), n_obj=2, xl=0, xu=space.cardinalities - 1, vtype=int)

    def _evaluate(self, x: np.ndarray, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        values = self.task.truth(self.space.codes(np.asarray(x, dtype=np.int64)))
        self.seen.append(values)
        out["F"] = values * [-1.0, 1.0]


def searched_values(task: Task, space: ReducedSpace, budget: int, seed: int) -> np.ndarray:
    """Truth of everything that NSGA-II looked at."""
    problem = _Search(task, space)
    algorithm = NSGA2(
        pop_size=POPULATION,
        sampling=IntegerRandomSampling(),
        crossover=UniformCrossover(prob=0.9, repair=RoundingRepair()),
        mutation=PM(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        minimize(problem, algorithm, ("n_eval", budget), seed=seed, verbose=False)
    return np.concatenate(problem.seen)[:budget]


class Hypervolume:
    """Share of the hypervolume of the front of `everything`, from an accuracy and the largest cost."""

    def __init__(self, everything: np.ndarray, accuracy: float) -> None:
        self.low = np.array([accuracy, everything[:, 1].min()])
        self.high = everything.max(axis=0)
        self.indicator = HV(ref_point=np.ones(2))
        self.most = self._volume(everything)

    def __call__(self, values: np.ndarray) -> float:
        return self._volume(values) / self.most

    def _volume(self, values: np.ndarray) -> float:
        values = values[values[:, 0] >= self.low[0]]
        if not len(values):
            return 0.0
        scaled = (values - self.low) / (self.high - self.low)
        costs = np.unique(np.column_stack([1.0 - scaled[:, 0], scaled[:, 1]]), axis=0)
        best = np.minimum.accumulate(costs[:, 1])
        front = costs[np.concatenate([[True], costs[1:, 1] < best[:-1]])]
        return float(self.indicator(front))


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means, their standard errors, and in how many seeds a method beats `full`."""
    out = []
    for method in dict.fromkeys(r["method"] for r in rows):
        own = [r for r in rows if r["method"] == method]
        record: dict[str, Any] = {"task": own[0]["task"], "method": method}
        for name in ("hypervolume", "upper_hypervolume"):
            values = np.array([r[name] for r in own])
            full = np.array([r[name] for r in rows if r["method"] == "full"])
            record[name] = round(float(values.mean()), 4)
            record[f"{name}_error"] = round(float(values.std(ddof=1) / np.sqrt(len(values))), 4)
            record[f"{name}_better"] = int((values > full).sum())
            record[f"{name}_worse"] = int((values < full).sum())
        best = [r["best_in_space"] for r in own if r["best_in_space"] != ""]
        record["best_in_space"] = round(float(np.mean(best)), 4) if best else ""
        record["share_of_space"] = round(float(np.mean([r["share_of_space"] for r in own])), 5)
        out.append(record)
    return out


if __name__ == "__main__":
    main()
