"""Kinds of devices, and what a pass costs on them.

| symbol | meaning |
|---|---|
| n, m | networks, devices |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.device import DeviceName
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_table import kernel_table
from archcast.featurize.encoders.kernel_work import kernel_work, work_set
from archcast.featurize.encoders.program import Program, program_of
from archcast.predictors.networks.labels import NetworkLabels

_KEPT = "_work"


@dataclass(frozen=True, slots=True)
class Kind:
    """Devices that see a network as the same work.

    Attributes:
        program: how they run networks.
        work: key of `WORK`.
        batch: items in a pass.
    """

    program: Program
    work: str
    batch: int

    @classmethod
    def of(cls, device: str) -> Kind:
        """The kind of a device."""
        name = DeviceName.parse(device)
        return cls(program_of(name), work_set(name), name.batch)

    def work_of(self, network: Network) -> Doubles:
        """Work of each kernel of a network, and of its start.

        Shapes:
            output: (kernels + 1, d)
        """
        return kernel_work(kernel_table(network, self.program), self.work, batch=self.batch)

    def totals(self, networks: Sequence[Network]) -> Doubles:
        """Work of networks that teach, kept with them, (n, d)."""
        rows = []
        for network in networks:
            kept = network.__dict__.setdefault(_KEPT, {})
            if self not in kept:
                kept[self] = self.work_of(network).sum(axis=0)
            rows.append(kept[self])
        return np.stack(rows)


def kinds_of(devices: Sequence[str]) -> dict[Kind, list[int]]:
    """Columns of devices by kind, in the order in which the kinds occur."""
    columns: dict[Kind, list[int]] = {}
    for column, device in enumerate(devices):
        columns.setdefault(Kind.of(device), []).append(column)
    return columns


def pass_costs(values: Doubles, metric: str, devices: Sequence[str]) -> Doubles:
    """Costs of a pass from values, and values from costs: themselves, but of throughput.

    Of items a second it is the milliseconds of a pass over the device's batch, and the other way round.

    Shapes:
        values: (n, m); output: (n, m)
    """
    if metric != "throughput":
        return values
    batches = [DeviceName.parse(device).batch for device in devices]
    turned: Doubles = 1000.0 * np.array(batches) / values
    return turned


def enough_measured(family: str, labels: NetworkLabels) -> None:
    """Raise InputError for a device with fewer than two measurements."""
    for device, known in zip(labels.devices, np.isfinite(labels.values).sum(axis=0), strict=True):
        if known < 2:
            raise InputError(f"{family} must have at least 2 measurements of {device}, got {known}")


def kind_of(device: str) -> str:
    """Runtime, processor and precision of a device in few words, such as `tflite cpu int8`."""
    name = DeviceName.parse(device)
    letters = re.match(r"[a-z]+", name.runtime)
    runtime = letters[0] if letters else ""
    if "mobile" in name.runtime.split("_"):
        runtime += "_mobile"
    if "compiled" in name.runtime.split("_"):
        runtime += "_compiled"
    on_gpu = name.processor in ("gpu", "vulkan", "opencl", "cuda", "metal") or name.batch > 1
    other = name.processor in ("npu", "dsp", "tpu")
    processor = name.processor if other else "gpu" if on_gpu else "cpu"
    return (
        f"{runtime} {processor} {'int8' if 'int8' in name.precision or 'w8' in name.precision else 'float'}"
    )
