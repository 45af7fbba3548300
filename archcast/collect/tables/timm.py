"""timm's benchmarks (Wightman et al.): throughput of 1,454 image networks on GPUs and a processor.

The batch was halved until it fitted into memory, so that a setting has networks of several batches. A latency
is given as that of the setting's batch, worked out from the published images a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from archcast.collect.tables.network_rows import Row, network_recipe, words_of

NAME = "timm"
WRONG = {"ecaresnext50t_32x4d": "in every setting the time of another network"}
"""Networks whose figures are wrong everywhere, and why."""
_HARDWARE = words_of(NAME, "device")
_PRECISION = words_of(NAME, "precision")
_OPTIONS = words_of(NAME, "runtime")


def _rows(lines: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows of every setting."""
    settings: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for line in lines:
        before, precision = _setting(line)
        settings.setdefault((line["source_path"].partition("#")[0], before, precision), []).append(line)
    for (_, before, precision), columns in settings.items():
        batch = Counter(int(line["batch"]) for line in columns).most_common(1)[0][0]
        device = before + (f"-b{batch}" if batch > 1 else "") + precision
        yield from _of_a_setting(device, batch, columns)


def _of_a_setting(device: str, batch: int, lines: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    for line in lines:
        rate = float(line["images_per_s"])
        facts = {"image": int(line["img_size"]), "measured_batch": int(line["batch"])}
        name = line["network"]
        yield Row(
            f"{name}@{facts['image']}",
            device,
            "latency",
            1000.0 * batch / rate,
            facts,
            wrong=WRONG.get(name, ""),
        )


def _setting(line: Mapping[str, Any]) -> tuple[str, str]:
    """What a device's name says before the batch, and after it."""
    _, version, *options = line["runtime"].split("-")
    said = "".join(_OPTIONS(word) for word in (*options, line["layout"]))
    runtime = f"torch{version.removesuffix('.0')}{said}"
    return f"{_HARDWARE(line['device'])}-{runtime}", _PRECISION(line["precision"])


RECIPE = network_recipe(NAME, _rows)
