"""Accelerator costs by ZigZag (Mei et al., IEEE Transactions on Computers 2021), one layer at a time.

The spatial mapping is the target's own and fixed; the order of loops is searched by ZigZag (LOMA with at
most four loop prime factors) for the least energy-delay product. Each layer reads its operands from and
writes its result to the memory outside the chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from importlib.metadata import version
from typing import Any, ClassVar

from archcast.collect.estimate.base import LayerCost
from archcast.collect.estimate.layerwise import LayerwiseEstimator, work_key
from archcast.collect.estimate.target import Target, convert
from archcast.collect.estimate.work import Work
from archcast.collect.estimate.zigzag_hardware import area_of, array_sizes, build, describe, parse_array
from archcast.collect.estimate.zigzag_layers import (
    LOOPS,
    RULES,
    layer_data,
    loop_sizes,
    rule_of,
    spatial_mapping,
)
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.optional import require
from archcast.core.quiet import quiet

MODEL = 1
"""Raised when the way that layers are given to ZigZag changes."""
LOOP_FACTORS = 4
OPERANDS = {"W": "weights", "I": "inputs", "O": "outputs"}
_BITS = ("activation_bits", "weight_bits", "accumulator_bits")
_PJ_TO_MJ = 1e-9


class ZigZagEstimator(LayerwiseEstimator):
    """Latency and energy of layers on an accelerator that ZigZag describes."""

    settable: ClassVar = {"array": str, "buffer_kib": float, "clock_mhz": float}
    hardware_keys: ClassVar = (*settable, *_BITS, "preset", "description", "buffer")
    mapping_keys: ClassVar = ("version", *RULES)
    worth_keeping: ClassVar = True

    @classmethod
    def gives(cls, target: Target) -> str:
        return "latency, energy"

    @classmethod
    def check(cls, target: Target) -> None:
        hardware = target.hardware
        if ("preset" in hardware) == ("description" in hardware):
            raise InputError(f"hardware of {target.name} must have one of preset and description")
        for name in ("clock_mhz", *_BITS):
            if name not in hardware:
                raise InputError(f"hardware of {target.name} must have the key {name}")
        for name in _BITS:
            convert(hardware[name], int, f"hardware.{name} of {target.name}")
        if "array" in hardware:
            parse_array(hardware["array"], f"array of {target.name}")
        if not isinstance(target.mapping.get("version"), str):
            raise InputError(f"mapping of {target.name} must have a version that is text")
        for kind in RULES:
            _check_rule(target.mapping.get(kind), kind, target.name)

    @property
    def program(self) -> str:
        require("zigzag", extra="collect", purpose="ZigZag estimates")
        return f"zigzag-dse {version('zigzag-dse')}, layers {MODEL}, loop factors {LOOP_FACTORS}"

    @cached_property
    def _described(self) -> dict[str, Any]:
        with _quiet():
            data = describe(self.target)
        for kind in RULES:
            for dimension in array_sizes(data):
                if dimension not in self.target.mapping[kind]:
                    raise InputError(f"mapping.{kind} of {self.target.name} must have the key {dimension}")
        return data

    @cached_property
    def _accelerator(self) -> Any:
        with _quiet():
            return build(self._described)

    @property
    def area(self) -> float | None:
        """Area in the units of the hardware description, None where it gives none."""
        return area_of(self._described)

    def price_one(self, work: Work) -> LayerCost:
        rule = self.target.mapping[rule_of(work)]
        laid = spatial_mapping(rule, loop_sizes(work), array_sizes(self._described))
        bits = {name: self.target.hardware[name] for name in _BITS}
        with _quiet():
            try:
                evaluation = _evaluate(self._accelerator, layer_data(work, bits), rule_of(work), laid)
            except Exception as error:  # ZigZag raises bare exceptions where no order of loops fits
                raise InputError(
                    f"{self.target.name} cannot be estimated for the layer {work_key(work)} "
                    f"mapped as {laid}: {error!r}"
                ) from error
        return self._cost(evaluation)

    def _cost(self, evaluation: Any) -> LayerCost:
        ms = 1.0 / (self.target.hardware["clock_mhz"] * 1e3)
        cycles = {
            "compute": evaluation.ideal_temporal_cycle,
            "stall": evaluation.stall_slack_comb,
            "load": evaluation.data_onloading_cycle,
            "store": evaluation.data_offloading_cycle,
            "drain": evaluation.systolic_drain_cycle,
        }
        latency = float(evaluation.latency_total2) * ms
        parts = {name: float(count) * ms for name, count in cycles.items() if count}
        if self.target.watts is not None:
            energy = self.target.watts * latency
            return LayerCost(latency, energy, parts, {"power x latency": energy})
        energy_parts = {"multipliers": float(evaluation.mac_energy) * _PJ_TO_MJ}
        for operand, levels in evaluation.mem_energy_breakdown.items():
            link = evaluation.layer.memory_operand_links.layer_to_mem_op(operand)
            memories = self._accelerator.memory_hierarchy.get_memory_levels(mem_op=link)
            for memory, picojoules in zip(memories, levels, strict=True):
                energy_parts[f"{OPERANDS[str(operand)]} in {memory.name}"] = float(picojoules) * _PJ_TO_MJ
        return LayerCost(latency, float(evaluation.energy_total) * _PJ_TO_MJ, parts, energy_parts)


def _evaluate(accelerator: Any, layer: dict[str, Any], kind: str, laid: Mapping[str, list[str]]) -> Any:
    """ZigZag's evaluation of the best order of loops."""
    from zigzag.mapping.temporal_mapping import TemporalMappingType
    from zigzag.parser.mapping_validator import MappingValidator
    from zigzag.parser.workload_factory import LayerNodeFactory
    from zigzag.stages.evaluation.cost_model_evaluation import CostModelStage
    from zigzag.stages.main import MainStage
    from zigzag.stages.mapping.spatial_mapping_generation import SpatialMappingGeneratorStage
    from zigzag.stages.mapping.temporal_mapping_generator_stage import TemporalMappingGeneratorStage
    from zigzag.stages.results.reduce_stages import MinimalEDPStage

    entry = {"name": kind, "spatial_mapping": dict(laid)}
    checked = MappingValidator([entry, entry | {"name": "default"}])
    if not checked.validate():
        raise ValueError(f"mapping {laid} is not one that ZigZag takes")
    stages: list[Any] = [
        MinimalEDPStage,
        SpatialMappingGeneratorStage,
        MinimalEDPStage,
        TemporalMappingGeneratorStage,
        CostModelStage,
    ]
    run: Any = MainStage(
        stages,
        accelerator=accelerator,
        layer=LayerNodeFactory(layer, checked.normalized_data).create(),
        loma_lpf_limit=LOOP_FACTORS,
        loma_show_progress_bar=False,
        nb_mappings_generated=1,
        enable_mix_spatial_mapping_generation=False,
        access_same_data_considered_as_no_access=True,
        temporal_mapping_type=TemporalMappingType.UNEVEN,
    )
    return run.run()[0][0]


def _check_rule(rule: Any, kind: str, name: str) -> None:
    if not isinstance(rule, dict) or not rule:
        raise InputError(f"mapping of {name} must have the key {kind} with loops of each array dimension")
    for dimension, loops in rule.items():
        if not isinstance(loops, list):
            raise InputError(
                f"mapping.{kind}.{dimension} of {name} must be a list of loops, got {shorten(loops)}"
            )
        for loop in loops:
            if loop not in LOOPS[kind]:
                raise UnknownNameError(f"loop of mapping.{kind}.{dimension} of {name}", loop, LOOPS[kind])


def _quiet() -> AbstractContextManager[None]:
    """Without ZigZag's log and its warnings of deprecated calls."""
    return quiet(("zigzag",), ignored=(DeprecationWarning, SyntaxWarning))
