"""`nasflat-ND`, `-FD`, `-F1` to `-F4`, `-FA`: other sources and targets (Akhauri et al., MLSys 2024).

20 measurements of each target; each source measured on 512 random architectures (FBNet 800), drawn anew
with each seed; ranked are all architectures, and in a second record all that were not measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from archcast.core.labels import Labels
from archcast.training.labels import load_labels
from archcast.training.protocols.base import PROTOCOLS, Progress, Protocol, ProtocolResult, Record
from archcast.training.protocols.few import (
    METHODS,
    Trial,
    random_rows,
    ranked,
    record,
    source_prior,
    suggested_rows,
)
from archcast.training.protocols.help_few import SOURCES, TARGETS

MEASURED = 20
SOURCE_ROWS = {"nasbench201": 512, "fbnet": 800}
_GPUS = tuple(f"{g}_{b}" for g in ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp") for b in (1, 32, 64))


def _named(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SETS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "ND": ("nasbench201", SOURCES["nasbench201"], TARGETS["nasbench201"]),
    "FD": ("fbnet", SOURCES["fbnet"], TARGETS["fbnet"]),
    "F1": (
        "fbnet",
        _named("2080ti_1 essential_ph_1 silver_4114 titan_rtx_1 titan_rtx_32"),
        _named("eyeriss fpga raspi4 samsung_a50 samsung_s7"),
    ),
    "F2": (
        "fbnet",
        _named("essential_ph_1 gold_6226 gold_6240 pixel3 raspi4"),
        _named("1080ti_1 1080ti_32 2080ti_32 titan_rtx_1 titanxp_1"),
    ),
    "F3": (
        "fbnet",
        _named("essential_ph_1 pixel2 pixel3 raspi4 samsung_s7"),
        _named("1080ti_1 1080ti_32 2080ti_1 titan_rtx_1 titan_rtx_32"),
    ),
    "F4": (
        "fbnet",
        _named(
            "1080ti_64 2080ti_1 eyeriss gold_6226 gold_6240 raspi4 samsung_s7 silver_4210r "
            "titan_rtx_1 titan_rtx_32"
        ),
        _named("1080ti_1 pixel2 essential_ph_1"),
    ),
    "FA": ("fbnet", _GPUS, _named("gold_6226 essential_ph_1 samsung_s7 pixel2")),
}
"""Name -> space, sources, targets."""
_PUBLISHED = {
    "ND": (0.948, 0.930, 0.959),
    "FD": (0.910, 0.960, 0.961),
    "F1": (0.793, 0.756, 0.809),
    "F2": (0.543, 0.567, 0.871),
    "F3": (0.413, 0.434, 0.814),
    "F4": (0.799, 0.763, 0.734),
    "FA": (0.370, 0.450, 0.577),
}


def _run(name: str, methods: Sequence[str], seeds: Sequence[int], progress: Progress) -> ProtocolResult:
    space, sources, targets = SETS[name]
    labels = load_labels(space, "latency", sources=["help"])
    every: dict[str, dict[str, list[dict[str, float]]]] = {m: {d: [] for d in targets} for m in methods}
    unseen: dict[str, dict[str, list[dict[str, float]]]] = {m: {d: [] for d in targets} for m in methods}
    for seed in seeds:
        progress(f"nasflat-{name}: seed {seed}")
        _one_seed(labels, sources, seed, every, unseen)
    records = [record(method, MEASURED, found) for method, found in every.items()]
    records += [record(f"{method}, measured left out", MEASURED, found) for method, found in unseen.items()]
    published: tuple[Record, ...] = tuple(
        {"predictor": peer, "measured": MEASURED, "mean": figure, "source": "Akhauri et al., MLSys 2024"}
        for peer, figure in zip(("HELP", "MultiPredict", "NASFLAT"), _PUBLISHED[name], strict=True)
    )
    return ProtocolResult(f"nasflat-{name}", tuple(records), published)


def _one_seed(
    labels: Labels,
    sources: Sequence[str],
    seed: int,
    every: dict[str, dict[str, list[dict[str, float]]]],
    unseen: dict[str, dict[str, list[dict[str, float]]]],
) -> None:
    everything = np.arange(len(labels))
    drawn = np.random.default_rng(seed).choice(everything, SOURCE_ROWS[labels.space], replace=False)
    pool = np.sort(drawn)
    prior = source_prior(labels, sources, pool)
    for method, by_device in every.items():
        for device in by_device:
            column = labels.devices.index(device)
            if method == "random":
                rows = random_rows(labels, column, everything, MEASURED, seed)
            else:
                rows = suggested_rows(prior, labels, column, pool, MEASURED)
            by_device[device].append(ranked(prior, labels, Trial(column, rows, everything)))
            rest = np.setdiff1d(everything, rows)
            unseen[method][device].append(ranked(prior, labels, Trial(column, rows, rest)))


for _name in SETS:
    PROTOCOLS.register(
        f"nasflat-{_name}",
        Protocol(
            name=f"nasflat-{_name}",
            title=f"{SETS[_name][0]}: {MEASURED} measurements, NASFLAT's device set {_name}, Spearman",
            predictors=METHODS,
            run=partial(_run, _name),
            seeds=7,
            of_families=False,
        ),
    )
