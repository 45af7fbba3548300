"""The search of pairs beside 1,000,000 random ones and NSGA-II, under twenty settings of limits each.

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
from archcast.search.codesign.find import find
from archcast.search.codesign.hardware import HardwareGrid
from archcast.search.codesign.problem import QUANTITIES, PairProblem, pair_limit
from archcast.search.codesign.run import CodesignModels, prepare

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
        row |= {
            "random_n": chosen.random,
            "nsga2_n": chosen.nsga2,
            "configurations": models.values.space.n_networks,
        }
        print({k: v for k, v in row.items() if k != "arch"}, flush=True)
        if chosen.out:
            write(chosen.out, rows[:done])


def settings(models: CodesignModels, objective: str) -> list[PairProblem]:
    rng = np.random.default_rng(0)
    values = models.values(models.values.space.sample(CHUNK, seed=1))
    out = []
    for _ in range(SETTINGS):
        limits = [
            pair_limit(f"{quantity}<={np.quantile(values[:, column], rng.uniform(low, high)):.17g}")
            for quantity, column, low, high in (
                ("latency", 1, 0.02, 0.5),
                ("energy", 2, 0.02, 0.5),
                ("area", 3, 0.2, 0.9),
                ("power", 4, 0.2, 0.9),
            )
        ]
        if objective == "efficiency":
            limits.append(pair_limit(f"accuracy>={np.quantile(values[:, 0], rng.uniform(0.3, 0.8)):.17g}"))
        out.append(models.problem(limits, (objective,)))
    return out


def searched(problem: PairProblem, repeats: int) -> dict[str, Any]:
    cpu, wall = [], []
    for _ in range(repeats):
        began, started = time.process_time(), time.perf_counter()
        made = find(problem)
        cpu.append(time.process_time() - began)
        wall.append(time.perf_counter() - started)
    value = made.values[0]
    record = made.records(1)[0]
    return {
        "objective": problem.goals[0].quantity.metric,
        "limits": " ".join(limit.text for limit in problem.limits),
        "arch": record["arch"],
        "hardware": f"{record['array']} {record['buffer_kib']:g} KiB {record['clock_mhz']:g} MHz",
        "accuracy": round(float(value[0]), 3),
        "feasible": made.feasible,
        "shgo": float(objective_of(problem, made.values[:1])[0]) if made.feasible else float("nan"),
        "evaluations": made.evaluations,
        "cpu_s": round(float(np.median(cpu)), 4),
        "wall_s": round(float(np.median(wall)), 4),
    }


def objective_of(problem: PairProblem, values: np.ndarray) -> np.ndarray:
    """The objective among all quantities."""
    return values[:, QUANTITIES.index(problem.goals[0].quantity.metric)]


def random_best(models: CodesignModels, problems: list[PairProblem], n: int) -> list[float]:
    best = np.full(len(problems), np.nan)
    for seed in range(-(-n // CHUNK)):
        values = models.values(models.values.space.sample(CHUNK, seed=100 + seed))
        for i, problem in enumerate(problems):
            kept = values[problem.scores(problem.of_quantities(values)).violation == 0]
            if len(kept):
                best[i] = np.fmax(best[i], objective_of(problem, kept).max())
    return best.tolist()


class Pymoo(Problem):
    def __init__(self, problem: PairProblem) -> None:
        self.own, sizes = problem, np.array(problem.space.cardinalities)
        super().__init__(
            n_var=len(sizes), n_obj=1, n_ieq_constr=len(problem.limits), xl=0, xu=sizes - 1, vtype=int
        )

    def _evaluate(self, x: np.ndarray, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        scores = self.own.scores(self.own.values(x.astype(np.int8)))
        efficiency = self.own.goals[0].quantity.metric == "efficiency"
        out["F"] = -np.log(-scores.costs) if efficiency else scores.costs
        out["G"] = scores.excess


def nsga2_best(problem: PairProblem, evaluations: int) -> float:
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
    return float(problem.values(np.atleast_2d(result.X).astype(np.int8)[:1])[0, 0])


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
