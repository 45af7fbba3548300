"""Bayesian linear regression on encodings, its two variances chosen by the evidence.

| symbol | meaning |
|---|---|
| X | (n, d) standardised encoding, y (n,) scaled target |
| a, b | precision of the weights and of the noise |
| L_i | eigenvalues of X'X |

The weights' posterior mean is (X'X + (a/b) I)^-1 X'y; a and b maximise the evidence by the fixed point
a = g / |w|^2, b = (n - g) / |y - Xw|^2 with g = sum_i L_i / (L_i + a/b)  (MacKay, Neural Computation
1992; Bishop, Pattern Recognition and Machine Learning, section 3.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.labels import Labels
from archcast.featurize.encoders.encoding import encode, encoding_groups
from archcast.predictors.contract import Predictor, register
from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.link import Exp
from archcast.predictors.lowered.tables import Sum
from archcast.predictors.scale import standardisation


@dataclass(frozen=True, slots=True)
class LinearConfig:
    """Settings of the regression.

    Attributes:
        pieces: parts of the encoding, see `archcast.featurize.encoders.encoding`.
        iterations: steps of the fixed point.
    """

    pieces: tuple[str, ...] = ("decisions", "features")
    iterations: int = 100


@register
class BayesianLinear(Predictor):
    """Linear in decisions and logarithmic features, one regression a target."""

    family = "linear"
    Config = LinearConfig
    arrays = ("centre", "scaling", "weights", "intercept")
    by_target: ClassVar = {"weights_": 1, "intercept_": 0}

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        del seed
        encoded = self._encode(labels.codes)
        self.centre_, self.scaling_ = standardisation(encoded)
        x = (encoded - self.centre_) * self.scaling_
        self.weights_, self.intercept_ = np.zeros((x.shape[1], z.shape[1])), np.zeros(z.shape[1])
        for column in range(z.shape[1]):
            kept = np.isfinite(z[:, column])
            xs, ys = x[kept], z[kept, column]
            middle, mean = xs.mean(axis=0), float(ys.mean())
            weights = evidence_weights(xs - middle, ys - mean, self.config.iterations)
            self.weights_[:, column], self.intercept_[column] = weights, mean - middle @ weights

    def _predict(self, codes: Codes) -> Doubles:
        x = (self._encode(codes) - self.centre_) * self.scaling_
        z: Doubles = x @ self.weights_ + self.intercept_
        return z

    def lower(self) -> Lowered | None:
        groups = encoding_groups(self.space_, self.config.pieces)
        if groups is None:
            return None
        scale = self.scale_
        cost = Sum.of(lambda c: self._predict(c) * scale.deviation + scale.mean, groups, self.space_)
        return Lowered(cost, (Exp(),) if scale.logarithmic else ())

    def _encode(self, codes: Codes) -> Doubles:
        return encode(self.space_, codes, self.config.pieces, self.dataset_, features=self.features_)


def evidence_weights(x: Doubles, y: Doubles, iterations: int) -> Doubles:
    """Posterior mean of the weights at the precisions of greatest evidence.

    Shapes:
        x: (n, d), columns of mean 0; y: (n,) of mean 0; output: (d,)
    """
    n = len(y)
    left, singular, right = np.linalg.svd(x, full_matrices=False)
    values, projected = singular**2, left.T @ y
    total = float(y @ y)
    ratio = 1.0
    for _ in range(iterations):
        shrunk = values / (values + ratio)
        coefficients = np.where(singular > 0, shrunk * projected / np.maximum(singular, 1e-300), 0.0)
        used = shrunk.sum()
        residual = total - (projected**2).sum() + ((1 - shrunk) ** 2 @ projected**2)
        a = used / max(float(coefficients @ coefficients), 1e-12)
        b = max(n - used, 1e-3) / max(float(residual), 1e-12)
        new = float(np.clip(a / b, 1e-9, 1e9))
        if abs(np.log(new / ratio)) < 1e-4:
            break
        ratio = new
    shrunk = singular / (values + ratio)
    weights: Doubles = right.T @ (shrunk * projected)
    return weights
