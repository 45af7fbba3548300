"""NAS-Bench-201's accuracies after 200 epochs (Dong and Yang, ICLR 2020), in %, all 15,625 cells.

Test accuracy has the data set's name, validation accuracy `DATASET/valid`. Values are means over the
benchmark's seeds; how many differs by cell and is not in the files. Their `rank` follows from the
values and is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archcast.collect.tables.base import Series, column, joined, published
from archcast.collect.tables.reading import read_json
from archcast.core.errors import DataError
from archcast.featurize.spaces.nasbench201 import NASBench201

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "nasbench201_accuracy"
_NAMES = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "imagenet"}
_KEYS = {"": "test_acc_200", "/valid": "val_acc_200"}


def _read(folder: Path, space: str) -> pa.Table:
    known = NASBench201()
    texts = known.to_text(known.from_index(np.arange(known.size)))
    tables = []
    for dataset, word in _NAMES.items():
        file = folder / f"nasbench201_{word}.json"
        record = read_json(file)
        for suffix, key in _KEYS.items():
            try:
                values = [record[text][key] for text in texts]
            except (KeyError, TypeError) as error:
                raise DataError(f"{file} must hold {key} of every cell: {error}") from error
            series = Series(space, "accuracy", dataset + suffix)
            tables.append(column(series, "", texts, values, source=NAME))
    return joined(tables)


RECIPE = published(
    NAME,
    series=tuple(
        Series("nasbench201", "accuracy", dataset + suffix) for dataset in _NAMES for suffix in _KEYS
    ),
    read=_read,
)
