"""What each decision adds to a prediction, in the metric's unit; baseline and contributions sum to it.

| method | for | contributions | baseline |
|---|---|---|---|
| additive | sums over decisions in the metric's own unit | each term less its mean over the space | mean |
| trees | LightGBM | its own, see `archcast.search.explain.model` | of the trees |
| exact | spaces that can be looked at whole | Shapley values by every coalition | mean over the space |
| sampling | all others | Shapley values by permutations, with errors | mean over the networks drawn |
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.arrays import Arch, Codes
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces.catalog import given
from archcast.search.explain.model import additive_shares, is_additive, is_trees, tree_shares
from archcast.search.explain.shapley import Shares, can_enumerate, exact_shares, sampled_shares
from archcast.search.records_file import write
from archcast.serving import LoadedPredictor, load

METHODS = ("additive", "trees", "exact", "sampling")
PAIRS = 1_000


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one decision adds, and the standard error of that; 0 where nothing was drawn.

    Attributes:
        choice: what the architecture has there.
    """

    decision: str
    choice: str
    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A prediction as baseline and contributions, in the metric's unit.

    Attributes:
        value: the prediction; equal to the baseline and all contributions together.
        baseline: what is predicted before anything is known of the architecture.
        method: one of `METHODS`.
    """

    arch: str
    space: str
    device: str
    metric: str
    dataset: str
    predictor: str
    method: str
    value: float
    baseline: float
    contributions: tuple[Contribution, ...]

    @property
    def unit(self) -> str:
        """Unit of all values."""
        return METRICS[self.metric].unit

    def records(self) -> list[dict[str, Any]]:
        """One record a decision, the largest first, between baseline and prediction."""
        ordered = sorted(self.contributions, key=lambda c: -abs(c.value))
        rows = [("baseline", "", self.baseline, 0.0)]
        rows += [(c.decision, c.choice, c.value, c.error) for c in ordered]
        rows.append(("prediction", "", self.value, 0.0))
        names = ("decision", "choice", self.unit, "error")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON types; decisions in the space's order."""
        names = ("arch", "space", "device", "metric", "unit", "dataset", "predictor", "method")
        head = {name: getattr(self, name) for name in names}
        rows = [
            {"decision": c.decision, "choice": c.choice, "value": c.value, "error": c.error}
            for c in self.contributions
        ]
        return head | {"value": self.value, "baseline": self.baseline, "contributions": rows}

    def save(self, path: str | Path) -> None:
        """Write a `.csv` or a `.json`.

        Raises:
            InputError: another ending, or the file cannot be written.
        """
        write(path, self.records(), self.to_json(), what="an explanation")


def explain(
    arch: Arch,
    device: str | None = None,
    *,
    metric: str = "latency",
    space: str | Space | None = None,
    dataset: str | None = None,
    predictor: str | None = None,
    method: str | None = None,
    pairs: int = PAIRS,
    seed: int = 0,
    notation: str | None = None,
) -> Explanation:
    """Explain the prediction for one architecture.

    Args:
        arch: an architecture in its space's notation.
        notation: of others, in which it is; see `archcast.parse`.
        device, metric, dataset, predictor: as `archcast.load`.
        space: the space or its name; None infers it.
        method: one of `METHODS`; None takes the first that fits.
        pairs, seed: as `explain_loaded`.

    Raises:
        InputError: as `archcast.parse`, or a method that does not fit the predictor.
        UnknownNameError: no such predictor or method.
    """
    chosen, own = given([arch], space, notation)
    codes = chosen.parse(own)
    loaded = load(device, metric, chosen.name, dataset=dataset, predictor=predictor)
    return explain_loaded(loaded, codes, method=method, pairs=pairs, seed=seed)


def explain_loaded(
    loaded: LoadedPredictor, codes: Codes, *, method: str | None = None, pairs: int = PAIRS, seed: int = 0
) -> Explanation:
    """Explain a loaded or adapted predictor's answer.

    Args:
        codes: (1, k), as `archcast.parse` gives them.
        method: one of `METHODS`; None takes the first that fits.
        pairs: of permutations and their reverses that `sampling` draws, at least 2.
        seed: of what it draws.
    """
    served = loaded.entry
    known = SPACES[served.space]
    if codes.shape != (1, len(known.columns)):
        raise InputError(f"codes must be of one architecture, (1, {len(known.columns)}), got {codes.shape}")
    name = _method(loaded, known, codes, method)
    shares = _shares(loaded, known, codes, name, pairs, seed)
    value = float(loaded.predict_codes(codes)[0])
    contributions = tuple(
        Contribution(label, choice, float(share), float(error))
        for label, choice, share, error in zip(
            shares.names, shares.choices, shares.values, shares.errors, strict=True
        )
    )
    return Explanation(
        arch=known.to_text(codes)[0],
        space=known.name,
        device=served.device,
        metric=served.metric,
        dataset=served.dataset,
        predictor=served.predictor,
        method=name,
        value=value,
        baseline=value - sum(c.value for c in contributions),
        contributions=contributions,
    )


def _method(loaded: LoadedPredictor, space: Space, codes: Codes, method: str | None) -> str:
    """The method that was asked for, or the first that fits."""
    fits = {
        "additive": is_additive(loaded.model, loaded.entry.column, codes),
        "trees": is_trees(loaded.model),
        "exact": can_enumerate(space),
        "sampling": True,
    }
    if method is None:
        return next(name for name, good in fits.items() if good)
    if method not in METHODS:
        raise UnknownNameError("method of explaining", method, METHODS)
    if not fits[method]:
        good = ", ".join(name for name, fitting in fits.items() if fitting)
        raise InputError(
            f"method must be one of {good} for {loaded.entry.predictor} of {space.name}, got {method}"
        )
    return method


def _shares(
    loaded: LoadedPredictor, space: Space, codes: Codes, method: str, pairs: int, seed: int
) -> Shares:
    if method == "additive":
        return additive_shares(loaded.model, loaded.entry.column, codes)
    if method == "trees":
        return tree_shares(loaded.model, loaded.entry.column, codes)
    decisions = space.decisions(codes)
    choices = tuple(space.choice(decision, codes) for decision in decisions)
    if method == "exact":
        return exact_shares(loaded.predict_codes, space, decisions, choices, codes)
    if pairs < 2:
        raise InputError(f"pairs must be at least 2, got {pairs}")
    rng = np.random.default_rng([seed, 1])
    return sampled_shares(loaded.predict_codes, space, decisions, choices, codes, pairs, seed, rng)
