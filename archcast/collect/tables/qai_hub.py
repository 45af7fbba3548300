"""Qualcomm AI Hub Models: latency and peak memory on Qualcomm phones, boards and cars.

`float` is fp16 on NPU and GPU. Parts of one model are networks of their own. Where the layers ran is in the
environment; a network of which none ran on the NPU has a device of its own. What chat models tell, tokens a
second and the time to the first, is of no pass of a network and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, network_recipe, present, words_of

NAME = "qai_hub"
_HARDWARE = words_of(NAME, "device")
_RUNTIME = words_of(NAME, "runtime")
_METRICS = {"latency": "latency", "peak_memory_max": "memory"}
_LONGEST_MS = 60_000.0
"""What deeplabv3_resnet50 in w8a8 alone takes longer than, by minutes; no other pass takes ten seconds."""
_MIXED = {"mixed_int16": "_mixedint", "mixed_fp16": "_mixedfp"}


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of latencies and of the larger bound of peak memory."""
    for line in lines:
        if line["metric"] not in _METRICS:
            continue
        facts = dict(present(line, ("layers_npu", "layers_gpu", "layers_cpu", "tool_versions")))
        metric, value = _METRICS[line["metric"]], float(line["value"])
        wrong = "a pass of minutes" if metric == "latency" and value > _LONGEST_MS else ""
        yield Row(line["network"], _device(line), metric, value, facts, wrong=wrong)


def _device(line: dict[str, Any]) -> str:
    unit = str(line["compute_unit"]).lower()
    bits, _, mixed = line["precision"].partition("_")
    if bits == "float":
        bits = "" if unit == "cpu" else "fp16"
    runtime = _RUNTIME(line["runtime"]) + (_MIXED[mixed] if mixed else "")
    return f"{_HARDWARE(line['device'])}-{runtime}-{unit}" + (f"-{bits}" if bits else "")


RECIPE = network_recipe(NAME, _rows)
