"""Protocols of many measurements: a predictor learns all devices together, and ranks other rows of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from archcast.core.labels import Labels
from archcast.training.metrics import quality
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.rows import check_apart, column_of, middle_rows
from archcast.training.protocols.schema import Training
from archcast.training.train import make_predictor


def run(
    protocol: Training, families: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """One record a family and seed: Spearman and the share within 10 % of every target device."""
    labels = protocol.table.labels()
    for seed in seeds:
        check_apart(protocol.train, protocol.test, labels, seed, what="train")
    records = []
    for family in families:
        for seed in seeds:
            progress(f"{family}, seed {seed}: learning {len(labels.targets)} devices")
            records.append(_one(protocol, labels, family, seed))
    return records


def _one(protocol: Training, labels: Labels, family: str, seed: int) -> Record:
    taught = protocol.train.of(labels, seed)
    predictor = make_predictor(family, {}).fit(labels.rows(taught), seed=seed)
    tested = labels.rows(protocol.test.of(labels, seed))
    predicted = predictor.predict(tested.codes)
    record: dict[str, Any] = {"predictor": family, "seed": seed, "measured": len(taught)}
    figures = {}
    for device in protocol.target_devices:
        column = column_of(labels, device)
        kept = middle_rows(tested, column, protocol.trimmed)
        figures[device] = quality(tested.values[kept, column], predicted[kept, column])
    record |= {device: round(q["spearman"], 4) for device, q in figures.items()}
    record["mean"] = round(float(np.mean([q["spearman"] for q in figures.values()])), 4)
    return record | {f"within_10 {device}": round(q["within_10"], 4) for device, q in figures.items()}
