"""Networks of tables of deployed networks: named by a constructor, trusted where counts agree."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from network_calls import constructor, forms
from network_counts import by_rule, tables
from network_sources import Wanted

from archcast.core.network import Network
from archcast.featurize.readers.torch import read_module

_UNPUBLISHED = "neither parameters nor multiply-adds are published"
_LOOSE = 0.1
"""Share for paddleclas, whose tool counts batch normalisation and activations."""


def hailo_networks() -> Iterator[Wanted]:
    """Hailo's; operations are published as twice the multiply-adds."""
    for row in _named("hailo"):
        high, wide, channels = (int(side) for side in row["input_hwc"].split("x"))
        shape = (1, 3, high, wide) if channels == 3 else (1, 3, channels // 3, high, wide)
        yield _wanted("hailo", row, shape, row["params_m"] * 1e6, float(row["gops"]) / 2 * 1e9)


def vitis_networks() -> Iterator[Wanted]:
    """Vitis AI's; operations, twice the multiply-adds, stand in a column or at the end of a name."""
    for row in _named("vitis_ai"):
        sides = re.search(r"(\d+)[*_](\d+)[*_]", row["input_hwc"] or row["network"])
        named = re.search(r"_([\d.]+)([GM])$", row["network"])
        if sides is None or not (row["gops"] or named):
            continue
        shape = (1, 3, int(sides.group(1)), int(sides.group(2)))
        operations = row["gops"] or float(named.group(1)) / (1000 if named.group(2) == "M" else 1)
        yield _wanted("vitis_ai", row, shape, None, operations / 2 * 1e9)


def paddleclas_networks() -> Iterator[Wanted]:
    """PaddleClas's, with the counts of `paddleclas_counts.csv`, which are its own pages'."""
    with Path(__file__).with_name("paddleclas_counts.csv").open() as file:
        counts = {line["network"]: line for line in csv.DictReader(file)}
    for row in _named("paddleclas"):
        size = int(row["size"] or (384 if "_384" in row["network"] else 224))
        known = counts.get(row["network"].removesuffix("_ssld"))
        params = float(known["params_m"]) * 1e6 if known else None
        operations = float(known["flops_m"]) * 1e6 if known else None
        yield _wanted("paddleclas", row, (1, 3, size, size), params, operations, near=_LOOSE)


def qai_networks() -> Iterator[Wanted]:
    """Qualcomm AI Hub's: parameters and the size of the input are published."""
    for row in _named("qai_hub"):
        found = re.search(r"Number of parameters=([\d.]+)M", row["details"])
        macs = re.search(r"GMACs=([\d.]+)", row["details"])
        published = float(found.group(1)) * 1e6 if found else None
        operations = float(macs.group(1)) * 1e9 if macs else None
        yield _wanted("qai_hub", row, _qai_shape(row), published, operations)


DEPLOYED = {
    "hailo": hailo_networks,
    "vitis_ai": vitis_networks,
    "paddleclas": paddleclas_networks,
    "qai_hub": qai_networks,
}


def _named(table: str) -> Iterator[dict[str, Any]]:
    for row in tables(table):
        call = row["how_to_build"]
        if call and "ultralytics" not in call and "segmentation_models" not in call:
            yield row


def _wanted(
    table: str,
    row: dict[str, Any],
    shape: tuple[int, ...],
    params: float | None,
    macs: float | None,
    *,
    near: float = 0.03,
) -> Wanted:
    call = row["how_to_build"]
    known = params is not None or macs is not None
    return Wanted(
        *(table, row["network"], constructor(call), 0 if len(shape) == 2 else shape[-1]),
        _agreeing(call, shape, params, macs) if known else None,
        published_params=params,
        published=macs,
        rule="timm",
        near=near,
        why="" if known else _UNPUBLISHED,
    )


def _qai_shape(row: dict[str, Any]) -> tuple[int, ...]:
    call = row["how_to_build"]
    sides = re.search(r"nput resolution=(\d+)x(\d+)", row["details"])
    high, wide = (int(sides.group(1)), int(sides.group(2))) if sides else (224, 224)
    if "tokens" in call:
        return high, wide
    if "1x16x3x" in call:
        return 1, 16, 3, high, wide
    return (1, 3, 16, high, wide) if "1x3x16x" in call else (1, 3, high, wide)


def _agreeing(
    call: str, shape: tuple[int, ...], params: float | None, macs: float | None
) -> Callable[[], Network]:
    """Reads the form of a network that is nearest to what was published."""

    def distance(network: Network) -> float:
        summary = network.summary()
        off = [abs(summary.params / params - 1)] if params else []
        if macs:
            off.append(min(abs(way / macs - 1) for way in (summary.macs, by_rule("timm", summary))))
        return max(off)

    def read() -> Network:
        example: Any = shape
        if len(shape) == 2:
            example = torch.zeros(shape, dtype=torch.long, device="meta")
        found = []
        for make in forms(call):
            network = read_module(make(), example)
            found.append((distance(network), len(found), network))
            if found[-1][0] < 0.01:
                break
        return min(found)[2]

    return read
