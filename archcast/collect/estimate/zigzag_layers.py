"""Work in ZigZag's form: loops, relations and precisions; and a mapping's rule applied to them.

A rule lists, for each dimension of the array, the loops laid along it in order: `D2: [FY, C]` takes all of
FY that fits and fills what is left with C. So one rule holds for every kernel and every array size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archcast.collect.estimate.work import CONV, ELEMENTWISE, LINEAR, WINDOW, Work

DEPTHWISE = "depthwise"
RULES = (CONV, DEPTHWISE, LINEAR, WINDOW, ELEMENTWISE)
"""Keys of a mapping, one a kind of work."""
LOOPS: dict[str, tuple[str, ...]] = {
    CONV: ("K", "C", "G", "OX", "OY", "FX", "FY"),
    DEPTHWISE: ("G", "OX", "OY", "FX", "FY"),
    LINEAR: ("K", "C"),
    WINDOW: ("G", "OX", "OY", "FX", "FY"),
    ELEMENTWISE: ("G", "OX", "OY"),
}
"""Loops that a rule of each kind may use."""
_EQUATIONS = {
    CONV: "O[b][g][k][oy][ox]+=W[g][k][c][fy][fx]*I[b][g][c][iy][ix]",
    LINEAR: "O[b][k]+=W[k][c]*I[b][c]",
    WINDOW: "O[b][g][oy][ox]+=W[fy][fx]*I[b][g][iy][ix]",
    ELEMENTWISE: "O[b][g][oy][ox]=W[b][g][oy][ox]*I[b][g][oy][ox]",
}


def rule_of(work: Work) -> str:
    """Key of the mapping's rule for a piece of work."""
    return DEPTHWISE if work.is_depthwise else work.kind


def loop_sizes(work: Work) -> dict[str, int]:
    """Loop -> size."""
    c_in, (c_out, height, width) = work.shape_in[0], work.shape_out
    if work.kind == LINEAR:
        return {"B": 1, "K": c_out, "C": c_in}
    sizes = {"B": 1, "OX": width, "OY": height}
    if work.kind == ELEMENTWISE:
        return sizes | {"G": c_out}
    sizes |= {"FX": work.kernel[1], "FY": work.kernel[0]}
    if work.kind == WINDOW:
        return sizes | {"G": c_out}
    return sizes | {"K": c_out // work.groups, "C": c_in // work.groups, "G": work.groups}


def layer_data(work: Work, bits: Mapping[str, int]) -> dict[str, Any]:
    """The layer as ZigZag's factory takes it.

    Args:
        bits: `activation_bits`, `weight_bits` and `accumulator_bits`.
    """
    sizes = loop_sizes(work)
    activation = bits["activation_bits"]
    data: dict[str, Any] = {
        "id": 0,
        "name": "layer",
        "operator_type": rule_of(work),
        "equation": _EQUATIONS[work.kind],
        "loop_dims": list(sizes),
        "loop_sizes": list(sizes.values()),
        "dimension_relations": [],
        "operand_source": {} if work.kind == ELEMENTWISE else {"W": 0},
        "operand_precision": {
            "W": activation if work.kind == ELEMENTWISE else bits["weight_bits"],
            "I": activation,
            "O_final": activation,
            "O": bits["accumulator_bits"],
        },
    }
    if work.kind in (CONV, WINDOW):
        data["dimension_relations"] = [f"i{d}={work.stride}*o{d}+{work.dilation}*f{d}" for d in "xy"]
        data["pr_loop_dims"] = ["IX", "IY"]
        data["pr_loop_sizes"] = [work.shape_in[2], work.shape_in[1]]
        data["padding"] = [[work.padding, work.padding]] * 2
    return data


def spatial_mapping(
    rule: Mapping[str, Sequence[str]], sizes: Mapping[str, int], array: Mapping[str, int]
) -> dict[str, list[str]]:
    """Unrolling of each dimension of the array in ZigZag's form, e.g. `{"D1": ["OY, 14"]}`.

    Args:
        rule: dimension -> loops laid along it, in order; an empty list leaves it unused.
        sizes: loop -> size of the layer.
        array: dimension -> size.
    """
    left = dict(sizes)
    out: dict[str, list[str]] = {}
    for dimension, room in array.items():
        entries = []
        for loop in rule[dimension]:
            factor = min(left[loop], room)
            room //= factor
            left[loop] = -(-left[loop] // factor)
            entries.append(f"{loop}, {factor}")
        out[dimension] = entries or ["B, 1"]
    return out
