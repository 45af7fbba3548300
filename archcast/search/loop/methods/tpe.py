"""Tree-structured Parzen estimator (Bergstra et al., 2011), by Optuna, with its handling of limits.

It models every decision anew for each proposal: milliseconds an evaluation, where other methods take
microseconds. It is for scores that are dear themselves.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from archcast.core.optional import require
from archcast.search.loop.methods.base import EXTRA, METHODS, Method, Task

_ASKED = 10
"""Proposals that are scored together."""


def tpe(task: Task) -> None:
    """Ask and tell until the search is over."""
    optuna: Any = require("optuna", extra=EXTRA, purpose="tpe")
    tops = task.genome.cardinalities
    names = task.genome.names
    choices = {
        name: optuna.distributions.CategoricalDistribution(range(int(top)))
        for name, top in zip(names, tops, strict=True)
    }
    with _quiet(optuna):
        study = optuna.create_study(
            directions=["minimize"] * len(task.evaluate.problem.goals), sampler=_sampler(optuna, task)
        )
        for genes in task.start:
            study.enqueue_trial(dict(zip(names, genes.tolist(), strict=True)))
        while True:
            trials = [study.ask(choices) for _ in range(_ASKED)]
            genes = np.array([[trial.params[name] for name in names] for trial in trials], dtype=np.int64)
            scores = task.scores(genes)
            for trial, cost, excess in zip(trials, scores.costs, scores.excess, strict=True):
                for limit, broken in zip(task.evaluate.problem.limits, excess.tolist(), strict=True):
                    trial.set_constraint(limit.text, broken)
                study.tell(trial, cost.tolist())


def _sampler(optuna: Any, task: Task) -> Any:
    return optuna.samplers.TPESampler(
        seed=task.seed, multivariate=True, constant_liar=True, n_startup_trials=min(task.population, 50)
    )


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Hold back what Optuna says of studies and of options it calls experimental."""
    before = optuna.logging.get_verbosity()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            yield
        finally:
            optuna.logging.set_verbosity(before)


METHODS.register("tpe", Method("tpe", tpe, several_goals=True))
