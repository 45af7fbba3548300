"""The shipped predictors, made anew from the public tables.

Each entry is fitted to 80 % of the groups of equal architectures. Which family and settings serve is
decided on a part of those 80 %; the other 20 % only measure, and give the intervals. What ships answers
from tables with nothing but NumPy: small spaces are written out, and what does not lower itself is distilled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.errors import DataError, UnknownNameError
from archcast.core.labels import Labels
from archcast.predictors import save
from archcast.predictors.distill import DistillError, Teaching
from archcast.training.fit import Fitted, fit
from archcast.training.labels import load_labels
from archcast.training.quick import as_tables
from archcast.training.splits import Split, group_split
from archcast.training.train import make_predictor

Candidate = tuple[str, Mapping[str, Any]]
"""Family and settings."""
Progress = Callable[[str], None]

SEED = 0
SUM: Candidate = ("additive", {})
SMALL: Candidate = ("mlp", {"hidden": 64, "epochs": 40, "batch": 128})
LARGE: Candidate = ("mlp", {"epochs": 60, "batch": 256, "decay": 0.1})
CORRECTED: Candidate = ("mlp", {"batch": 256, "decay": 0.01, "dropout": 0.0})
ALONE: Candidate = ("mlp", {**CORRECTED[1], "corrects": False, "huber": 0.1})
COST = (SUM, SMALL, LARGE)
ACCURACY: tuple[Candidate, ...] = (("linear", {}), CORRECTED, ALONE)
FEW: Candidate = ("gp", {})
BASELINES = ("flops", "lightgbm")
LONG = Teaching(taught=200_000, hidden=128, epochs=60, batch=1024, rate=6e-3)


@dataclass(frozen=True, slots=True)
class ZooEntry:
    """One shipped predictor: what it is fitted to, and which families may serve.

    Attributes:
        datasets: data sets whose columns are put side by side; None takes the space's first.
        sources: tables the labels are from.
        own: whether its table is archcast's own: few rows, and no source devices of adaptation.
        teaching: how a student is taught, where more than usual is needed to be as good as its teacher.
    """

    name: str
    space: str
    metric: str
    sources: tuple[str, ...]
    datasets: tuple[str, ...] | None = None
    own: bool = False
    teaching: Teaching | None = None

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """What may serve: sums of terms and corrections of them; for accuracy also a network alone.

        A Gaussian process enters where rows are few.
        """
        candidates = ACCURACY if self.metric == "accuracy" else COST
        return (*candidates, FEW) if self.own else candidates


@dataclass(frozen=True, slots=True)
class ZooMade:
    """A shipped predictor as it was made.

    Attributes:
        folder: where it was saved.
        baselines: family -> the same measurement of a plain predictor on the same split.
    """

    entry: ZooEntry
    fitted: Fitted
    chosen: Candidate
    folder: Path
    baselines: Mapping[str, Fitted] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """One record for a table."""
        quality = self.fitted.mean_quality
        size = sum(f.stat().st_size for f in self.folder.iterdir())
        return {
            "entry": self.entry.name,
            "targets": len(self.fitted.card.quality),
            "predictor": self.chosen[0],
            "rows": self.fitted.card.rows,
            "held out": self.fitted.card.held_out_rows,
            **{name: round(quality[name], 4) for name in ("spearman", "mape", "within_10")},
            **{
                f"spearman {name}": round(b.mean_quality["spearman"], 4) for name, b in self.baselines.items()
            },
            "kB": round(size / 1000),
        }


ZOO = (
    ZooEntry("nasbench201-latency", "nasbench201", "latency", ("help",)),
    ZooEntry("fbnet-latency", "fbnet", "latency", ("help",)),
    ZooEntry("ofa_mbv3-latency", "ofa_mbv3", "latency", ("help",)),
    ZooEntry("mnasnet-latency", "mnasnet", "latency", ("accel_nasbench",), teaching=LONG),
    ZooEntry("mnasnet-throughput", "mnasnet", "throughput", ("accel_nasbench",)),
    ZooEntry(
        "hat-latency",
        "hat",
        "latency",
        ("hat",),
        datasets=("wmt14ende", "wmt14enfr", "wmt19ende", "iwslt14deen"),
    ),
    ZooEntry(
        "nasbench201-accuracy",
        "nasbench201",
        "accuracy",
        ("nasbench201_accuracy",),
        datasets=("cifar10", "cifar100", "imagenet16-120"),
    ),
    ZooEntry("macro-accuracy", "macro", "accuracy", ("nas_bench_macro",)),
    ZooEntry("mnasnet-accuracy", "mnasnet", "accuracy", ("accel_nasbench",), teaching=LONG),
    ZooEntry("ofa_mbv3-accuracy", "ofa_mbv3", "accuracy", ("ofa_accuracy",), teaching=LONG),
    ZooEntry("skipnet-accuracy", "skipnet", "accuracy", ("skipnet_digits",), own=True),
    ZooEntry("nasbench201-latency-cpu", "nasbench201", "latency", ("host_cpu",), own=True),
    ZooEntry("fbnet-latency-cpu", "fbnet", "latency", ("host_cpu",), own=True),
    ZooEntry("nasbench201-latency-estimated", "nasbench201", "latency", ("estimates",), own=True),
    ZooEntry("nasbench201-energy-estimated", "nasbench201", "energy", ("estimates",), own=True),
    ZooEntry("fbnet-latency-estimated", "fbnet", "latency", ("estimates",), own=True),
    ZooEntry("fbnet-energy-estimated", "fbnet", "energy", ("estimates",), own=True),
)


def make_zoo(
    *,
    only: Sequence[str] | None = None,
    out: Path | None = None,
    report: Path | None = None,
    progress: Progress = lambda text: None,
) -> list[ZooMade]:
    """Make shipped predictors and, beside them, what plain ones reach on the same split.

    Args:
        only: names of entries; None makes all.
        out: folder that takes one folder an entry; None is the package's own zoo.
        report: Markdown file that takes the table of held-out quality.

    Raises:
        UnknownNameError: no such entry.
        DataError: a table is not on this machine, or may not be shipped.
    """
    names = [entry.name for entry in ZOO]
    for name in only or ():
        if name not in names:
            raise UnknownNameError("zoo entry", name, names)
    root = out or Path(__file__).resolve().parents[1] / "zoo"
    made = [make_entry(entry, root, progress) for entry in ZOO if not only or entry.name in only]
    if not only:
        from archcast.training.zoo_sources import make_sources

        make_sources(root, progress)
    if report is not None:
        from archcast.training.zoo_report import write_report

        write_report(made, report)
    return made


def make_entry(entry: ZooEntry, root: Path, progress: Progress) -> ZooMade:
    """Choose, fit, measure and save one entry."""
    labels = load_labels(entry.space, entry.metric, datasets=entry.datasets, sources=entry.sources)
    if not labels.redistributable:
        raise DataError(f"{entry.name} must not be shipped: its table may not be redistributed")
    split = group_split(labels, seed=SEED)
    chosen = choose(
        entry.candidates, labels.rows(split.train), lambda text: progress(f"{entry.name}: {text}")
    )
    progress(f"{entry.name}: fitting {chosen[0]} to {len(split.train)} architectures")
    fitted = fit(make_predictor(*chosen), labels, split, seed=SEED)
    fitted = as_shipped(entry, fitted, labels, split, lambda text: progress(f"{entry.name}: {text}"))
    baselines = {}
    for family in BASELINES:
        progress(f"{entry.name}: fitting {family} beside it")
        baselines[family] = fit(make_predictor(family, {}), labels, split, seed=SEED)
    folder = save(fitted.predictor, root / entry.name, card=fitted.card, intervals=fitted.intervals)
    return ZooMade(entry, fitted, chosen, folder, baselines)


def choose(candidates: Sequence[Candidate], taught: Labels, progress: Progress) -> Candidate:
    """The candidate with the best mean Kendall tau on a fifth of the training rows."""
    inner = group_split(taught, seed=SEED + 1)
    scores = []
    for family, settings in candidates:
        tried = fit(make_predictor(family, settings), taught, inner, seed=SEED)
        scores.append(tried.mean_quality["kendall"])
        progress(f"{family} {dict(settings)} has Kendall {scores[-1]:.4f} within the training rows")
    return candidates[int(np.argmax(scores))]


def as_shipped(entry: ZooEntry, fitted: Fitted, labels: Labels, split: Split, progress: Progress) -> Fitted:
    """The form that ships: tables, where they are as good as what was fitted."""
    try:
        return as_tables(fitted, labels, split, teaching=entry.teaching, seed=SEED)
    except DistillError as error:
        progress(str(error))
        return fitted
