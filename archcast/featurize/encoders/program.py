"""How a device runs a network: what its nodes are joined to, and the number formats it computes in."""

from __future__ import annotations

from dataclasses import dataclass

from archcast.core.device import DeviceName

FUSED, EAGER, COMPILED = "onnxruntime", "eager", "compiled"
_EAGER = ("torch", "jax", "tf")


@dataclass(frozen=True, slots=True)
class Program:
    """How networks are run; devices of one program see one network as the same kernels.

    Attributes:
        rules: key of `archcast.featurize.kernels.RUNTIMES`.
        precision: number format as `DeviceName.precision` writes it; empty for fp32.
    """

    rules: str = FUSED
    precision: str = ""


def program_of(device: DeviceName) -> Program:
    """The program of a device; a runtime that is not said is one that joins nodes, as most do."""
    name = device.runtime.rstrip("0123456789._")
    option = device.runtime.rpartition("_")[2]
    if option == "compiled":
        return Program(COMPILED, device.precision)
    if name.split("_")[0].rstrip("0123456789.") in _EAGER:
        return Program(EAGER, device.precision)
    return Program(FUSED, device.precision)
