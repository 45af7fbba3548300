"""PaddleClas: ms a batch of 254 image classifiers on V100, T4, a Xeon, and Snapdragon 855 by threads.

Some networks stand on two pages with other figures. Where these differ by more than a tenth nobody can tell
which is right, and both are set aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, known_words, network_recipe

NAME = "paddleclas"
AGREE = 1.1
"""Largest ratio of two figures of one network in one setting that both stand."""
_HARDWARE = known_words(
    {
        "NVIDIA V100": "v100",
        "NVIDIA T4": "t4",
        "Intel Xeon Gold 6148": "gold-6148",
        "Snapdragon 855 (Paddle-Lite)": "snapdragon855",
    },
    "device",
    NAME,
)
_RUNTIME = known_words(
    {
        "Paddle TensorRT": "paddle_tensorrt",
        "Paddle-Lite": "paddlelite",
        "Paddle Inference MKL-DNN": "paddle_mkldnn",
    },
    "runtime",
    NAME,
)
_PRECISION = known_words({"fp32": "", "fp16": "-fp16"}, "precision", NAME)


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every line."""
    found: dict[tuple[str, str], list[float]] = {}
    named = [(line["network"], _device(line), line) for line in lines]
    for network, device, line in named:
        found.setdefault((network, device), []).append(float(line["value"]))
    for network, device, line in named:
        values = found[network, device]
        differ = max(values) > AGREE * min(values)
        page = line["source_path"].partition("#")[0]
        wrong = "another page says otherwise" if differ else ""
        yield Row(network, device, "latency", float(line["value"]), {"page": page}, wrong=wrong)


def _device(line: dict[str, Any]) -> str:
    threads = f"-{int(float(line['threads']))}t" if line["threads"] else ""
    batch = "" if line["batch"] == "1" else f"-b{int(line['batch'])}"
    made = f"{_HARDWARE(line['device'])}-{_RUNTIME(line['runtime'])}{threads}{batch}"
    return made + _PRECISION(line["precision"])


RECIPE = network_recipe(
    NAME,
    title="PaddleClas: latency of 254 image classifiers on V100, T4 and Snapdragon 855",
    citation="PaddlePaddle, PaddleClas, docs/zh_CN/models/ImageNet1k",
    licence="Apache-2.0",
    columns=("network", "device", "runtime", "precision", "batch", "threads", "value", "source_path"),
    rows=_rows,
)
