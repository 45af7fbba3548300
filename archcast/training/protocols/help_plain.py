"""`help-nasbench201-900`: predictors trained on 900 measurements of each device, ranked by HELP's rule.

Training: NAS-Bench-201 architectures 0 to 899 of every device of HELP (Lee et al., NeurIPS 2021); a
predictor may learn all devices together. Test: architectures 900 to 1899 of each of HELP's six test
devices, less the slowest and fastest tenth of that device, so 800. Figures: Spearman, and the share
within 10 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.labels import Labels
from archcast.training.labels import load_labels
from archcast.training.metrics import quality
from archcast.training.protocols.base import PROTOCOLS, Progress, Protocol, ProtocolResult, Record
from archcast.training.train import make_predictor

TEST_DEVICES = ("titan_rtx_256", "gold_6226", "fpga", "pixel2", "raspi4", "eyeriss")
TRAINING_ROWS = np.arange(900)
TEST_ROWS = np.arange(900, 1900)
TRIMMED_SHARE = 0.1


def _run(predictors: Sequence[str], seeds: Sequence[int], progress: Progress) -> ProtocolResult:
    labels = load_labels("nasbench201", "latency", sources=["help"])
    records = []
    for family in predictors:
        for seed in seeds:
            progress(f"{family}, seed {seed}: learning {len(labels.targets)} devices")
            records.append(_one(labels, family, seed))
    return ProtocolResult(HELP_PLAIN.name, tuple(records), PUBLISHED)


def _one(labels: Labels, family: str, seed: int) -> Record:
    predictor = make_predictor(family, {}).fit(labels.rows(TRAINING_ROWS), seed=seed)
    tested = labels.rows(TEST_ROWS)
    predicted = predictor.predict(tested.codes)
    record: dict[str, Any] = {"predictor": family, "seed": seed, "measured": len(TRAINING_ROWS)}
    found = {}
    for device in TEST_DEVICES:
        column = labels.devices.index(device)
        kept = middle_rows(tested, column)
        found[device] = quality(tested.values[kept, column], predicted[kept, column])
    record |= {device: round(q["spearman"], 4) for device, q in found.items()}
    record["mean"] = round(float(np.mean([q["spearman"] for q in found.values()])), 4)
    return record | {f"within_10 {device}": round(q["within_10"], 4) for device, q in found.items()}


def middle_rows(labels: Labels, column: int) -> Ints:
    """Rows left when the slowest and fastest tenth of a device are set aside, as HELP does.

    A glitch, which has no value, counts among the fastest: it was published as a time near zero.
    """
    order = np.argsort(np.nan_to_num(labels.values[:, column], nan=0.0), kind="stable")
    cut = round(TRIMMED_SHARE * len(order))
    return np.sort(order[cut : len(order) - cut])


def _published(name: str, measured: int, figures: Sequence[float], source: str) -> Record:
    return {
        "predictor": name,
        "measured": measured,
        **dict(zip((*TEST_DEVICES, "mean"), figures, strict=True)),
        "source": source,
    }


HELP_PAPER = "Lee et al., HELP, NeurIPS 2021"
PUBLISHED = (
    _published("FLOPs", 0, (0.950, 0.826, 0.900, 0.765, 0.846, 0.437, 0.787), HELP_PAPER),
    _published("BRP-NAS", 900, (0.814, 0.796, 0.801, 0.666, 0.847, 0.811, 0.789), HELP_PAPER),
    _published("BRP-NAS", 3200, (0.822, 0.805, 0.828, 0.693, 0.853, 0.830, 0.805), HELP_PAPER),
    _published("HELP", 20, (0.987, 0.989, 0.985, 0.802, 0.890, 0.940, 0.932), HELP_PAPER),
)

HELP_PLAIN = Protocol(
    name="help-nasbench201-900",
    title="NAS-Bench-201 latency from 900 measurements a device",
    predictors=("flops", "lookup", "linear", "lightgbm", "additive", "mlp", "gnn"),
    run=_run,
)
PROTOCOLS.register(HELP_PLAIN.name, HELP_PLAIN)
