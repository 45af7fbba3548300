"""What this host can measure, found by trying."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archcast.collect.measure.facts import machine_facts
from archcast.collect.measure.sensor_catalog import readable


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this host can measure, and why not the rest.

    Attributes:
        processor: model as the system names it; None when it names none.
        cores: processors that this process may use.
        governor: clock governor; None when the system shows none (so with many virtual machines).
        runtimes: `ort`, `torch` and `cuda` -> version (and for CUDA the card), or `no: ` and the reason.
        precisions: `fp32` and `int8` -> `yes`, or `no: ` and the reason.
        sensors: energy sensors as `archcast.collect.measure.sensors.readable` lists them.
    """

    processor: str | None
    cores: int | None
    governor: str | None
    runtimes: dict[str, str]
    precisions: dict[str, str]
    sensors: tuple[dict[str, Any], ...]


def capabilities() -> Capabilities:
    """Try what can be measured on this host; imports the runtimes that are installed."""
    facts = machine_facts()
    ort = _tried("onnxruntime", lambda module: f"ONNX Runtime {module.__version__}")
    torch = _tried("torch", lambda module: f"torch {module.__version__}")
    return Capabilities(
        processor=facts["processor"],
        cores=facts["cores"],
        governor=facts["governor"],
        runtimes={"ort": ort, "torch": torch, "cuda": _tried("torch", _cuda)},
        precisions={"fp32": _fp32(ort, torch), "int8": _int8(ort)},
        sensors=tuple(readable()),
    )


def _tried(package: str, say: Callable[[Any], str]) -> str:
    try:
        return say(importlib.import_module(package))
    except ModuleNotFoundError as error:
        return f"no: the package {error.name} is not installed"
    except (ImportError, OSError) as error:  # installed, but its libraries do not load
        return f"no: {package} does not load: {error}"


def _cuda(torch: Any) -> str:
    if torch.version.cuda is None:
        return f"no: torch {torch.__version__} is built without CUDA"
    if not torch.cuda.is_available():
        return "no: torch finds no CUDA card"
    return f"CUDA {torch.version.cuda} on {torch.cuda.get_device_name()}"


def _fp32(*runtimes: str) -> str:
    """Every runtime has it."""
    return "no: there is no runtime" if all(r.startswith("no: ") for r in runtimes) else "yes"


def _int8(ort: str) -> str:
    """Whether ONNX Runtime's quantiser loads; it needs packages that running a network does not."""
    return ort if ort.startswith("no: ") else _tried("onnxruntime.quantization", lambda module: "yes")
