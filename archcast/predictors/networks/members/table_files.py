"""Tables that were made of a predictor and a space, kept beside the user's spaces.

`ARCHCAST_HOME/spaces/NAME/tables-KEY.npz` holds arrays alone; the key is a hash of the predictor, the space's
decisions and archcast's version. Tables are looked at before they are used: they must answer a few members as
their networks do. Where those cannot be built any more, tables are all that is left, and that is told.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core import settings
from archcast.core.arrays import Codes
from archcast.core.errors import ArchcastWarning, ArtifactError, InputError
from archcast.core.files import atomic_write
from archcast.core.version import VERSION
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.builders import is_same_file
from archcast.featurize.spaces.defined import DefinedSpace
from archcast.featurize.spaces.saved import SavedSpace, saved_space
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.lowered.tables import Sum, rows_of
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.members.terms import Tables

_TRIED = 3


def saved_tables(
    model: NetworkPredictor,
    space: Space,
    dataset: str,
    differs: Callable[[NetworkPredictor, Tables, Codes], bool],
) -> Tables | None:
    """Tables that were kept of a predictor; None where there are none that still hold.

    Args:
        differs: whether tables answer otherwise than the networks of some members.
    """
    path = _path(model, space, dataset)
    if not path.is_file():
        return None
    try:
        tables = _read(path.read_bytes(), path.name, space)
    except (OSError, KeyError, ValueError, ArtifactError) as error:
        warnings.warn(f"{path} is left out and made anew: {error}", ArchcastWarning, stacklevel=5)
        return None
    if isinstance(space, SavedSpace) and is_same_file(space.record["build"]):
        return tables  # the very file that they were made of, which need not be imported
    try:
        return None if differs(model, tables, space.sample(_TRIED, seed=0)) else tables
    except InputError as error:
        if not isinstance(space, SavedSpace):
            raise
        warnings.warn(
            f"{space.name} is answered from tables that were made of it before: {error}",
            ArchcastWarning,
            stacklevel=5,
        )
        return tables


def has_tables(model: NetworkPredictor, space: Space, dataset: str) -> bool:
    """Whether there are tables that were kept of a predictor."""
    return (settings.spaces_dir() / space.name).is_dir() and _path(model, space, dataset).is_file()


def save_tables(model: NetworkPredictor, space: Space, dataset: str, tables: Tables) -> None:
    """Keep tables, where there is a place for them; a space that is known in one process alone has none."""
    if not _is_kept(space):
        return
    path = _path(model, space, dataset)
    sums = tables.sums
    arrays: dict[str, Any] = {f"table{i}": table for i, table in enumerate(sums.tables)}
    arrays["groups"] = np.array(json.dumps([list(group) for group in sums.groups]))
    arrays["are_values"] = np.array(tables.are_values)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as partial:
            partial.write_bytes(pack(arrays))
    except OSError as error:
        warnings.warn(
            f"tables of {space.name} could not be kept for later: {error}", ArchcastWarning, stacklevel=5
        )


def _read(content: bytes, name: str, space: Space) -> Tables:
    arrays = unpack(content, name)
    groups = tuple(tuple(int(c) for c in group) for group in json.loads(str(arrays["groups"])))
    parts = tuple(arrays[f"table{i}"] for i in range(len(groups)))
    for group, part in zip(groups, parts, strict=True):
        if part.ndim != 2 or len(part) != rows_of(group, space.cardinalities):
            raise ValueError(f"a table of {name} has the wrong shape")
    return Tables(Sum(groups, parts, tuple(space.cardinalities)), bool(arrays["are_values"]))


def _is_kept(space: Space) -> bool:
    """Whether other processes know the space by its name."""
    return not isinstance(space, DefinedSpace) or isinstance(space, SavedSpace) or _record(space) is not None


def _record(space: Space) -> dict[str, Any] | None:
    """What was saved of a defined space, where it is the same."""
    if isinstance(space, SavedSpace):
        return dict(space.record)
    if not isinstance(space, DefinedSpace):
        return None
    saved = saved_space(space.name)
    return dict(saved.record) if saved is not None and saved.choices == space.choices else None


def _path(model: NetworkPredictor, space: Space, dataset: str) -> Path:
    made = hashlib.sha256()
    record = _record(space)
    about: list[Any] = [VERSION, space.name, dataset, list(space.columns), list(space.cardinalities)]
    about += [record and (record["decisions"], record["build"]), model.header()]
    made.update(json.dumps(about, sort_keys=True).encode())
    for name, content in sorted(model.to_files().items()):
        made.update(name.encode() + content)
    return settings.spaces_dir() / space.name / f"tables-{made.hexdigest()[:24]}.npz"
