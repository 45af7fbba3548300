"""Vitis AI's model zoo: frames a second, and ms, on FPGA boards with AMD's deep-learning processors.

Times are end to end, with pre- and post-processing on the board's processor. `multi` is as many threads as
were best, so a throughput there is not the inverse of a latency.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, network_recipe, present, words_of
from archcast.core.errors import DataError

NAME = "vitis_ai"
_HARDWARE = words_of(NAME, "device")
_METRIC = words_of(NAME, "metric")
_CARDS = {
    "u200": ("CADX8G", "CADF8H"),
    "u250": ("CADX8G", "CADF8H"),
    "u50lv": ("CAHX8H-DWC", "CAHX8H"),
    "u55c": ("CAHX8H-DWC",),
}
"""Cards with more than one processor -> these; a text that names one names the first that it holds."""


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every line."""
    for line in lines:
        multi = line["threads"] == "multi"
        runtime = f"vitis_ai{line['runtime'].removeprefix('Vitis AI ')}{'_multi' if multi else ''}"
        threads = "" if multi else f"-{int(line['threads'])}t"
        device = f"{_hardware(line)}-{runtime}{threads}-int8"
        facts = dict(present(line, ("dpu",)))
        yield Row(line["network"], device, _METRIC(line["metric"]), float(line["value"]), facts)


def _hardware(line: dict[str, Any]) -> str:
    board = _HARDWARE(line["device"])
    if board not in _CARDS:
        return board
    for processor in _CARDS[board]:
        if processor in (line["dpu"] or ""):
            return f"{board}-dpu{processor.lower().replace('-', '_')}"
    raise DataError(f"dpu of {line['device']} in the table {NAME} must name a processor; got {line['dpu']!r}")


RECIPE = network_recipe(NAME, _rows)
