"""Search of a family's settings with Optuna, on a part of the training rows.

The objective is the mean Kendall correlation over targets on an inner split of the training side, made by
the same rule as the outer one: equal architectures stay together. The held-out side is never looked at.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from archcast.core.errors import ArchcastError, InputError, UnknownNameError
from archcast.core.labels import Labels
from archcast.core.optional import require
from archcast.predictors import PREDICTORS
from archcast.training.fit import fit
from archcast.training.splits import Split, group_split
from archcast.training.sweep_ranges import RANGES, SEARCHED_ROWS, Range
from archcast.training.train import make_predictor

INNER_HELD_OUT = 0.2
OBJECTIVE = "kendall"


@dataclass(frozen=True, slots=True)
class Trial:
    """One choice of settings and what came of it.

    Attributes:
        settings: those that were searched.
        quality: figures on the inner split, each the mean over targets; empty when it failed.
        failure: why it failed, or nothing.
        rows: architectures that it was fitted to.
    """

    number: int
    settings: Mapping[str, Any]
    quality: Mapping[str, float]
    seconds: float
    failure: str = ""
    rows: int = 0

    @property
    def score(self) -> float:
        """What is maximised; below every correlation when it failed."""
        return self.quality.get(OBJECTIVE, -float("inf"))


@dataclass(frozen=True, slots=True)
class Search:
    """A finished search.

    Attributes:
        fixed: settings that were given and not searched.
        trials: in order; the first has the family's defaults.
    """

    family: str
    fixed: Mapping[str, Any]
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The trial of highest objective, the first of equals."""
        return max(self.trials, key=lambda trial: trial.score)

    @property
    def decided(self) -> bool:
        """Whether trials that ended differ in any figure; where none do, the search says nothing."""
        ended = [trial.quality for trial in self.trials if not trial.failure]
        return any(quality != ended[0] for quality in ended[1:])

    @property
    def settings(self) -> dict[str, Any]:
        """What to fit with: the best settings and the fixed ones."""
        return {**self.best.settings, **self.fixed}


def search_settings(
    family: str,
    labels: Labels,
    split: Split,
    *,
    trials: int,
    seed: int = 0,
    fixed: Mapping[str, Any] | None = None,
    on_trial: Callable[[Trial], None] = lambda trial: None,
) -> Search:
    """Search the settings of `family` by tree-structured Parzen estimators (Bergstra et al., NeurIPS 2011).

    Args:
        split: only its training side is used, and split anew; a trial of a slow family is fitted to at most
            `SEARCHED_ROWS` of it.
        trials: how many are fitted, the family's defaults first.
        seed: of the inner split, of the sampler and of every fit.
        fixed: settings that keep a value.
        on_trial: called after each.

    Raises:
        UnknownNameError: no such family, or one with nothing to search; lists those that have.
        InputError: fewer than one trial; nothing left to search; or every trial failed.
    """
    if trials < 1:
        raise InputError(f"trials must be at least 1, got {trials}")
    ranges = searched_ranges(family, fixed or {})
    taught = labels.rows(split.train)
    most = SEARCHED_ROWS.get(family)
    inner = group_split(taught, held_out=INNER_HELD_OUT, rows=most, seed=seed + 1)
    done: list[Trial] = []

    def objective(asked: Any) -> float:
        chosen = {name: searched.suggest(asked, name) for name, searched in ranges.items()}
        done.append(_try(family, {**chosen, **(fixed or {})}, chosen, taught, inner, seed, asked.number))
        on_trial(done[-1])
        return done[-1].score if not done[-1].failure else float("nan")

    with _quiet_optuna() as optuna:
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
        study.enqueue_trial(_defaults(family, ranges))
        study.optimize(objective, n_trials=trials)
    if all(trial.failure for trial in done):
        raise InputError(f"every trial of {family} failed, the first because {done[0].failure}")
    return Search(family, dict(fixed or {}), tuple(done))


def searched_ranges(family: str, fixed: Mapping[str, Any]) -> dict[str, Range]:
    """Settings of a family that are left to search.

    Raises:
        UnknownNameError: no such family or setting, or a family with nothing to search.
        InputError: a fixed setting of the wrong type, or nothing left.
    """
    make_predictor(family, fixed)
    if family not in RANGES:
        raise UnknownNameError("predictor to search the settings of", family, RANGES)
    ranges = {name: searched for name, searched in RANGES[family].items() if name not in fixed}
    if not ranges:
        raise InputError(f"a sweep of {family} must leave one of {', '.join(RANGES[family])} open")
    return ranges


def _try(
    family: str,
    settings: Mapping[str, Any],
    chosen: Mapping[str, Any],
    taught: Labels,
    inner: Split,
    seed: int,
    number: int,
) -> Trial:
    """Fit once and measure on the inner split; a mistake in the settings is kept as a failure."""
    start = time.perf_counter()
    quality: dict[str, float] = {}
    failure = ""
    try:
        fitted = fit(make_predictor(family, settings), taught, inner, seed=seed)
        quality = {name: value for name, value in fitted.mean_quality.items() if name != "rows"}
    except ArchcastError as error:
        failure = str(error)
    return Trial(number, chosen, quality, time.perf_counter() - start, failure, len(inner.train))


def _defaults(family: str, ranges: Mapping[str, Range]) -> dict[str, Any]:
    """The family's own settings as the ranges have them."""
    config = asdict(PREDICTORS[family].Config())
    return {name: _as_set(config[name]) for name in ranges}


def _as_set(value: Any) -> Any:
    """A setting as `archcast train --set` takes it, where it is no number."""
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else value


@contextmanager
def _quiet_optuna() -> Iterator[Any]:
    """Optuna with its messages held back; its level is given back afterwards."""
    optuna = require("optuna", extra="train", purpose="a sweep of settings")
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        yield optuna
    finally:
        optuna.logging.set_verbosity(before)
