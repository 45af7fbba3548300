"""`help-nasbench201` and `help-fbnet`: a new device from a few measurements (Lee et al., HELP, NeurIPS 2021).

Sources are measured on architectures 0 to 899 (FBNet 0 to 3999), the target on a few of them; tested on
900 to 1899 (4000 to 4999) less the slowest and fastest tenth of the device. HELP's own figures take 10
random measurements and 10 fixed ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from archcast.training.labels import load_labels
from archcast.training.protocols.base import PROTOCOLS, Progress, Protocol, ProtocolResult, Record
from archcast.training.protocols.few import (
    METHODS,
    Trial,
    drawn_rows,
    ranked,
    record,
    source_prior,
)
from archcast.training.protocols.help_plain import HELP_PAPER, PUBLISHED, TEST_DEVICES, middle_rows

_PHONES_AND_PROCESSORS = (
    *("silver_4114", "silver_4210r", "samsung_a50"),
    *("pixel3", "essential_ph_1", "samsung_s7"),
)
SOURCES = {
    "nasbench201": ("1080ti_1", "1080ti_32", "1080ti_256", *_PHONES_AND_PROCESSORS),
    "fbnet": ("1080ti_1", "1080ti_32", "1080ti_64", *_PHONES_AND_PROCESSORS),
}
TARGETS = {
    "nasbench201": TEST_DEVICES,
    "fbnet": ("fpga", "raspi4", "eyeriss"),
}
POOLS = {"nasbench201": 900, "fbnet": 4000}
TESTED = 1000
COUNTS = (5, 10, 20)
_FBNET_PUBLISHED: tuple[Record, ...] = (
    {
        "predictor": "HELP",
        "measured": 20,
        "raspi4": 0.887,
        "eyeriss": 0.943,
        "fpga": 0.892,
        "mean": 0.910,
        "source": HELP_PAPER,
    },
)


def _run(space: str, methods: Sequence[str], seeds: Sequence[int], progress: Progress) -> ProtocolResult:
    labels = load_labels(space, "latency", sources=["help"])
    pool = np.arange(POOLS[space])
    tested = np.arange(POOLS[space], POOLS[space] + TESTED)
    progress(f"{space}: learning the prior of {len(SOURCES[space])} source devices")
    prior = source_prior(labels, SOURCES[space], pool)
    records = []
    for method in methods:
        for n in COUNTS:
            progress(f"{space}: {n} measurements, {method}")
            found: dict[str, list[dict[str, float]]] = {}
            for device in TARGETS[space]:
                column = labels.devices.index(device)
                test = tested[middle_rows(labels.rows(tested), column)]
                drawn = drawn_rows(method, prior, labels, column, pool, n, seeds)
                found[device] = [ranked(prior, labels, Trial(column, rows, test)) for rows in drawn]
            records.append(record(method, n, found))
    published = PUBLISHED if space == "nasbench201" else _FBNET_PUBLISHED
    return ProtocolResult(f"help-{space}", tuple(records), published)


for _space in SOURCES:
    PROTOCOLS.register(
        f"help-{_space}",
        Protocol(
            name=f"help-{_space}",
            title=f"{_space}: latency of a new device from a few measurements, Spearman",
            predictors=METHODS,
            run=partial(_run, _space),
            seeds=20,
            of_families=False,
        ),
    )
