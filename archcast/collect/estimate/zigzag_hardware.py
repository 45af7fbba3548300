"""ZigZag's hardware descriptions: a shipped preset or a target's own, with array, buffer and clock set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from importlib.resources import files
from math import prod, sqrt
from typing import Any

from archcast.collect.estimate.target import Target
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.optional import require

OFF_CHIP = "dram"
"""Name of the memory outside the chip, whose area does not count."""
_ARRAY = re.compile(r"\d{1,4}(x\d{1,4}){0,3}")


def parse_array(text: str, what: str) -> tuple[int, ...]:
    """`14x12` as (14, 12); raise InputError for anything else."""
    if not _ARRAY.fullmatch(text) or 0 in (sizes := tuple(map(int, text.split("x")))):
        raise InputError(f"{what} must be sizes such as 14x12, got {shorten(text)}")
    return sizes


def describe(target: Target) -> dict[str, Any]:
    """The target's hardware in ZigZag's own form.

    `array` gives the sizes of the multipliers' array. `buffer_kib` gives the size of the memory that
    `buffer` names; a cost per access then grows with the square root of the size and area with the size,
    a rule of thumb for SRAM, since ZigZag's presets set costs by hand for one size.

    Raises:
        UnknownNameError: no such preset, or no memory of the name that `buffer` gives.
        InputError: the description is not one that ZigZag takes, or `array` has other dimensions.
    """
    hardware = target.hardware
    data = _preset(hardware["preset"]) if "preset" in hardware else deepcopy(hardware["description"])
    data = _validated(data, target.name)
    units = data["operational_array"]
    if "array" in hardware:
        sizes = parse_array(hardware["array"], f"array of {target.name}")
        if len(sizes) != len(units["sizes"]):
            raise InputError(
                f"array of {target.name} must have {len(units['sizes'])} dimensions, got {hardware['array']}"
            )
        units["sizes"] = list(sizes)
    if "buffer_kib" in hardware:
        _resize(data, hardware, target.name)
    return data


def array_sizes(data: Mapping[str, Any]) -> dict[str, int]:
    """Dimension -> size of the multipliers' array."""
    units = data["operational_array"]
    return dict(zip(units["dimensions"], units["sizes"], strict=True))


def area_of(data: Mapping[str, Any]) -> float | None:
    """Area of array and memories in the description's units; None where a part on the chip gives none."""
    sizes = array_sizes(data)
    total = float(data["operational_array"].get("unit_area") or 0.0) * prod(sizes.values())
    if not total:
        return None
    for name, memory in data["memories"].items():
        if name == OFF_CHIP:
            continue
        if not memory["area"]:
            return None
        copies = prod(size for dim, size in sizes.items() if dim not in memory["served_dimensions"])
        total += float(memory["area"]) * copies
    return total


def build(data: Mapping[str, Any]) -> Any:
    """ZigZag's accelerator of a description."""
    factory = require("zigzag.parser.accelerator_factory", extra="collect", purpose="ZigZag estimates")
    return factory.AcceleratorFactory(deepcopy(data)).create()


def _preset(name: Any) -> dict[str, Any]:
    require("zigzag", extra="collect", purpose="ZigZag estimates")
    yaml = require("yaml", extra="collect", purpose="reading a target file")
    folder = files("zigzag") / "inputs" / "hardware"
    names = [file.name[:-5] for file in folder.iterdir() if file.name.endswith(".yaml")]
    if name not in names:
        raise UnknownNameError("preset of ZigZag", name, names)
    preset: dict[str, Any] = yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8"))
    return preset


def _validated(data: Any, name: str) -> dict[str, Any]:
    parser = require("zigzag.parser.accelerator_validator", extra="collect", purpose="ZigZag estimates")
    try:
        checked = parser.AcceleratorValidator(data)
        fits = checked.validate()
    except Exception as error:  # cerberus raises many kinds for data of a wrong shape
        raise InputError(f"hardware of {name} is no description that ZigZag takes: {error!r}") from error
    if not fits:
        errors = checked.validator.errors or "see the rules of ZigZag's hardware descriptions"
        raise InputError(f"hardware of {name} is no description that ZigZag takes: {errors}")
    normalised: dict[str, Any] = checked.normalized_data
    return normalised


def _resize(data: dict[str, Any], hardware: Mapping[str, Any], name: str) -> None:
    if "buffer" not in hardware:
        raise InputError(f"hardware of {name} must name under buffer the memory that buffer_kib is of")
    if hardware["buffer"] not in data["memories"]:
        raise UnknownNameError(f"buffer of {name}", hardware["buffer"], data["memories"])
    memory = data["memories"][hardware["buffer"]]
    bits = int(hardware["buffer_kib"] * 8192)
    ratio = bits / memory["size"]
    memory["size"] = bits
    for cost in ("r_cost", "w_cost"):
        memory[cost] *= sqrt(ratio)
    memory["area"] *= ratio
