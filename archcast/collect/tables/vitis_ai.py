"""Vitis AI's model zoo: frames a second, and ms, on FPGA boards with AMD's deep-learning processors.

Times are end to end, with pre- and post-processing on the board's processor. `multi` is as many threads as
were best, so a throughput there is not the inverse of a latency.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, known_words, network_recipe, present
from archcast.core.errors import DataError

NAME = "vitis_ai"
_HARDWARE = known_words(
    {
        "KV260": "kv260",
        "Kria KV260 SOM": "kv260",
        "U200": "u200",
        "U250": "u250",
        "U50lv": "u50lv",
        "U55C DWC": "u55c",
        "V70": "v70",
        "VCK190": "vck190",
        "VEK280": "vek280",
        "ZCU102": "zcu102",
        "ZCU102 (0432055-04)": "zcu102-04",
        "ZCU102 (0432055-05)": "zcu102-05",
        "ZCU104": "zcu104",
    },
    "device",
    NAME,
)
_METRIC = known_words({"throughput_e2e": "throughput", "latency_e2e": "latency"}, "metric", NAME)
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


RECIPE = network_recipe(
    NAME,
    title="Vitis AI Model Zoo: frames a second of 292 networks on FPGA boards and cards",
    citation="AMD Xilinx, Vitis AI Model Zoo, 2.5 to 3.5",
    licence="Apache-2.0",
    columns=("network", "device", "runtime", "threads", "metric", "value", "dpu"),
    rows=_rows,
)
