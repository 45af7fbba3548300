"""Hailo's model zoo: frames a second at batch 1 and 8 on Hailo-8, 8L and 10H.

A chip works on several frames at once, so a throughput is not the inverse of a latency.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, known_words, network_recipe

NAME = "hailo"
_HARDWARE = known_words({"Hailo-8": "hailo8", "Hailo-8L": "hailo8l", "Hailo-10H": "hailo10h"}, "device", NAME)


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every line."""
    for line in lines:
        version = ".".join(re.findall("[0-9]+", line["runtime"])[:2])
        mode = "_performance" if line["performance_mode"] else ""
        batch = "" if line["batch"] == "1" else f"-b{int(line['batch'])}"
        device = f"{_HARDWARE(line['device'])}-hailort{version}{mode}{batch}-int8"
        yield Row(line["network"], device, "throughput", float(line["value"]))


RECIPE = network_recipe(
    NAME,
    title="Hailo Model Zoo: frames a second of 198 networks on Hailo-8, 8L and 10H",
    citation="Hailo, Hailo Model Zoo, docs/public_models",
    licence="MIT",
    columns=("network", "device", "runtime", "batch", "value", "performance_mode"),
    rows=_rows,
)
