"""What was measured of architectures on a device, from the tables at hand and the user's store.

| symbol | meaning |
|---|---|
| n | architectures that are asked for |
| u | architectures that have a row |
| k | decisions of the space |

Own measurements come first, then the tables in the order of the catalog; one that has a value comes before
one that only says that it has none. Rows that an estimator made are no measurements and are left out. A row
is of an architecture by its codes, or else by its network, where neither has dead layers: those runtimes drop
or run as they please.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.collect.matrix import row_mask
from archcast.collect.store import MeasurementStore
from archcast.collect.structures import structures
from archcast.collect.tables.base import Recipe, Series
from archcast.collect.tables.catalog import RECIPES, recipe_of
from archcast.collect.tables.location import is_here, recipe_table, state_of
from archcast.collect.tables.own import STORE, store_recipe
from archcast.core.arrays import Codes, Doubles, Ints
from archcast.core.metric import METRICS
from archcast.featurize.spaces.base import Space

if TYPE_CHECKING:
    import pyarrow as pa

OK = "ok"
ESTIMATE = "estimate"
"""Kind, in its environment, of a row that an estimator made."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one table has of one architecture.

    Attributes:
        value: in the metric's unit, mean of its rows that are `ok`; NaN where none is.
        spread: standard deviation over repeats, same unit; NaN where it is not known.
        source: the table, or `store` for own measurements.
        status: `ok`, `glitch`, `missing` or `failed`.
        note: what a user of it must know; empty where there is nothing.
    """

    value: float
    spread: float
    source: str
    status: str
    note: str


@dataclass(frozen=True)
class Column:
    """Measurements of one metric of a space's architectures on one device.

    Attributes:
        device: empty for a metric of no device.
        by_arch: text of an architecture, or key of a network -> its measurement.
        absent: tables that have such a column and are not on this machine.
    """

    space: Space
    device: str
    metric: str
    dataset: str
    by_arch: Mapping[str, Measurement] = field(repr=False)
    absent: tuple[str, ...] = field(default=())

    def of_codes(self, codes: Codes) -> list[Measurement | None]:
        """Measurements of members of the space, None where there is none.

        Shapes:
            codes: (n, k)
        """
        rows = self.rows(codes)
        return [self._listed[row] if row >= 0 else None for row in rows.tolist()]

    def of_networks(self, keys: Iterable[str]) -> list[Measurement | None]:
        """Measurements of networks by their keys as stored, own ones first, None where there is none."""
        return [self._of_network(key) for key in keys]

    def _of_network(self, key: str) -> Measurement | None:
        if key in self.by_arch or not self.by_arch:
            return self.by_arch.get(key)
        measured = [self.by_arch.get(row) for row in structures().rows_of(key, self.device)]
        known = [one for one in measured if one is not None]
        return next((one for one in known if one.status == OK), known[0] if known else None)

    def values(self, codes: Codes) -> Doubles:
        """Values of members of the space, NaN where there is none.

        Shapes:
            codes: (n, k); output: (n,), in the metric's unit
        """
        known = np.array([one.value for one in self._listed] + [np.nan])
        values: Doubles = known[self.rows(codes)]
        return values

    def rows(self, codes: Codes) -> Ints:
        """(n,): places among what was measured, -1 where there is none."""
        if not self.by_arch:
            return np.full(len(codes), -1)
        members, networks = self._places
        rows = np.array([members.get(bytes(row), -1) for row in codes], dtype=np.int64)
        left = np.flatnonzero(rows < 0)
        whole = left[_whole(self.space, codes[left])] if len(left) else left
        if len(whole):
            equal = self.space.canonical(codes[whole])
            rows[whole] = [networks.get(bytes(row), -1) for row in equal]
        return rows

    @cached_property
    def _listed(self) -> list[Measurement]:
        return list(self.by_arch.values())

    @cached_property
    def _places(self) -> tuple[dict[bytes, int], dict[bytes, int]]:
        """Place of each member, and of each network without dead layers, by its canonical codes."""
        codes = self.space.parse(list(self.by_arch))
        members: dict[bytes, int] = {}
        for place, row in enumerate(codes):
            members.setdefault(bytes(row), place)
        networks: dict[bytes, int] = {}
        whole = np.flatnonzero(_whole(self.space, codes))
        for place, row in zip(whole.tolist(), self.space.canonical(codes[whole]), strict=True):
            networks.setdefault(bytes(row), place)
        return members, networks


class MeasuredTables:
    """The tables that archcast knows and the user's store, as it is at this moment.

    Raises:
        DataError: the store is foreign or damaged.
    """

    def __init__(self) -> None:
        self._recipes = (store_recipe(), *RECIPES.values())
        self._stored = MeasurementStore().count()

    def column(self, space: Space, device: str, metric: str, dataset: str) -> Column:
        """What tables at hand have of a device.

        Args:
            device: empty for a metric of no device.
            dataset: that networks are built for; empty for networks of no space.

        Raises:
            DataError: a table is damaged.
        """
        having = [r for r, series in self._series(space.name, device, metric) if series.dataset == dataset]
        here = [recipe for recipe in having if is_here(recipe)]
        states = tuple((r.name, self._stored if r.name == STORE else state_of(r)) for r in here)
        absent = tuple(recipe.name for recipe in having if recipe not in here)
        return _column(space, device, metric, dataset, states, absent)

    def datasets(self, space: str, device: str, metric: str) -> list[str]:
        """Data sets that networks of a space were measured for, by tables at hand where there is one."""
        having = list(self._series(space, device, metric))
        here = [series.dataset for recipe, series in having if is_here(recipe)]
        return list(dict.fromkeys(here or [series.dataset for _, series in having]))

    def devices(self, metric: str, space: str | None = None) -> set[str]:
        """Devices that a metric was measured on, in a space or in any; of no device, data sets."""
        every = [s for recipe in self._recipes for s in recipe.series if s.metric == metric]
        every = [series for series in every if space in (None, series.space)]
        if not METRICS[metric].of_device:
            return {series.dataset for series in every}
        return {device for series in every for device in series.devices}

    def _series(self, space: str, device: str, metric: str) -> Iterator[tuple[Recipe, Series]]:
        for recipe in self._recipes:
            for series in recipe.series:
                if (series.space, series.metric) == (space, metric) and device in series.devices:
                    yield recipe, series


@lru_cache(maxsize=32)
def _column(
    space: Space,
    device: str,
    metric: str,
    dataset: str,
    states: tuple[tuple[str, object], ...],
    absent: tuple[str, ...],
) -> Column:
    """The column, kept until the states of its tables change."""
    by_arch: dict[str, Measurement] = {}
    for name, _ in states:
        for arch, one in _rows_of(recipe_of(name), space.name, device, metric, dataset):
            if arch not in by_arch or (by_arch[arch].status != OK and one.status == OK):
                by_arch[arch] = one
    return Column(space, device, metric, dataset, by_arch, absent)


def _rows_of(
    recipe: Recipe, space: str, device: str, metric: str, dataset: str
) -> Iterable[tuple[str, Measurement]]:
    """A table's measurements by architecture, each once."""
    table = recipe_table(recipe, space, device or None)
    chosen = row_mask(table, "metric", [metric]) & row_mask(table, "dataset", [dataset])
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in _plain(table.filter(chosen & row_mask(table, "device", [device]))):
        rows.setdefault(row["arch"], []).append(row)
    facts: dict[str, Mapping[str, Any]] = {}
    for arch, own in rows.items():
        for row in own:
            text = row["environment"]
            if text not in facts:
                facts[text] = json.loads(text) if text else {}
        own = [row for row in own if facts[row["environment"]].get("kind") != ESTIMATE]
        if own:
            yield arch, _joined(recipe.name, own, facts)


def _plain(table: pa.Table) -> list[dict[str, Any]]:
    names = ["arch", "value", "spread", "status", "environment", "note"]
    rows: list[dict[str, Any]] = table.select(names).to_pylist()
    return rows


def _joined(
    source: str, rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Mapping[str, Any]]
) -> Measurement:
    """One measurement of the rows that a table has of an architecture."""
    good = [row for row in rows if row["status"] == OK]
    if not good:
        return Measurement(np.nan, np.nan, source, rows[0]["status"], rows[0]["note"])
    summed = facts[good[0]["environment"]].get("sum_of")
    note = f"a sum of {summed}" if summed else ""
    values = np.array([row["value"] for row in good])
    spreads = np.array([np.nan if row["spread"] is None else row["spread"] for row in good], dtype=float)
    spread = float(spreads[0])
    if len(good) > 1:
        spread = float(np.sqrt(values.var() + np.mean(np.nan_to_num(spreads) ** 2)))
    return Measurement(float(values.mean()), spread, source, OK, note)


def _whole(space: Space, codes: Codes) -> np.ndarray:
    """(n,): which have no dead layers."""
    whole: np.ndarray = (space.live(codes) == codes).all(axis=1) & space.connected(codes)
    return whole
