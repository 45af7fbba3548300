"""Hailo's model zoo: frames a second at batch 1 and 8 on Hailo-8, 8L and 10H.

A chip works on several frames at once, so a throughput is not the inverse of a latency.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, network_recipe, words_of

NAME = "hailo"
_HARDWARE = words_of(NAME, "device")


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every line."""
    for line in lines:
        version = ".".join(re.findall("[0-9]+", line["runtime"])[:2])
        mode = "_performance" if line["performance_mode"] else ""
        batch = "" if line["batch"] == "1" else f"-b{int(line['batch'])}"
        device = f"{_HARDWARE(line['device'])}-hailort{version}{mode}{batch}-int8"
        yield Row(line["network"], device, "throughput", float(line["value"]))


RECIPE = network_recipe(NAME, _rows)
