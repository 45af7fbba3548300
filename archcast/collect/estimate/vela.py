"""Arm Ethos-U estimates by Vela, Arm's compiler: whole networks, because it merges and reorders layers.

Vela compiles the network and counts the cycles and memory traffic of what it made. Arm calls these
estimates experimental. They are of latency only, and a network costs less than its layers one by one.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import Any, ClassVar

from archcast.collect.estimate import lowering
from archcast.collect.estimate.base import LayerCost, LayerEstimate, NetworkEstimate
from archcast.collect.estimate.cache import EstimateCache
from archcast.collect.estimate.target import Target, convert
from archcast.collect.estimate.work import CHOICES, works_of
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.layers import LayerGraph
from archcast.core.optional import require

WRITTEN = {name: ("elementwise" if name == "add" else next(iter(CHOICES[name]))) for name in CHOICES}
WRITTEN |= {"shuffle": "copy", "concat": "in_place"}
"""The conventions that the TFLite file follows; a target may leave some out, but name no others."""


class VelaEstimator:
    """Latency of networks on an Ethos-U, a network at a time.

    Attributes:
        hardware_keys, mapping_keys, settable, worth_keeping: as in `LayerwiseEstimator`.
    """

    settable: ClassVar[Mapping[str, type]] = {"accelerator": str, "system_config": str, "memory_mode": str}
    hardware_keys: ClassVar[tuple[str, ...]] = tuple(settable)
    mapping_keys: ClassVar[tuple[str, ...]] = ()
    worth_keeping: ClassVar[bool] = True

    def __init__(self, target: Target) -> None:
        self.target = target
        self.cache: EstimateCache | None = None

    @staticmethod
    def check(target: Target) -> None:
        for name in VelaEstimator.hardware_keys:
            if name not in target.hardware:
                raise InputError(f"hardware of {target.name} must have the key {name}")
            convert(target.hardware[name], str, f"hardware.{name} of {target.name}")
        for name, choice in target.conventions.items():
            if choice != WRITTEN[name]:
                raise UnknownNameError(f"conventions.{name} of {target.name}", choice, [WRITTEN[name]])

    @property
    def program(self) -> str:
        require("ethosu", extra="collect", purpose="Ethos-U estimates")
        return f"ethos-u-vela {version('ethos-u-vela')}, tflite {lowering.VERSION}"

    @property
    def version(self) -> str:
        """Fingerprint of target and program."""
        return self.target.fingerprint(self.program)

    def estimate(self, graph: LayerGraph) -> NetworkEstimate:
        """Latency of a network, and the cycles that Vela counts for each operator it made.

        Raises:
            InputError: an operator is not priced or would run on the processor; names it.
        """
        return self._compile(graph)

    def total(self, graph: LayerGraph) -> LayerCost:
        """Cost of the whole network, from disk where it is there."""
        key = sha256(json.dumps([asdict(layer) for layer in graph.layers]).encode()).hexdigest()
        if self.cache is not None and key in (found := self.cache.get([key])):
            return found[key]
        cost = self._compile(graph).total
        if self.cache is not None:
            self.cache.put(key, cost)
        return cost

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
        made = features.ArchitectureFeatures(
            vela_config_files=[str(ini)],
            accelerator_config=given["accelerator"],
            system_config=given["system_config"],
            memory_mode=given["memory_mode"],
            max_blockdep=features.ArchitectureFeatures.MAX_BLOCKDEP,
            verbose_config=False,
            arena_cache_size=None,
        )
        system = (
            f"[architecture]\nmacs={made.num_macs_per_cycle}\ncores={made.ncores}\n"
            f"[vela]\nsystem_config_name={made.system_config}\nmemory_mode_name={made.memory_mode}\n{text}"
        )
        options = (
            "\n[compiler]\nenable_db=true\noutput_format=TFLite\ncop_format=COP1\n"
            f"\n[scheduler]\noptimize=Performance\narena_size_limit={made.arena_cache_size}\n"
            "cpu_tensor_alignment=16\n"
        )
        name = "".join(part.capitalize() for part in given["accelerator"].split("-")[:-1])
        return name, system, options, float(made.core_clock)

    def _compile(self, graph: LayerGraph) -> NetworkEstimate:
        works_of(graph, self.target.conventions, self.target.name)  # refuses what has no convention
        name, system, options, clock = self._system
        file = lowering.to_tflite(graph)
        regor = require("ethosu.regor", extra="collect", purpose="Ethos-U estimates")
        with _caught_output() as printed:
            try:
                made = regor.compile(name, file, "TFLITE", system, options=options, verbose=False)
            except Exception as error:  # the compiler raises its own kinds, without a common base
                raise InputError(f"{self.target.name} cannot compile the network: {error}") from error
        report, table = made.perf_report, made.opt_database.tables["perf"]
        rows = [dict(zip(table.header, row, strict=False)) for row in table.data]
        on_processor = [row["name"] for row in rows if row["operator"] == "Passthrough"]
        if report.cpuOps or on_processor:
            layers = ", ".join(on_processor) or f"{report.cpuOps} operators"
            reasons = [line for line in printed if line.startswith("Reason:")]
            raise InputError(
                f"{self.target.name} does not run these operators, they would run on the processor and are "
                f"not estimated: {layers}" + (f" ({reasons[0]})" if reasons else "")
            )
        ms = 1e3 / clock
        parts = {"network": report.totalCycles * ms}
        total = LayerCost(report.totalCycles * ms, None, parts)
        return NetworkEstimate(self.target.label, total, _layers(graph, rows, ms))


def _layers(graph: LayerGraph, rows: list[dict[str, Any]], ms: float) -> tuple[LayerEstimate, ...]:
    """Vela's operators by the layer whose tensor they write, several of one layer as one."""
    grouped: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        first = row["name"].split(" ")[0]
        grouped.setdefault(int(first) if first.isdigit() else -1, []).append(row)
    out = []
    for position, own in grouped.items():
        latency = sum(int(row["op_cycles"]) for row in own) * ms
        op = " + ".join(dict.fromkeys(row["operator"] for row in own))
        part = graph.layers[position].part if position >= 0 else ""
        out.append(LayerEstimate(position, op, part, LayerCost(latency, None, {"operator": latency})))
    return tuple(out)


@contextmanager
def _caught_output() -> Iterator[list[str]]:
    """Lines that the compiler, which is no Python, writes to standard output and error; filled at the end."""
    lines: list[str] = []
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = [(fd, os.dup(fd)) for fd in (1, 2)]
        try:
            for fd, _ in kept:
                os.dup2(file.fileno(), fd)
            yield lines
        finally:
            for fd, copy in kept:
                os.dup2(copy, fd)
                os.close(copy)
            file.seek(0)
            lines += file.read().decode("utf-8", "replace").splitlines()
