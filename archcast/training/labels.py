"""Labels for training, from the public tables on this machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.collect.matrix import MeasurementMatrix, load_measurements
from archcast.collect.tables.catalog import recipe_of
from archcast.core.arrays import Codes, Ints
from archcast.core.labels import Labels, Target
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES


def load_labels(
    space: str,
    metric: str,
    *,
    devices: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
) -> Labels:
    """Every architecture of a space that a public table has the metric of.

    Args:
        devices: None takes all that were measured. For metrics of no device, leave it out.
        datasets: data sets whose columns are put side by side; None takes the first that fits.
        sources: the only tables to use; None uses all, the first that has a column.

    Raises:
        UnknownNameError: no table has such a metric, device or data set; lists what there is.
        DataError: the table is not on this machine, or is damaged.
    """
    wanted: list[str | None] = [*datasets] if datasets else [None]
    matrices = [load_measurements(space, metric, d, devices, sources=sources) for d in wanted]
    codes, places = _union([matrix.codes for matrix in matrices])
    values = np.full((len(codes), sum(len(m.devices) for m in matrices)), np.nan)
    targets: list[Target] = []
    for matrix, rows in zip(matrices, places, strict=True):
        values[rows, len(targets) : len(targets) + len(matrix.devices)] = matrix.values
        targets += _targets(matrix)
    known = np.isfinite(values).any(axis=1)
    known_space, dataset = SPACES[space], matrices[0].dataset
    used = [recipe_of(name) for name in dict.fromkeys(s for m in matrices for s in m.sources)]
    return Labels(
        space=space,
        metric=metric,
        dataset=known_space.check_dataset(dataset if dataset in known_space.datasets else None),
        targets=tuple(targets),
        codes=codes[known],
        values=values[known],
        sources=tuple(f"{recipe.title} ({recipe.upstream})" for recipe in used),
        licences=tuple(recipe.licence for recipe in used),
        redistributable=all(recipe.redistributable for recipe in used),
    )


def _targets(matrix: MeasurementMatrix) -> list[Target]:
    of_device = METRICS[matrix.metric].of_device
    return [Target(device if of_device else matrix.dataset, matrix.dataset) for device in matrix.devices]


def _union(batches: list[Codes]) -> tuple[Codes, list[Ints]]:
    """Distinct rows of all batches in order of appearance, and the row of each batch's entries."""
    stacked = np.concatenate(batches)
    _, first, inverse = np.unique(stacked, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ends = np.cumsum([len(b) for b in batches])[:-1]
    return stacked[first[order]], np.split(rank[inverse.reshape(-1)], ends)
