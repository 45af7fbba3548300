"""Rockchip's RKNN model zoo: frames a second on Rockchip NPUs; of RK3588 and RK3576 one core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, network_recipe, words_of

NAME = "rknn"
_HARDWARE = words_of(NAME, "device")
_PRECISION = words_of(NAME, "precision")


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every line."""
    for line in lines:
        device = f"{_HARDWARE(line['device'])}-rknn-npu-{_PRECISION(line['precision'])}"
        yield Row(line["network"], device, "throughput", float(line["value"]))


RECIPE = network_recipe(NAME, _rows)
