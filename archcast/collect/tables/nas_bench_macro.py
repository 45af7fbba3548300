"""NAS-Bench-Macro (Su et al., CVPR 2021): CIFAR-10 accuracy of all 6,561 networks, in %.

The value is the mean of three trainings and the spread their standard deviation. Keys that differ only
in where a stage's identities stand share one training; every key has its row here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archcast.collect.tables.base import Series, column, published
from archcast.collect.tables.reading import parsed, read_json
from archcast.core.errors import DataError
from archcast.featurize.spaces import SPACES

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "nas_bench_macro"
_SEEDS = 3
_SERIES = Series("macro", "accuracy", "cifar10")


def _read(folder: Path, space: str) -> pa.Table:
    file = folder / "nas-bench-macro_cifar10.json"
    record = read_json(file)
    try:
        keys = sorted(record)
        means = [record[key]["mean_acc"] for key in keys]
        spread = [record[key]["std"] for key in keys]
        repeats = {len(record[key]["test_acc"]) for key in keys}
    except (KeyError, TypeError) as error:
        raise DataError(f"{file} must hold mean_acc, std and test_acc: {error}") from error
    if repeats != {_SEEDS}:
        raise DataError(f"{file} must hold {_SEEDS} trainings of each network, got {repeats}")
    texts = SPACES[space].to_text(parsed(space, keys, file))
    return column(_SERIES, "", texts, means, source=NAME, spread=spread, repeats=_SEEDS)


RECIPE = published(NAME, series=(_SERIES,), read=_read)
