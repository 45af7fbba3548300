"""Hierarchical SHGO beside 1,000,000 random pairs and NSGA-II, under twenty settings of limits an objective.

Limits are quantiles, drawn with a seed, of what random pairs cost. A gap is how far the objective of the
search stays below the best that either reference found, in %. The file is written after every setting.

    python benchmarks/codesign_search.py --family gp --out benchmarks/results/codesign_search_gp.csv
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.optimize import minimize

from archcast.collect.estimate import load_target
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.skipnet_notation import CHOICES
from archcast.search.codesign.problem import CodesignProblem, Limit
from archcast.search.codesign.run import CodesignModels, find, prepare
from archcast.search.codesign.space import HardwareGrid

SETTINGS, CHUNK, POPULATION = 20, 50_000, 200


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--objective", default="accuracy")
    arguments.add_argument("--family", default="gp")
    arguments.add_argument("--seed", type=int, default=0, help="of the draw of trained networks")
    arguments.add_argument("--target", default="eyeriss-like")
    arguments.add_argument("--random", type=int, default=1_000_000)
    arguments.add_argument("--nsga2", type=int, default=20_000, help="evaluations a setting")
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--settings", help="only those of these numbers, from 1: 1,2,10")
    chosen = arguments.parse_args()
    grid = HardwareGrid.of(load_target(chosen.target))
    models = prepare(chosen.target, grid=grid, family=chosen.family, accuracy_seed=chosen.seed)
    problems = settings(models, chosen.objective)
    if chosen.settings:
        problems = [problems[int(number) - 1] for number in chosen.settings.split(",")]
    rows = [searched(problem, chosen.repeats) for problem in problems]
    best = random_best(models, problems, chosen.random)
    for done, (problem, row, drawn) in enumerate(zip(problems, rows, best, strict=True), 1):
        began = time.process_time()
        row["random"], row["nsga2"] = drawn, nsga2_best(problem, chosen.nsga2)
        row["nsga2_cpu_s"] = round(time.process_time() - began, 1)
        reference = np.nanmax([row["random"], row["nsga2"]])
        row["gap_percent"] = round(100 * (reference - row["shgo"]) / reference, 4)
        row |= {"family": chosen.family, "seed": chosen.seed}
        row |= {"random_n": chosen.random, "nsga2_n": chosen.nsga2, "configurations": grid.configurations}
        print({k: v for k, v in row.items() if k != "arch"}, flush=True)
        if chosen.out:
            write(chosen.out, rows[:done])


def settings(models: CodesignModels, objective: str) -> list[CodesignProblem]:
    rng = np.random.default_rng(0)
    values = models.problem([]).values(drawn(models.grid, CHUNK, 1))
    out = []
    for _ in range(SETTINGS):
        limits = [
            Limit(quantity, float(np.quantile(values[:, column], rng.uniform(low, high))))
            for quantity, column, low, high in (
                ("latency", 1, 0.02, 0.5),
                ("energy", 2, 0.02, 0.5),
                ("area", 3, 0.2, 0.9),
                ("power", 4, 0.2, 0.9),
            )
        ]
        if objective == "efficiency":
            limits.append(Limit("accuracy", float(np.quantile(values[:, 0], rng.uniform(0.3, 0.8)))))
        out.append(models.problem(limits, objective))
    return out


def searched(problem: CodesignProblem, repeats: int) -> dict[str, Any]:
    cpu, wall = [], []
    for _ in range(repeats):
        began, started = time.process_time(), time.perf_counter()
        made = find(problem)
        cpu.append(time.process_time() - began)
        wall.append(time.perf_counter() - started)
    value = made.values[0]
    record = made.records(1)[0]
    return {
        "objective": problem.objective,
        "limits": " ".join(limit.text for limit in problem.limits),
        "arch": record["arch"],
        "hardware": f"{record['array']} {record['buffer_kib']:g} KiB {record['clock_mhz']:g} MHz",
        "accuracy": round(float(value[0]), 3),
        "feasible": made.feasible,
        "shgo": float(problem.objective_of(value)) if made.feasible else float("nan"),
        "evaluations": made.found.evaluations,
        "cpu_s": round(float(np.median(cpu)), 4),
        "wall_s": round(float(np.median(wall)), 4),
    }


def drawn(grid: HardwareGrid, n: int, seed: int) -> np.ndarray:
    chips = np.random.default_rng(seed).integers(0, grid.shape, (n, 3))
    return np.concatenate([SPACES["skipnet"].sample(n, seed=seed).astype(np.int64), chips], axis=1)


def random_best(models: CodesignModels, problems: list[CodesignProblem], n: int) -> list[float]:
    best = np.full(len(problems), np.nan)
    plain = models.problem([])
    for seed in range(-(-n // CHUNK)):
        values = plain.values(drawn(models.grid, CHUNK, 100 + seed))
        for i, problem in enumerate(problems):
            kept = values[problem.keeps(values)]
            if len(kept):
                best[i] = np.fmax(best[i], problem.objective_of(kept).max())
    return best.tolist()


class Pymoo(Problem):
    def __init__(self, problem: CodesignProblem) -> None:
        sizes = [*map(len, CHOICES), *problem.grid.shape]
        self.own = problem
        super().__init__(
            n_var=12, n_obj=1, n_ieq_constr=len(problem.limits), xl=0, xu=np.array(sizes) - 1, vtype=int
        )

    def _evaluate(self, x: np.ndarray, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        values = self.own.values(x.astype(np.int64))
        goal = self.own.objective_of(values)
        out["F"] = -(goal if self.own.objective == "accuracy" else np.log(goal))[:, None]
        columns = ("accuracy", "latency", "energy", "area", "power")
        out["G"] = np.stack(
            [lim.excess(values[:, columns.index(lim.quantity)]) for lim in self.own.limits], 1
        )


def nsga2_best(problem: CodesignProblem, evaluations: int) -> float:
    method = NSGA2(
        pop_size=POPULATION,
        sampling=IntegerRandomSampling(),
        crossover=SBX(repair=RoundingRepair()),
        mutation=PM(repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    result = minimize(Pymoo(problem), method, ("n_eval", evaluations), seed=1)
    if result.X is None:
        return float("nan")
    pair = np.atleast_2d(result.X).astype(np.int64)[:1]
    return float(problem.objective_of(problem.values(pair))[0])


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
