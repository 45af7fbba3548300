"""Costs as a robust weighted sum of a space's terms, fitted in the metric's own unit.

| symbol | meaning |
|---|---|
| X | (n, d) terms and a constant |
| y | (n,) cost over its median; for throughput the time per image, its inverse |
| b | (d,) weights |
| p | Xb, kept above a floor |

Latency adds up in milliseconds, not in their logarithm, and its noise grows with it. So b minimises
sum_i w_i (y_i - X_i b)^2 + l |b|^2 with w_i = min(1, c / |e_i|) / p_i^2, where e_i = (y_i - p_i) / p_i is
the relative error and c = 2.5 times its robust standard deviation: iteratively reweighted least squares
with Huber's weights (Huber, Robust Statistics, 1981, section 7.8). Accuracy, which is no sum of costs,
has w_i = min(1, c / |e_i|) with the plain error. l is the best of `penalties` on every fifth row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError
from archcast.core.labels import Labels
from archcast.featurize.encoders.encoding import encode, encoding_groups
from archcast.predictors.contract import Predictor, register
from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.link import Link, Reciprocal, Round, apply, floored
from archcast.predictors.lowered.tables import Sum

INVERTED = frozenset({"throughput"})
_NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
_EXACT = 1e-6
_WORST = 0.5
_SETTLED = 1e-4
_FOLDS = 5
_SEARCHED_ROWS = 3000
"""The penalty is chosen on at most so many rows; with more it hardly matters."""


@dataclass(frozen=True, slots=True)
class AdditiveConfig:
    """Settings of the weighted sum.

    Attributes:
        pieces: parts of the encoding, see `archcast.featurize.encoders.encoding`.
        penalties: values of l that are tried, for rows of weight one in a hundred.
        passes: most times that the weights w are set anew; it stops earlier when b has settled.
        tuning: errors beyond this many robust standard deviations count linearly.
    """

    pieces: tuple[str, ...] = ("terms",)
    penalties: tuple[float, ...] = (1e-9, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    passes: int = 12
    tuning: float = 2.5

    def __post_init__(self) -> None:
        if not self.penalties or min(self.penalties) <= 0:
            raise InputError(f"penalties must be numbers above 0, got {self.penalties}")
        if self.passes < 1:
            raise InputError(f"passes must be at least 1, got {self.passes}")
        if not self.tuning > 0:
            raise InputError(f"tuning must be above 0, got {self.tuning}")


@register
class Additive(Predictor):
    """Robust weighted sum of terms, one regression a target.

    A target whose held-back fifth is met to a millionth is a sum by construction (an estimate or a
    look-up table); its predictions are rounded to six digits, so that equal sums are equal.
    """

    family = "additive"
    Config: ClassVar[type[Any]] = AdditiveConfig
    arrays = ("weights", "floor", "exact")
    by_target: ClassVar = {"weights_": 1, "floor_": 0, "exact_": 0}
    inverted: ClassVar[frozenset[str]] = INVERTED
    """Metrics of which it sums the inverse."""

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        del z, seed
        x = self._encode(labels.codes)
        m = labels.values.shape[1]
        self.weights_, self.floor_ = np.zeros((x.shape[1], m)), np.full(m, -np.inf)
        self.exact_ = np.zeros(m, dtype=bool)
        for column in range(m):
            known = np.isfinite(labels.values[:, column])
            y = labels.values[known, column]
            y = 1.0 / y if labels.metric in self.inverted else y
            self._fit_one(column, x[known], y)

    def _fit_one(self, column: int, x: Doubles, y: Doubles) -> None:
        middle = float(np.median(np.abs(y))) or 1.0
        y = y / middle
        floor = 0.3 * float(np.quantile(y, 0.01)) if self.scale_.logarithmic else -np.inf
        penalty = self.config.penalties[-1]
        if len(y) >= 2 * _FOLDS:
            errors = self._search(x[:_SEARCHED_ROWS], y[:_SEARCHED_ROWS], floor)
            penalty = self.config.penalties[int(np.argmin([np.minimum(e, _WORST).mean() for e in errors]))]
            self.exact_[column] = min(float(e.max()) for e in errors) < _EXACT
        self.weights_[:, column] = self._solve(x, y, penalty, floor) * middle
        self.floor_[column] = floor * middle

    def _search(self, x: Doubles, y: Doubles, floor: float) -> list[Doubles]:
        """Errors on every fifth row for each penalty."""
        held = np.arange(len(y)) % _FOLDS == 0
        errors = []
        for penalty in self.config.penalties:
            predicted = np.maximum(x[held] @ self._solve(x[~held], y[~held], penalty, floor), floor)
            error = np.log(predicted / y[held]) if self.scale_.logarithmic else predicted - y[held]
            errors.append(np.abs(error))
        return errors

    def _solve(self, x: Doubles, y: Doubles, penalty: float, floor: float) -> Doubles:
        ridge = penalty * len(y) / 100 * np.eye(x.shape[1])
        ridge[-1, -1] = 1e-9
        w = np.ones(len(y))
        b = np.zeros(x.shape[1])
        for _ in range(self.config.passes):
            weighted = x * (w / w.mean())[:, None]
            before, b = b, np.linalg.solve(weighted.T @ x + ridge, weighted.T @ y)
            answer = x @ b
            if np.abs(answer - x @ before).max() < _SETTLED:
                break
            p = np.maximum(answer, floor)
            e = (y - p) / p if self.scale_.logarithmic else y - p
            c = self.config.tuning * _NORMAL * float(np.median(np.abs(e))) + 1e-9
            w = np.minimum(1.0, c / np.maximum(np.abs(e), 1e-12))
            w = w / p**2 if self.scale_.logarithmic else w
        return b

    def _predict(self, codes: Codes) -> Doubles:
        return self.scale_.forward(apply(self.link(), self.summed(codes)))

    def lower(self) -> Lowered | None:
        groups = encoding_groups(self.space_, self.config.pieces)
        if groups is None:
            return None
        return Lowered(Sum.of(self.summed, groups, self.space_), self.link())

    def summed(self, codes: Codes) -> Doubles:
        """Weighted sums, of which `link` makes values.

        Shapes:
            codes: (n, k); output: (n, m)
        """
        q: Doubles = self._encode(codes) @ self.weights_
        return q

    def link(self) -> Link:
        """What is made of weighted sums: none below the floor, exact ones rounded, times inverted."""
        rounding: Link = (Round(self.exact_),) if self.exact_.any() else ()
        inversion: Link = (Reciprocal(),) if self.metric_ in self.inverted else ()
        return (*floored(self.floor_), *rounding, *inversion)

    def _encode(self, codes: Codes) -> Doubles:
        terms = encode(self.space_, codes, self.config.pieces, self.dataset_, features=self.features_)
        return np.concatenate([terms, np.ones((len(terms), 1))], axis=1)
