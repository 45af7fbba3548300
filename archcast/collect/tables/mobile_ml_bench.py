"""mobile-ml-benchmark: 102 CNNs on seven phones, by runtime, precision and cores (ms, means with spread)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, network_recipe, words_of

NAME = "mobile_ml_bench"
_HARDWARE = words_of(NAME, "device")
_RUNTIME = words_of(NAME, "runtime")
_PRECISION = words_of(NAME, "precision")


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every line."""
    for line in lines:
        hardware, runtime = _HARDWARE(line["device"]), _RUNTIME(line["runtime"])
        device = f"{hardware}-{runtime}-{_cores(line['cores'])}{_PRECISION(line['precision'])}"
        yield Row(line["network"], device, "latency", float(line["value"]), spread=float(line["std_ms"]))


def _cores(said: str) -> str:
    """Cores as names of devices write them: `1large1med` is `1large_1medium`."""
    return "_".join(re.findall("[0-9]+[a-z]+", said)).replace("med", "medium") or said


RECIPE = network_recipe(NAME, _rows)
