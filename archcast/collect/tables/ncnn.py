"""ncnn's benchmark: 36 networks on some 70 boards, phones and desktops, one contributed run after another.

Each run had its own clocks and version of ncnn, and one chip differs up to twofold between contributors, so a
run is a device of its own. A latency is the least of the run's loops. `default` precision is fp16 where the
hardware has it, so it is not said; networks in int8 have names of their own, and devices too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, network_recipe, present, words_of

NAME = "ncnn"
_HARDWARE = words_of(NAME, "device")
_PRECISION = words_of(NAME, "precision")
_VULKAN = words_of(NAME, "runtime")


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of the least latencies."""
    for line in lines:
        if line["metric"] != "latency_min":
            continue
        where = _VULKAN(line["runtime"]) or f"{int(line['threads'])}t"
        hardware = f"{_HARDWARE(line['device'])}-run{int(line['run_id'])}"
        facts = dict(present(line, ("powersave", "loop_count", "gpu_name")))
        device = f"{hardware}-ncnn-{where}{_PRECISION(line['precision'])}"
        yield Row(line["network"], device, "latency", float(line["value"]), facts)


RECIPE = network_recipe(NAME, _rows)
