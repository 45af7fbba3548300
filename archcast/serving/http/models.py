"""The served models: loaded predictors in one or more versions, and where their names lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import space_named
from archcast.predictors.networks.members.predictor import MembersPredictor
from archcast.serving.entry import Entries, Entry, Key, Refusal
from archcast.serving.loaded import LoadedMembers, LoadedNetworks, LoadedPredictor


@dataclass(frozen=True)
class Catalogue:
    """All models at one moment; a new one takes its place as a whole.

    Attributes:
        versions: (space, metric, device, data set) -> versions, the served one first.
        refused: what cannot be served, and why.
    """

    versions: Mapping[Key, tuple[LoadedPredictor, ...]] = field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()
    _members: dict[tuple[Space, str, LoadedPredictor], LoadedPredictor] = field(
        default_factory=dict, repr=False, compare=False
    )

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
        if entry.by_networks:
            return self._through_networks(entry, version)
        return _of_version(self.versions[entry.key], version)

    def _through_networks(self, entry: Entry, version: str | None) -> LoadedPredictor:
        """The model of a space's members that is one of networks, made once."""
        key = (NETWORK, entry.metric, entry.device, "")
        own = _of_version(self.versions[key], version)
        space = space_named(entry.space)
        members = self._members.get((space, entry.dataset, own))
        if members is None:
            if not isinstance(own, LoadedNetworks):
                raise InputError(
                    f"predictor of {entry.device} must be of networks to answer for {space.name}"
                )
            per_second = bool(entry.derived_from)
            model = MembersPredictor(own.model, space, entry.dataset, per_second=per_second)
            members = self._members.setdefault((space, entry.dataset, own), LoadedMembers(entry, model))
        return members


def _of_version(versions: tuple[LoadedPredictor, ...], version: str | None) -> LoadedPredictor:
    """The served version, or the one asked for."""
    if version is None:
        return versions[0]
    for model in versions:
        if model.entry.digest == version:
            return model
    known = {model.entry.digest for model in versions}
    raise UnknownNameError(f"version of {versions[0].entry.name}", version, known)
