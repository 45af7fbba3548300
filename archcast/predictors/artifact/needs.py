"""What a saved predictor needs of an installation, and the sentence where that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from archcast.core.errors import ArtifactError, UnknownNameError
from archcast.core.metric import METRICS
from archcast.featurize.encoders.columns import Columns, refusal
from archcast.featurize.operators import OPERATORS
from archcast.featurize.spaces import SPACES, Space
from archcast.predictors.contract import PREDICTORS


def distributions(space: str, family: str, operators: Iterable[str]) -> dict[str, str]:
    """Distribution -> version, of those that a space, a family and operators come from but archcast's own."""
    origins = [SPACES.origin(space), PREDICTORS.origin(family), *map(OPERATORS.origin, operators)]
    return {name: metadata.version(name) for name in dict.fromkeys(origins) if name is not None}


def check_names(place: Any, header: Mapping[str, Any], requires: Mapping[str, str]) -> None:
    """Raise ArtifactError where the space, the metric or the family is not known here.

    The sentence names the distribution that offers it, where one does and is not installed.
    """
    try:
        SPACES[header["space"]], METRICS[header["metric"]], PREDICTORS[header["family"]]
    except UnknownNameError as error:
        missing = [f"{name} {version}" for name, version in requires.items() if not _installed(name)]
        why = f"needs {' and '.join(missing)}, not installed here: {error}" if missing else f"is of a {error}"
        raise ArtifactError(f"{place} {why}") from error


def check_columns(place: Any, space: Space, reads: Columns, dataset: str) -> None:
    """Raise ArtifactError where this version lacks what a predictor reads, or means something else by it."""
    why = refusal(space, reads, dataset)
    if why:
        raise ArtifactError(f"{place} cannot be used: {why}")


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
