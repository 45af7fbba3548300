"""Fronts of accuracy and energy-delay product of cells and accelerators, beside enumerated ones.

NAS-Bench-201 has so few cells that every pair of one with the 36 accelerators of `eyeriss-like` can be
predicted, and estimated by ZigZag. Under each setting of limits, which are quantiles of random pairs by the
estimator, `archcast codesign --objective accuracy --objective edp` is held against

- the front of all pairs by the same models, beside NSGA-II, which searches larger spaces, and as many random
  pairs as that scores, and
- the front of all pairs by trained accuracies and estimated costs (what that is worth), of which the search
  knows 25 accuracies and 6 cells' costs; the pairs are those that it confirms, 30 of a front.

Hypervolumes are of accuracy and of the logarithm of the energy-delay product, both scaled to the enumerated
front's own range, from a tenth of it beyond its worst ends, as a share of the enumerated front's.

    python benchmarks/codesign_front.py --out benchmarks/results/codesign_front.csv
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
from pymoo.indicators.hv import HV

from archcast.collect.estimate import load_target
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.confirm import confirmed
from archcast.search.codesign.costs import estimate_grid
from archcast.search.codesign.find import FRONT_EVALUATIONS, breed_front, find
from archcast.search.codesign.hardware import HardwareGrid
from archcast.search.codesign.problem import QUANTITIES, PairProblem, pair_limit, quantities
from archcast.search.codesign.run import CodesignModels, prepare
from archcast.training.labels import load_labels

TARGET, SPACE = "eyeriss-like", SPACES["nasbench201"]
OBJECTIVES = ("accuracy", "edp")
SETTINGS, TOP = 10, 30
LEAST_SHARE = 0.005
"""Of random pairs that keep the limits of a setting."""
LIMITED = (("area", 0.4, 1.0), ("power", 0.2, 0.9), ("latency", 0.1, 0.9))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trained", default="25,100", help="cells the accuracy is learned from")
    arguments.add_argument("--seeds", type=int, default=3, help="draws of them, and of the search")
    arguments.add_argument("--out", type=Path, required=True)
    chosen = arguments.parse_args()
    grid = HardwareGrid.of(load_target(TARGET))
    cells = np.unique(SPACE.canonical(SPACE.members(np.arange(SPACE.size))), axis=0)
    true = estimated_pairs(grid, cells)
    rows: list[dict[str, Any]] = []
    for trained in map(int, chosen.trained.split(",")):
        for seed in range(chosen.seeds):
            models = prepare(TARGET, grid=grid, space=SPACE.name, trained=trained, seed=seed)
            pairs = models.values.space.join(
                cells.repeat(grid.size, axis=0), np.tile(list(np.ndindex(*grid.shape)), (len(cells), 1))
            )
            said = np.concatenate([models.values(part) for part in np.array_split(pairs, 20)])
            for number, limits in enumerate(settings(true), 1):
                row = {"trained": trained, "seed": seed, "setting": number, "limits": " ".join(limits)}
                rows.append(row | judged(models, limits, pairs, said, true, seed))
                print(rows[-1], flush=True)
    with chosen.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def estimated_pairs(grid: HardwareGrid, cells: np.ndarray) -> np.ndarray:
    """Quantities (cells times accelerators, Q) by trained accuracies and estimated costs."""
    labels = load_labels(SPACE.name, "accuracy", datasets=[SPACE.check_dataset(None)])
    trained = np.full(SPACE.size, np.nan)
    trained[SPACE.numbers(labels.codes)] = labels.values[:, 0]
    accuracy = trained[SPACE.numbers(cells)]
    made = estimate_grid(TARGET, SPACE, cells, dataset=SPACE.check_dataset(None))
    shape = (len(grid.array), len(grid.buffer_kib), len(cells))
    own = float(load_target(TARGET).hardware["clock_mhz"])
    latency, energy, area = (column.reshape(shape) for column in (made.latency_ms, made.energy_mj, made.area))
    out = np.empty((len(cells), grid.size, len(QUANTITIES)))
    for at, (a, b, c) in enumerate(np.ndindex(*grid.shape)):
        clock = own / grid.clock_mhz[c]
        out[:, at] = quantities(accuracy, latency[a, b] * clock, energy[a, b], area[a, b])
    return out.reshape(-1, len(QUANTITIES))


def settings(true: np.ndarray) -> list[list[str]]:
    rng = np.random.default_rng(0)
    drawn = true[rng.integers(0, len(true), 50_000)]
    out = []
    while len(out) < SETTINGS:
        limits = []
        for name, low, high in LIMITED:
            bound = np.quantile(drawn[:, QUANTITIES.index(name)], rng.uniform(low, high))
            limits.append(f"{name}<={bound:.6g}")
        columns = [QUANTITIES.index(name) for name, _, _ in LIMITED]
        bounds = [float(text.partition("<=")[2]) for text in limits]
        if (drawn[:, columns] <= bounds).all(axis=1).mean() > LEAST_SHARE:
            out.append(limits)
    return out


def judged(
    models: CodesignModels,
    limits: list[str],
    pairs: np.ndarray,
    said: np.ndarray,
    true: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    problem = models.problem([pair_limit(text) for text in limits], OBJECTIVES)
    began = time.process_time()
    found = find(problem)
    searched = time.process_time() - began
    bred = breed_front(problem, seed)
    drawn = np.random.default_rng(seed).choice(len(pairs), FRONT_EVALUATIONS, replace=False)
    by_models, by_truth = front_of(problem, said), front_of(problem, true)
    row_of = {pair.tobytes(): i for i, pair in enumerate(pairs)}

    def told(codes: np.ndarray) -> np.ndarray:
        return true[[row_of[code.tobytes()] for code in codes]]

    kept = confirmed(found, lambda codes: tuple(told(codes)[:, 1:4].T), top=TOP)
    best = told(kept.result.codes)
    first = told(found.codes[found.kept][:TOP])
    return {
        "pairs on the enumerated front": len(by_truth),
        "search": share(front_of(problem, found.values), by_models),
        "nsga2": share(front_of(problem, bred.values), by_models),
        "random": share(front_of(problem, said[drawn]), by_models),
        "confirmed": share(front_of(problem, best), by_truth),
        "confirmed pairs": len(best),
        "that break a limit": int((problem.scores(problem.of_quantities(best)).violation > 0).sum()),
        "unconfirmed that break a limit": int(
            (problem.scores(problem.of_quantities(first)).violation > 0).sum()
        ),
        "unconfirmed pairs": len(first),
        "cpu_s": round(searched, 2),
    }


def front_of(problem: PairProblem, values: np.ndarray) -> np.ndarray:
    """(f, 2): accuracy turned and log of the energy-delay product of pairs on the front."""
    known = values[np.isfinite(values).all(axis=1)]
    kept = known[problem.scores(problem.of_quantities(known)).violation == 0]
    costs = np.stack([-kept[:, 0], np.log(kept[:, QUANTITIES.index("edp")])], axis=1)
    costs = costs[np.lexsort(costs.T[::-1])]
    least = np.minimum.accumulate(costs[:, 1])
    return costs[np.append(np.ones(min(len(costs), 1), dtype=bool), least[1:] < least[:-1])]


def share(front: np.ndarray, enumerated: np.ndarray) -> float:
    if not len(enumerated):
        return float("nan")
    low, high = enumerated.min(axis=0), enumerated.max(axis=0)
    volume = HV(ref_point=np.array([1.1, 1.1]))
    scaled = ((part - low) / np.maximum(high - low, 1e-12) for part in (front, enumerated))
    own, whole = (volume(part) if len(part) else 0.0 for part in scaled)
    return round(float(own) / float(whole), 4)


if __name__ == "__main__":
    main()
