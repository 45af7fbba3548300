"""The runner as it is shipped: one file, run by Python, spoken to by lines of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archcast.collect.measure import runner
from archcast.collect.measure.bundle import MODULES, runner_bytes, write_runner
from archcast.collect.measure.channel import ProcessChannel, RefusedError
from archcast.collect.measure.devices import parse_device
from archcast.collect.measure.load_request import load_request
from archcast.core.network import Network
from archcast.featurize.spaces.builder import NetworkBuilder

FOLDER = Path(runner.__file__).parent


def small_graph(channels: int = 8) -> Network:
    b = NetworkBuilder()
    x = b.pointwise(b.conv(b.input(3, 16), channels, kernel=3), "batch_norm")
    b.linear(b.global_pool(b.pointwise(x, "relu")), 10)
    return b.network()


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_runner(tmp_path_factory.mktemp("runner"))


@pytest.fixture(scope="module")
def channel(pyz: Path) -> Iterator[ProcessChannel]:
    with ProcessChannel([sys.executable, str(pyz)], name="runner") as opened:
        yield opened


def ask(channel: ProcessChannel, command: str, **fields: Any) -> dict[str, Any]:
    return channel.request({"command": command, **fields}, timeout_s=120)


def test_the_bundle_is_the_same_for_the_same_sources() -> None:
    assert runner_bytes() == runner_bytes()


@pytest.mark.parametrize("module", MODULES)
def test_no_module_of_the_bundle_imports_archcast(module: str) -> None:
    text = (FOLDER / f"{module}.py").read_text()
    assert "import archcast" not in text
    assert "from archcast" not in text


def test_the_bundle_is_in_python_3_8s_grammar() -> None:
    import ast

    for module in MODULES:
        ast.parse((FOLDER / f"{module}.py").read_text(), feature_version=(3, 8))


def test_hello_tells_the_machine_and_its_sensors(channel: ProcessChannel) -> None:
    hello = ask(channel, "hello")
    assert hello["protocol"] == runner.PROTOCOL
    assert hello["facts"]["cores"] >= 1
    assert hello["facts"]["processor"]
    assert hello["facts"]["versions"]["numpy"] == np.__version__
    assert {s["kind"] for s in hello["sensors"]} >= {"rapl", "ina", "nvml"}
    assert all(s["readable"] or s["reason"] for s in hello["sensors"])


@pytest.mark.parametrize("device", ["here-ort-1t", "here-ort-2t-b4", "here-ort-1t-int8", "here-torch-1t-b2"])
def test_a_network_is_loaded_timed_and_unloaded(channel: ProcessChannel, device: str) -> None:
    request = load_request(small_graph(), parse_device(device))
    assert ask(channel, "load", name="a", **request)["model_mib"] > 0
    clock = "thread" if "1t" in device else "process"
    times = ask(channel, "time", name="a", runs=4, warm_up=1, clock=clock)
    assert len(times["wall_ms"]) == len(times["processor_ms"]) == 4
    assert min(times["wall_ms"]) > 0
    assert min(times["processor_ms"]) > 0
    ask(channel, "unload", name="a")
    with pytest.raises(RefusedError, match="no network 'a' is loaded"):
        ask(channel, "time", name="a", runs=1, warm_up=0, clock="thread")


def test_memory_is_that_of_a_fresh_process(channel: ProcessChannel) -> None:
    b = NetworkBuilder()
    b.conv(b.conv(b.input(3, 256), 64, kernel=3), 64, kernel=3)
    for device in ("here-ort-1t", "here-torch-1t"):
        answer = ask(channel, "memory", **load_request(b.network(), parse_device(device)))
        activation_mib = 64 * 256 * 256 * 4 / 2**20
        assert 2 * activation_mib <= answer["peak_mib"] < 20 * activation_mib
        assert answer["model_mib"] == pytest.approx((64 * 27 + 64 * 576) * 4 / 2**20, rel=0.1)


def test_memory_of_a_network_that_cannot_be_built_is_refused(channel: ProcessChannel) -> None:
    request = load_request(small_graph(), parse_device("here-ort-1t"))
    with pytest.raises(RefusedError, match="the fresh process ended with exit code 1"):
        ask(channel, "memory", **(request | {"model": "AAAA"}))


def test_mistakes_are_answered_and_the_runner_goes_on(channel: ProcessChannel) -> None:
    for command, fields, match in (
        ("sing", {}, "command must be one of bye, energy, hello"),
        ("load", {"name": "a"}, "load needs 'runtime'"),
        ("load", {"name": "a", "runtime": "tvm"}, "runtime must be ort or torch; got 'tvm'"),
        ("time", {}, "time needs 'name'"),
        ("unload", {"name": "b"}, "no network 'b'"),
    ):
        with pytest.raises(RefusedError, match=match):
            ask(channel, command, **fields)
    request = load_request(small_graph(), parse_device("here-ort-1t"))
    with pytest.raises(RefusedError, match="model"):
        ask(channel, "load", name="a", **(request | {"model": "AAAA"}))
    assert ask(channel, "load_average")["ok"]


def test_energy_without_a_sensor_is_refused(channel: ProcessChannel) -> None:
    ask(channel, "load", name="e", **load_request(small_graph(), parse_device("here-ort-1t")))
    with pytest.raises(RefusedError, match="no-such-sensor"):
        ask(channel, "energy", name="e", sensor="no-such-sensor", seconds=0.1, idle_seconds=0.1)


def test_energy_is_what_the_runs_add_to_idle_power(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up clock and sensor: 2 W when idle, 0.3 J a run on top, runs of 0.1 s."""
    now, joules = [0.0], [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds
        joules[0] += 2.0 * seconds

    class Network:
        def run(self) -> None:
            wait(0.1)
            joules[0] += 0.3

    class Sensor:
        def read_joules(self) -> float:
            return joules[0]

        def close(self) -> None:
            closed.append(True)

    closed: list[bool] = []
    monkeypatch.setattr(runner.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(runner.time, "sleep", wait)
    monkeypatch.setattr(runner.sensors, "open_sensor", lambda name: Sensor())
    made = runner.Runner()
    made.networks["a"] = Network()
    request = {"command": "energy", "name": "a", "sensor": "s", "seconds": 1.95, "idle_seconds": 0.5}
    answer = made.answer(request)
    assert answer["ok"], answer
    assert answer["runs"] == 20
    assert answer["idle_watts"] == pytest.approx(2.0)
    assert answer["joules_per_run"] == pytest.approx(0.3)
    assert answer["gross_joules_per_run"] == pytest.approx(0.5)
    assert closed


def test_printing_never_reaches_the_answers(pyz: Path) -> None:
    """Lines that are no request are answered; bye ends it; nothing else stands on standard output."""
    lines = ["no json", "[1]", '{"command": "load_average", "id": 5}', '{"command": "bye", "id": 6}', "late"]
    done = subprocess.run(
        [sys.executable, str(pyz)], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(a["id"], a["ok"]) for a in answers] == [(None, False), (None, False), (5, True), (6, True)]


def test_own_output_keeps_other_writers_out() -> None:
    program = (
        "import os, sys\n"
        "from archcast.collect.measure.runner import own_output\n"
        "out = own_output()\n"
        "print('printed'); sys.stdout.flush(); os.write(1, b'raw\\n')\n"
        "out.write(b'answer\\n'); out.flush()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "answer\n"
    assert "printed" in done.stderr
    assert "raw" in done.stderr
