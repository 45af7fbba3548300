"""What a sweep tries: a range for each setting that is worth searching, one table a family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Among:
    """One of some texts, as `archcast train --set` takes them."""

    choices: tuple[str, ...]

    def suggest(self, trial: Any, name: str) -> str:
        """Ask an Optuna trial for a value."""
        return str(trial.suggest_categorical(name, self.choices))


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number, low and high included."""

    low: int
    high: int
    log: bool = False

    def suggest(self, trial: Any, name: str) -> int:
        """Ask an Optuna trial for a value."""
        return int(trial.suggest_int(name, self.low, self.high, log=self.log))


@dataclass(frozen=True, slots=True)
class Real:
    """A number, low and high included."""

    low: float
    high: float
    log: bool = False

    def suggest(self, trial: Any, name: str) -> float:
        """Ask an Optuna trial for a value."""
        return float(trial.suggest_float(name, self.low, self.high, log=self.log))


Range = Among | Whole | Real
_PIECES = Among(("decisions", "features", "terms", "decisions,features", "terms,features"))

RANGES: Mapping[str, Mapping[str, Range]] = {
    "lookup": {"ridge": Real(1e-6, 10.0, log=True)},
    "linear": {"pieces": _PIECES},
    "additive": {
        "pieces": Among(("terms", "decisions", "terms,decisions", "terms,features")),
        "passes": Whole(1, 30, log=True),
        "tuning": Real(1.0, 5.0),
    },
    "lightgbm": {
        "pieces": _PIECES,
        "rounds": Whole(100, 1000, log=True),
        "learning_rate": Real(0.01, 0.2, log=True),
        "num_leaves": Whole(4, 64, log=True),
        "min_data_in_leaf": Whole(2, 40, log=True),
        "feature_fraction": Real(0.3, 1.0),
        "bagging_fraction": Real(0.5, 1.0),
        "lambda_l2": Real(1e-3, 30.0, log=True),
    },
    "mlp": {
        "corrects": Among(("true", "false")),
        "pieces": _PIECES,
        "hidden": Whole(32, 256, log=True),
        "epochs": Whole(40, 200, log=True),
        "batch": Whole(32, 256, log=True),
        "rate": Real(5e-4, 1e-2, log=True),
        "decay": Real(1e-3, 1.0, log=True),
        "dropout": Real(0.0, 0.3),
        "huber": Real(0.05, 1.0, log=True),
    },
    "gnn": {
        "hidden": Whole(32, 128, log=True),
        "layers": Whole(1, 5),
        "epochs": Whole(30, 120, log=True),
        "learning_rate": Real(5e-4, 1e-2, log=True),
        "weight_decay": Real(1e-3, 3.0, log=True),
        "dropout": Real(0.0, 0.3),
        "huber": Real(0.05, 1.0, log=True),
    },
}
"""Family -> setting -> range. A family's defaults lie inside, because they are tried first.

Where the sum that `mlp` corrects is as good alone, its gate stays shut and settings of the network change
nothing; `corrects` is among the ranges so that such a sweep still compares two answers.
"""

SEARCHED_ROWS: Mapping[str, int] = {"mlp": 2000, "gnn": 1000}
"""Rows that a trial is fitted to at most, of families that take minutes on whole tables."""
