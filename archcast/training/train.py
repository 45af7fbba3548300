"""One training run from names: labels, split, fit, measure, track."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.labels import Labels
from archcast.predictors import PREDICTORS, Predictor
from archcast.training.fit import Fitted, fit
from archcast.training.labels import load_labels
from archcast.training.splits import Split, group_split


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What a training run made.

    Attributes:
        seconds: time that fitting took.
    """

    fitted: Fitted
    labels: Labels
    split: Split
    seed: int
    seconds: float


def train(
    space: str,
    metric: str = "latency",
    *,
    predictor: str = "lightgbm",
    devices: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    rows: int | None = None,
    held_out: float = 0.2,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> TrainingRun:
    """Fit a predictor to public measurements and measure it on held-out architectures.

    Args:
        predictor: family, as `PREDICTORS` names it.
        devices, datasets, sources: see `load_labels`.
        rows: train on at most this many architectures.
        held_out: share of the groups of equal architectures that test.
        settings: of the family's configuration, by name; others keep their defaults.

    Raises:
        UnknownNameError: no such family, setting, device or table.
        InputError: a setting of the wrong type, or a split with an empty side.
    """
    unfitted = make_predictor(predictor, settings or {})
    labels, split = load_split(
        space,
        metric,
        devices=devices,
        datasets=datasets,
        sources=sources,
        rows=rows,
        held_out=held_out,
        seed=seed,
    )
    return fit_run(unfitted, labels, split, seed=seed)


def load_split(
    space: str,
    metric: str,
    *,
    devices: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    rows: int | None = None,
    held_out: float = 0.2,
    seed: int = 0,
) -> tuple[Labels, Split]:
    """Labels and their split, as `train` takes them."""
    labels = load_labels(space, metric, devices=devices, datasets=datasets, sources=sources)
    return labels, group_split(labels, held_out=held_out, rows=rows, seed=seed)


def fit_run(predictor: Predictor, labels: Labels, split: Split, *, seed: int) -> TrainingRun:
    """Fit a predictor and take the time."""
    start = time.perf_counter()
    fitted = fit(predictor, labels, split, seed=seed)
    return TrainingRun(fitted, labels, split, seed, time.perf_counter() - start)


def make_predictor(family: str, settings: Mapping[str, Any]) -> Predictor:
    """An unfitted predictor with some settings changed; texts are read as the default's type."""
    if family not in PREDICTORS or not PREDICTORS[family].learns:
        raise UnknownNameError("predictor to train", family, learning_families())
    kind = PREDICTORS[family]
    defaults = {f.name: getattr(kind.Config(), f.name) for f in fields(kind.Config)}
    chosen = {}
    for name, value in settings.items():
        if name not in defaults:
            raise UnknownNameError(f"setting of {family}", name, defaults)
        chosen[name] = _typed(f"{family}.{name}", value, defaults[name])
    return kind(kind.Config(**chosen))


def learning_families() -> list[str]:
    """Families that are fitted to labels."""
    return [name for name in PREDICTORS if PREDICTORS[name].learns]


def _typed(name: str, value: Any, default: Any) -> Any:
    """`value` as the type of `default`, from text where it is text."""
    if isinstance(default, tuple):
        entries = value.split(",") if isinstance(value, str) else value
        return tuple(_typed(name, entry, default[0]) for entry in entries)
    kind = type(default)
    if kind is bool:
        if str(value).lower() not in ("true", "false"):
            raise InputError(f"{name} must be true or false, got {shorten(value)}")
        return str(value).lower() == "true"
    try:
        typed = kind(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be of type {kind.__name__}, got {shorten(value)}") from None
    if kind is int and not isinstance(value, str) and typed != value:
        raise InputError(f"{name} must be a whole number, got {shorten(value)}")
    return typed
