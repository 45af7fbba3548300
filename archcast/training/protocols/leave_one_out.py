"""`leave-one-device-out` and `energy-nasbench201`: every device in turn, and energy from latency sources.

Sources are measured on 900 random architectures of NAS-Bench-201 and the target on a few of those; ranked
are all other architectures. The energy is that of a Raspberry Pi 5's processor cores (HW-NAS-Bench-360).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.labels import Labels
from archcast.training.labels import load_labels
from archcast.training.protocols.base import PROTOCOLS, Progress, Protocol, ProtocolResult
from archcast.training.protocols.few import (
    METHODS,
    Trial,
    drawn_rows,
    ranked,
    record,
    source_prior,
)

POOL = 900
MEASURED = 10
ENERGY_COUNTS = (10, 20)


def _pool(labels: Labels) -> tuple[Ints, Ints]:
    """Rows that may be measured, and all others."""
    pool = np.random.default_rng(0).choice(len(labels), POOL, replace=False)
    return pool, np.setdiff1d(np.arange(len(labels)), pool)


def _run(methods: Sequence[str], seeds: Sequence[int], progress: Progress) -> ProtocolResult:
    labels = load_labels("nasbench201", "latency", sources=["help"])
    pool, rest = _pool(labels)
    found: dict[str, dict[str, list[dict[str, float]]]] = {method: {} for method in methods}
    for column, device in enumerate(labels.devices):
        progress(f"leaving out {device}")
        prior = source_prior(labels, [d for d in labels.devices if d != device], pool)
        for method in methods:
            drawn = drawn_rows(method, prior, labels, column, pool, MEASURED, seeds)
            found[method][device] = [ranked(prior, labels, Trial(column, rows, rest)) for rows in drawn]
    records = tuple(record(method, MEASURED, by_device) for method, by_device in found.items())
    return ProtocolResult("leave-one-device-out", records, ())


def _run_energy(methods: Sequence[str], seeds: Sequence[int], progress: Progress) -> ProtocolResult:
    latency = load_labels("nasbench201", "latency", sources=["help"])
    energy = load_labels("nasbench201", "energy", sources=["hw_nas_bench_360"])
    pool, _ = _pool(latency)
    progress(f"learning the prior of {len(latency.devices)} latency sources")
    prior = source_prior(latency, latency.devices, pool)
    own, rest = _pool(energy)
    records = []
    for method in methods:
        for n in ENERGY_COUNTS:
            drawn = drawn_rows(method, prior, energy, 0, own, n, seeds)
            found = [ranked(prior, energy, Trial(0, rows, rest)) for rows in drawn]
            records.append(record(method, n, {energy.devices[0]: found}))
    return ProtocolResult("energy-nasbench201", tuple(records), ())


PROTOCOLS.register(
    "leave-one-device-out",
    Protocol(
        name="leave-one-device-out",
        title="NAS-Bench-201: each of 27 devices from 10 measurements and the 26 others, Spearman",
        predictors=METHODS,
        run=_run,
        seeds=3,
        of_families=False,
    ),
)
PROTOCOLS.register(
    "energy-nasbench201",
    Protocol(
        name="energy-nasbench201",
        title="NAS-Bench-201: energy on a Raspberry Pi 5 from latency sources, Spearman",
        predictors=METHODS,
        run=_run_energy,
        seeds=20,
        of_families=False,
    ),
)
