"""Peak memory of a network, seen from a process that does nothing else.

Part of the runner: Python 3.8, standard library alone, no import of archcast.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MIB = 2.0**20
RUNS = 3


def peak_in_fresh_process(request: dict[str, Any], arguments: Any) -> dict[str, Any]:
    """Start this runner again with `--memory`, give it `request`, and hand on its answer.

    Args:
        arguments: what starts the runner, e.g. `[python, "runner.pyz"]`.
    """
    done = subprocess.run(
        [*arguments, "--memory"],
        input=json.dumps(request).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise RuntimeError(f"the fresh process ended with exit code {done.returncode}: {last}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def measure_here(request: dict[str, Any], build: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Build and run the network, and say by how much this process's resident memory rose at its peak.

    The runtime is imported before the first reading, so that its own size does not count.
    """
    __import__("torch" if request["runtime"] == "torch" else "onnxruntime")
    reset = _reset_peak()
    before = _status("VmRSS" if reset else "VmHWM")
    network = build(request)
    for _ in range(RUNS):
        network.run()
    peak = _status("VmHWM")
    return {
        "peak_mib": (peak - before) / 1024.0,
        "model_mib": network.model_bytes / MIB,
        "peak_was_reset": reset,
    }


def _reset_peak() -> bool:
    """Lower Linux's high-water mark to the memory now resident; False where the kernel does not allow it.

    Without it the mark still holds what the imports needed for a moment, and the rise reads too low.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _status(key: str) -> float:
    """A figure of /proc/self/status in KiB."""
    text = _read("/proc/self/status") or ""
    for line in text.splitlines():
        if line.startswith(key + ":"):
            return float(line.split()[1])
    raise RuntimeError(f"memory can be measured on Linux alone: /proc/self/status has no {key}")


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text()
    except OSError:
        return None


def answer_memory(build: Callable[[dict[str, Any]], Any], out: Any) -> None:
    """What the fresh process does: read one request, write one answer."""
    request = json.loads(sys.stdin.buffer.read())
    out.write(json.dumps(measure_here(request, build)).encode() + b"\n")
    out.flush()
