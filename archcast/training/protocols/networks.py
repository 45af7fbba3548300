"""Protocols of networks of any form: each fold of a table is predicted by what was fitted to the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.device import DeviceName
from archcast.core.errors import InputError
from archcast.predictors.networks.folds import family_folds
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.fit import learner, left_out, quality_by_device
from archcast.training.networks.labels import MeasuredStructures, network_labels
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.schema import NetworkFolds, TestedTable

FIGURES = ("mape", "median_error", "within_10", "within_20", "spearman")
EVERY = "all"
_ACCELERATORS = ("gpu", "npu", "vulkan", "opencl", "metal", "dsp")
_VERSION = re.compile(r"(?<=[a-z])[0-9][0-9.]*")


@dataclass(frozen=True, slots=True)
class _Setting:
    """A table, a way to make folds, and the seeds that matter to it."""

    table: TestedTable
    measured: MeasuredStructures
    folds_of: str
    seeds: Sequence[int]


def run(
    protocol: NetworkFolds, methods: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """One record a table, a way to make folds, a method and a kind of device: medians over its settings."""
    records: list[Record] = []
    for table in protocol.tables:
        measured = tested(network_labels(table.table, table.metric, most=table.most), protocol.least)
        for folds_of in protocol.folds_of:
            asked = _Setting(table, measured, folds_of, seeds if folds_of == "groups" else seeds[:1])
            for method in protocol.measured_on(table, methods):
                progress(f"{protocol.name}: {method}, {table.table} by {folds_of}")
                records += _records(asked, method, protocol.folds)
    return records


def kind_of(device: str) -> str:
    """A kind of device: runtime without its version, what it runs on and number format."""
    name = DeviceName.parse(device)
    processor = name.processor if name.processor in _ACCELERATORS else ""
    return " ".join(filter(None, (_VERSION.sub("", name.runtime), processor, name.precision or "fp32")))


def random_folds(groups: Ints, folds: int, seed: int) -> Ints:
    """The fold of each network: groups in a random order, dealt round, (n,)."""
    names, place = np.unique(groups, return_inverse=True)
    dealt = np.random.default_rng(seed).permutation(len(names)) % folds
    return np.asarray(dealt[place], dtype=np.int64)


def tested(measured: MeasuredStructures, least: int) -> MeasuredStructures:
    """Settings with enough networks, and the networks that one of them measured.

    Raises:
        InputError: no setting has enough.
    """
    labels = measured.labels
    known = np.isfinite(labels.values)
    devices = [d for d, count in zip(labels.devices, known.sum(axis=0), strict=True) if count >= least]
    if not devices:
        raise InputError(f"a setting must have at least {least} networks to be tested, none has")
    chosen = labels.only(devices)
    rows = np.flatnonzero(np.isfinite(chosen.values).any(axis=1))
    return replace(measured, labels=chosen).rows(rows)


def _records(asked: _Setting, method: str, folds: int) -> list[Record]:
    """Records of one method."""
    labels: NetworkLabels = asked.measured.labels
    groups = asked.measured.groups
    figures: dict[str, list[list[float]]] = {device: [] for device in labels.devices}
    for seed in asked.seeds:
        if asked.folds_of == "groups":
            numbers = random_folds(groups, folds, seed)
        else:
            coarse = asked.folds_of == "coarse"
            numbers = family_folds(asked.measured.coarse if coarse else labels.families, folds)
        said = left_out(lambda: learner(method), labels, numbers, groups=groups, seed=seed)
        for device, quality in quality_by_device(labels, said).items():
            figures[device].append([quality[name] for name in FIGURES])
    head = {
        "predictor": method,
        "table": asked.table.table,
        "metric": asked.table.metric,
        "folds_of": asked.folds_of,
    }
    return records_by_kind(head, labels, FIGURES, figures)


def records_by_kind(
    head: Record,
    labels: NetworkLabels,
    names: Sequence[str],
    figures: Mapping[str, Sequence[Sequence[float]]],
) -> list[Record]:
    """One record a kind of device: medians over its settings of means over seeds.

    Args:
        head: what each record begins with.
        names: of the figures.
        figures: device -> figures of each seed.
    """
    of_kind: dict[str, list[str]] = {EVERY: list(labels.devices)}
    for device in labels.devices:
        of_kind.setdefault(kind_of(device), []).append(device)
    return [
        {**head, "kind": kind, "settings": len(devices), "networks": len(labels)}
        | dict(zip(names, _medians([figures[device] for device in devices]), strict=True))
        for kind, devices in of_kind.items()
    ]


def _medians(figures: Sequence[Sequence[Sequence[float]]]) -> list[float]:
    """Medians over settings of the means over seeds."""
    means = [np.mean(seeds, axis=0) for seeds in figures if seeds]
    return [round(float(value), 4) for value in np.median(means, axis=0)]
