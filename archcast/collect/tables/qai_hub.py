"""Qualcomm AI Hub Models: latency and peak memory on Qualcomm phones, boards and cars.

`float` is fp16 on NPU and GPU. Parts of one model are networks of their own. Where the layers ran is in the
environment; a network of which none ran on the NPU has a device of its own. What chat models tell, tokens a
second and the time to the first, is of no pass of a network and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, known_words, network_recipe, present

NAME = "qai_hub"
_HARDWARE = known_words(
    {
        "Dragonwing IQ-9075 EVK": "iq-9075",
        "Dragonwing Q-6690 MTP": "q-6690",
        "Dragonwing RB3 Gen 2 Vision Kit": "rb3-gen2",
        "QCS8275 (Proxy)": "qcs8275-proxy",
        "QCS8550 (Proxy)": "qcs8550-proxy",
        "QCS9075 (Proxy)": "qcs9075-proxy",
        "RB3 Gen 2 (Proxy)": "rb3-gen2-proxy",
        "RB5 (Proxy)": "rb5-proxy",
        "SA7255P ADP": "sa7255p",
        "SA8255 (Proxy)": "sa8255-proxy",
        "SA8295P ADP": "sa8295p",
        "SA8650 (Proxy)": "sa8650-proxy",
        "SA8775P ADP": "sa8775p",
        "Samsung Galaxy S24": "galaxy-s24",
        "Samsung Galaxy S25": "galaxy-s25",
        "Snapdragon 7 Gen 4 QRD": "snapdragon-7-gen4",
        "Snapdragon 8 Elite Gen 5 QRD": "snapdragon-8-elite-gen5",
        "Snapdragon 8 Elite QRD": "snapdragon-8-elite",
    },
    "device",
    NAME,
)
_RUNTIME = known_words(
    {
        "tflite": "tflite2.17",
        "qnn_dlc": "qnn",
        "qnn_context_binary": "qnn_binary",
        "onnx": "ort1.23",
        "precompiled_qnn_onnx": "ort1.23_precompiled",
    },
    "runtime",
    NAME,
)
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


RECIPE = network_recipe(
    NAME,
    title="Qualcomm AI Hub: latency and peak memory of 213 networks on Qualcomm phones, boards and cars",
    citation="Qualcomm, AI Hub Models, perf.yaml of each model",
    licence="BSD-3-Clause",
    columns=(
        *("network", "device", "runtime", "precision", "metric", "value", "compute_unit"),
        *("layers_npu", "layers_gpu", "layers_cpu", "tool_versions"),
    ),
    rows=_rows,
)
