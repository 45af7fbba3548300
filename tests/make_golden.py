"""Writes `golden.csv` anew: what the shipped predictors answer for a few architectures, with intervals.

To be run when a shipped predictor was replaced, and only then:

    python tests/make_golden.py
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import archcast
from archcast.collect.structures import structures

GOLDEN = Path(__file__).parent / "serving" / "golden.csv"
NAMES = ("space", "metric", "device", "dataset", "number", "value", "low", "high")
NETWORKS = ("mobilenet_w1", "resnet18")
_SEED, _EACH, _COVERAGE = 11, 2, 0.9


def answers() -> Iterator[tuple[str, ...]]:
    """A row for each shipped entry and architecture, which is told by its place in a fixed sample."""
    known = structures()
    networks = [known.network(r) for r in known.of("mobile_ml_bench") if r.name in NETWORKS]
    for entry in archcast.devices():
        any_network = entry.space == "network"
        batch = networks if any_network else archcast.spaces(entry.space).sample(_EACH, seed=_SEED)
        asked = {"metric": entry.metric, "space": entry.space}
        if not any_network:
            asked["dataset"] = entry.dataset
        values = archcast.predict(batch, entry.device, **asked)
        low, high = archcast.predict_interval(batch, entry.device, coverage=_COVERAGE, **asked)
        for number, figures in enumerate(zip(values, low, high, strict=True)):
            yield (
                *(entry.space, entry.metric, entry.device, entry.dataset, str(number)),
                *(f"{figure:.9g}" for figure in figures),
            )


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["ARCHCAST_HOME"] = home
        with GOLDEN.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(NAMES)
            writer.writerows(answers())


if __name__ == "__main__":
    main()
