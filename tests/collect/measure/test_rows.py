"""Rows of measurements, over a made-up runner."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fake_runner import FACTS, Breaks, FakeChannel

from archcast.collect.measure.channel import ConnectionLostError, RefusedError
from archcast.collect.measure.devices import parse_device
from archcast.collect.measure.request import make_request
from archcast.collect.measure.rows import measure_rows, work
from archcast.collect.measure.timing import TimingSettings
from archcast.collect.rows import checked_rows
from archcast.core.errors import DataError, InputError, UnknownNameError
from archcast.featurize.spaces import SPACES

SPACE = SPACES["macro"]
ARCHS = ["02012100", "00000000", "11111111"]


def rows(
    channel: FakeChannel, *metrics: str, device: str = "board-ort-1t", **more: Any
) -> list[dict[str, Any]]:
    channel.open()
    request = make_request(SPACE, ARCHS, device=parse_device(device), metrics=metrics or ("latency",))
    return list(measure_rows(channel, request, settings=TimingSettings(rounds=2, runs=2), **more))


def two_ms(name: str, before: int) -> float:
    return 2.0


def test_rows_fit_the_schema_and_name_their_circumstances() -> None:
    found = rows(FakeChannel(two_ms), "latency", "throughput", "memory", "energy")
    assert len(checked_rows(found)) == 12
    values = {row["metric"]: row["value"] for row in found}
    assert values == {"latency": 2.0, "throughput": 500.0, "memory": 12.5, "energy": 4.0}
    for row in found:
        facts = json.loads(row["environment"])
        assert row["space"] == "macro"
        assert row["dataset"] == "cifar10"
        assert row["device"] == "board-ort-1t"
        assert facts["processor"] == "made up"
        assert facts["runtime"] == "onnxruntime 1.20"
        assert (facts["threads"], facts["batch"], facts["precision"]) == (1, 1, "fp32")
        assert facts["load_average"] == [0.5, 0.5, 0.5]
    energy = json.loads(found[-1]["environment"])
    assert energy["sensor"] == "ina:0 (the board)"
    assert energy["idle_watts"] == 2.0


def test_throughput_counts_the_images_of_a_batch() -> None:
    (row, *_) = rows(FakeChannel(two_ms), "throughput", device="board-ort-1t-b4")
    assert row["value"] == 2000.0


def test_what_is_there_already_is_left_out_metric_by_metric() -> None:
    already = {"latency": set(ARCHS[:2]), "throughput": {ARCHS[2]}, "memory": set(ARCHS)}
    found = rows(FakeChannel(two_ms), "latency", "throughput", "memory", already=already)
    made = {(row["metric"], row["arch"]) for row in found}
    assert made == {("throughput", ARCHS[0]), ("throughput", ARCHS[1]), ("latency", ARCHS[2])}


def test_nothing_left_asks_for_nothing() -> None:
    channel = FakeChannel(two_ms)
    assert rows(channel, already={"latency": set(ARCHS)}) == []
    assert {command for command, _ in channel.asked} == {"hello"}


def test_work_counts_what_is_left() -> None:
    device = parse_device("board-ort-1t")
    request = make_request(SPACE, [*ARCHS, ARCHS[0]], device=device, metrics=("latency", "memory"))
    assert work(request) == 6
    assert work(request, {"latency": {ARCHS[0]}, "memory": set(ARCHS)}) == 2


def test_failed_networks_become_rows_with_the_reason() -> None:
    for metric, command in (("latency", "load"), ("memory", "memory"), ("energy", "energy")):
        breaks = Breaks(command, ARCHS[1], times=9, error=RefusedError("out of memory"))
        found = {row["arch"]: row for row in rows(FakeChannel(two_ms, breaks=breaks), metric)}
        bad = found[ARCHS[1]]
        assert (bad["status"], bad["value"], bad["note"]) == ("failed", None, "out of memory")
        assert [found[a]["status"] for a in (ARCHS[0], ARCHS[2])] == ["ok", "ok"]
        assert len(checked_rows(found.values())) == 3


def test_energy_below_the_idle_powers_noise_is_a_failed_row() -> None:
    class Weak(FakeChannel):
        def request(self, message: Any, *, timeout_s: float) -> dict[str, Any]:
            answer = super().request(message, timeout_s=timeout_s)
            return answer | {"joules_per_run": -0.001} if message["command"] == "energy" else answer

    assert {row["status"] for row in rows(Weak(two_ms), "energy")} == {"failed"}


def test_energy_without_a_sensor_is_refused_before_anything_is_measured() -> None:
    sensors = [
        {"name": "rapl", "kind": "rapl", "what": "", "readable": False, "reason": "only root may read"}
    ]
    channel = FakeChannel(two_ms, sensors=sensors)
    with pytest.raises(DataError, match=r"energy cannot be measured here.*rapl: only root may read"):
        rows(channel, "latency", "energy")
    assert {command for command, _ in channel.asked} == {"hello"}


def test_a_missing_runtime_is_told_with_the_line_that_installs_it() -> None:
    with pytest.raises(DataError, match=r"board lacks the package torch.*pip install torch"):
        rows(FakeChannel(two_ms), device="board-torch-1t")
    bare = FACTS | {"versions": {"numpy": None, "onnxruntime": None, "torch": None}}
    with pytest.raises(DataError, match="lacks the package numpy"):
        rows(FakeChannel(two_ms, facts=bare))


def test_another_protocol_is_refused() -> None:
    class Old(FakeChannel):
        def request(self, message: Any, *, timeout_s: float) -> dict[str, Any]:
            return super().request(message, timeout_s=timeout_s) | {"protocol": 0}

    with pytest.raises(ConnectionLostError, match="speaks protocol 0"):
        rows(Old(two_ms))


def test_int8_says_that_its_calibration_is_random() -> None:
    channel = FakeChannel(two_ms)
    request = make_request(SPACE, ARCHS[:1], device=parse_device("board-ort-1t-int8"), metrics=("memory",))
    (row,) = measure_rows(channel, request)
    facts = json.loads(row["environment"])
    assert (facts["precision"], facts["calibration"]) == ("int8", "random inputs")


def test_the_sentinels_are_always_the_same_and_grow() -> None:
    made = make_request(SPACE, ARCHS, device=parse_device("board-ort-1t"))
    other = make_request(SPACE, ARCHS[:1], device=parse_device("board-ort-1t"))
    sizes = [len(make()["model"]) for make in made.sentinels.values()]
    assert sizes == [len(make()["model"]) for make in other.sentinels.values()]
    assert list(made.sentinels) == ["sentinel_25", "sentinel_50", "sentinel_75"]
    assert len(set(sizes)) > 1


def test_mistakes_are_refused() -> None:
    device = parse_device("board-ort-1t")
    with pytest.raises(UnknownNameError, match=r"metric that is measured must be one of .*'accuracy'"):
        make_request(SPACE, ARCHS, device=device, metrics=("accuracy",))
    with pytest.raises(InputError, match="at least one of"):
        make_request(SPACE, ARCHS, device=device, metrics=())
    with pytest.raises(InputError, match="hat cannot be measured here"):
        make_request("hat", [{}], device=device)
    with pytest.raises(UnknownNameError, match="dataset of macro"):
        make_request(SPACE, ARCHS, device=device, dataset="mnist")
