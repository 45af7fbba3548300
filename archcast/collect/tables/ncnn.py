"""ncnn's benchmark: 36 networks on some 70 boards, phones and desktops, one contributed run after another.

Each run had its own clocks and version of ncnn, and one chip differs up to twofold between contributors, so a
run is a device of its own. A latency is the least of the run's loops. `default` precision is fp16 where the
hardware has it, so it is not said; networks in int8 have names of their own, and devices too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from archcast.collect.tables.network_rows import Row, known_words, network_recipe, present

NAME = "ncnn"
_HARDWARE = known_words(
    json.loads((files("archcast.collect.tables") / "ncnn.json").read_text(encoding="utf-8"))["hardware"],
    "device",
    NAME,
)
_PRECISION = known_words({"default": "", "int8": "-int8"}, "precision", NAME)
_VULKAN = known_words({"ncnn-cpu": "", "ncnn-vulkan": "vulkan"}, "runtime", NAME)


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


RECIPE = network_recipe(
    NAME,
    title="ncnn: latency of 36 networks in 176 contributed runs on boards, phones and desktops",
    citation="Tencent, ncnn, benchmark/README.md",
    licence="BSD-3-Clause",
    columns=(
        *("network", "device", "runtime", "precision", "threads", "metric", "value"),
        *("run_id", "powersave", "loop_count", "gpu_name"),
    ),
    rows=_rows,
)
