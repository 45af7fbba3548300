"""Published tables of networks as what predictors of networks are fitted to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.collect.structures import Structure, form_run, structures
from archcast.collect.tables.base import Recipe
from archcast.collect.tables.catalog import recipe_of
from archcast.collect.tables.location import is_here, recipe_table
from archcast.core.arrays import Doubles, Ints
from archcast.core.device import DeviceName
from archcast.core.errors import DataError, UnknownNameError
from archcast.core.network import Network
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.decoders import TABLE, DecoderRecord, decoder_records
from archcast.training.networks.members import MemberRecord, member_values

Record = Structure | DecoderRecord | MemberRecord
SPACE = "network"


@dataclass(frozen=True, slots=True)
class MeasuredStructures:
    """Labels of a table with the records of their networks.

    Attributes:
        labels: what predictors are fitted to.
        records: one a network of the labels.
    """

    labels: NetworkLabels
    records: tuple[Record, ...]

    @property
    def groups(self) -> Ints:
        """Near-copies have one number, (n,)."""
        return np.array([record.group for record in self.records], dtype=np.int64)

    @property
    def coarse(self) -> tuple[str, ...]:
        """Coarse family of each network."""
        return tuple(record.coarse for record in self.records)

    def rows(self, rows: Ints) -> MeasuredStructures:
        """Some of the networks."""
        return MeasuredStructures(self.labels.rows(rows), tuple(self.records[row] for row in rows))


def network_labels(
    table: str,
    metric: str = "latency",
    *,
    devices: Sequence[str] | None = None,
    most: int | None = None,
) -> MeasuredStructures:
    """Measurements of a table's networks whose structure is known; of a table of spaces, of their members.

    Rows that are marked as wrong, and settings that train networks, are left out; several measurements of one
    network on one device count by their median.

    Args:
        devices: the only ones to take, in that order; None takes all that were measured.
        most: networks to draw at random, of each space; None takes all.

    Raises:
        UnknownNameError: no such table, metric or device; lists what there is.
        DataError: the table is not on this machine, or none of its networks has a known structure.
    """
    recipe = recipe_of(table)
    of_any_form = SPACE in recipe.spaces
    rows = _rows(recipe, metric) if of_any_form else []
    members = {} if of_any_form else member_values(recipe, metric, most)
    known = {device for _, device, _ in rows} | {device for values in members.values() for device in values}
    for device in devices or ():
        if device not in known:
            raise UnknownNameError(f"device of {table}", device, known)
    chosen = tuple(sorted(filter(_runs, known))) if devices is None else tuple(devices)
    by_record = _by_record(_forms(table, rows, most), rows, set(chosen)) if of_any_form else members
    records: tuple[Record, ...] = tuple(sorted(by_record, key=lambda r: (r.name, r.size, r.variant)))
    if not records:
        raise DataError(f"no network of {table} has a structure that is known")
    if of_any_form and most is not None and len(records) > most:
        drawn = np.sort(np.random.default_rng(0).permutation(len(records))[:most])
        records = tuple(records[place] for place in drawn)
    return MeasuredStructures(
        NetworkLabels(
            metric=metric,
            devices=chosen,
            networks=tuple(map(_network, records)),
            values=_values(by_record, records, chosen),
            families=tuple(record.family for record in records),
            sources=(recipe.citation,),
            licences=(recipe.licence,),
            redistributable=recipe.redistributable,
        ),
        records,
    )


def _rows(recipe: Recipe, metric: str) -> list[tuple[str, str, float]]:
    """Network, device, value of a table's good rows."""
    metrics = [series.metric for series in recipe.series if series.space == SPACE]
    if metric not in metrics:
        raise UnknownNameError(f"metric of {recipe.name}", metric, metrics)
    if not is_here(recipe):
        raise DataError(f"the table {recipe.name} is not on this machine: set ARCHCAST_DATA")
    columns = recipe_table(recipe, SPACE).select(["arch", "device", "metric", "value", "status"])
    return [
        (row["arch"].partition(":")[2], row["device"], row["value"])
        for row in columns.to_pylist()
        if row["metric"] == metric and row["status"] == "ok"
    ]


def _runs(device: str) -> bool:
    """Whether a setting runs networks and does not train them."""
    return "train" not in DeviceName.parse(device).runtime.split("_")


def _network(record: Record) -> Network:
    return structures().network(record) if isinstance(record, Structure) else record.network


def _forms(
    table: str, rows: Sequence[tuple[str, str, float]], most: int | None
) -> Mapping[str, Mapping[str, Record]]:
    """Forms of networks by their names in a table's rows."""
    if table == TABLE:
        return decoder_records([name for name, _, _ in rows], most)
    forms: dict[str, dict[str, Record]] = {}
    for record in structures().of(table):
        forms.setdefault(record.row_name, {})[record.variant] = record
    return forms


def _by_record(
    forms: Mapping[str, Mapping[str, Any]], rows: Iterable[tuple[str, str, float]], devices: set[str]
) -> dict[Record, dict[str, list[float]]]:
    """Values by record and device; a network in two forms has them under the one that a device ran."""
    by_record: dict[Record, dict[str, list[float]]] = {}
    for name, device, value in rows:
        if device in devices and name in forms:
            record: Record = form_run(forms[name], device)
            by_record.setdefault(record, {}).setdefault(device, []).append(value)
    return by_record


def _values(
    by_record: Mapping[Record, Mapping[str, Sequence[float]]],
    records: Sequence[Record],
    devices: Sequence[str],
) -> Doubles:
    """(n, m), NaN where nothing was measured."""
    values = np.full((len(records), len(devices)), np.nan)
    for row, record in enumerate(records):
        for column, device in enumerate(devices):
            if device in by_record[record]:
                values[row, column] = np.median(by_record[record][device])
    return values
