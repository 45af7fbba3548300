"""What a machine is: the facts that go beside every measurement.

Part of the runner: Python 3.8, standard library alone, no import of archcast.
"""

from __future__ import annotations

import importlib
import os
import platform
from pathlib import Path
from typing import Any


def machine_facts() -> dict[str, Any]:
    """Processor, cores, governor, load, system, and versions of what can run networks; None if unknown."""
    return {
        "processor": _processor(),
        "cores": _cores(),
        "governor": _governor(),
        "load_average": load_average(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("numpy", "onnxruntime", "torch")},
    }


def load_average() -> list[float] | None:
    """Load over the last 1, 5 and 15 minutes; None where the system does not say."""
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except (AttributeError, OSError):
        return None


def _cores() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _processor() -> str | None:
    """Model as the system names it, else the board's model, else the architecture."""
    for line in (_text("/proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in ("model name", "hardware") and value.strip():
            return value.strip()
    board = _text("/proc/device-tree/model")
    return (board or "").strip("\0 \n") or platform.processor() or platform.machine() or None


def _governor() -> str | None:
    governor = _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return governor.strip() if governor else None


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return None


def _version(package: str) -> str | None:
    """Version of a package without importing it, which for torch takes seconds; None if not installed."""
    try:
        metadata = importlib.import_module("importlib.metadata")
        return str(metadata.version(package))
    except ImportError:  # PackageNotFoundError is one
        return None
