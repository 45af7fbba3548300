"""Facts of the machine, read from made-up files of the system."""

from __future__ import annotations

import pytest

from archcast.collect.measure import facts


@pytest.mark.parametrize(
    ("files", "processor"),
    [
        ({"/proc/cpuinfo": "processor: 0\nmodel name\t: Made Up 9000\n"}, "Made Up 9000"),
        ({"/proc/cpuinfo": "processor: 0\nHardware\t: BCM2835\n"}, "BCM2835"),
        ({"/proc/cpuinfo": "processor: 0\n", "/proc/device-tree/model": "Board 5\0"}, "Board 5"),
    ],
)
def test_the_processor_is_named(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, str], processor: str
) -> None:
    monkeypatch.setattr(facts, "_text", files.get)
    assert facts.machine_facts()["processor"] == processor


def test_the_governor_is_told_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    monkeypatch.setattr(facts, "_text", {path: "powersave\n"}.get)
    assert facts.machine_facts()["governor"] == "powersave"
    monkeypatch.setattr(facts, "_text", lambda path: None)
    assert facts.machine_facts()["governor"] is None


def test_versions_are_those_installed() -> None:
    import onnxruntime

    versions = facts.machine_facts()["versions"]
    assert versions["onnxruntime"] == onnxruntime.__version__
    assert facts._version("no-such-package") is None


def test_a_system_without_load_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise OSError

    monkeypatch.setattr(facts.os, "getloadavg", missing)
    assert facts.load_average() is None
