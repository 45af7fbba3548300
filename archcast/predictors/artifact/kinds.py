"""The two kinds of saved predictors: of codes of a space, and of networks of any form.

What differs between them is said here alone: the registry of their families, what they read, and how they
are made from a header and files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any, Protocol, TypeAlias

from archcast.core.registry import Registry
from archcast.featurize.encoders.columns import Columns, columns_read, refusal
from archcast.featurize.encoders.kernel_columns import kernel_columns, kernel_refusal
from archcast.featurize.networks import NETWORK
from archcast.featurize.operators import OPERATORS
from archcast.featurize.spaces import SPACES
from archcast.predictors.contract import PREDICTORS, Predictor, from_header
from archcast.predictors.networks.contract import NetworkPredictor, network_predictor

AnyPredictor: TypeAlias = Predictor | NetworkPredictor


class Kind(Protocol):
    """What saving and loading needs to know of a kind of predictors."""

    def check_names(self, header: Mapping[str, Any]) -> None:
        """Raise UnknownNameError where the space or the family of a header is not known here."""

    def refusal(self, header: Mapping[str, Any], reads: Columns) -> str:
        """Why what it reads cannot be read now, in one clause; empty where it can."""

    def make(self, header: Mapping[str, Any], files: Mapping[str, bytes], reads: Columns) -> AnyPredictor:
        """The predictor of a header and of what `to_files` gave."""


class OfCodes:
    """Predictors of codes of a space."""

    def check_names(self, header: Mapping[str, Any]) -> None:
        """Look up the space and the family."""
        SPACES[header["space"]], PREDICTORS[header["family"]]

    def refusal(self, header: Mapping[str, Any], reads: Columns) -> str:
        """By columns of the space."""
        return refusal(SPACES[header["space"]], reads, header["dataset"])

    def make(self, header: Mapping[str, Any], files: Mapping[str, bytes], reads: Columns) -> AnyPredictor:
        """With the features that it read."""
        features = tuple(reads["features"]) if "features" in reads else None
        return from_header(header, files, features=features)


class OfNetworks:
    """Predictors of networks."""

    def check_names(self, header: Mapping[str, Any]) -> None:
        """Look up the family."""
        _network_families()[header["family"]]

    def refusal(self, header: Mapping[str, Any], reads: Columns) -> str:
        """By columns of kernels."""
        del header
        return kernel_refusal(reads)

    def make(self, header: Mapping[str, Any], files: Mapping[str, bytes], reads: Columns) -> AnyPredictor:
        """As `network_predictor`."""
        del reads
        _network_families()
        return network_predictor(header, files)


def _network_families() -> Registry[type[NetworkPredictor]]:
    """All families of predictors of networks, which nothing else need import."""
    from archcast.predictors.networks.catalog import families

    return families()


_OF_CODES, _OF_NETWORKS = OfCodes(), OfNetworks()


def kind_of(header: Mapping[str, Any]) -> Kind:
    """The kind of a saved predictor."""
    return _OF_NETWORKS if header["space"] == NETWORK else _OF_CODES


def stamp(predictor: AnyPredictor) -> dict[str, Any]:
    """What a manifest says of a predictor by this version: what it reads, and what it needs."""
    if isinstance(predictor, NetworkPredictor):
        reads = kernel_columns(predictor.operators_)
        return {"reads": reads, "requires": _distributions(_network_families(), predictor.family, reads)}
    space = predictor.space_
    reads = columns_read(space, predictor.reads, predictor.dataset_, features=predictor.features_)
    needs = _distributions(PREDICTORS, predictor.family, reads, space=space.name)
    return {"reads": reads, "requires": needs}


def _distributions(
    families: Registry[Any], family: str, reads: Columns, *, space: str | None = None
) -> dict[str, str]:
    """Distribution -> version, of those that a space, a family and operators come from but archcast's own."""
    origins = [] if space is None else [SPACES.origin(space)]
    operators: Iterable[str] = reads.get("operators", {})
    origins += [families.origin(family), *map(OPERATORS.origin, operators)]
    return {name: metadata.version(name) for name in dict.fromkeys(origins) if name is not None}
