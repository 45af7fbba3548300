"""What was measured of a batch: `measured`, which never predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.collect.measured import Column, MeasuredTables, Measurement
from archcast.collect.networks import as_stored
from archcast.core.arrays import ArchBatch, Bools, Floats
from archcast.core.device_catalog import device_of, same_device, unknown_device
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.metric import METRICS
from archcast.core.network import Network
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import given, space_named
from archcast.featurize.spaces.networks import NETWORKS
from archcast.serving.store import store


@dataclass(frozen=True, slots=True)
class Measurements:
    """What was measured of a batch, in the batch's order.

    Shapes:
        values, spread: float32 (n,), in `unit`; NaN where there is nothing, spread also where it is not known

    Attributes:
        device: for a metric of no device the data set.
        dataset: that the networks are built for; empty for networks of no space.
        sources: the table that each value is from, `store` for own measurements; None where there is nothing.
        status: `ok`, or why there is no value: `glitch`, `missing`, `failed`; None where no table has a row.
        notes: what a user of each value must know, empty where there is nothing.
        about: the same of all values of the device.
        absent: tables that have values of this kind and are not on this machine.
    """

    space: str
    device: str
    metric: str
    dataset: str
    unit: str
    values: Floats
    spread: Floats
    sources: tuple[str | None, ...]
    status: tuple[str | None, ...]
    notes: tuple[str, ...]
    about: str
    absent: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def known(self) -> Bools:
        """(n,): which have a value."""
        known: Bools = np.isfinite(self.values)
        return known

    def records(self) -> list[dict[str, Any]]:
        """One record an architecture; None where there is nothing."""
        return [
            {
                "measured": _number(value),
                "spread": _number(spread),
                "source": source,
                "status": status,
                "about": "; ".join(filter(None, (note, self.about))) if source else "",
            }
            for value, spread, source, status, note in zip(
                self.values, self.spread, self.sources, self.status, self.notes, strict=True
            )
        ]


def measured(
    arch_batch: ArchBatch,
    device: str | None = None,
    metric: str = "latency",
    space: str | Space | None = None,
    dataset: str | None = None,
    *,
    notation: str | None = None,
) -> Measurements:
    """Published or own measurements of a batch where there are any, and nothing for the others.

    Own measurements come first, then the tables on this machine. Equal architectures are one: by their codes,
    or by their networks where those have no dead layers. What an estimator made is no measurement.

    Args:
        arch_batch: architectures in their space's notation, an integer array of codes, or networks; tables
            know those whose structure is known, see `archcast.collect.structures`.
        device: name as tables or `archcast.devices` list it; for accuracy the data set.
        metric: `latency` (ms), `energy` (mJ), `accuracy` (%), `throughput` (1/s) or `memory` (MiB).
        space: the search space or its name; None infers it from the architectures.
        dataset: data set the networks are built for; default the space's first that was measured.
        notation: of others, in which the architectures are, such as `index`; see `archcast.parse`.

    Raises:
        ParseError: an architecture is not of its space; names item, position and choices.
        UnknownNameError: a device of which nothing is known; lists those that were measured.
        InputError: a name that several devices have, but for signs.
        DataError: a table or the store is damaged.
    """
    chosen, items = given(arch_batch, space, notation)
    if chosen is NETWORKS:
        networks = NETWORKS.read(items).networks
        column = measured_column(chosen, device, metric, dataset)
        return _told(column, column.of_networks(as_stored(network).key for network in networks))
    codes = chosen.parse(items)
    column = measured_column(chosen, device, metric, dataset)
    return _told(column, column.of_codes(codes))


def measured_networks(networks: Sequence[Network], device: str, metric: str) -> Measurements:
    """What was measured of networks; arguments and errors as `measured`."""
    return measured(list(networks), device, metric, NETWORKS)


def measured_column(
    space: str | Space, device: str | None, metric: str, dataset: str | None = None
) -> Column:
    """Everything that was measured of a space's architectures on a device; errors as `measured`.

    Raises:
        InputError: no device is named for a metric that has one.
    """
    known = space_named(space)
    if device is not None and not isinstance(device, str):
        raise InputError(f"device must be one name, got {shorten(device)}")
    tables = MeasuredTables()
    if not METRICS[metric].of_device:
        named = known.check_dataset(None) if device is None and dataset is None else device or str(dataset)
        named = _found_name(tables, known, named, metric)
        if dataset not in (None, named):
            raise UnknownNameError(f"dataset for {named}", dataset, {named})
        return tables.column(known, "", metric, named)
    if device is None:
        raise InputError(f"device must be named for measured {metric}")
    device = _found_name(tables, known, device, metric)
    if known is NETWORKS:
        return tables.column(known, device, metric, "")
    there = tables.datasets(known.name, device, metric)
    if dataset is not None and dataset not in {*there, *known.datasets}:
        raise UnknownNameError(f"dataset for {device}", dataset, {*there, *known.datasets})
    picked = dataset or known.pick_dataset(there or known.datasets)
    return tables.column(known, device, metric, picked)


def _found_name(tables: MeasuredTables, space: Space, device: str, metric: str) -> str:
    """The device, or data set, that a name means, in the space else anywhere.

    Raises:
        UnknownNameError: nothing is known of it at all.
        InputError: it may be several.
    """
    alike = [other.name for other in METRICS.values() if other.of_device == METRICS[metric].of_device]
    known = {name for other in alike for name in tables.devices(other)}
    known |= {e.device for e in store(fresh=True).every if e.metric in alike}
    known_name = device if device in known else same_device(device, tables.devices(metric, space.name))
    known_name = known_name or same_device(device, known)
    if known_name is None:
        raise unknown_device(f"device for measured {metric}", device, tables.devices(metric), metric)
    return known_name


def _told(column: Column, found: Sequence[Measurement | None]) -> Measurements:
    return Measurements(
        space=column.space.name,
        device=column.device or column.dataset,
        metric=column.metric,
        dataset=column.dataset,
        unit=METRICS[column.metric].unit,
        values=np.array([np.nan if one is None else one.value for one in found], dtype=np.float32),
        spread=np.array([np.nan if one is None else one.spread for one in found], dtype=np.float32),
        sources=tuple(None if one is None else one.source for one in found),
        status=tuple(None if one is None else one.status for one in found),
        notes=tuple("" if one is None else one.note for one in found),
        about=device_of(column.device).note if column.device else "",
        absent=column.absent,
    )


def _number(value: np.float32) -> float | None:
    return float(f"{value:.7g}") if np.isfinite(value) else None
