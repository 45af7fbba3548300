"""FLASH's analytic accuracy: one topology feature, three parameters.

| symbol | meaning |
|---|---|
| g | (n,) NN-Degree of each architecture over the training mean |
| y | (n,) value over the largest seen, 0 to 1 |
| a, b, c | parameters |

y = 1 / (a + exp(b / g + c)), fitted by least squares (Li et al., FLASH, ACM TECS 2021, section 4). For each
of a row of a, b and c start where log(1 / y - a) = b / g + c is best met; SciPy's trust
region then finishes the best start. FLASH fits it to one family of networks that differ in width and skips;
where NN-Degree says little, as between cells of equal width, so does this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.checks import check_at_least
from archcast.core.labels import Labels
from archcast.featurize.topology import nn_degree
from archcast.predictors.contract import Predictor, register

_STARTS = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
_SMALLEST = 1e-3
_LARGEST = 30.0
"""Exponents beyond it are cut, which keeps answers above zero and finite."""


@dataclass(frozen=True, slots=True)
class NNDegreeConfig:
    """Settings of the fit.

    Attributes:
        steps: most evaluations of the form.
    """

    steps: int = 100

    def __post_init__(self) -> None:
        check_at_least(self, steps=1)


@register
class NNDegree(Predictor):
    """y = 1 / (a + exp(b / g + c)), one set of parameters a target."""

    family = "nn_degree"
    Config = NNDegreeConfig
    arrays = ("parameters", "top", "middle")
    by_target: ClassVar = {"parameters_": 1, "top_": 0}
    reads = ("features/nn_degree",)

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        del z, seed
        degree = nn_degree(self.space_.cells(labels.codes))
        self.middle_ = np.array(degree.mean())
        m = labels.values.shape[1]
        self.parameters_, self.top_ = np.zeros((3, m)), np.zeros(m)
        for column in range(m):
            known = np.isfinite(labels.values[:, column])
            values = labels.values[known, column]
            self.top_[column] = float(np.abs(values).max()) or 1.0
            x = self.middle_ / degree[known]
            self.parameters_[:, column] = _fit_one(x, values / self.top_[column], self.config.steps)

    def _predict(self, codes: Codes) -> Doubles:
        x = self.middle_ / nn_degree(self.space_.cells(codes))
        columns = [_form(x, p)[0] for p in self.parameters_.T]
        return self.scale_.forward(np.stack(columns, axis=1) * self.top_)


def _form(x: Doubles, parameters: Doubles) -> tuple[Doubles, Doubles]:
    """Values and their derivatives by a, b and c.

    Shapes:
        x: (n,), 1 / g; parameters: (3,); output: (n,) and (n, 3)
    """
    a, b, c = parameters
    exponential = np.exp(np.clip(b * x + c, -_LARGEST, _LARGEST))
    y = 1.0 / np.maximum(a + exponential, _SMALLEST)
    slope = -(y**2)
    return y, np.stack([slope, slope * exponential * x, slope * exponential], axis=1)


def _fit_one(x: Doubles, y: Doubles, steps: int) -> Doubles:
    """a, b and c of least squared error, a not below 0.

    Shapes:
        x, y: (n,); output: (3,)
    """
    from scipy.optimize import least_squares

    starts = [_start(x, y, a) for a in _STARTS]
    ended = least_squares(
        lambda p: _form(x, p)[0] - y,
        min(starts, key=lambda p: _error(x, y, p)),
        jac=lambda p: _form(x, p)[1],
        bounds=([0.0, -np.inf, -np.inf], np.inf),
        x_scale="jac",
        max_nfev=steps,
    )
    return np.asarray(ended.x, dtype=np.float64)


def _start(x: Doubles, y: Doubles, a: float) -> Doubles:
    """a given, b and c by linear least squares on log(1 / y - a)."""
    target = np.log(np.maximum(1.0 / np.maximum(y, _SMALLEST) - a, _SMALLEST))
    design = np.stack([x, np.ones_like(x)], axis=1)
    b, c = np.linalg.lstsq(design, target, rcond=1e-9)[0]
    return np.array([a, b, c])


def _error(x: Doubles, y: Doubles, parameters: Doubles) -> float:
    residual = y - _form(x, parameters)[0]
    return float(residual @ residual)
