"""The contract of a predictor: fitted to labels, it maps codes to values of every target.

| symbol | meaning |
|---|---|
| n | architectures |
| k | decisions of the space |
| m | targets (devices) the predictor was fitted to |
"""

from __future__ import annotations

import copy
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
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.lowered import Lowered, served_form
from archcast.predictors.scale import TargetScale
from archcast.predictors.scores import NormalScores


class Predictor(ABC):
    """A family of predictors; `archcast.testing.predictor_checks` is this contract in code.

    Args:
        config: the family's frozen configuration; None means its defaults.

    Attributes:
        family: name in `PREDICTORS`.
        Config: the configuration's type.
        learns: False for a form that is made from another predictor instead of fitted.
        requires: packages beyond archcast's own that it needs.
        arrays: names of the arrays that were learned, without their `_`, where nothing else is saved.
        file: that holds them; by default `FAMILY.npz`.
        by_target: names of what was learned with one entry a target, an array or a list, and the axis of it.
        space_, metric_, dataset_, targets_, scale_: what it was fitted to.
        features_: names of the features it reads, where it was saved by a version that may have had others.
    """

    family: ClassVar[str]
    Config: ClassVar[type[Any]]
    learns: ClassVar[bool] = True
    requires: tuple[str, ...] = ()
    arrays: ClassVar[tuple[str, ...]] = ()
    file: ClassVar[str] = ""
    by_target: ClassVar[Mapping[str, int]] = {}
    features_: tuple[str, ...] | None = None
    _selected: tuple[int, ...] | None = None

    def __init__(self, config: Any = None) -> None:
        self.config = config_of(type(self), config)

    # -- to be written by a family ------------------------------------------------------------------

    @abstractmethod
    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        """Learn from codes and scaled values (n, m), NaN where missing."""

    @abstractmethod
    def _predict(self, codes: Codes) -> Doubles:
        """Scaled values (n, m) of checked codes."""

    def to_files(self) -> dict[str, bytes]:
        """What was learned, as file name -> content, without pickle; by default `arrays`."""
        return {self._file: pack({name: getattr(self, f"{name}_") for name in self.arrays})}

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        """Take back what `to_files` gave; `space_` and the rest of the header are set already."""
        arrays = unpack(files[self._file], self._file)
        for name in self.arrays:
            setattr(self, f"{name}_", arrays[name])

    @property
    def _file(self) -> str:
        return self.file or f"{self.family}.npz"

    @property
    def reads(self) -> tuple[str, ...]:
        """Parts of architectures that it reads, see `archcast.featurize.encoders.columns`.

        By default the `pieces` of its configuration, or decisions alone.
        """
        pieces: tuple[str, ...] = getattr(self.config, "pieces", ("decisions",))
        return pieces

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
        return self.scale_.inverse(self.scaled(codes)).astype(np.float32)

    def scaled(self, codes: Codes) -> Doubles:
        """Scaled values of checked codes, in double precision.

        Shapes:
            codes: (n, k); output: (n, m)
        """
        z = self._predict(codes)
        return z if self._selected is None else np.take(z, self._selected, axis=1)

    def interval(
        self, codes: Codes, coverage: float, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats] | None:
        """Ends of a central interval of new measurements, in the metric's unit, of families that know one.

        Args:
            codes: that the space's `parse` gave.
            predicted: what `predict_checked` gives for them, where the caller has it already.

        Shapes:
            codes: (n, k); predicted: (n, m); output: float32 (n, m) each
        """
        del codes, coverage, predicted
        return None

    def select(self, columns: tuple[int, ...]) -> Self:
        """The predictor of some targets only, which shares with this one what belongs to no target.

        A family that says nothing of its targets in `by_target` answers for all and gives some; such a
        selection cannot be saved.
        """
        if columns == tuple(range(len(self.targets_))):
            return self
        selected = copy.copy(self)
        selected.targets_ = tuple(self.targets_[c] for c in columns)
        selected.scale_ = self.scale_.select(columns)
        selected._keep(columns)
        return selected

    def maps(self) -> tuple[NormalScores, ...]:
        """Rising maps from what the family learns to values of each target; () where it learns values.

        Whoever learns this predictor's answers learns them before these maps, where they are smooth.
        """
        return ()

    def lower(self) -> Lowered | None:
        """Tables and a link that answer as the predictor does.

        None of a family, or of an encoding, that is no sum over groups of decisions.
        """
        return None

    def _keep(self, columns: tuple[int, ...]) -> None:
        """Keep of what was learned what belongs to some targets; called on a copy."""
        if not self.by_target:
            self._selected = columns
        for name, axis in self.by_target.items():
            learned = getattr(self, name)
            if isinstance(learned, list):
                setattr(self, name, [learned[c] for c in columns])
            else:
                setattr(self, name, np.take(learned, columns, axis=axis))

    def header(self) -> dict[str, Any]:
        """What an artifact keeps of the predictor beside its files; JSON types only."""
        if not hasattr(self, "scale_"):
            raise NotFittedError(f"{self.family} must be fitted before it is saved")
        if self._selected is not None:
            raise InputError(f"{self.family} must be saved with all its targets")
        return {
            "family": self.family,
            "config": asdict(self.config),
            "space": self.space_.name,
            "metric": self.metric_,
            "dataset": self.dataset_,
            "served": served_form(self, tuple(range(len(self.targets_)))).kind,
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


def from_header(
    header: Mapping[str, Any], files: Mapping[str, bytes], *, features: tuple[str, ...] | None = None
) -> Predictor:
    """The predictor that `header` and `to_files` describe.

    Args:
        features: the only features that it reads, in that order; None stands for all there are.
    """
    family = PREDICTORS[header["family"]]
    predictor = family(family.Config(**with_tuples(header["config"])))
    targets = tuple(Target(device, dataset) for device, dataset in header["targets"])
    predictor._take_header(header["space"], header["metric"], header["dataset"], targets)
    scale = header["scale"]
    mean, deviation = (np.array(scale[name], dtype=np.float64) for name in ("mean", "deviation"))
    if not mean.shape == deviation.shape == (len(targets),):
        raise ValueError(f"scale must have one mean and deviation a target, {len(targets)} of each")
    predictor.scale_ = TargetScale(bool(scale["logarithmic"]), mean, deviation)
    predictor.features_ = features
    predictor._from_files(files)
    return predictor


def config_of(family: Any, config: Any) -> Any:
    """A family's configuration, its defaults where none is given; raise InputError for another's."""
    if config is not None and not isinstance(config, family.Config):
        raise InputError(
            f"config of {family.family} must be a {family.Config.__name__}, got {type(config).__name__}"
        )
    return family.Config() if config is None else config


def with_tuples(config: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no tuples; frozen configurations have no lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
