"""What a run in MLflow says of a fitted predictor: the same names everywhere, so that runs compare.

`mlflow/README.md` lists the names.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from archcast.core.labels import Labels, target_key
from archcast.core.version import VERSION
from archcast.featurize.spaces import SPACES
from archcast.training.coverage import COVERAGE, interval_coverage, level
from archcast.training.fit import Fitted
from archcast.training.splits import Folds, Split

SWEEP_TAG = "archcast.sweep"
"""Tag of a run that was fitted with a sweep's best settings: the parent run's identifier."""
MERITS = ("mean.spearman", "folds.mean.spearman")
"""The metrics by which runs are promoted; a run has one of them."""
_DIGEST_LENGTH = 32
_DIGITS = 5
"""Behind the point of a figure of merit: what a column of MLflow's table shows whole."""


def tags(fitted: Fitted, labels: Labels, evidence: Split | Folds) -> dict[str, str]:
    """What a run is searched by, and what promotion reads."""
    return quantity_tags(labels, evidence, fitted.predictor.family) | {
        "archcast.model": model_name(labels),
        "mlflow.note.content": fitted.card.title,
    }


def quantity_tags(labels: Labels, evidence: Split | Folds, family: str) -> dict[str, str]:
    """What is predicted, from which values, by which family; also on the runs of a sweep."""
    return {
        "archcast.space": labels.space,
        "archcast.metric": labels.metric,
        "archcast.predictor": family,
        "archcast.device": ",".join(dict.fromkeys(labels.devices)),
        "archcast.dataset": labels.dataset,
        "archcast.version": VERSION,
        "archcast.split": evidence.rule,
        "archcast.labels": labels_digest(labels),
        "mlflow.source.name": "archcast",
        "mlflow.source.type": "LOCAL",
    }


def run_name(family: str, labels: Labels, rows: int, *, swept: bool = False) -> str:
    """Predictor, device and rows, in few letters; and whether its settings are from a sweep."""
    return f"{family} {device_said(labels)} {rows}" + (" swept" if swept else "")


def parameters(fitted: Fitted, labels: Labels, evidence: Split | Folds, *, seed: int) -> dict[str, str]:
    """Settings of a run, those of the family under `config.`."""
    family = fitted.predictor.family
    return quantity_parameters(labels, evidence, family, seed=seed) | config_parameters(
        asdict(fitted.predictor.config)
    )


def quantity_parameters(labels: Labels, evidence: Split | Folds, family: str, *, seed: int) -> dict[str, str]:
    """What every run of a predictor has, whatever its settings."""
    rows = (
        {"rows": len(evidence.train), "held_out_rows": len(evidence.test)}
        if isinstance(evidence, Split)
        else {"rows": len(evidence.fold), "folds": evidence.count}
    )
    return {
        "predictor": family,
        "space": labels.space,
        "metric": labels.metric,
        "dataset": labels.dataset,
        "device": device_said(labels),
        "seed": str(seed),
        "split": evidence.rule,
        **{name: str(value) for name, value in rows.items()},
    }


def config_parameters(settings: Mapping[str, object]) -> dict[str, str]:
    """Settings of a family, as `config.NAME`; values that are no text are JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in _flattened("config", settings)
    }


def merits(fitted: Fitted, evidence: Split | Folds, *, fit_seconds: float | None = None) -> dict[str, float]:
    """Figures of merit on the held-out rows: `mean.spearman`, and `spearman/<device>` for each target.

    Those of folds are `folds.mean.spearman` and `folds.spearman/<device>`: they are no figures on rows that
    the predictor has not seen, and never stand in a column with such.

    Beside the card's figures, `coverage_90` is the cross-fitted coverage of 90 % intervals, where there
    are rows enough to tell.
    """
    names = list(fitted.card.quality)
    covered = interval_coverage(fitted)[level(COVERAGE)]
    known = {name: float(c) for name, c in zip(names, covered, strict=True) if np.isfinite(c)}
    figures = {f"mean.{name}": value for name, value in fitted.mean_quality.items() if name != "rows"}
    if known:
        figures["mean.coverage_90"] = float(np.mean(list(known.values())))
    for target, quality in fitted.card.quality.items():
        figures |= {f"{name}/{accepted(target)}": value for name, value in quality.items()}
        if target in known:
            figures[f"coverage_90/{accepted(target)}"] = known[target]
    if isinstance(evidence, Folds):
        figures = {f"folds.{name}": value for name, value in figures.items()}
    figures = {name: round(value, _DIGITS) for name, value in figures.items()}
    return figures if fit_seconds is None else figures | {"fit_seconds": float(fit_seconds)}


def model_name(labels: Labels) -> str:
    """Name in the model registry: `space.metric`, with `.device` when there is one device.

    Predictions for another data set than the space's first are other quantities, so its name follows.
    """
    parts = [labels.space, labels.metric]
    if len(labels.targets) == 1:
        parts.append(labels.devices[0])
    if labels.dataset != SPACES[labels.space].check_dataset(None) and labels.dataset not in parts:
        parts.append(labels.dataset)
    return ".".join(accepted(part).replace("/", "-") for part in parts)


def labels_digest(labels: Labels) -> str:
    """32 hexadecimal digits that stand for architectures, targets and values together."""
    head = [labels.space, labels.metric, labels.dataset, [[t.device, t.dataset] for t in labels.targets]]
    hashed = hashlib.sha256(json.dumps(head).encode())
    hashed.update(np.ascontiguousarray(labels.codes, dtype="<i1").tobytes())
    # One bit pattern for "no measurement", whichever NaN it came as, and for zero.
    values = np.where(np.isnan(labels.values), np.nan, labels.values) + 0.0
    hashed.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return hashed.hexdigest()[:_DIGEST_LENGTH]


def devices_said(targets: tuple[Any, ...]) -> str:
    """The one target's name, or how many there are."""
    return target_key(targets[0]) if len(targets) == 1 else f"{len(targets)} devices"


def device_said(labels: Labels) -> str:
    """The one device, or how many targets there are: what fits into a column."""
    return labels.devices[0] if len(labels.targets) == 1 else devices_said(labels.targets)


def accepted(name: str) -> str:
    """`name` with characters that MLflow refuses in names of metrics replaced."""
    return re.sub(r"[^\w\-. /]", "_", name)


def _flattened(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flattened(f"{prefix}.{name}", inner)
    else:
        yield prefix, value
