"""How surely `archcast check` finds that a device moved, and how often it doubts a predictor that is right.

Every source device of a space plays a new one that ten random measurements teach, the others being its
sources. Other measurements of it, multiplied by `factor`, are then held against the predictor. A device whose
90 % intervals hold fewer than 80 % of all its measurements counts apart, as its predictor is not right to
begin with. HELP's test devices are left out.

    python benchmarks/check_power.py --out benchmarks/results/check_power.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from doubtful_measurements import TEST

from archcast.core.arrays import Codes, Doubles
from archcast.predictors.adapt.posterior import Adapted, adapt_to
from archcast.predictors.adapt.sources import prior_of, source_devices
from archcast.predictors.artifact.measured import Measured
from archcast.serving.checking.figures import Comparison
from archcast.serving.checking.learned import since_learned
from archcast.serving.checking.verdict import judged
from archcast.training.labels import load_labels

FACTORS = (1.0, 1.1, 1.25, 1.5)
LEARNED = 10
HOLDS = 0.8


def compared(model: Adapted, codes: Codes, values: Doubles) -> Comparison:
    """New measurements beside the predictions."""
    low, high = (ends[:, 0].astype(np.float64) for ends in model.interval(codes, 0.9))
    return Comparison(values, model.predict(codes)[:, 0].astype(np.float64), low, high, False)


def trials(space: str, sizes: list[int], draws: int) -> Iterator[dict[str, object]]:
    """One record a draw, number of new measurements and factor."""
    labels = load_labels(space, "latency", sources=["help"])
    devices = [d for d in labels.devices if d not in TEST[space] and d in source_devices(space).names]
    for device in devices:
        print(space, device, file=sys.stderr)
        prior = prior_of(space, tuple(d for d in devices if d != device))
        values = labels.values[:, labels.devices.index(device)]
        for draw in range(draws):
            rows = np.random.default_rng([draw, 11]).permutation(np.flatnonzero(np.isfinite(values)))
            old, rest = rows[:LEARNED], rows[LEARNED:]
            model = adapt_to(prior, labels.codes[old], values[old], device=device, metric="latency")
            texts = [str(code.tolist()) for code in labels.codes[old]]
            kept = Measured(tuple(texts), tuple(values[old]), tuple(model.left_out_values()))
            among = rest[:2000]
            holds = compared(model, labels.codes[among], values[among]).inside.mean() >= HOLDS
            for n in sizes:
                new = rest[:n]
                archs = [str(code.tolist()) for code in labels.codes[new]]
                for factor in FACTORS:
                    measured = factor * values[new]
                    found = compared(model, labels.codes[new], measured)
                    learned = since_learned(kept, archs, measured, found)
                    drift = None if learned is None else learned.sure
                    right, _ = judged(found, "latency", drift=drift, coverage=0.9)
                    yield {"space": space, "holds": bool(holds), "new": n, "factor": factor, "right": right}


def main() -> None:
    """Run it and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=4)
    given = parser.parse_args()
    groups: dict[tuple[object, ...], list[bool]] = {}
    for space in TEST:
        for record in trials(space, [5, 10, 20], given.draws):
            key = tuple(record[name] for name in ("space", "holds", "new", "factor"))
            groups.setdefault(key, []).append(bool(record["right"]))
    with given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("space", "intervals_hold_80", "new", "factor", "draws", "not_right"))
        for key, right in sorted(groups.items()):
            writer.writerow((*key, len(right), round(1 - float(np.mean(right)), 3)))


if __name__ == "__main__":
    main()
