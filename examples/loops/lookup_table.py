"""A look-up table of operator latencies, and the one line that puts archcast in its place.

Method: random search under a latency limit, as search loops with a look-up table do it (the table of
FBNet: Wu et al., CVPR 2019). A table adds up operators that were measured alone; archcast was fitted to whole
networks, so it also knows what operators cost beside one another.
Left out: everything but the cost; among networks within the limit the one with most MACs is taken.

    python examples/loops/lookup_table.py                       # archcast
    python examples/loops/lookup_table.py --table mine.csv      # layer,choice,ms: your own table
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

import archcast

SPACE, DEVICE = "fbnet", "raspi4"
Cost = Callable[[np.ndarray], np.ndarray]
"""Codes (n, 22) to milliseconds (n,)."""


def table_cost(file: Path) -> Cost:
    """What is replaced: a table of a column a layer, and a sum."""
    table = np.full((22, 9), np.nan)
    with file.open(newline="") as rows:
        for row in csv.DictReader(rows):
            table[int(row["layer"]), int(row["choice"])] = float(row["ms"])
    return lambda codes: table[np.arange(22), codes].sum(axis=1)


def archcast_cost(codes: np.ndarray) -> np.ndarray:
    """The one line."""
    return archcast.predict(codes, DEVICE, space=SPACE)


def search(cost: Cost, *, limit_ms: float, n: int, seed: int = 0) -> tuple[list[int], float, float]:
    """The network of most MACs within the limit, its MACs and its milliseconds."""
    codes = archcast.spaces(SPACE).sample(n, seed=seed)
    latency_ms = cost(codes)
    within = np.flatnonzero(latency_ms <= limit_ms)
    if len(within) == 0:
        raise SystemExit(f"limit must be at least {latency_ms.min():.1f} ms, the least that was found")
    found = archcast.features(codes[within], SPACE)
    macs = found.values[:, found.names.index("macs")]
    best = within[macs.argmax()]
    return codes[best].tolist(), float(macs.max()), float(latency_ms[best])


def main(limit_ms: float = 25.0, n: int = 5000, table: Path | None = None) -> tuple[list[int], float, float]:
    """Search and print."""
    cost = archcast_cost if table is None else table_cost(table)
    arch, macs, ms = search(cost, limit_ms=limit_ms, n=n)
    print(f"{ms:.2f} ms, {macs / 1e6:.0f} million MACs: {arch}")
    return arch, macs, ms


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--table", type=Path)
    words.add_argument("--limit-ms", type=float, default=25.0)
    given = words.parse_args()
    main(given.limit_ms, table=given.table)
