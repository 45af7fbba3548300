"""How surely wrong measurements of networks of any form are found, and how often right ones are doubted.

Devices that ship play the new one, those of other hardware teach. What is measured is made up: the shipped
predictor's cost of the ten suggested networks, each disturbed by 5 %; so the figures hold for devices whose
networks cost as those of the sources do. `found` and `named` are as in `doubtful_measurements.py`. On the
devices after the first only the right measurements are tried.

    python benchmarks/doubtful_networks.py --out benchmarks/results/doubtful_networks.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from doubtful_measurements import ALL_ROWS, faults, summary

import archcast
from archcast.core.doubts import DoubtWarning

NOISE = 0.05


def trials(with_faults: int, clean: int) -> Iterator[dict[str, object]]:
    """One record a device and fault."""
    networks = archcast.suggest("network", 10)
    entries = archcast.devices(space="network", metric="latency")
    hardware = {entry.device: entry.hardware for entry in entries}
    rng = np.random.default_rng(0)
    for place, device in enumerate(rng.permutation(list(hardware)).tolist()[: with_faults + clean]):
        print(device, file=sys.stderr, flush=True)
        sources = [name for name, own in hardware.items() if own != hardware[device]]
        costs = archcast.predict(networks, device).astype(np.float64)
        costs *= np.exp(NOISE * rng.normal(size=len(costs)))
        for name, changed, bad in faults(costs, rng):
            if place >= with_faults and name != "none":
                continue
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                archcast.adapt(networks, changed, "new-device", sources=sources)
            doubts = [w.message.doubt for w in caught if isinstance(w.message, DoubtWarning)]
            items = {item for doubt in doubts for item in doubt.items}
            named = set(bad) <= items if bad else ALL_ROWS.get(name) in {doubt.kind for doubt in doubts}
            told = {"found": bool(doubts), "named": named}
            yield {"space": "network", "n": len(networks), "fault": name} | told


def main() -> None:
    """Run it and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--devices", type=int, default=12, help="Devices on which every fault is tried.")
    parser.add_argument("--clean", type=int, default=48, help="Further devices, of right measurements.")
    given = parser.parse_args()
    records = summary(list(trials(given.devices, given.clean)))
    with given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, tuple(records[0]))
        writer.writeheader()
        writer.writerows(records)


if __name__ == "__main__":
    main()
