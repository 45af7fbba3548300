"""The sentence where what a saved predictor needs of an installation is not there."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from archcast.core.errors import ArtifactError, UnknownNameError
from archcast.core.metric import METRICS
from archcast.featurize.encoders.columns import Columns
from archcast.predictors.artifact.kinds import kind_of


def check_names(place: Any, header: Mapping[str, Any], requires: Mapping[str, str]) -> None:
    """Raise ArtifactError where the space, the metric or the family is not known here.

    The sentence names the distribution that offers it, where one does and is not installed.
    """
    try:
        kind_of(header).check_names(header)
        METRICS[header["metric"]]
    except UnknownNameError as error:
        missing = [f"{name} {version}" for name, version in requires.items() if not _installed(name)]
        why = f"needs {' and '.join(missing)}, not installed here: {error}" if missing else f"is of a {error}"
        raise ArtifactError(f"{place} {why}") from error


def check_columns(place: Any, header: Mapping[str, Any], reads: Columns) -> None:
    """Raise ArtifactError where this version lacks what a predictor reads, or means something else by it."""
    why = kind_of(header).refusal(header, reads)
    if why:
        raise ArtifactError(f"{place} cannot be used: {why}")


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
