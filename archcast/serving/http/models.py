"""The served models: one version each of a predictor's column, and where their names lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from archcast.core.errors import InputError, UnknownNameError
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES
from archcast.serving import LoadedPredictor

Key = tuple[str, str, str, str]
"""(space, metric, device, data set)."""


@dataclass(frozen=True, eq=False)
class Model:
    """One version of what predicts one metric on one device; it never changes.

    Attributes:
        handle: the loaded predictor.
    """

    handle: LoadedPredictor

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits of the saved predictor's hash, equal for equal content."""
        return self.handle.served.manifest.sha256[:12]

    @cached_property
    def key(self) -> Key:
        """What it predicts."""
        served = self.handle.served
        return served.space, served.metric, served.device, served.dataset

    @cached_property
    def name(self) -> str:
        """`{space}.{metric}.{device}`."""
        return ".".join(self.key[:3])

    @cached_property
    def space(self) -> Any:
        """The search space."""
        return SPACES[self.key[0]]


@dataclass(frozen=True)
class Catalogue:
    """All models at one moment; a new one takes its place as a whole.

    Attributes:
        versions: (space, metric, device, data set) -> versions, the served one first.
        defaults: (space, metric, device) -> the data set meant when none is named.
    """

    versions: Mapping[Key, tuple[Model, ...]] = field(default_factory=dict)
    defaults: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Model]:
        return (versions[0] for versions in self.versions.values())

    def __len__(self) -> int:
        return len(self.versions)

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the models."""
        return frozenset(".".join(key) for key in self.defaults)

    def named(self, name: str, *, dataset: str | None = None, version: str | None = None) -> Model:
        """The model of a name `{space}.{metric}.{device}`.

        Raises:
            UnknownNameError: no such model, data set or version; lists those there are.
        """
        space, _, rest = name.partition(".")
        metric, _, device = rest.partition(".")
        if (space, metric, device) not in self.defaults:
            raise UnknownNameError("model", name, self.names)
        return self.find(space, metric, device, dataset=dataset, version=version)

    def find(
        self,
        space: str,
        metric: str,
        device: str | None,
        *,
        dataset: str | None = None,
        version: str | None = None,
    ) -> Model:
        """The model of a metric on a device, by the rules and with the errors of `archcast.predict`."""
        if device is None or (space, metric, device) not in self.defaults:
            device = self._device(space, metric, device, dataset)
        chosen = self.defaults[space, metric, device] if dataset is None else dataset
        versions = self.versions.get((space, metric, device, chosen))
        if versions is None:
            there = {key[3] for key in self.versions if key[:3] == (space, metric, device)}
            raise UnknownNameError(f"dataset for {device}", dataset, there)
        if version is None:
            return versions[0]
        for model in versions:
            if model.version == version:
                return model
        raise UnknownNameError(f"version of {versions[0].name}", version, {m.version for m in versions})

    def _device(self, space: str, metric: str, device: str | None, dataset: str | None) -> str:
        """The data set in the place of a device for accuracy; else the error that lists the choices."""
        here = [key for key in self.defaults if key[0] == space]
        if metric not in {key[1] for key in here}:
            raise UnknownNameError(f"metric for {space}", metric, {key[1] for key in here})
        if device is None:
            if METRICS[metric].of_device:
                raise InputError(f"device must be named for {metric} of {space}")
            device = dataset or SPACES[space].datasets[0]
        devices = {key[2] for key in here if key[1] == metric}
        if device not in devices:
            raise UnknownNameError(f"device for {metric} of {space}", device, devices)
        return device
