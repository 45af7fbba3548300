"""Rows of the one schema, made of what a runner answers."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from archcast.collect.measure.devices import MeasuredDevice
from archcast.collect.measure.request import Request
from archcast.collect.measure.session import LoadRequest, NetworkError, Session
from archcast.collect.measure.timing import Timed
from archcast.collect.rows import environment_json
from archcast.core.errors import DataError

SOURCE = "archcast collect"
ENERGY_REPEATS = 3
ENERGY_SECONDS = 3.0
IDLE_SECONDS = 1.0


class RowMaker:
    """Makes rows of what a session answers about networks.

    Args:
        request: what is measured.

    Attributes:
        facts: what of the environment is the same in every row.

    Raises:
        DataError: the runtime is not installed there, or `metrics` has energy and no sensor can be read.
    """

    def __init__(
        self,
        session: Session,
        request: Request,
        *,
        board: str = "",
    ) -> None:
        self._session, self._request, self._device = session, request, request.device
        self.facts = _environment(session.hello["facts"], request.device) | (
            {"board": board} if board else {}
        )
        self._sensor = _sensor(session.hello["sensors"]) if "energy" in request.metrics else {}

    def time_rows(self, timed: Timed, metrics: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Latency and throughput of one network, from the same runs."""
        for metric in metrics:
            if metric not in ("latency", "throughput"):
                continue
            if timed.ms is None:
                yield self._failed(timed.name, metric, timed.failure)
                continue
            value, spread = timed.ms, timed.spread_ms or 0.0
            if metric == "throughput":
                value = 1000.0 * self._device.batch / timed.ms
                spread = value * spread / timed.ms
            yield self._row(timed.name, metric, value, spread, timed.rounds, timed.facts)

    def memory_row(self, text: str, make: LoadRequest) -> dict[str, Any]:
        """Peak memory of one network in a process of its own."""
        try:
            answer = self._session.ask_fresh(text, "memory", make)
        except NetworkError as error:
            return self._failed(text, "memory", str(error))
        facts = {
            "model_mib": round(answer["model_mib"], 4),
            "peak_was_reset": answer["peak_was_reset"],
            "load_average": self._session.load_average(),
        }
        return self._row(text, "memory", answer["peak_mib"], None, 1, facts)

    def energy_row(self, text: str, make: LoadRequest) -> dict[str, Any]:
        """Energy above idle of one pass of one network."""
        name = self._sensor["name"]
        try:
            self._session.load(text, make)
            answers = [
                self._session.ask(
                    text, "energy", sensor=name, seconds=ENERGY_SECONDS, idle_seconds=IDLE_SECONDS
                )
                for _ in range(ENERGY_REPEATS)
            ]
        except NetworkError as error:
            return self._failed(text, "energy", str(error))
        finally:
            self._session.unload(text)
        values = [1000.0 * answer["joules_per_run"] for answer in answers]
        facts = {
            "sensor": f"{name} ({self._sensor['what']})",
            "idle_watts": round(statistics.median(a["idle_watts"] for a in answers), 4),
            "runs": answers[-1]["runs"],
            "load_average": self._session.load_average(),
        }
        value = statistics.median(values)
        if value <= 0:
            return self._failed(text, "energy", "the network's energy cannot be told from the idle power's")
        return self._row(text, "energy", value, statistics.stdev(values), ENERGY_REPEATS, facts)

    def _row(
        self,
        text: str,
        metric: str,
        value: float | None,
        spread: float | None,
        repeats: int | None,
        facts: Mapping[str, Any],
    ) -> dict[str, Any]:
        hardware = {"hardware": self._session.hardware} if self._session.hardware else {}
        return {
            "space": self._request.space,
            "arch": text,
            "device": self._device.name,
            "metric": metric,
            "dataset": self._request.dataset,
            "value": value,
            "spread": spread,
            "repeats": repeats,
            "status": "ok",
            "source": SOURCE,
            "environment": environment_json(
                {**self.facts, **self._request.about.get(text, {}), **hardware, **facts}
            ),
            "time": datetime.now(UTC),
            "note": "",
        }

    def _failed(self, text: str, metric: str, reason: str) -> dict[str, Any]:
        row = self._row(text, metric, None, None, None, {"load_average": self._session.load_average()})
        return row | {"status": "failed", "note": reason}


def _environment(facts: Mapping[str, Any], device: MeasuredDevice) -> dict[str, Any]:
    """What stays the same over a run; DataError when the runtime is not installed there."""
    package = "torch" if device.runtime == "torch" else "onnxruntime"
    for needed in ("numpy", package):
        if facts["versions"].get(needed) is None:
            raise DataError(
                f"{device.host} lacks the package {needed}, which {device.name} needs: "
                f"run pip install {needed} there"
            )
    kept = {k: facts[k] for k in ("processor", "cores", "governor", "system", "architecture", "python")}
    environment = kept | {
        "runtime": f"{package} {facts['versions'][package]}",
        "accelerator": device.accelerator,
        "threads": device.threads,
        "precision": device.precision,
        "batch": device.batch,
    }
    return environment | ({"calibration": "random inputs"} if device.precision == "int8" else {})


def _sensor(sensors: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The first sensor that can be read; DataError with every reason when there is none."""
    for sensor in sensors:
        if sensor["readable"]:
            return sensor
    reasons = "; ".join(f"{s['name']}: {s['reason']}" for s in sensors)
    raise DataError(f"energy cannot be measured here, no sensor can be read ({reasons})")
