"""PaddleClas: ms a batch of 254 image classifiers on V100, T4, a Xeon, and Snapdragon 855 by threads.

Some networks stand on two pages with other figures. Where these differ by more than a tenth nobody can tell
which is right, and both are set aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcast.collect.tables.network_rows import Row, network_recipe, words_of

NAME = "paddleclas"
AGREE = 1.1
"""Largest ratio of two figures of one network in one setting that both stand."""
_HARDWARE = words_of(NAME, "device")
_RUNTIME = words_of(NAME, "runtime")
_PRECISION = words_of(NAME, "precision")


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every line."""
    by_setting: dict[tuple[str, str], list[float]] = {}
    named = [(line["network"], _device(line), line) for line in lines]
    for network, device, line in named:
        by_setting.setdefault((network, device), []).append(float(line["value"]))
    for network, device, line in named:
        values = by_setting[network, device]
        differ = max(values) > AGREE * min(values)
        page = line["source_path"].partition("#")[0]
        wrong = "another page says otherwise" if differ else ""
        yield Row(network, device, "latency", float(line["value"]), {"page": page}, wrong=wrong)


def _device(line: dict[str, Any]) -> str:
    threads = f"-{int(float(line['threads']))}t" if line["threads"] else ""
    batch = "" if line["batch"] == "1" else f"-b{int(line['batch'])}"
    name = f"{_HARDWARE(line['device'])}-{_RUNTIME(line['runtime'])}{threads}{batch}"
    return name + _PRECISION(line["precision"])


RECIPE = network_recipe(NAME, _rows)
