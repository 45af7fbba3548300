"""Measurements as training needs them: one row an architecture, one column a device.

| symbol | meaning |
|---|---|
| n | architectures |
| k | decisions of the space |
| m | devices |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from archcast.collect.tables.base import Recipe, Series
from archcast.collect.tables.catalog import RECIPES, recipe_of
from archcast.collect.tables.location import is_here, recipe_table
from archcast.collect.tables.own import store_recipe
from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.core.errors import DataError, UnknownNameError
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class MeasurementMatrix:
    """One metric of distinct architectures on one or more devices.

    Attributes:
        devices: names of the m columns; `("",)` for a metric of no device.
        codes: int8 (n, k), each architecture once: by the index of spaces that have one, else
            in the order of the first table that has them.
        values: float64 (n, m) in the metric's unit, NaN where nothing usable was measured. Measurements
            of one architecture by one table are averaged.
        sources: table that each column is from.
        licences: that table's licence.
    """

    space: str
    metric: str
    dataset: str
    devices: tuple[str, ...]
    codes: Codes
    values: Doubles
    sources: tuple[str, ...]
    licences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Column:
    device: str
    recipe: Recipe


def load_measurements(
    space: str,
    metric: str,
    dataset: str | None = None,
    devices: Sequence[str] | None = None,
    *,
    sources: Sequence[str] | None = None,
) -> MeasurementMatrix:
    """Measurements of a space from the tables on this machine.

    Archcast's own tables and the user's store are used where they are named (`sources=["store"]`), for
    devices that no public table has, and for metrics that none has.

    Args:
        dataset: None takes the first data set, in the space's order, that has all of `devices`.
        devices: None takes all that were measured; order is kept.
        sources: the only tables to use; of two with the same column the earlier is taken. None uses
            the public ones in the order of `RECIPES`.

    Raises:
        UnknownNameError: no table has such a space, metric, data set or device; lists what there is.
        DataError: a table that has it is not on this machine, or is damaged.
    """
    known = SPACES[space]
    metric = METRICS[metric].name
    wanted = None if devices is None else tuple(devices)
    offers = _offers(space, metric, wanted, sources)
    chosen = _choose_dataset(offers, known.datasets, dataset, wanted, f"{space} {metric}")
    columns = _choose_columns(offers[chosen], wanted, f"{space} {metric} on {chosen}")
    codes, values = _read_columns(space, metric, chosen, columns)
    order = known.order(codes)
    codes, values = codes[order], values[order]
    return MeasurementMatrix(
        space=space,
        metric=metric,
        dataset=chosen,
        devices=tuple(c.device for c in columns),
        codes=codes,
        values=values,
        sources=tuple(c.recipe.name for c in columns),
        licences=tuple(c.recipe.licence for c in columns),
    )


def _offers(
    space: str, metric: str, devices: tuple[str, ...] | None, sources: Sequence[str] | None
) -> dict[str, list[tuple[Recipe, Series]]]:
    """Data set -> tables on this machine that have the metric, best first."""
    if sources is not None:
        recipes = [recipe_of(name) for name in sources]
    else:
        recipes = [recipe for recipe in RECIPES.values() if recipe.folder is None]
        public = [s for r in recipes for s in r.series if (s.space, s.metric) == (space, metric)]
        known = {device for series in public for device in series.devices}
        if not public or not known.issuperset(devices or ()):
            recipes += [recipe for recipe in RECIPES.values() if recipe.folder is not None]
            recipes.append(store_recipe())
    having = [
        (recipe, series)
        for recipe in recipes
        for series in recipe.series
        if series.space == space and series.metric == metric
    ]
    if not having:
        spaces = sorted({s.metric for r in recipes for s in r.series if s.space == space})
        raise UnknownNameError(f"metric of {space} in the tables", metric, spaces)
    here = {recipe.name for recipe, _ in having if is_here(recipe)}
    if not here:
        names = ", ".join(dict.fromkeys(recipe.name for recipe, _ in having))
        raise DataError(
            f"no table with {metric} of {space} is on this machine: set ARCHCAST_DATA, or run "
            f"archcast data fetch for one of {names}"
        )
    offers: dict[str, list[tuple[Recipe, Series]]] = {}
    for recipe, series in having:
        if recipe.name in here:
            offers.setdefault(series.dataset, []).append((recipe, series))
    return offers


def _choose_dataset(
    offers: dict[str, list[tuple[Recipe, Series]]],
    preferred: tuple[str, ...],
    dataset: str | None,
    devices: tuple[str, ...] | None,
    what: str,
) -> str:
    if dataset is not None:
        if dataset not in offers:
            raise UnknownNameError(f"dataset of {what}", dataset, offers)
        return dataset
    ordered = [d for d in preferred if d in offers] + [d for d in offers if d not in preferred]
    for candidate in ordered:
        measured = {d for _, series in offers[candidate] for d in series.devices}
        if measured.issuperset(devices or ()):
            return candidate
    measured = {d for listed in offers.values() for _, series in listed for d in series.devices}
    for device in devices or ():
        if device not in measured:
            raise UnknownNameError(f"device of {what}", device, measured)
    raise DataError(f"no data set has {what} on all of {', '.join(devices or ())}; name one device")


def _choose_columns(
    offers: list[tuple[Recipe, Series]], devices: tuple[str, ...] | None, what: str
) -> list[_Column]:
    first: dict[str, Recipe] = {}
    for recipe, series in offers:
        for device in series.devices:
            first.setdefault(device, recipe)
    for device in devices or ():
        if device not in first:
            raise UnknownNameError(f"device of {what}", device, first)
    return [_Column(device, first[device]) for device in devices or first]


def _read_columns(space: str, metric: str, dataset: str, columns: list[_Column]) -> tuple[Codes, Doubles]:
    """Distinct architectures in the order of their first row, and their mean values."""
    place = {(c.recipe.name, c.device): i for i, c in enumerate(columns)}
    codes, rows, cols, values = [], [], [], []
    start = 0
    for recipe in {c.recipe.name: c.recipe for c in columns}.values():
        table = recipe_table(recipe, space)
        own = [d for name, d in place if name == recipe.name]
        keep = row_mask(table, "metric", [metric]) & row_mask(table, "dataset", [dataset])
        table = table.filter(keep & row_mask(table, "device", own))
        arch = table["arch"].combine_chunks().dictionary_encode()
        codes.append(SPACES[space].parse(arch.dictionary.to_pylist()))
        rows.append(arch.indices.to_numpy() + start)
        start += len(codes[-1])
        device = table["device"].combine_chunks()
        to_column = np.array([place.get((recipe.name, d), -1) for d in device.dictionary.to_pylist()])
        cols.append(to_column[device.indices.to_numpy()])
        values.append(table["value"].to_numpy())
    distinct, member = _distinct(np.concatenate(codes))
    row = member[np.concatenate(rows)]
    means = _means(row, np.concatenate(cols), np.concatenate(values), (len(distinct), len(columns)))
    return distinct, means


def row_mask(table: pa.Table, name: str, words: Sequence[str]) -> Bools:
    """(rows,): whether the dictionary column `name` has one of `words`."""
    column = table[name].combine_chunks()
    wanted = np.array([word in words for word in column.dictionary.to_pylist()], dtype=bool)
    chosen: Bools = wanted[column.indices.to_numpy()]
    return chosen


def _distinct(codes: Codes) -> tuple[Codes, Ints]:
    """Rows of `codes` without repeats, in order, and the one that each row became."""
    _, first, inverse = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return codes[first[order]], rank[inverse.reshape(-1)]


def _means(rows: Ints, columns: Ints, values: Doubles, shape: tuple[int, int]) -> Doubles:
    """(n, m) mean of the values of each place, NaN where there is none."""
    usable = ~np.isnan(values)
    place = (rows * shape[1] + columns)[usable]
    count = np.bincount(place, minlength=shape[0] * shape[1])
    total = np.bincount(place, weights=values[usable], minlength=shape[0] * shape[1])
    means = np.full(len(count), np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means.reshape(shape)
