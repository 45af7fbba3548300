"""Rockchip's RKNN model zoo: frames a second on Rockchip NPUs; of RK3588 and RK3576 one core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, known_words, network_recipe

NAME = "rknn"
_CHIPS = ("RK1808", "RK3562", "RK3566/RK3568", "RK3576", "RK3588", "RV1109", "RV1126")
_HARDWARE = known_words({f"Rockchip {c}": c.lower().replace("/", "_") for c in _CHIPS}, "device", NAME)
_PRECISION = known_words({"int8": "int8", "fp16": "fp16"}, "precision", NAME)


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every line."""
    for line in lines:
        device = f"{_HARDWARE(line['device'])}-rknn-npu-{_PRECISION(line['precision'])}"
        yield Row(line["network"], device, "throughput", float(line["value"]))


RECIPE = network_recipe(
    NAME,
    title="RKNN Model Zoo: frames a second of 45 networks on seven Rockchip NPUs",
    citation="Rockchip, RKNN Model Zoo, README.md",
    licence="Apache-2.0",
    columns=("network", "device", "precision", "value"),
    rows=_rows,
)
