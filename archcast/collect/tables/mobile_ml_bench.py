"""mobile-ml-benchmark: 102 CNNs on seven phones, by runtime, precision and cores (ms, means with spread)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, known_words, network_recipe

NAME = "mobile_ml_bench"
_HARDWARE = known_words(
    {
        "Google Pixel 4 (Snapdragon 855)": "pixel4",
        "Samsung Galaxy S10 (Exynos 9820)": "galaxy-s10",
        "Xiaomi Mi 8 SE (Snapdragon 710)": "mi8se",
        "Samsung Galaxy A03s (Helio P35)": "galaxy-a03s",
        "Apple iPhone 7 (A10)": "iphone7",
        "Apple iPhone XS (A12)": "iphonexs",
        "Motorola One Fusion (Snapdragon 710)": "one-fusion",
    },
    "device",
    NAME,
)
_RUNTIME = known_words(
    {
        "tflite-2.10-cpu": "tflite2.10",
        "tflite-2.10-gpu": "tflite2.10",
        "pytorch-mobile-2.0-cpu": "torch2.0_mobile",
        "pytorch-mobile-2.0-gpu": "torch2.0_mobile",
    },
    "runtime",
    NAME,
)
_PRECISION = known_words({"fp32": "", "fp16": "-fp16", "int8": "-int8"}, "precision", NAME)


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every line."""
    for line in lines:
        hardware, runtime = _HARDWARE(line["device"]), _RUNTIME(line["runtime"])
        device = f"{hardware}-{runtime}-{_cores(line['cores'])}{_PRECISION(line['precision'])}"
        yield Row(line["network"], device, "latency", float(line["value"]), spread=float(line["std_ms"]))


def _cores(said: str) -> str:
    """Cores as names of devices write them: `1large1med` is `1large_1medium`."""
    return "_".join(re.findall("[0-9]+[a-z]+", said)).replace("med", "medium") or said


RECIPE = network_recipe(
    NAME,
    title="mobile-ml-benchmark: latency of 102 CNNs on seven phones, TFLite and PyTorch Mobile, by cores",
    citation="qed-usc, mobile-ml-benchmark, dataset/*.csv",
    licence="MIT",
    columns=("network", "device", "runtime", "precision", "cores", "value", "std_ms"),
    rows=_rows,
)
