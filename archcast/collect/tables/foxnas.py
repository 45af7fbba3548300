"""FOX-NAS (Liu et al., ICCV workshops 2021): 300 networks, accuracy in % and CPU latency in ms.

The networks are published as regression features, not as layers, so they form a space of their own that
has no codes: an architecture is the JSON of its features that are not 0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from archcast.collect.tables.base import Recipe, Series, column, joined, manifest
from archcast.collect.tables.reading import number, read_csv

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "foxnas"
_TARGETS = ("", "acc", "latency", "acc/latency")
"""Columns that are no features: row number, the two metrics, their ratio."""
_LATENCY = Series("foxnas", "latency", "imagenet", ("foxnas_cpu",))
_ACCURACY = Series("foxnas", "accuracy", "imagenet")
_UPSTREAM, _FILES = manifest(NAME)


def _read(folder: Path, space: str) -> pa.Table:
    file = folder / _FILES[0].path
    rows = read_csv(file, ("acc", "latency"))
    names = [name for name in rows[0] if name not in _TARGETS]
    features = [{n: v for n in names if (v := number(row[n], file))} for row in rows]
    texts = [json.dumps(f) for f in features]
    latency = [number(row["latency"], file) for row in rows]
    accuracy = [number(row["acc"], file) for row in rows]
    return joined(
        [
            column(_LATENCY, "foxnas_cpu", texts, latency, source=NAME),
            column(_ACCURACY, "", texts, accuracy, source=NAME),
        ]
    )


RECIPE = Recipe(
    name=NAME,
    title="FOX-NAS: CPU latency and accuracy of 300 networks by regression features",
    citation="Liu et al., FOX-NAS: Fast, On-device and Explainable NAS, ICCV workshops 2021",
    licence="none stated",
    redistributable=False,
    upstream=_UPSTREAM,
    files=_FILES,
    series=(_LATENCY, _ACCURACY),
    read=_read,
)
