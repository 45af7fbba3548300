"""Gaussian process on blocks of columns, for accuracies that are dear and therefore few.

| symbol | meaning |
|---|---|
| X_b | (n, d_b) columns of block b, see `archcast.featurize.encoders.kernel_blocks` |
| z | (n, m) scaled values |
| u | (n,) of one target: normal scores of z for metrics on no ratio scale (accuracy), else z |
| t | (2B + 2,) logarithms of the kernel's parameters, see `archcast.predictors.families.gp_evidence` |
| a | (n,) weights A^-1 u |

The mean of a new architecture is k'a and its variance K(x, x) + e - k'A^-1 k (Rasmussen and Williams, 2006,
equations 2.25 and 2.26). t is learned anew for every target, by evidence and prior; of many rows, from
some drawn at random. SciPy looks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Bools, Codes, Doubles, Floats
from archcast.core.checks import check_at_least
from archcast.core.errors import ArtifactError, InputError, NotFittedError
from archcast.core.labels import Labels
from archcast.featurize.encoders.kernel_blocks import kernel_blocks, parts_of_blocks
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.contract import Predictor, register
from archcast.predictors.families.gp_evidence import Blocks, Prior, kernel, noisy, posterior, search, variance
from archcast.predictors.intervals import student_quantile
from archcast.predictors.lowered import Lowered
from archcast.predictors.scores import NormalScores

_CHUNK = 2048
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class GPConfig:
    """Settings of the process.

    Attributes:
        ranked: whether values that are not logarithmic are replaced by their normal scores.
        rows: most rows it is fitted to; more are thinned at random.
        tuned_rows: most rows from which the kernel's parameters are learned.
        steps: of the search for them.
    """

    ranked: bool = True
    rows: int = 4000
    tuned_rows: int = 400
    steps: int = 40

    def __post_init__(self) -> None:
        check_at_least(self, rows=1, tuned_rows=1, steps=1)


@dataclass(slots=True)
class _Process:
    """One target's process.

    Shapes:
        used: (n,), which of the training rows; t: (2B + 2,); weights: (used,); rows: (used, d_b) each
    """

    used: Bools
    t: Doubles
    weights: Doubles
    scores: NormalScores | None
    rows: Blocks | None = field(default=None, repr=False)
    inverse: Doubles | None = field(default=None, repr=False)

    def moments(self, given: Blocks, rows: Blocks, *, deviations: bool) -> tuple[Doubles, Doubles]:
        """Mean and deviation of a new measurement of u, the latter 0 unless it is asked for.

        Shapes:
            given: (n, d_b) each; rows: (used, d_b) each; output: (n,) and (n,)
        """
        k = kernel(given, rows, self.t)
        mean = k @ self.weights
        if not deviations or not self.weights.any():
            return mean, np.zeros(len(mean))
        if self.inverse is None:  # made when first asked for: predictions alone do without
            self.inverse = np.asarray(np.linalg.inv(noisy(rows, self.t)), dtype=np.float64)
        explained = np.einsum("ij,ij->i", k @ self.inverse, k)
        rest = variance(given, self.t) + np.exp(self.t[-1]) - explained
        return mean, np.sqrt(np.maximum(rest, 0.0))

    def arrays(self, column: int) -> dict[str, NDArray[Any]]:
        named: dict[str, NDArray[Any]] = {"used": self.used, "t": self.t, "weights": self.weights}
        if self.scores is not None:
            named |= {"score_values": self.scores.values, "scores": self.scores.scores}
        return {f"{column}.{name}": array for name, array in named.items()}

    def back(self, u: Doubles) -> Doubles:
        """u -> z."""
        return u if self.scores is None else self.scores.inverse(u)


@register
class GP(Predictor):
    """One Gaussian process a target, its kernel learned from the target's own values."""

    family = "gp"
    Config = GPConfig
    by_target: ClassVar = {"processes_": 0}

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        self.codes_ = labels.codes
        self.processes_ = [self._fit_one(z[:, column], seed) for column in range(z.shape[1])]

    def _fit_one(self, z: Doubles, seed: int) -> _Process:
        rng = np.random.default_rng(seed)
        known = rng.permutation(np.flatnonzero(np.isfinite(z)))[: self.config.rows]
        used = np.zeros(len(z), dtype=bool)
        used[known] = True
        rows = self._blocks(self.codes_[used])
        scores = None
        u = z[used]
        if self.config.ranked and not self.scale_.logarithmic:
            scores = NormalScores.fit(u)
            u = scores.forward(u)
        if np.abs(u).max() < _FLAT:
            return _Process(used, Prior().of(len(rows))[0], np.zeros(len(u)), scores)
        tuned = np.sort(rng.permutation(len(u))[: self.config.tuned_rows])
        t = search({name: x[tuned] for name, x in rows.items()}, u[tuned], Prior(), self.config.steps)
        return _Process(used, t, posterior(rows, t, u), scores)

    def _predict(self, codes: Codes) -> Doubles:
        means = [u for u, _ in self._latent(codes, deviations=False)]
        return np.stack([p.back(u) for p, u in zip(self.processes_, means, strict=True)], axis=1)

    def maps(self) -> tuple[NormalScores, ...]:
        scores = [p.scores for p in self.processes_ if p.scores is not None]
        moments = zip(scores, self.scale_.mean, self.scale_.deviation, strict=False)
        return tuple(NormalScores(s.values * deviation + mean, s.scores) for s, mean, deviation in moments)

    def lower(self) -> Lowered | None:
        from archcast.predictors.families.gp_sums import lowered_process

        return lowered_process(self)

    def predictive_deviation(self, codes: Codes) -> Doubles:
        """Standard deviation of a new measurement, noise and all, of scaled values.

        Where normal scores are used, half the distance between one deviation below and one above.

        Shapes:
            codes: int8 (n, k); output: (n, m)

        Raises:
            NotFittedError: before `fit`.
        """
        low, high = self._bounds(codes, None)
        return (high - low) / 2

    def interval(
        self, codes: Codes, coverage: float = 0.9, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Lower and upper bound of a new measurement, in the metric's unit.

        Student's distribution, with a degree of freedom less for each parameter of the kernel, makes up
        for parameters learned from few rows. The mean comes with the deviation, whatever was `predicted`.

        Shapes:
            codes: int8 (n, k); output: float32 (n, m) each

        Raises:
            InputError: coverage is not between 0 and 1. NotFittedError: before `fit`.
        """
        del predicted
        if not 0 < coverage < 1:
            raise InputError(f"coverage must be above 0 and below 1, got {coverage}")
        low, high = self._bounds(codes, coverage)
        return self.scale_.inverse(low).astype(np.float32), self.scale_.inverse(high).astype(np.float32)

    def _bounds(self, codes: Codes, coverage: float | None) -> tuple[Doubles, Doubles]:
        """Scaled ends of the interval, or one deviation below and above, (n, m)."""
        if not hasattr(self, "scale_"):
            raise NotFittedError(f"{self.family} must be fitted before it predicts")
        low, high = [], []
        moments = self._latent(self.space_.parse(np.asarray(codes)), deviations=True)
        for process, (u, deviation) in zip(self.processes_, moments, strict=True):
            free = len(process.weights) - len(process.t)
            times = 1.0 if coverage is None else student_quantile((1 + coverage) / 2, free)
            low.append(process.back(u - times * deviation))
            high.append(process.back(u + times * deviation))
        return np.stack(low, axis=1), np.stack(high, axis=1)

    def _latent(self, codes: Codes, *, deviations: bool) -> list[tuple[Doubles, Doubles]]:
        """Mean (n,) of each process, and the deviation of a new measurement (n,), or zeros."""
        moments: list[list[tuple[Doubles, Doubles]]] = [[] for _ in self.processes_]
        for i in range(0, len(codes), _CHUNK):
            blocks = self._blocks(codes[i : i + _CHUNK])
            for process, own in zip(self.processes_, moments, strict=True):
                own.append(process.moments(blocks, self._rows(process), deviations=deviations))
        return [tuple(np.concatenate(side) for side in zip(*own, strict=True)) for own in moments]  # type: ignore[misc]

    def _rows(self, process: _Process) -> Blocks:
        """Blocks of the rows that a process was fitted to, kept once they are made."""
        if process.rows is None:
            process.rows = self._blocks(self.codes_[process.used])
        return process.rows

    def _blocks(self, codes: Codes) -> dict[str, Doubles]:
        return kernel_blocks(self.space_, codes, self.dataset_, features=self.features_)

    @property
    def reads(self) -> tuple[str, ...]:
        """Blocks, and the features of which some are made."""
        return parts_of_blocks(self.space_, self.dataset_)

    def to_files(self) -> dict[str, bytes]:
        arrays: dict[str, NDArray[Any]] = {"codes": self.codes_}
        for column, process in enumerate(self.processes_):
            arrays |= process.arrays(column)
        return {"process.npz": pack(arrays)}

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        arrays = unpack(files["process.npz"], "process.npz")
        try:
            self.codes_ = self.space_.parse(arrays["codes"])
            self.processes_ = [_process(arrays, column) for column in range(len(self.targets_))]
        except KeyError as error:
            raise ArtifactError(f"process.npz must hold {error}") from error


def _process(arrays: Mapping[str, NDArray[Any]], column: int) -> _Process:
    used, t, weights = (arrays[f"{column}.{name}"] for name in ("used", "t", "weights"))
    scores = None
    if f"{column}.scores" in arrays:
        scores = NormalScores(arrays[f"{column}.score_values"], arrays[f"{column}.scores"])
    return _Process(used, t, weights, scores)
