"""HELP's latency-constrained search on NAS-Bench-201, CIFAR-100, checked against the measured tables.

A device has 10 measurements in all, of HELP's pool (architectures 0 to 899) and of what a search proposes,
and HELP's nine source devices, which are measured on the pool (protocol P1). Ways:

- `held`: 10 references; the limit is held with probability 90 % by the adapted predictor's interval;
- `mean`: 10 references; the limit is held by the prediction;
- `measured`: 4 references, and 6 proposals that the device's three limits share;
- `measured a limit`: 4 references, and 6 proposals for each limit: up to 22 measurements of a device;
- `known`: all latencies are, so that the gap is what the objective's errors alone cost.

The accuracy objective is the shipped predictor, which was trained on 80 % of the table, or the table's true
accuracy. Candidates are HELP's list (MetaD2A's 500) or the whole space. What was found is looked up: a limit
is broken when the measured latency is above it; the gap is to the best true accuracy among what was measured
within it.

The settings of `measured` were chosen with `--develop`: made-up targets are HELP's source devices, each left
out of the sources, and its validation devices, with limits at those quantiles of the candidates' latencies
that HELP's limits are of the test devices'.

    python benchmarks/search_constrained.py --out benchmarks/results/search_constrained_list.csv
    python benchmarks/search_constrained.py --where space --seeds 3 \\
        --out benchmarks/results/search_constrained_space.csv
    python benchmarks/search_constrained.py --develop --seeds 5 \\
        --out benchmarks/results/search_constrained_develop.csv

With `--papers`, the limits of Titan RTX and Pixel 2 are the latencies of the networks that HELP, NASFLAT and
CLCDLP found, and beside each limit stands the best accuracy that any of them has within it.

    python benchmarks/search_constrained.py --papers --where space --ways measured \\
        --out benchmarks/results/search_constrained_papers.csv
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import archcast
from archcast.collect.tables.catalog import recipe_of
from archcast.collect.tables.location import find
from archcast.core.labels import Labels, Target
from archcast.predictors.adapt.posterior import adapt_to
from archcast.predictors.adapt.prior import DevicePrior
from archcast.predictors.artifact.measured import Measured
from archcast.search.measured.run import search_measured
from archcast.serving import LoadedPredictor
from archcast.serving.adaptation import _adapted
from archcast.training.labels import load_labels
from archcast.training.protocols import load_protocol
from archcast.training.protocols.adaptation import drawn_rows, source_prior

SPACE, MEASURED, REFERENCES = "nasbench201", 10, 4
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
PUBLISHED = {
    "titan_rtx_256": {
        "HELP": ((17.8, 18.9, 24.2), (69.7, 71.5, 71.8)),
        "NASFLAT": ((17.1, 20.5, 26.6), (69.92, 71.45, 71.9)),
        "CLCDLP": ((17, 19, 24), (70.1, 71.6, 71.8)),
    },
    "pixel2": {
        "HELP": ((13, 19, 25), (69.7, 71.8, 73.2)),
        "NASFLAT": ((14.4, 22.2, 34), (68.53, 72.08, 73.5)),
        "CLCDLP": ((12, 20, 34), (70.1, 72.4, 73.5)),
    },
}
"""What papers found: milliseconds of their networks, and accuracies."""
PROTOCOL = load_protocol(f"help-{SPACE}")
VALIDATION = ("titanx_1", "titanx_32", "titanx_256", "gold_6240")
GOALS = ("shipped", "true")
WAYS = ("measured", "measured a limit", "held", "mean", "known")


class Table:
    """Everything that is known."""

    def __init__(self) -> None:
        self.space = archcast.spaces(SPACE)
        self.latency = load_labels(SPACE, "latency", sources=["help"])
        accuracy = load_labels(SPACE, "accuracy", datasets=["cifar100"], sources=["nasbench201_accuracy"])
        self.accuracy = accuracy.values[:, 0]
        self.pool = PROTOCOL.pool.of(self.latency, 0)
        self.candidates = _candidates()

    def rows_of(self, archs: Any) -> np.ndarray:
        return self.space.to_index(archs)

    def true_accuracy(self, archs: Any) -> np.ndarray:
        return self.accuracy[self.rows_of(archs)]

    def column(self, device: str) -> np.ndarray:
        return self.latency.values[:, self.latency.devices.index(device)]


def _candidates() -> list[str]:
    """The 500 cells of HELP's latency-constrained search, MetaD2A's candidates for CIFAR-100."""
    _, folder = find(recipe_of("help"))
    if folder is None:
        raise SystemExit("set ARCHCAST_DATA to the folder of the public tables")
    _, *lines = (folder / "nasbench201/arch_generated_by_metad2a.txt").read_text().splitlines()
    return [line.partition(",")[0].strip() for line in lines]


class Board:
    """A target device: its limits, and what a search may see of it.

    Args:
        limits: in ms.
        sources: devices that may teach.
    """

    def __init__(self, table: Table, name: str, limits: tuple[float, ...], sources: tuple[str, ...]) -> None:
        self.table, self.name, self.limits, self.sources = table, name, limits, sources
        self.latency = table.column(name)
        self._made: dict[tuple[bytes, bytes], LoadedPredictor] = {}

    @cached_property
    def prior(self) -> DevicePrior:
        return source_prior(self.table.latency, self.sources, self.table.pool)

    def texts(self) -> list[str]:
        return [f"latency@{self.name}<={limit:g}" for limit in self.limits]

    def measure(self, archs: Any) -> np.ndarray:
        return self.latency[self.table.rows_of(archs)]

    def learn(self, archs: Any, values: list[float]) -> LoadedPredictor:
        """Predictor of the device; the same measurements give the same one again."""
        codes, measured = self.table.space.parse(archs), np.array(values)
        key = (codes.tobytes(), measured.tobytes())
        if key not in self._made:
            model = adapt_to(self.prior, codes, measured, device=self.name, metric="latency")
            targets = (Target(self.name, "cifar10"),)
            labels = Labels(SPACE, "latency", "cifar10", targets, codes, measured[:, None])
            kept = Measured(tuple(archs), tuple(values), tuple(model.left_out_values().tolist()))
            self._made[key] = _adapted(model, labels, self.sources, kept)
        return self._made[key]

    def drawn(self, references: str, count: int, seeds: int) -> list[np.ndarray]:
        """Rows that are measured first, by seed."""
        table = self.table
        column = table.latency.devices.index(self.name)
        drawn = drawn_rows(PROTOCOL, references, self.prior, table.latency, column, count, range(seeds))
        made = list(drawn)
        return made * seeds if len(made) == 1 else made


def test_boards(table: Table) -> list[Board]:
    return [Board(table, name, limits, PROTOCOL.devices) for name, limits in LIMITS.items()]


def paper_boards(table: Table) -> list[Board]:
    """Each paper's three limits, which share their measurements."""
    return [
        Board(table, name, found[0], PROTOCOL.devices)
        for name, papers in PUBLISHED.items()
        for found in papers.values()
    ]


def best_published(device: str, limit: float) -> float:
    """The greatest accuracy that a paper found within the limit."""
    pairs = [pair for papers in PUBLISHED[device].values() for pair in zip(*papers, strict=True)]
    return max(accuracy for ms, accuracy in pairs if ms <= limit)


def made_up_boards(table: Table) -> list[Board]:
    """Source and validation devices, each with the three quantiles of one test device after the other."""
    listed = table.rows_of(table.candidates)
    shares = [
        [float((table.column(name)[listed] <= limit).mean()) for limit in limits]
        for name, limits in LIMITS.items()
    ]
    boards = []
    for i, name in enumerate((*PROTOCOL.devices, *VALIDATION)):
        known = table.column(name)[listed]
        known = known[np.isfinite(known)]  # of some devices a measurement failed
        limits = tuple(float(np.quantile(known, share)) for share in shares[i % len(shares)])
        boards.append(Board(table, name, limits, tuple(s for s in PROTOCOL.devices if s != name)))
    return boards


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
    arguments.add_argument("--where", choices=("list", "space"), default="list")
    arguments.add_argument("--develop", action="store_true", help="on made-up targets, see above")
    arguments.add_argument("--papers", action="store_true", help="limits of HELP, NASFLAT and CLCDLP")
    arguments.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    arguments.add_argument("--goals", nargs="+", choices=GOALS, default=list(GOALS))
    chosen = arguments.parse_args()
    table, rows = Table(), []
    made = made_up_boards if chosen.develop else paper_boards if chosen.papers else test_boards
    boards = made(table)
    for case in cases(chosen.where, chosen.seeds, chosen.ways, chosen.goals):
        found = [row for board in boards for row in found_by(case, table, board)]
        if chosen.papers:
            found = [of_papers(made) for made in found]
        rows += [*found, summary(case, found)]
        print(" ".join(f"{k}={v}" for k, v in rows[-1].items() if v != ""), flush=True)
        if chosen.out:
            with chosen.out.open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)


def cases(where: str, seeds: int, ways: list[str], goals: list[str]) -> Iterator[Case]:
    for way in ways:
        for objective in goals:
            for references in ("-",) if way == "known" else ("suggested", "random"):
                yield Case(way, where, objective, references, drawn(way, where, references, seeds))


def drawn(way: str, where: str, references: str, seeds: int) -> int:
    """Seeds that differ: with suggested references, only evolution over the whole space draws anything."""
    evolved = where == "space" and way in ("held", "mean")
    return seeds if references == "random" or evolved else 1


def found_by(case: Case, table: Table, board: Board) -> list[dict[str, Any]]:
    """One row a limit."""
    if case.way == "known":
        answers = [known(case, table, board)]
    else:
        search = measured if case.way.startswith("measured") else held
        draws = board.drawn(case.references, MEASURED if search is held else REFERENCES, case.seeds)
        answers = [search(case, table, board, rows, seed) for seed, rows in enumerate(draws)]
    by_limit = zip(board.limits, zip(*answers, strict=True), strict=True)
    return [row(case, table, board, limit, list(at)) for limit, at in by_limit]


def row(case: Case, table: Table, board: Board, limit: float, at: list[int | None]) -> dict[str, Any]:
    allowed = allowed_rows(case, table)
    best = table.accuracy[allowed][board.latency[allowed] <= limit].max()
    hit = np.array([found for found in at if found is not None], dtype=int)
    broken = ~(board.latency[hit] <= limit)
    help_row: dict[str, Any] = {"help_latency_ms": "", "help_accuracy": ""}
    if limit in LIMITS.get(board.name, ()):
        ms, accuracy = HELP[board.name]
        place = LIMITS[board.name].index(limit)
        help_row = {"help_latency_ms": ms[place], "help_accuracy": accuracy[place]}
    return (
        head(case)
        | {
            "device": board.name,
            "limit_ms": round(limit, 3),
            "latency_ms": round(float(board.latency[hit].mean()), 2) if len(hit) else "",
            "accuracy": round(float(table.accuracy[hit].mean()), 2) if len(hit) else "",
            "best": round(float(best), 2),
            "gap": round(float((best - table.accuracy[hit]).mean()), 3) if len(hit) else "",
            "broken": round(float(broken.mean()), 3) if len(hit) else "",
            "most_broken_in_a_seed": "",
            "nothing_found": len(at) - len(hit),
        }
        | help_row
        | {"_broken": np.array([found is not None and not board.latency[found] <= limit for found in at])}
    )


def of_papers(made: dict[str, Any]) -> dict[str, Any]:
    """A row with what papers found in the place of HELP's."""
    return made | {"help_latency_ms": "", "help_accuracy": best_published(made["device"], made["limit_ms"])}


def held(case: Case, table: Table, board: Board, rows: np.ndarray, seed: int) -> list[int | None]:
    predictor = board.learn(table.space.format(table.latency.codes[rows]), board.latency[rows].tolist())
    if case.where == "list":
        how: dict[str, Any] = {
            "method": "random",
            "start": table.candidates,
            "evaluations": len(set(table.candidates)),
        }
    else:
        how = {"method": "evolution", "evaluations": 2000, "seed": seed}
    answers = []
    for limit in board.texts():
        found = archcast.search(
            SPACE,
            maximize="accuracy@cifar100",
            score=table.true_accuracy if case.objective == "true" else None,
            limits=[limit],
            predictors={f"latency@{board.name}": predictor},
            hold="mean" if case.way == "mean" else 0.9,
            **how,
        )
        answers.append(int(table.rows_of(found.archs[:1])[0]) if found.feasible else None)
    return answers


def measured(case: Case, table: Table, board: Board, rows: np.ndarray, seed: int) -> list[int | None]:
    together = [board.texts()] if case.way == "measured" else [[text] for text in board.texts()]
    answers: list[int | None] = []
    for limits in together:
        found = search_measured(
            SPACE,
            board.measure,
            limits,
            maximize="accuracy@cifar100",
            predictor=table.true_accuracy if case.objective == "true" else None,
            measurements=MEASURED,
            references=table.space.format(table.latency.codes[rows]),
            learn=board.learn,
            candidates=table.candidates if case.where == "list" else None,
            seed=seed,
        )
        answers += [None if a.arch is None else int(table.rows_of([a.arch])[0]) for a in found.answers]
    return answers


def known(case: Case, table: Table, board: Board) -> list[int | None]:
    """The greatest objective within each limit."""
    rows = allowed_rows(case, table)
    if case.objective == "true":
        goal = table.accuracy[rows]
    else:
        goal = archcast.load("cifar100", "accuracy", SPACE).predict_codes(table.latency.codes[rows])
    inside = [rows[board.latency[rows] <= limit] for limit in board.limits]
    of = dict(zip(rows.tolist(), goal.tolist(), strict=True))
    return [max(kept.tolist(), key=of.__getitem__) for kept in inside]


def allowed_rows(case: Case, table: Table) -> np.ndarray:
    if case.where == "list":
        return np.unique(table.rows_of(table.candidates))
    return np.arange(len(table.accuracy))


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
    """All limits: broken of fifteen (mean and, where there are fifteen, most in a seed), mean gap."""
    broken = np.stack([row.pop("_broken") for row in found])
    names = ("latency_ms", "limit_ms", "best", "help_latency_ms")
    known = [row for row in found if row["gap"] != ""]
    told = [row["help_accuracy"] for row in found if row["help_accuracy"] != ""]
    return (
        head(case)
        | dict.fromkeys(names, "")
        | {
            "device": f"all {len(found)}",
            "accuracy": round(float(np.mean([row["accuracy"] for row in known])), 2),
            "gap": round(float(np.mean([row["gap"] for row in known])), 3),
            "broken": round(float(15 * broken.mean()), 2),
            "most_broken_in_a_seed": int(broken.sum(axis=0).max()) if len(found) == 15 else "",
            "nothing_found": sum(row["nothing_found"] for row in found),
            "help_accuracy": round(float(np.mean(told)), 2) if told else "",
        }
    )


if __name__ == "__main__":
    main()
