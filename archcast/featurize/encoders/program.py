"""How a device runs a network: what its nodes are joined to, and the number formats it computes in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archcast.core.device import DeviceName

FUSED, EAGER, COMPILED = "onnxruntime", "eager", "compiled"
MOBILE, NCNN = "tflite", "ncnn"
_CLIPPING = ("tflite", "executorch", "mnn", "armnn", "vela")
"""Runtimes that join no other activation to a product than one that cuts values off."""
_EAGER = ("torch", "jax", "tf")
_LAST = (99, 0)
_WHOLE_ATTENTION, _EXACT_ATTENTION = (2, 0), (2, 5)
_RUNTIME = re.compile(r"([a-z]+)([0-9.]*)(?:_([a-z]+))?")


@dataclass(frozen=True, slots=True)
class Program:
    """How networks are run; devices of one program see one network as the same kernels.

    Attributes:
        rules: key of `archcast.featurize.kernels.RUNTIMES`.
        precision: number format as `DeviceName.precision` writes it; empty for fp32.
        layout: order of the axes of maps where it is told: `nhwc`; empty for the framework's own.
        attention: how attention is run: `whole` as one kernel, `parts` as products with a softmax between
            them, `exact` as one kernel but in single precision where it has more than four axes.
    """

    rules: str = FUSED
    precision: str = ""
    layout: str = ""
    attention: str = "whole"


def program_of(device: DeviceName) -> Program:
    """The program of a device; a runtime that is not said is one that joins nodes, as most do."""
    match = _RUNTIME.fullmatch(device.runtime)
    name, version, option = match.groups() if match else ("", "", None)
    if name == NCNN:
        return Program(NCNN)
    if name in _CLIPPING or option == "mobile":
        return Program(MOBILE)
    if name not in _EAGER:
        return Program(COMPILED if option == "compiled" else FUSED, device.precision)
    released = tuple(int(n) for n in version.split(".") if n) or _LAST
    attention = (
        "parts" if released < _WHOLE_ATTENTION else "exact" if released >= _EXACT_ATTENTION else "whole"
    )
    layout = "nhwc" if option == "nhwc" else ""
    return Program(COMPILED if option == "compiled" else EAGER, device.precision, layout, attention)
