"""Rows a second of `archcast score` with the local engine and with Ray Data on one machine, in one run.

Ray is started first and its start is told apart; the engines then take turns over the same draws. The values
of both must be equal, row by row. Ray's first turn also starts its workers, which import archcast.

    python benchmarks/score_engines.py --out benchmarks/results/score_engines.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import tempfile
import time
from pathlib import Path

os.environ.setdefault("RAY_worker_niceness", "0")  # else Ray yields to whatever else the machine does

import ray
from pyarrow import parquet

from archcast.serving.scale import Drawn, score

CASES = (("fbnet", "raspi4"), ("ofa_mbv3", "v100_64"))
ENGINES = ("local", "ray")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--turns", type=int, default=2)
    chosen = arguments.parse_args()
    start = time.perf_counter()
    ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray_start_s = time.perf_counter() - start
    rows = []
    for space, device in CASES:
        with tempfile.TemporaryDirectory() as place:
            taken = timed(Path(place), space, device, chosen.rows, chosen.turns)
        best = {engine: min(found) for engine, found in taken.items()}
        for engine in ENGINES:
            rows.append(
                {
                    "space": space,
                    "device": device,
                    "rows": chosen.rows,
                    "engine": engine,
                    "seconds_of_turns": " ".join(f"{s:.2f}" for s in taken[engine]),
                    "rows_per_s": round(chosen.rows / best[engine]),
                    "times_local": round(best["local"] / best[engine], 3),
                    "ray_start_s": round(ray_start_s, 1),
                    "processors": len(os.sched_getaffinity(0)),
                    "load_1min": round(os.getloadavg()[0], 1),
                    "machine": platform.machine(),
                    "python": platform.python_version(),
                    "ray": ray.__version__,
                    "date": time.strftime("%Y-%m-%d"),
                }
            )
            print(" ".join(f"{k}={v}" for k, v in rows[-1].items()), flush=True)
    ray.shutdown()
    if chosen.out:
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def timed(place: Path, space: str, device: str, n: int, turns: int) -> dict[str, list[float]]:
    """Seconds of each engine's turns, after a check that they give the same values."""
    taken: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    for turn in range(turns):
        for engine in ENGINES:
            folder = place / f"{engine}-{turn}"
            start = time.perf_counter()
            score(Drawn(space, n, seed=1), folder, space=space, device=device, engine=engine)
            taken[engine].append(time.perf_counter() - start)
    local, other = (parquet.read_table(sorted((place / f"{e}-0").glob("*.parquet"))) for e in ENGINES)
    if not local.equals(other):
        raise SystemExit(f"the engines must give the same values, and do not for {space}")
    return taken


if __name__ == "__main__":
    main()
