"""How many networks are trained before the best of NAS-Bench-201 is among them, with labels from the table.

The label is the test accuracy of the public table; the best is the cell of the greatest. Strategy and
settings of `archcast.search.find_best` were chosen on CIFAR-100; the figure to be reported is CIFAR-10's.
Beside it, under the same rule: random draws, regularised evolution and Optuna's TPE, through
`archcast.search` with the label as score, up to a stated number of networks.

    python benchmarks/search_active.py --out benchmarks/results/search_active.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import archcast
from archcast.search.active.process import STRATEGIES
from archcast.search.active.run import find_best
from archcast.training.labels import load_labels

Label = Callable[[Any], list[float]]
CAPS = {"random": 15_625, "evolution": 4000, "tpe": 400, "find_best": 200}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--out", type=Path, help="rows of the same way that are there already are replaced"
    )
    arguments.add_argument("--seeds", type=int, default=50)
    arguments.add_argument("--tpe-seeds", type=int, default=10)
    arguments.add_argument("--chosen-on-seeds", type=int, default=10)
    arguments.add_argument("--only", nargs="+", choices=(*GROUPS,), default=[*GROUPS])
    chosen = arguments.parse_args()
    for group in chosen.only:
        for made in GROUPS[group](chosen):
            if chosen.out:
                keep(chosen.out, made)


def one_at_a_time(chosen: Any) -> Iterator[dict[str, Any]]:
    label, top = table("cifar10")
    yield row("cifar10", "find_best, ucb", 1, top, chosen.seeds, active(label, top, "ucb", 1))


def others(chosen: Any) -> Iterator[dict[str, Any]]:
    label, top = table("cifar10")
    yield row("cifar10", "random", 1, top, chosen.seeds, drawn(label, top))
    yield row("cifar10", "evolution", 5, top, chosen.seeds, searched(label, top, "evolution"))
    yield row("cifar10", "tpe", 10, top, chosen.tpe_seeds, searched(label, top, "tpe"))


def batches(chosen: Any) -> Iterator[dict[str, Any]]:
    label, top = table("cifar10")
    for batch in (5, 10):
        yield row("cifar10", "find_best, ucb", batch, top, chosen.seeds, active(label, top, "ucb", batch))


def strategies(chosen: Any) -> Iterator[dict[str, Any]]:
    label, top = table("cifar100")
    for strategy in STRATEGIES:
        one = active(label, top, strategy, 1)
        yield row("cifar100", f"find_best, {strategy}", 1, top, chosen.chosen_on_seeds, one)


def imagenet(chosen: Any) -> Iterator[dict[str, Any]]:
    label, top = table("imagenet16-120")
    yield row("imagenet16-120", "find_best, ucb", 1, top, chosen.seeds, active(label, top, "ucb", 1))


GROUPS = {
    "one": one_at_a_time,
    "imagenet": imagenet,
    "others": others,
    "batches": batches,
    "strategies": strategies,
}


def keep(path: Path, made: dict[str, Any]) -> None:
    """Add a row to the file in the place of the one of the same way."""
    names = ("dataset", "way", "batch")
    rows: list[dict[str, Any]] = []
    if path.exists():
        with path.open(newline="") as file:
            rows = [r for r in csv.DictReader(file) if any(r[n] != str(made[n]) for n in names)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(made))
        writer.writeheader()
        writer.writerows([*rows, made])


def table(dataset: str) -> tuple[Label, float]:
    """Labels of NAS-Bench-201 cells by their text, and the greatest."""
    labels = load_labels("nasbench201", "accuracy", datasets=[dataset], sources=["nasbench201_accuracy"])
    texts = archcast.spaces("nasbench201").to_text(labels.codes)
    known = dict(zip(texts, labels.values[:, 0].tolist(), strict=True))
    return lambda archs: [known[arch] for arch in archs], max(known.values())


def active(label: Label, top: float, strategy: str, batch: int) -> Callable[[int], tuple[int, int]]:
    cap = CAPS["find_best"]

    def one(seed: int) -> tuple[int, int]:
        found = find_best(
            "nasbench201", label, budget=cap, batch=batch, seed=seed, strategy=strategy, enough=top
        )
        return first(found.accuracies, top), cap

    return one


def drawn(label: Label, top: float) -> Callable[[int], tuple[int, int]]:
    space = archcast.spaces("nasbench201")
    values = np.array(label(space.format(space.members(np.arange(space.size)))))

    def one(seed: int) -> tuple[int, int]:
        return first(np.random.default_rng(seed).permutation(values), top), CAPS["random"]

    return one


def searched(label: Label, top: float, method: str) -> Callable[[int], tuple[int, int]]:
    cap = CAPS[method]

    def one(seed: int) -> tuple[int, int]:
        found = archcast.search(
            "nasbench201", score=label, method=method, evaluations=cap, population=50, seed=seed
        )
        return first(found.values[:, 0], top), cap

    return one


def first(values: np.ndarray, top: float) -> int:
    """Networks trained until the best was among them; one more than all of them where it was not."""
    hit = np.flatnonzero(values >= top)
    return int(hit[0]) + 1 if len(hit) else len(values) + 1


def row(
    dataset: str, way: str, batch: int, top: float, seeds: int, one: Callable[[int], tuple[int, int]]
) -> dict[str, Any]:
    began, counts, cap = time.perf_counter(), [], 0
    for seed in range(seeds):
        count, cap = one(seed)
        counts.append(count)
    trained = np.array(counts, dtype=float)
    median = float(np.median(trained))
    made = {
        "dataset": dataset,
        "way": way,
        "batch": batch,
        "best": round(top, 3),
        "seeds": seeds,
        "most": cap,
        "found": int((trained <= cap).sum()),
        "median": median if median <= cap else f"over {cap}",
        "quartiles": " to ".join(
            f"{q:g}" if q <= cap else f"over {cap}" for q in np.quantile(trained, [0.25, 0.75])
        ),
        "within_60": round(float((trained <= 60).mean()), 2),
        "seconds_a_seed": round((time.perf_counter() - began) / seeds, 2),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
    }
    print(" ".join(f"{k}={v}" for k, v in made.items()), flush=True)
    return made


if __name__ == "__main__":
    main()
