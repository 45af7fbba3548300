"""The contract of a predictor: fitted to labels, it maps codes to values of every target.

| symbol | meaning |
|---|---|
| n | architectures |
| k | decisions of the space |
| m | targets (devices) the predictor was fitted to |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.errors import InputError, NotFittedError
from archcast.core.labels import Labels, Target
from archcast.core.registry import Registry
from archcast.featurize.spaces import SPACES, Space
from archcast.predictors.scale import TargetScale


class Predictor(ABC):
    """A family of predictors; `archcast.testing.predictor_checks` is this contract in code.

    Args:
        config: the family's frozen configuration; None means its defaults.

    Attributes:
        family: name in `PREDICTORS`.
        Config: the configuration's type.
        learns: False for a form that is made from another predictor instead of fitted.
        space_, metric_, dataset_, targets_, scale_: what it was fitted to.
    """

    family: ClassVar[str]
    Config: ClassVar[type[Any]]
    learns: ClassVar[bool] = True

    def __init__(self, config: Any = None) -> None:
        self.config = self.Config() if config is None else config
        if not isinstance(self.config, self.Config):
            raise InputError(
                f"config of {self.family} must be a {self.Config.__name__}, got {type(config).__name__}"
            )

    # -- to be written by a family ------------------------------------------------------------------

    @abstractmethod
    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        """Learn from codes and scaled values (n, m), NaN where missing."""

    @abstractmethod
    def _predict(self, codes: Codes) -> Doubles:
        """Scaled values (n, m) of checked codes."""

    @abstractmethod
    def to_files(self) -> dict[str, bytes]:
        """What was learned, as file name -> content, without pickle."""

    @abstractmethod
    def _from_files(self, files: Mapping[str, bytes]) -> None:
        """Take back what `to_files` gave; `space_` and the rest of the header are set already."""

    # -- what users call ------------------------------------------------------------------------------

    def fit(self, labels: Labels, *, seed: int = 0) -> Self:
        """Learn from `labels`; returns self. Nothing global is seeded and nothing given is changed.

        Raises:
            InputError: fewer than two architectures, or a target with no value.
        """
        if len(labels) < 2:
            raise InputError(
                f"{self.family} must have at least 2 architectures to learn from, got {len(labels)}"
            )
        self._take_header(labels.space, labels.metric, labels.dataset, labels.targets)
        self.scale_ = TargetScale.fit(labels.values, labels.metric)
        self._fit(labels, self.scale_.forward(labels.values), seed=seed)
        return self

    def predict(self, codes: Codes) -> Floats:
        """Values of every target, in the metric's unit.

        Shapes:
            codes: int8 (n, k); output: float32 (n, m)

        Raises:
            NotFittedError: before `fit`.
        """
        if not hasattr(self, "scale_"):
            raise NotFittedError(f"{self.family} must be fitted before it predicts")
        return self.predict_checked(self.space_.parse(np.asarray(codes)))

    def predict_checked(self, codes: Codes) -> Floats:
        """The same for codes that the space's `parse` gave, which are not checked again and may be none."""
        if not len(codes):
            return np.empty((0, len(self.targets_)), dtype=np.float32)
        return self.scale_.inverse(self._predict(codes)).astype(np.float32)

    def predictive_interval(self, codes: Codes, coverage: float) -> tuple[Floats, Floats] | None:
        """Ends of a central interval of new measurements, in the metric's unit, of families that know one.

        Shapes:
            codes: (n, k); output: float32 (n, m) each
        """
        del codes, coverage
        return None

    def header(self) -> dict[str, Any]:
        """What an artifact keeps of the predictor beside its files; JSON types only."""
        if not hasattr(self, "scale_"):
            raise NotFittedError(f"{self.family} must be fitted before it is saved")
        return {
            "family": self.family,
            "config": asdict(self.config),
            "space": self.space_.name,
            "metric": self.metric_,
            "dataset": self.dataset_,
            "targets": [[t.device, t.dataset] for t in self.targets_],
            "scale": {
                "logarithmic": self.scale_.logarithmic,
                "mean": self.scale_.mean.tolist(),
                "deviation": self.scale_.deviation.tolist(),
            },
        }

    def _take_header(self, space: str, metric: str, dataset: str, targets: tuple[Target, ...]) -> None:
        self.space_: Space = SPACES[space]
        self.metric_, self.dataset_, self.targets_ = metric, dataset, targets


PREDICTORS: Registry[type[Predictor]] = Registry("predictor", group="archcast.predictors")


def register(family: type[Predictor]) -> type[Predictor]:
    """Class decorator: make a family known under its name."""
    return PREDICTORS.register(family.family, family)


def from_header(header: Mapping[str, Any], files: Mapping[str, bytes]) -> Predictor:
    """The predictor that `header` and `to_files` describe."""
    family = PREDICTORS[header["family"]]
    predictor = family(family.Config(**_tuples(header["config"])))
    targets = tuple(Target(device, dataset) for device, dataset in header["targets"])
    predictor._take_header(header["space"], header["metric"], header["dataset"], targets)
    scale = header["scale"]
    mean, deviation = (np.array(scale[name], dtype=np.float64) for name in ("mean", "deviation"))
    if not mean.shape == deviation.shape == (len(targets),):
        raise ValueError(f"scale must have one mean and deviation a target, {len(targets)} of each")
    predictor.scale_ = TargetScale(bool(scale["logarithmic"]), mean, deviation)
    predictor._from_files(files)
    return predictor


def _tuples(config: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no tuples; frozen configurations have no lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
