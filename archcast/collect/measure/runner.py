"""The runner: measures networks on the machine it is copied to.

It needs Python 3.8, numpy and onnxruntime (or torch), and imports nothing of archcast. It reads requests
on standard input and answers each on standard output, one line of JSON each; an answer carries the
request's `id` and `ok`, and `error` when `ok` is false. Everything else that is printed goes to standard
error.

| command | asks for | answer |
|---|---|---|
| hello | | `protocol`, `facts`, `sensors` |
| load | `name`, `runtime` (`ort`, `torch`), what that backend needs | `model_mib`, `hardware` |
| time | `name`, `runs`, `warm_up`, `clock` (`thread`, `process`) | `wall_ms`, `processor_ms` of every run |
| energy | `name`, `sensor`, `seconds`, `idle_seconds` | `joules_per_run`, `idle_watts`, `runs`, `seconds` |
| memory | what `load` needs | `peak_mib`, `model_mib`, `peak_was_reset`, from a fresh process |
| unload | `name` | |
| load_average | | `load_average` |
| bye | | ends the runner |
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from . import sensors
from .facts import load_average, machine_facts
from .memory import answer_memory, peak_in_fresh_process

PROTOCOL = 1


def build(request: dict[str, Any]) -> Any:
    """The network that a `load` request describes."""
    runtime = request["runtime"]
    if runtime == "ort":
        from .ort_backend import OrtNetwork

        return OrtNetwork(request)
    if runtime == "torch":
        from .torch_backend import TorchBackend

        return TorchBackend(request)
    raise ValueError(f"runtime must be ort or torch; got {runtime!r}")


class Runner:
    """Holds the loaded networks and answers requests."""

    def __init__(self) -> None:
        self.networks: dict[str, Any] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer without `id`; whatever goes wrong becomes `ok` false and a sentence."""
        commands: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "hello": self._hello,
            "load": self._load,
            "time": self._time,
            "energy": self._energy,
            "memory": lambda m: peak_in_fresh_process(m, [sys.executable, sys.argv[0]]),
            "unload": self._unload,
            "load_average": lambda m: {"load_average": load_average()},
            "bye": lambda m: {},
        }
        command = request.get("command")
        if command not in commands:
            return _failed(f"command must be one of {', '.join(sorted(commands))}; got {command!r}")
        try:
            return dict(commands[command](request), ok=True)
        except KeyError as error:
            return _failed(f"{command} needs {error}")
        except Exception as error:  # the line must be answered whatever a runtime raises
            return _failed(f"{type(error).__name__}: {error}")

    def _hello(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"protocol": PROTOCOL, "facts": machine_facts(), "sensors": sensors.readable()}

    def _load(self, request: dict[str, Any]) -> dict[str, Any]:
        network = build(request)
        self.networks[request["name"]] = network
        return {"model_mib": network.model_bytes / 2.0**20, "hardware": network.hardware}

    def _unload(self, request: dict[str, Any]) -> dict[str, Any]:
        self._network(request)
        del self.networks[request["name"]]
        return {}

    def _network(self, request: dict[str, Any]) -> Any:
        name = request["name"]
        if name not in self.networks:
            raise ValueError(f"no network {name!r} is loaded")
        return self.networks[name]

    def _time(self, request: dict[str, Any]) -> dict[str, Any]:
        network = self._network(request)
        processor = time.thread_time_ns if request["clock"] == "thread" else time.process_time_ns
        for _ in range(int(request["warm_up"])):
            network.run()
        wall_ms: list[float] = []
        processor_ms: list[float] = []
        for _ in range(int(request["runs"])):
            wall_before, processor_before = time.perf_counter_ns(), processor()
            device_ms = network.run()
            processor_after, wall_after = processor(), time.perf_counter_ns()
            wall_ms.append((wall_after - wall_before) / 1e6 if device_ms is None else device_ms)
            processor_ms.append((processor_after - processor_before) / 1e6)
        return {"wall_ms": wall_ms, "processor_ms": processor_ms}

    def _energy(self, request: dict[str, Any]) -> dict[str, Any]:
        """Joules above idle: the machine is left alone before and after, and that power taken off."""
        network = self._network(request)
        idle_seconds, seconds = float(request["idle_seconds"]), float(request["seconds"])
        sensor = sensors.open_sensor(request["sensor"])
        try:
            network.run()
            idle = [_idle(sensor, idle_seconds)]
            begin, joules = time.perf_counter(), sensor.read_joules()
            runs = 0
            while time.perf_counter() - begin < seconds:
                network.run()
                runs += 1
            used, took = sensor.read_joules() - joules, time.perf_counter() - begin
            idle.append(_idle(sensor, idle_seconds))
        finally:
            sensor.close()
        idle_watts = sum(idle) / len(idle)
        return {
            "joules_per_run": (used - idle_watts * took) / runs,
            "gross_joules_per_run": used / runs,
            "idle_watts": idle_watts,
            "runs": runs,
            "seconds": took,
        }


def _idle(sensor: Any, seconds: float) -> float:
    """Watts while nothing is run."""
    begin, joules = time.perf_counter(), sensor.read_joules()
    time.sleep(seconds)
    used = float(sensor.read_joules() - joules)
    return used / (time.perf_counter() - begin)


def _failed(error: str) -> dict[str, Any]:
    return {"ok": False, "error": " ".join(error.split())[:500]}


def own_output() -> Any:
    """Standard output for answers alone: whatever else is printed goes to standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return out


def main() -> None:
    """Answer requests until `bye` or the end of input."""
    out = own_output()
    if sys.argv[1:] == ["--memory"]:
        answer_memory(build, out)
        return
    runner = Runner()
    for line in sys.stdin.buffer:
        request: dict[str, Any] = {}
        try:
            request = dict(json.loads(line))
            answer = runner.answer(request)
        except (ValueError, TypeError) as error:
            answer = _failed(f"a request must be a JSON object on one line: {error}")
        answer["id"] = request.get("id")
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()
        if request.get("command") == "bye":
            return
