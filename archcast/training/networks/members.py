"""Members of search spaces that a table measured, as networks that teach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from archcast.collect.tables.base import Recipe
from archcast.core.errors import UnknownNameError
from archcast.core.network import Network
from archcast.featurize.spaces import SPACES
from archcast.training.labels import load_labels


@dataclass(frozen=True)
class MemberRecord:
    """A member of a space; a space is a family.

    Attributes:
        name: as the space writes it.
        family, coarse: the space.
        group: its number; no two are near-copies.
    """

    name: str
    family: str
    group: int
    size: int = 0
    variant: str = ""

    @property
    def coarse(self) -> str:
        """There are no other families than spaces."""
        return self.family

    @cached_property
    def network(self) -> Network:
        """Written down by the space."""
        space = SPACES[self.family]
        return space.network(space.parse([self.name])[0])


def member_values(
    recipe: Recipe, metric: str, most: int | None
) -> Mapping[Any, Mapping[str, Sequence[float]]]:
    """Values by member and device, devices by the names that `Recipe.names` gives them.

    Args:
        most: members of each space, at random among those that every device of the space has; None takes all.

    Raises:
        UnknownNameError: the table has the metric of no space.
        DataError: the table is not on this machine, or is damaged.
    """
    spaces = dict.fromkeys(series.space for series in recipe.series if series.metric == metric)
    if not spaces:
        raise UnknownNameError(f"metric of {recipe.name}", metric, {s.metric for s in recipe.series})
    measured: dict[MemberRecord, dict[str, list[float]]] = {}
    for space in spaces:
        labels = load_labels(space, metric, sources=[recipe.name])
        whole = np.flatnonzero(np.isfinite(labels.values).all(axis=1))
        drawn = np.sort(np.random.default_rng(0).permutation(whole)[:most])
        names = [recipe.names.get(device, device) for device in labels.devices]
        for text, row in zip(SPACES[space].to_text(labels.codes[drawn]), labels.values[drawn], strict=True):
            record = MemberRecord(text, space, len(measured))
            measured[record] = {name: [float(v)] for name, v in zip(names, row, strict=True)}
    return measured
