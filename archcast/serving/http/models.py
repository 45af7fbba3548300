"""The served models: loaded predictors in one or more versions, and where their names lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from archcast.core.errors import UnknownNameError
from archcast.serving.entry import Entries, Key, Refusal
from archcast.serving.loaded import LoadedPredictor


@dataclass(frozen=True)
class Catalogue:
    """All models at one moment; a new one takes its place as a whole.

    Attributes:
        versions: (space, metric, device, data set) -> versions, the served one first.
        refused: what cannot be served, and why.
    """

    versions: Mapping[Key, tuple[LoadedPredictor, ...]] = field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()

    def __iter__(self) -> Iterator[LoadedPredictor]:
        return (versions[0] for versions in self.versions.values())

    def __len__(self) -> int:
        return len(self.versions)

    @cached_property
    def entries(self) -> Entries:
        """What is served, by which names are understood as `archcast.predict` understands them."""
        return Entries((model.entry for model in self), self.refused)

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the models."""
        return frozenset(model.entry.name for model in self)

    def named(self, name: str, *, dataset: str | None = None, version: str | None = None) -> LoadedPredictor:
        """The model of a name `{space}.{metric}.{device}`.

        Raises:
            UnknownNameError: no such model, data set or version; lists those there are.
            ArtifactError: it was refused; says why.
        """
        space, _, rest = name.partition(".")
        metric, _, device = rest.partition(".")
        try:
            return self.find(space, metric, device, dataset=dataset, version=version)
        except UnknownNameError as error:
            if name in self.names:
                raise
            raise UnknownNameError("model", name, self.names, beside=error.beside) from error

    def find(
        self,
        space: str,
        metric: str,
        device: str | None,
        *,
        dataset: str | None = None,
        version: str | None = None,
    ) -> LoadedPredictor:
        """The model of a metric on a device, by the rules and with the errors of `archcast.predict`."""
        entry = self.entries.find(space, device=device, metric=metric, dataset=dataset)
        versions = self.versions[entry.key]
        if version is None:
            return versions[0]
        for model in versions:
            if model.entry.digest == version:
                return model
        known = {model.entry.digest for model in versions}
        raise UnknownNameError(f"version of {entry.name}", version, known)
