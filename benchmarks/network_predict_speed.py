"""How long `archcast.predict` takes for networks that are known, each row beside a named alternative.

| row | what | beside |
|---|---|---|
| `known` | 1,024 networks that were predicted before, on one device | LightGBM on their columns, an array |
| `devices` | the same networks on 300 devices at once | the same on one device |
| `one` | one network on 300 devices at once | the same on one device |

Both ways are called in turn, so that a busy machine slows both alike; what counts is the ratio of medians.
Values on 300 devices are compared with those of each device by itself before anything is timed. The networks
are objects of their own: 16 structures of timm, each read 64 times.

    python benchmarks/network_predict_speed.py
"""

from __future__ import annotations

import csv
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

import archcast
from archcast.collect.structures import structures
from archcast.core.network import Network
from archcast.featurize.encoders.networks import network_columns

RESULTS = Path(__file__).with_name("results") / "network_predict_speed.csv"
DEVICE = "pixel4-tflite2.10-1large"
NETWORKS, EACH, DEVICES, TURNS = 16, 64, 300, 200
SETTINGS = {"num_leaves": 31, "min_data_in_leaf": 1, "verbosity": -1, "num_threads": 1}
Way = Callable[[], Any]


def networks() -> list[Network]:
    """Structures of timm's networks, the ones with the fewest multiply-adds."""
    known = structures()
    records = sorted({record.key: record for record in known.of("timm")}.values(), key=lambda r: r.macs)
    return [known.network(record.key) for record in records[:NETWORKS]]


def names() -> list[str]:
    """Devices of networks that answer latency, `DEVICE` first."""
    every = [entry.device for entry in archcast.devices("network", "latency")]
    return [DEVICE, *(name for name in every if name != DEVICE)][:DEVICES]


def check(batch: list[Network], devices: list[str]) -> None:
    """Raise unless values side by side are those of each device alone."""
    together = archcast.predict(batch, devices)
    for place, device in enumerate(devices):
        np.testing.assert_array_equal(together[:, place], archcast.predict(batch, device))


def timed(way: Way, beside: Way) -> list[tuple[float, float]]:
    """Medians in ms of two ways, by the clock and of the thread's own processor time.

    They are called in turn, after a call of each that warms up.
    """
    found: tuple[list[tuple[float, float]], ...] = ([], [])
    for turn in range(TURNS + 1):
        for one, times in zip((way, beside), found, strict=True):
            start, spent = time.perf_counter(), time.thread_time()
            one()
            if turn:
                times.append((time.perf_counter() - start, time.thread_time() - spent))
    return [tuple(1000 * statistics.median(side) for side in zip(*times, strict=True)) for times in found]


def cases() -> dict[str, tuple[Way, str, Way]]:
    """Row -> the way, the alternative's name, and the alternative."""
    made, devices = networks(), names()
    check(made, devices)
    batch = [replace(network) for _ in range(EACH) for network in made]
    archcast.predict(batch, devices)
    archcast.predict(batch, DEVICE)
    columns = np.asarray(network_columns(made), dtype=np.float64)
    values = np.log(archcast.predict(made, DEVICE))
    booster = lightgbm.train(SETTINGS, lightgbm.Dataset(columns, values), num_boost_round=300)
    ready = np.tile(columns, (EACH, 1))
    return {
        "known": (
            lambda: archcast.predict(batch, DEVICE),
            "LightGBM, 300 trees, on ready columns",
            lambda: booster.predict(ready, num_threads=1),
        ),
        "devices": (
            lambda: archcast.predict(batch, devices),
            "one device",
            lambda: archcast.predict(batch, DEVICE),
        ),
        "one": (
            lambda: archcast.predict(batch[:1], devices),
            "one device",
            lambda: archcast.predict(batch[:1], DEVICE),
        ),
    }


def main() -> None:
    """Measure, print and write down."""
    rows = []
    for name, (way, beside, other) in cases().items():
        (own, own_spent), (alternative, alternative_spent) = timed(way, other)
        rows.append(
            {
                "row": name,
                "ms": round(own, 4),
                "alternative": beside,
                "alternative_ms": round(alternative, 4),
                "ratio": round(own / alternative, 3),
                "processor_ms": round(own_spent, 4),
                "alternative_processor_ms": round(alternative_spent, 4),
                "processors": os.cpu_count(),
                "load": round(os.getloadavg()[0], 1),
                "machine": platform.machine(),
                "python": platform.python_version(),
            }
        )
        print(rows[-1], flush=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
