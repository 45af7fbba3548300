"""Measurements that commands are given: in a file, on standard input, or in the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcast.cli.inputs import read_samples
from archcast.core.doubts import placed
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.core.reading import Samples

STORE = "store"
SamplesFile = Annotated[
    str,
    typer.Option(
        help="File with the columns arch and value (CSV, JSON, JSON Lines, Parquet; - for standard "
        "input), or `store` for what archcast collect measured."
    ),
]


@dataclass(frozen=True, slots=True)
class GivenSamples:
    """Measured architectures, and what is said of them.

    Attributes:
        space, dataset: as they were asked for, else as the samples say; None where neither does.
        read: the file that they are from; None for the store.
    """

    archs: list[Any]
    values: list[float]
    space: str | None
    dataset: str | None
    read: Samples | None = None

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Tell errors and doubts of items by their place in the file."""
        with placed(self.where):
            if self.read is None:
                yield
                return
            with self.read.table.naming(self.read.rows):
                yield

    def where(self, item: int) -> str:
        """Where a sample stands: its line in the file, or its number in the store's order."""
        if item >= len(self.archs):
            return f"former measurement {item - len(self.archs)}"
        if self.read is None:
            return f"item {item}"
        table = self.read.table
        return f"{table.unit} {table.places[self.read.rows[item]]}"


def given_samples(
    samples: str, device: str, metric: str, space: str | None, dataset: str | None
) -> GivenSamples:
    """Measurements of a device in a file, or in the store.

    Args:
        samples: a file, `-`, or `store`.

    Raises:
        InputError: see `archcast.core.reading.samples_of`; the store holds none, or of several spaces.
    """
    from archcast.core.metric import METRICS

    if samples == STORE:
        return _stored(device, metric, space, dataset)
    of_device = device if METRICS[metric].of_device else None
    read = read_samples(samples, metric, device=of_device, dataset=dataset, space=space)
    said = read.said
    return GivenSamples(
        read.archs, read.values, space or said.get("space"), dataset or said.get("dataset"), read
    )


def _stored(device: str, metric: str, space: str | None, dataset: str | None) -> GivenSamples:
    """The device's measurements in the store.

    For a metric of no device, as accuracy, `device` names the data set where `dataset` does not.
    """
    from archcast.collect.store import MeasurementStore
    from archcast.core.metric import METRICS

    of_device = METRICS[metric].of_device
    found = MeasurementStore().to_table(device=device if of_device else "", metric=metric, space=space)
    found = found.filter(found["value"].is_valid())
    kinds = sorted(set(zip(found["space"].to_pylist(), found["dataset"].to_pylist(), strict=True)))
    wanted = dataset or (None if of_device or device not in {d for _, d in kinds} else device)
    fitting = [kind for kind in kinds if wanted in (None, kind[1])]
    on = f" on {device}" if of_device else ""
    there = ", ".join(f"{name} on {data}" for name, data in kinds) or "none"
    if not fitting:
        data = "" if dataset is None else f" for {dataset}"
        raise InputError(f"the store must hold {metric} measured{on}{data}, and holds {there}")
    if len(fitting) > 1:
        options = [
            option
            for option, values in zip(("--space", "--dataset"), zip(*fitting, strict=True), strict=True)
            if len(set(values)) > 1
        ]
        raise InputError(f"the store holds {metric}{on} of {there}: {' and '.join(options)} must leave one")
    rows = [
        (arch, value)
        for arch, value, *kind in zip(
            *(found[c].to_pylist() for c in ("arch", "value", "space", "dataset")), strict=True
        )
        if tuple(kind) == fitting[0]
    ]
    archs, values = [arch for arch, _ in rows], [value for _, value in rows]
    kind, data = fitting[0]
    if kind == "network":
        from archcast.collect.networks import NetworkStore

        return GivenSamples([NetworkStore().read(key) for key in archs], values, kind, None)
    return GivenSamples(archs, values, kind, data)
