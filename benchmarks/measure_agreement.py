"""How well two passes over the same networks agree on this machine.

Each pass starts a runner of its own and measures the same 50 NAS-Bench-201 networks in another order. What
counts is the median difference, the share within 2 %, and Spearman's correlation; the machine, its load
and the sentinels' noise floor are told beside them.

    python benchmarks/measure_agreement.py --out benchmarks/results/measure_agreement.csv
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from archcast.cli.networks import chosen_networks
from archcast.collect.measure.host import host_device, measure_host
from archcast.collect.measure.request import make_request
from archcast.collect.measure.timing import TimingSettings
from archcast.featurize.spaces import SPACES

CLOCKS = ("processor_ms", "wall_ms")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--space", default="nasbench201")
    arguments.add_argument("--n", type=int, default=50)
    arguments.add_argument("--device", default="this-host-ort-1t")
    arguments.add_argument("--rounds", type=int, default=TimingSettings().rounds)
    arguments.add_argument("--out", type=Path)
    chosen = arguments.parse_args()
    space = SPACES[chosen.space]
    codes = chosen_networks(space, chosen.n, None, seed=0)
    passes = [measured(space.name, codes, chosen.device, chosen.rounds, seed) for seed in (1, 2)]
    rows = compared(*passes)
    for line in summary(rows, passes):
        print(line)
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def measured(space: str, codes: object, device: str, rounds: int, seed: int) -> dict[str, dict]:
    """Architecture -> its row, with the environment decoded."""
    began = time.monotonic()
    settings = TimingSettings(rounds=rounds, seed=seed)
    request = make_request(space, codes, device=host_device(device))
    found = {row["arch"]: row for row in measure_host(request, settings=settings)}
    failed = [row["note"] for row in found.values() if row["status"] != "ok"]
    if failed:
        raise SystemExit(f"{len(failed)} networks failed, the first: {failed[0]}")
    print(f"pass with seed {seed}: {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.2f}")
    return {arch: row | {"environment": json.loads(row["environment"])} for arch, row in found.items()}


def compared(first: dict[str, dict], second: dict[str, dict]) -> list[dict]:
    rows = []
    for arch, a in first.items():
        b = second[arch]
        rows.append(
            {
                "arch": arch,
                "device": a["device"],
                "clock": a["environment"]["clock"],
                "first_ms": f"{a['value']:.5g}",
                "second_ms": f"{b['value']:.5g}",
                "first_spread_ms": f"{a['spread']:.3g}",
                "second_spread_ms": f"{b['spread']:.3g}",
                "first_wall_ms": a["environment"]["wall_ms"],
                "second_wall_ms": b["environment"]["wall_ms"],
                "first_over_limit": a["environment"]["over_spread_limit"],
                "second_over_limit": b["environment"]["over_spread_limit"],
                "load_average": b["environment"]["load_average"][0],
                "processor": a["environment"]["processor"],
                "runtime": a["environment"]["runtime"],
            }
        )
    return rows


def summary(rows: list[dict], passes: list[dict[str, dict]]) -> list[str]:
    lines = []
    for clock in CLOCKS:
        a, b = (np.array([p[r["arch"]]["environment"][clock] for r in rows]) for p in passes)
        off = 100 * np.abs(a - b) / np.minimum(a, b)
        lines.append(
            f"{clock}: median difference {np.median(off):.2f} %, 90th percentile "
            f"{np.percentile(off, 90):.2f} %, within 2 % {np.mean(off <= 2):.0%}, "
            f"Spearman {spearmanr(a, b).statistic:.4f}"
        )
    for i, found in enumerate(passes, 1):
        facts = [row["environment"] for row in found.values()]
        noise = np.median([f["noise_floor_percent"] for f in facts])
        over = np.mean([f["over_spread_limit"] for f in facts])
        again = np.mean([f["measured_again"] for f in facts])
        lines.append(
            f"pass {i}: noise floor {noise:.2f} %, measured again {again:.0%}, over the limit {over:.0%}"
        )
    return lines


if __name__ == "__main__":
    main()
