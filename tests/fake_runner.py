"""A runner that answers from a script, with networks of known times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archcast.collect.measure.channel import Channel, ConnectionLostError, RefusedError
from archcast.collect.measure.runner import PROTOCOL

FACTS = {
    "processor": "made up",
    "cores": 1,
    "governor": None,
    "load_average": [0.5, 0.5, 0.5],
    "system": "Linux 1",
    "architecture": "x86_64",
    "python": "3.8.0",
    "versions": {"numpy": "1", "onnxruntime": "1.20", "torch": None},
}
SENSORS = [
    {"name": "rapl", "kind": "rapl", "what": "", "readable": False, "reason": "none here"},
    {"name": "ina:0", "kind": "ina", "what": "the board", "readable": True, "reason": ""},
]

Ms = Callable[[str, int], float]
"""Time of a run of a network, given its name and how often it was timed before."""


class FakeChannel(Channel):
    """Answers as the runner would.

    Args:
        ms: processor time of a run; wall time is twice as long.
        breaks: called before each request with its command and the network's name; may raise.
    """

    def __init__(
        self,
        ms: Ms,
        *,
        breaks: Callable[[str, str], None] = lambda command, name: None,
        sensors: list[dict[str, Any]] | None = None,
        facts: Mapping[str, Any] = FACTS,
    ) -> None:
        self.ms, self.breaks = ms, breaks
        self.sensors, self.facts = SENSORS if sensors is None else sensors, facts
        self.asked: list[tuple[str, str]] = []
        self.timed: dict[str, int] = {}
        self.loaded: set[str] = set()
        self.opened = 0

    def open(self) -> None:
        self.opened += 1
        self.loaded = set()

    def close(self) -> None:
        self.loaded = set()

    def request(self, message: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
        command, name = message["command"], message.get("name", "")
        self.asked.append((command, name))
        self.breaks(command, name)
        answer: dict[str, Any] = {"ok": True}
        if command == "hello":
            answer |= {"protocol": PROTOCOL, "facts": self.facts, "sensors": self.sensors}
        elif command == "load":
            self.loaded.add(name)
            answer |= {"model_mib": 1.0, "hardware": None}
        elif command == "time":
            if name not in self.loaded:
                raise RefusedError(f"no network {name!r} is loaded")
            before = self.timed.get(name, 0)
            self.timed[name] = before + 1
            ms = self.ms(name, before)
            runs = message["runs"]
            answer |= {"processor_ms": [ms] * runs, "wall_ms": [2 * ms] * runs}
        elif command == "memory":
            answer |= {"peak_mib": 12.5, "model_mib": 1.0, "peak_was_reset": True}
        elif command == "energy":
            answer |= {"joules_per_run": 0.004, "idle_watts": 2.0, "runs": 100, "seconds": 3.0}
        elif command == "unload":
            self.loaded.discard(name)
        elif command == "load_average":
            answer |= {"load_average": [0.5, 0.5, 0.5]}
        return answer


class Breaks:
    """Raises `error` the first `times` times that `command` is asked about `name`."""

    def __init__(self, command: str, name: str, *, times: int, error: Exception | None = None) -> None:
        self.command, self.name, self.left = command, name, times
        self.error = error or ConnectionLostError("the board fell silent")

    def __call__(self, command: str, name: str) -> None:
        if (command, name) == (self.command, self.name) and self.left > 0:
            self.left -= 1
            raise self.error
