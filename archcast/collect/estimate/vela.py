"""Arm Ethos-U estimates by Vela, Arm's compiler: whole networks, because it merges and reorders layers.

Vela compiles the network and counts the cycles and memory traffic of what it made. Arm calls these
estimates experimental. They are of latency only, and a network costs less than its layers one by one.
"""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from importlib.resources import files
from typing import Any, ClassVar

from archcast.collect.estimate.base import Estimator, LayerCost, LayerEstimate, NetworkEstimate
from archcast.collect.estimate.kernel_works import kernel_works
from archcast.collect.estimate.lowering import VERSION
from archcast.collect.estimate.lowering_parts import to_tflite
from archcast.collect.estimate.target import Target, convert
from archcast.collect.estimate.vela_process import VELA
from archcast.collect.estimate.work import CHOICES
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.network import Network
from archcast.core.optional import require, require_installed

WRITTEN = {name: ("elementwise" if name == "add" else next(iter(CHOICES[name]))) for name in CHOICES}
WRITTEN |= {"shuffle": "copy", "concat": "in_place"}
"""The conventions that the TFLite file follows; a target may leave some out, but name no others."""


PASSED = "Passthrough"
"""Vela's name of what it leaves to the processor."""


class VelaEstimator(Estimator):
    """Latency of networks on an Ethos-U, a network at a time."""

    settable: ClassVar = {"accelerator": str, "system_config": str, "memory_mode": str}
    hardware_keys: ClassVar = tuple(settable)
    worth_keeping: ClassVar = True
    drops_dead_layers: ClassVar = True
    unmapped: ClassVar = "the compiler's own"

    @classmethod
    def check(cls, target: Target) -> None:
        super().check(target)
        for name in cls.hardware_keys:
            convert(target.hardware[name], str, f"hardware.{name} of {target.name}")
        for name, choice in target.conventions.items():
            if choice != WRITTEN[name]:
                raise UnknownNameError(f"conventions.{name} of {target.name}", choice, [WRITTEN[name]])

    @property
    def program(self) -> str:
        require("ethosu", extra="collect", purpose="Ethos-U estimates")
        return f"ethos-u-vela {version('ethos-u-vela')}, tflite {VERSION}"

    @cached_property
    def _system(self) -> tuple[str, str, str, float]:
        """Regor's name of the accelerator, its two configurations, and the clock in Hz."""
        features = require("ethosu.vela.architecture_features", extra="collect", purpose="Ethos-U estimates")
        given = self.target.hardware
        known = features.Accelerator.member_list()
        if given["accelerator"] not in known:
            raise UnknownNameError(f"accelerator of {self.target.name}", given["accelerator"], known)
        ini = files("ethosu") / "config_files" / "Arm" / "vela.ini"
        text = ini.read_text("utf-8")
        for kind, key in (("System_Config", "system_config"), ("Memory_Mode", "memory_mode")):
            sections = [
                line[len(kind) + 2 : -1] for line in text.splitlines() if line.startswith(f"[{kind}.")
            ]
            if given[key] not in sections:
                raise UnknownNameError(f"{key} of {self.target.name}", given[key], sections)
        hardware = features.ArchitectureFeatures(
            vela_config_files=[str(ini)],
            accelerator_config=given["accelerator"],
            system_config=given["system_config"],
            memory_mode=given["memory_mode"],
            max_blockdep=features.ArchitectureFeatures.MAX_BLOCKDEP,
            verbose_config=False,
            arena_cache_size=None,
        )
        system = (
            f"[architecture]\nmacs={hardware.num_macs_per_cycle}\ncores={hardware.ncores}\n"
            f"[vela]\nsystem_config_name={hardware.system_config}\nmemory_mode_name={hardware.memory_mode}\n{text}"
        )
        options = (
            "\n[compiler]\nenable_db=true\noutput_format=TFLite\ncop_format=COP1\n"
            f"\n[scheduler]\noptimize=Performance\narena_size_limit={hardware.arena_cache_size}\n"
            "cpu_tensor_alignment=16\n"
        )
        name = "".join(part.capitalize() for part in given["accelerator"].split("-")[:-1])
        return name, system, options, float(hardware.core_clock)

    def estimate(self, network: Network) -> NetworkEstimate:
        """Latency of a network, and the cycles that Vela counts for each operator it made.

        Raises:
            InputError: an operator is not priced or would run on the processor; names it.
        """
        kernel_works(
            network, self.target.conventions, refused_by=self.target.name
        )  # refuses what has no convention
        compiled = self._compile(to_tflite(network))
        on_processor = [row["name"] for row in compiled["rows"] if row["operator"] == PASSED]
        if compiled["cpu_ops"] or on_processor:
            layers = ", ".join(on_processor) or f"{compiled['cpu_ops']} operators"
            reasons = [line for line in compiled["printed"] if line.startswith("Reason:")]
            raise InputError(
                f"{self.target.name} does not run these operators, they would run on the processor and are "
                f"not estimated: {layers}" + (f" ({reasons[0]})" if reasons else "")
            )
        return self._estimate(network, compiled)

    def compiled(self, network: Network, file: bytes) -> tuple[NetworkEstimate, tuple[int, ...]]:
        """Cost of a TFLite file whose tensors are named by a network's nodes, and nodes that it does not run.

        Raises:
            InputError: it cannot be compiled.
        """
        output = self._compile(file)
        first = [row["name"].split(" ")[0] for row in output["rows"] if row["operator"] == PASSED]
        passed = dict.fromkeys(int(name) for name in first if name.isdigit())
        return self._estimate(network, output), tuple(passed)

    def _compile(self, file: bytes) -> dict[str, Any]:
        name, system, options, _ = self._system
        require_installed("ethosu", extra="collect", purpose="Ethos-U estimates")
        output = VELA.compile(name, file, system, options)
        if "error" in output:
            raise InputError(
                f"{self.target.name} cannot compile the network: {' '.join(output['error'].split())}"
            )
        return output

    def _estimate(self, network: Network, made: dict[str, Any]) -> NetworkEstimate:
        ms = 1e3 / self._system[3]
        total = LayerCost(made["cycles"] * ms, None, {"network": made["cycles"] * ms})
        return NetworkEstimate(self.target.label, total, _layers(network, made["rows"], ms))


def _layers(network: Network, rows: list[dict[str, Any]], ms: float) -> tuple[LayerEstimate, ...]:
    """Vela's operators by the node whose tensor they write, several of one node as one."""
    grouped: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        first = row["name"].split(" ")[0]
        grouped.setdefault(int(first) if first.isdigit() else -1, []).append(row)
    out = []
    for position, own in grouped.items():
        latency = sum(int(row["op_cycles"]) for row in own) * ms
        op = " + ".join(dict.fromkeys(row["operator"] for row in own))
        part = network.nodes[position].part if position >= 0 else ""
        out.append(LayerEstimate(position, op, part, LayerCost(latency, None, {"operator": latency})))
    return tuple(out)
